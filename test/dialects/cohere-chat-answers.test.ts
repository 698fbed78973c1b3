/** Answers in Cohere's chat: whole, streamed and cut at any byte, failed; and faults. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  cohereChatCaller as caller,
  cohereChatPassage as passage,
  cohereChatVendor as vendor,
} from '../../src/dialects/cohere-chat/index.ts';
import type { Item, TurnEvent, TurnReply } from '../../src/dialects/turn.ts';
import { FAULTS, Fault, type FaultCode } from '../../src/kit/fault.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { faultOf, readError } from './rig.ts';
import { askedOf, collect, readStream, readWire } from './turns.ts';

const FOLDER = new URL('../fixtures/dialects/cohere-chat/', import.meta.url);
const load = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
const request = readWire(caller, { model: 'm', messages: [{ role: 'user', content: 'x' }] });

interface ReplyPair {
  readonly name: string;
  readonly wire: JsonObject;
  readonly reply: TurnReply;
}

describe('answers', () => {
  test.each(load<ReplyPair[]>('replies.json'))('$name', ({ wire, reply }) => {
    expect(vendor.readReply(wire, readError)).toEqual(reply);
    expect(caller.writeReply(reply, askedOf(request))).toEqual(wire);
  });

  const said = { role: 'assistant', content: [{ type: 'text', text: 'a' }] };
  test.each([
    [[], 'vendor_malformed'],
    [{}, 'vendor_empty'],
    [{ id: 'x', message: 'internal server error' }, 'vendor_error'],
    [{ message: { role: 'assistant' }, finish_reason: 'COMPLETE' }, 'vendor_empty'],
    [{ message: { content: [] }, finish_reason: 'COMPLETE' }, 'vendor_empty'],
    [{ message: said, finish_reason: 'ERROR' }, 'vendor_error'],
    [{ message: said, finish_reason: 'TIMEOUT' }, 'vendor_error'],
    [{ message: { tool_calls: [{ id: 'a' }] } }, 'vendor_malformed'],
  ] as [Json, FaultCode][])('%j is %s, for callers of any format', (body, code) => {
    expect(faultOf(() => vendor.readReply(body, readError)).code).toBe(code);
    if (code === 'vendor_malformed') return;
    expect(faultOf(() => passage.readReply(JSON.stringify(body), readError)).code).toBe(code);
  });

  test('that pass untouched are counted, reply and reason with them', () => {
    const [pair] = load<ReplyPair[]>('replies.json');
    const sent = JSON.stringify(pair?.wire, null, 1);
    const read = passage.readReply(sent, readError);
    expect([read.text, read.contentBytes]).toEqual([sent, 6]);
  });

  test('what is charged counts, and of what was cached no more than was asked', () => {
    const wire = load<ReplyPair[]>('replies.json')[0]?.wire ?? {};
    const usageOf = (usage: Json) => vendor.readReply({ ...wire, usage }, readError).usage;
    const tokens = { input_tokens: 500, output_tokens: 9 };
    const billed = { input_tokens: 10, output_tokens: 7 };
    const all = { tokens, billed_units: billed, cached_tokens: 496 };
    expect(usageOf(all)).toMatchObject({ input: 10, output: 7, cachedInput: 6 });
    expect(usageOf({ tokens })).toMatchObject({ input: 500, output: 9, cachedInput: 0 });
    expect(usageOf({ billed_units: { search_units: 1 } })).toBeNull();
    expect(usageOf(null)).toBeNull();
  });

  test('reasons that the format has no word for', () => {
    const of = (stop: 'filter' | 'refusal', items: Item[]) => {
      const answers = [{ items, stop, stopSequence: null }];
      const reply = { id: '', model: 'm', createdS: 0, answers, usage: null };
      return caller.writeReply(reply, askedOf(request)) as JsonObject;
    };
    expect(of('filter', []).finish_reason).toBe('ERROR');
    const refused = of('refusal', [{ type: 'refusal', text: 'No.' }]);
    expect(refused).toMatchObject({
      id: 'call-1',
      finish_reason: 'COMPLETE',
      message: { content: [{ type: 'text', text: 'No.' }] },
    });
  });
});

const STREAMS = Object.entries(load<Record<string, TurnReply>>('streams.json'));

describe.each(STREAMS)('the stream %s', (file, reply) => {
  const bytes = readFileSync(new URL(file, FOLDER));

  test('tells the answer, cut at any byte', () => {
    const events = readStream(vendor, [bytes]);
    expect(collect(events)).toEqual(reply);
    for (let at = 1; at < bytes.length; at += 1) {
      const cut = readStream(vendor, [bytes.subarray(0, at), bytes.subarray(at)]);
      if (!Bun.deepEquals(cut, events)) throw new Error(`cut at ${at}`);
    }
  });

  test('written again, it tells the same', () => {
    const writer = caller.writeEvents(askedOf(request));
    const events = readStream(vendor, [bytes]);
    const written = events.map((event) => writer.write(event)).join('') + writer.end();
    expect(collect(readStream(vendor, [Buffer.from(written)]))).toEqual(reply);
    for (const { name, data } of splitEvents(written)) {
      expect(JSON.parse(data ?? '').type).toBe(name);
    }
  });

  test('passes untouched, is counted, and is never whole before its end', () => {
    const watch = passage.watch(request, readError);
    expect(watch.look(bytes)).toBe(bytes);
    expect(watch.end()).toBeNull();
    expect(watch.tail).toBeNull();
    const { usage } = watch.usage as { usage: JsonObject };
    expect(usage.billed_units).toMatchObject({ output_tokens: reply.usage?.output ?? -1 });
    const stop = bytes.indexOf('event: message-end');
    expect(faultOf(() => readStream(vendor, [bytes.subarray(0, stop)])).code).toBe('vendor_cut');
    const early = passage.watch(request, readError);
    early.look(bytes.subarray(0, stop));
    expect(early.end()?.code).toMatch(/^vendor_(cut|empty)$/);
  });
});

describe('a stream that fails', () => {
  const text = readFileSync(new URL('text.sse', FOLDER), 'utf8');
  const start = text.split('event: message-end')[0] ?? '';
  const ended = (delta: JsonObject) =>
    `event: message-end\ndata: ${JSON.stringify({ type: 'message-end', delta })}\n\n`;

  test.each([
    ['event: error\ndata: {"id":"x","message":"broke"}\n\n', 'broke'],
    ['data: {"message":"broke"}\n\n', 'broke'],
    [ended({ finish_reason: 'ERROR', error: 'broke' }), 'broke'],
    [ended({ finish_reason: 'TIMEOUT' }), 'TIMEOUT'],
    ['data: []\n\n', 'vendor_malformed'],
  ])('by %j is a fault, and what came before has gone out', (error, word) => {
    const bytes = Buffer.from(start + error);
    const fault = faultOf(() => readStream(vendor, [bytes]));
    expect(`${fault.code} ${fault.message}`).toContain(word);
    const watch = passage.watch(request, readError);
    expect(Buffer.from(watch.look(bytes) ?? []).toString()).toBe(start);
    expect(watch.failed).toBeInstanceOf(Fault);
    expect(() => watch.end()).toThrow();
  });

  test('by no words and a good reason is none', () => {
    const bytes = Buffer.from(start + ended({ finish_reason: 'COMPLETE', error: '' }));
    expect(collect(readStream(vendor, [bytes])).answers[0]?.stop).toBe('stop');
    const watch = passage.watch(request, readError);
    expect([watch.look(bytes), watch.end()]).toEqual([bytes, null]);
  });

  test('that ends without a word is none', () => {
    const head = text.split('event: content-start')[0] ?? '';
    const bytes = Buffer.from(head + ended({ finish_reason: 'COMPLETE' }));
    expect(faultOf(() => readStream(vendor, [bytes])).code).toBe('vendor_empty');
    const watch = passage.watch(request, readError);
    expect(Buffer.from(watch.look(bytes) ?? []).toString()).toBe(head);
    expect((watch.failed as Fault).code).toBe('vendor_empty');
  });
});

test('calls that grow side by side are told one after the other', () => {
  const writer = caller.writeEvents(askedOf(request));
  const place = (at: number) => ({ choice: 0, at });
  const call = (at: number): TurnEvent => {
    return { type: 'begin', ...place(at), item: { type: 'tool_call', id: `${at}`, name: 'f' } };
  };
  const more = (at: number, piece: string): TurnEvent => {
    return { type: 'delta', ...place(at), text: piece };
  };
  const events: TurnEvent[] = [
    ...[call(0), call(1), more(0, '{"a"'), more(1, '{"b"'), call(2), more(2, '{}')],
    ...[more(0, ':1}'), { type: 'end' as const, ...place(0) }, more(1, ':2}')],
    ...[2, 1].map((at): TurnEvent => ({ type: 'end', ...place(at) })),
    { type: 'stop', choice: 0, reason: 'tool_calls', stopSequence: null },
  ];
  const written = events.map((event) => writer.write(event)).join('') + writer.end();
  const told = splitEvents(written).map(({ name, data }) => {
    const { index } = JSON.parse(data ?? '') as JsonObject;
    return `${name?.replace('tool-call-', '')} ${String(index)}`;
  });
  expect(told.filter((one) => !one.startsWith('message')).join()).toBe(
    'start 0,delta 0,delta 0,end 0,start 1,delta 1,delta 1,end 1,start 2,delta 2,end 2',
  );
  const { answers } = collect(readStream(vendor, [Buffer.from(written)]));
  expect(answers[0]?.items.map((item) => item.type === 'tool_call' && item.arguments)).toEqual([
    ...['{"a":1}', '{"b":2}', '{}'],
  ]);
});

test.each(Object.keys(FAULTS) as FaultCode[])('the fault %s in this format', (code) => {
  const fault = new Fault(code, { param: 'a[0]', vendorCode: code });
  const more = { id: 'req-1', code, param: 'a[0]' };
  const body = JSON.parse(caller.writeFault(fault, 'req-1'));
  expect(body).toEqual({ ...more, message: fault.message });
  const [event, ...others] = splitEvents(caller.writeFaultEvent(fault, 'req-1'));
  const delta = { error: fault.message, finish_reason: 'ERROR' };
  expect(event?.name).toBe('message-end');
  expect(JSON.parse(event?.data ?? '')).toEqual({ type: 'message-end', delta, ...more });
  expect(others).toEqual([]);
});
