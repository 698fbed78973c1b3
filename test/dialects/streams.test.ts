/** Streams as vendors send them: what they say, however they are cut, and told again to callers. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anthropicMessagesVendor } from '../../src/dialects/anthropic-messages/index.ts';
import { cohereChatVendor } from '../../src/dialects/cohere-chat/index.ts';
import { geminiGenerateVendor } from '../../src/dialects/gemini-generate/index.ts';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import {
  openaiResponsesCaller,
  openaiResponsesPassage,
  openaiResponsesVendor,
} from '../../src/dialects/openai-responses/index.ts';
import type { CallerDialect, VendorDialect } from '../../src/dialects/shape.ts';
import type { TurnEvent } from '../../src/dialects/turn.ts';
import { isObject, type Json } from '../../src/kit/json.ts';
import { asBuffer, EventCutter, splitEvents } from '../../src/kit/sse.ts';
import { askedOf, faultOf, readError, recordedVendors } from './rig.ts';

const FIXTURES = join(import.meta.dir, '../fixtures');

interface Recorded {
  readonly name: string;
  readonly vendor: VendorDialect;
  readonly bytes: Buffer;
  /** null: it is read, but what it says was not written down. */
  readonly events: readonly TurnEvent[] | null;
}

function recorded(dir: string, vendor: VendorDialect): Recorded[] {
  return readdirSync(join(FIXTURES, dir))
    .filter((file) => file.endsWith('.sse'))
    .map((file) => {
      const golden = join(FIXTURES, dir, file.replace('.sse', '.events.json'));
      return {
        name: `${dir}/${file}`,
        vendor,
        bytes: readFileSync(join(FIXTURES, dir, file)),
        events: existsSync(golden) ? JSON.parse(readFileSync(golden, 'utf8')) : null,
      };
    });
}

const FORMATS: Readonly<Record<string, VendorDialect>> = {
  'openai-chat': openaiChatVendor,
  'anthropic-messages': anthropicMessagesVendor,
  'gemini-generate': geminiGenerateVendor,
  'cohere-chat': cohereChatVendor,
};
const VENDORS = recordedVendors().flatMap(({ name, dialect }) => {
  const format = FORMATS[dialect];
  if (format === undefined) throw new Error(`${name} speaks ${dialect}, which is not read here`);
  return recorded(`vendors/${name}`, format);
});
const ALL = [
  ...VENDORS,
  ...recorded('dialects/openai-chat', openaiChatVendor),
  ...recorded('dialects/openai-responses', openaiResponsesVendor),
].filter(({ name }) => !name.includes('failed'));

/** As the relay reads it. */
function readStream(vendor: VendorDialect, chunks: readonly Uint8Array[]): TurnEvent[] {
  const cutter = new EventCutter();
  const reader = vendor.readEvents(readError);
  const events: TurnEvent[] = [];
  const look = (bytes: Uint8Array | null) => {
    if (bytes === null) return;
    for (const event of splitEvents(asBuffer(bytes).toString('utf8'))) {
      events.push(...reader.read(event));
    }
  };
  for (const chunk of chunks) look(cutter.push(chunk));
  look(cutter.rest());
  events.push(...reader.end());
  return events;
}

const writeStream = (caller: CallerDialect, events: readonly TurnEvent[]): string => {
  const writer = caller.writeEvents(askedOf(caller, { stream_options: { include_usage: true } }));
  return events.map((event) => writer.write(event)).join('') + writer.end();
};

