/** Whatever a format can say reads back as it was: questions, answers, streams, both formats. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { openaiChatCaller, openaiChatVendor } from '../../src/dialects/openai-chat/index.ts';
import {
  openaiResponsesCaller,
  openaiResponsesVendor,
} from '../../src/dialects/openai-responses/index.ts';
import type { CallerDialect, VendorDialect } from '../../src/dialects/shape.ts';
import type { Answered, Item, Turn, TurnEvent } from '../../src/dialects/turn.ts';
import { splitEvents } from '../../src/kit/sse.ts';
import { answered, chatTurn, turn } from './openai-turns.ts';
import { askedOf, readError, WISH } from './rig.ts';

const RUNS = 400;
const PAIRS = [
  ['openai-chat', { caller: openaiChatCaller, vendor: openaiChatVendor, turns: chatTurn }],
  [
    'openai-responses',
    { caller: openaiResponsesCaller, vendor: openaiResponsesVendor, turns: turn },
  ],
] as const;

function writeTurn(vendor: VendorDialect, asked: Turn): string {
  const wish = { ...WISH, stream: false, tweaks: { thoughtsBack: 'reasoning_content' } };
  const { text, dropped } = vendor.writeTurn(asked, wish);
  expect(dropped).toEqual([]);
  return text;
}

function readTurn(caller: CallerDialect, text: string): Turn {
  return caller.readTurn(caller.readRequest(text, Buffer.byteLength(text)));
}

const tokens = { input: 9, output: 7, cachedInput: 3, cacheWrite: 1, reasoning: 2 };
const replyOf = (answer: Answered) => ({
  id: 'id-1',
  model: 'm-1',
  createdS: 1_763_800_000,
  answers: [answer],
  usage: tokens,
});

/** The same answer as it would have been streamed. */
function eventsOf({ items, stop }: Answered): TurnEvent[] {
  const events: TurnEvent[] = [{ type: 'start', id: 'id-1', model: 'm-1' }];
  items.forEach((item, at) => {
    const place = { choice: 0, at };
    if (item.type === 'tool_result') return;
    const begun =
      item.type === 'tool_call'
        ? { type: item.type, id: item.id, name: item.name }
        : { type: item.type === 'message' ? ('text' as const) : item.type };
    events.push({ type: 'begin', ...place, item: begun });
    const [part] = item.type === 'message' ? item.content : [];
    const text =
      item.type === 'message'
        ? part?.type === 'text'
          ? part.text
          : ''
        : item.type === 'tool_call'
          ? item.arguments
          : item.text;
    // In two halves, as it comes from a model.
    const half = Math.ceil([...text].length / 2);
    for (const piece of [[...text].slice(0, half), [...text].slice(half)]) {
      if (piece.length > 0) events.push({ type: 'delta', ...place, text: piece.join('') });
    }
    if ('seal' in item && item.seal !== null) {
      const redacted = item.type === 'reasoning' && item.redacted;
      events.push({ type: 'seal', ...place, seal: item.seal, redacted });
    }
    events.push({ type: 'end', ...place });
  });
  events.push({ type: 'stop', choice: 0, reason: stop, stopSequence: null });
  return [...events, { type: 'usage', usage: tokens }];
}

/** What a client has gathered when the stream is over. */
function gather(events: readonly TurnEvent[]): { items: Item[]; stop: string } {
  const items = new Map<number, Item>();
  let stop = '';
  for (const event of events) {
    if (event.type === 'stop') stop = event.reason;
    if (event.type === 'begin') items.set(event.at, begin(event.item));
    if (!('at' in event)) continue;
    const item = items.get(event.at);
    if (item === undefined || item.type === 'tool_result') continue;
    if (event.type === 'seal') {
      Object.assign(item, { seal: event.seal });
      if (item.type === 'reasoning') Object.assign(item, { redacted: event.redacted });
    }
    if (event.type !== 'delta') continue;
    if (item.type === 'message') {
      const [part] = item.content;
      if (part?.type === 'text') Object.assign(part, { text: part.text + event.text });
    } else if (item.type === 'tool_call') {
      Object.assign(item, { arguments: item.arguments + event.text });
    } else Object.assign(item, { text: item.text + event.text });
  }
  return { items: [...items].sort(([a], [b]) => a - b).map(([, item]) => item), stop };
}

function begin(item: Extract<TurnEvent, { type: 'begin' }>['item']): Item {
  if (item.type === 'tool_call') return { ...item, arguments: '', seal: null };
  if (item.type === 'reasoning')
    return { type: 'reasoning', text: '', seal: null, redacted: false };
  if (item.type === 'refusal') return { type: 'refusal', text: '' };
  return { type: 'message', role: 'assistant', content: [{ type: 'text', text: '' }] };
}

/** Thoughts side by side in one format are one in the other: what counts is text and proofs. */
const proofs = (items: readonly Item[]) =>
  items.flatMap((item) => ('seal' in item && item.seal !== null ? [item.seal] : []));

describe.each(PAIRS)('%s', (id, { caller, vendor, turns }) => {
  test('a question', () => {
    fc.assert(
      fc.property(turns, (asked) => {
        const origin = { ...asked, origin: id };
        expect(readTurn(caller, writeTurn(vendor, origin))).toEqual(origin);
      }),
      { numRuns: RUNS },
    );
  });

  test('an answer goes to the caller and comes back with the next question', () => {
    fc.assert(
      fc.property(answered, (answer) => {
        const asked = askedOf(caller, {});
        const written = caller.writeReply(replyOf(answer), asked);
        const reply = vendor.readReply(JSON.parse(JSON.stringify(written)), readError);
        expect(reply.usage).toEqual(tokens);
        expect(reply.answers[0]?.stop).toBe(answer.stop);
        const next = { model: 'm', ...asNext(id, written) };
        const items = readTurn(caller, JSON.stringify(next)).items;
        expect(items.slice(1)).toEqual([...answer.items]);
      }),
      { numRuns: RUNS },
    );
  });

  test('a stream says the same as the whole answer', () => {
    fc.assert(
      fc.property(answered, (answer) => {
        const writer = caller.writeEvents(askedOf(caller, INCLUDE));
        const told =
          eventsOf(answer)
            .map((event) => writer.write(event))
            .join('') + writer.end();
        const reader = vendor.readEvents(readError);
        const read = splitEvents(told).flatMap((event) => [...reader.read(event)]);
        const { items, stop } = gather([...read, ...reader.end()]);
        expect(stop).toBe(answer.stop);
        expect(proofs(items)).toEqual(proofs(answer.items));
        const plain = (all: readonly Item[]) =>
          all.filter(({ type }) => type !== 'reasoning').map((item) => ({ ...item, seal: null }));
        expect(plain(items)).toEqual(plain(answer.items));
        const thoughts = (all: readonly Item[]) =>
          all.map((item) => (item.type === 'reasoning' ? item.text : '')).join('');
        expect(thoughts(items)).toBe(thoughts(answer.items));
      }),
      { numRuns: RUNS },
    );
  });
});

const INCLUDE = { stream_options: { include_usage: true } };

/** The next request as a client makes it: the answer stands in it as it was received. */
function asNext(id: string, written: unknown): Record<string, never> {
  if (id === 'openai-chat') {
    const { message } = (written as { choices: { message: never }[] }).choices[0] ?? {};
    return { messages: [{ role: 'user', content: 'Hi' }, message] } as never;
  }
  const { output } = written as { output: never[] };
  return { input: [{ role: 'user', content: 'Hi' }, ...output] } as never;
}