describe.each(ALL.map((one) => [one.name, one] as const))('%s', (_, { vendor, bytes, events }) => {
  test('says what was written down', () => {
    const read = readStream(vendor, [bytes]);
    expect(read.filter(({ type }) => type === 'stop').length).toBeGreaterThan(0);
    if (events !== null) expect(read).toEqual([...events]);
  });

  test('says the same wherever it is cut', () => {
    const whole = readStream(vendor, [bytes]);
    for (let at = 1; at < bytes.length; at += 1) {
      const cut = readStream(vendor, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (!Bun.deepEquals(cut, whole)) throw new Error(`another answer when cut at ${at}`);
    }
    const single = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
    expect(readStream(vendor, single)).toEqual(whole);
  });

  test('cut short it is no answer', () => {
    const half = bytes.subarray(0, bytes.indexOf('\n\n', 10) + 2 || bytes.indexOf('\r\n\r\n') + 4);
    expect(faultOf(() => readStream(vendor, [half])).code).toMatch(/^vendor_(cut|empty)$/);
  });
});

/** What a stream says, told to callers of the same format, reads the same. */
const SAME = [
  ['dialects/openai-chat', openaiChatCaller, openaiChatVendor],
  ['dialects/openai-responses', openaiResponsesCaller, openaiResponsesVendor],
] as const;

describe.each(SAME)('%s told again', (dir, caller, vendor) => {
  // A response has one answer; ids of responses and models are the gateway's own there.
  const streams = recorded(dir, vendor).filter(({ events }) => events !== null);
  test.each(streams.map((one) => [one.name, one] as const))('%s', (_, { events }) => {
    const told = readStream(vendor, [Buffer.from(writeStream(caller, events ?? []))]);
    const plain = (all: readonly TurnEvent[]) => all.filter(({ type }) => type !== 'start');
    expect(sorted(plain(told))).toEqual(sorted(plain(events ?? [])));
  });
});

/** Items that grow side by side may be told in another order; within one item it holds. */
function sorted(events: readonly TurnEvent[]): unknown {
  const items = new Map<string, { text: string; rest: TurnEvent[] }>();
  for (const event of events) {
    const key = 'at' in event ? `${event.choice}/${event.at}` : event.type;
    const entry = items.get(key) ?? { text: '', rest: [] };
    if (event.type === 'delta') entry.text += event.text;
    else entry.rest.push(event);
    items.set(key, entry);
  }
  return items;
}

describe('chunks for callers', () => {
  const events = recorded('dialects/openai-chat', openaiChatVendor).find(({ name }) =>
    name.includes('side-by-side'),
  )?.events as readonly TurnEvent[];
  const chunks = splitEvents(writeStream(openaiChatCaller, events)).map(({ data }) => data ?? '');

  test('name their role once, number their calls, and end with the usage and the mark', () => {
    expect(chunks.at(-1)).toBe('[DONE]');
    const bodies = chunks.slice(0, -1).map((data) => JSON.parse(data));
    const deltas = bodies.flatMap(({ choices }) => choices.map((one: Json) => one));
    expect(deltas[0].delta).toEqual({ role: 'assistant', content: '' });
    expect(deltas.filter(({ delta }) => 'role' in delta)).toHaveLength(1);
    const calls = deltas.flatMap(({ delta }) => delta.tool_calls ?? []);
    expect(calls.map(({ index }: { index: number }) => index)).toEqual([0, 1, 0, 1, 0, 1]);
    expect(deltas.at(-1).finish_reason).toBe('tool_calls');
    const { choices, usage } = bodies.at(-1);
    expect(choices).toEqual([]);
    expect(usage.total_tokens).toBe(12);
    expect(bodies.slice(0, -1).every((body) => body.usage === null)).toBe(true);
  });

  test('a call without arguments is JSON all the same', () => {
    const told = writeStream(openaiChatCaller, [
      { type: 'start', id: '', model: '' },
      { type: 'begin', choice: 0, at: 0, item: { type: 'tool_call', id: 'a', name: 'f' } },
      { type: 'end', choice: 0, at: 0 },
      { type: 'stop', choice: 0, reason: 'tool_calls', stopSequence: null },
    ]);
    const read = readStream(openaiChatVendor, [Buffer.from(told)]);
    expect(read).toContainEqual({ type: 'delta', choice: 0, at: 0, text: '{}' });
  });
});

describe('events for callers', () => {
  const events = recorded('dialects/openai-responses', openaiResponsesVendor).find(({ name }) =>
    name.includes('thoughts-and-calls'),
  )?.events as readonly TurnEvent[];
  const told = splitEvents(writeStream(openaiResponsesCaller, events));
  const bodies = told.map(({ data }) => JSON.parse(data ?? ''));

  test('come in the order of the format, numbered from nought', () => {
    expect(bodies.map(({ sequence_number: at }) => at)).toEqual(bodies.map((_, at) => at));
    expect(told.map(({ name }) => name)).toEqual(bodies.map(({ type }) => type));
    const call = ['output_item.added', 'function_call_arguments.delta'];
    const called = ['function_call_arguments.done', 'output_item.done'];
    expect(bodies.map(({ type }) => type.replace('response.', ''))).toEqual([
      ...['created', 'in_progress', 'output_item.added', 'reasoning_summary_part.added'],
      ...Array(4).fill('reasoning_summary_text.delta'),
      ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
      ...[...call, 'function_call_arguments.delta', ...called],
      ...[...call, ...called],
      'completed',
    ]);
  });

  test('the last one holds the whole answer, with the items that were told', () => {
    const { response } = bodies.at(-1);
    const done = bodies.filter(({ type }) => type === 'response.output_item.done');
    expect(response.output).toEqual(done.map(({ item }) => item));
    expect(response.output[0].encrypted_content).toBe('gAAAAABexampleSealed==');
    expect(response.status).toBe('completed');
    expect(response.usage.output_tokens_details).toEqual({ reasoning_tokens: 12 });
    expect(new Set(response.output.map(({ id }: { id: string }) => id)).size).toBe(3);
  });
});

describe('a response that failed', () => {
  const [failed] = recorded('dialects/openai-responses', openaiResponsesVendor).filter(({ name }) =>
    name.includes('failed'),
  );
  const bytes = failed?.bytes ?? Buffer.alloc(0);

  test('is the vendor’s error to either side', () => {
    const read = faultOf(() => readStream(openaiResponsesVendor, [bytes]));
    expect(read.message).toBe('You exceeded your current quota.');
    const request = askedOf(openaiResponsesCaller, {}).request;
    const watch = openaiResponsesPassage.watch(request, readError);
    // What is good goes first, then the fault.
    expect(Buffer.from(watch.look(bytes) ?? []).toString()).not.toContain('"type":"error"');
    expect(watch.begun).toBe(false);
    expect(watch.failed?.message).toBe('You exceeded your current quota.');
    expect(() => watch.end()).toThrow('quota');
  });
});

describe('a response on its way untouched', () => {
  const all = recorded('dialects/openai-responses', openaiResponsesVendor).filter(
    ({ events }) => events !== null,
  );
  test.each(all.map((one) => [one.name, one.bytes] as const))('%s', (_, bytes) => {
    const watch = openaiResponsesPassage.watch(
      askedOf(openaiResponsesCaller, {}).request,
      readError,
    );
    expect(watch.look(bytes)).toBe(bytes);
    expect(watch.end()).toBeNull();
    expect(watch.begun).toBe(true);
    expect(isObject(watch.usage) && isObject(watch.usage.usage)).toBe(true);
    expect(watch.contentBytes).toBeGreaterThan(0);
  });
});
