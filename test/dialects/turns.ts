/** What the tests of translated formats share: turns made by chance, streams read to their end. */
import fc from 'fast-check';
import type {
  AskedContext,
  CallerDialect,
  Place,
  VendorDialect,
  WireRequest,
} from '../../src/dialects/shape.ts';
import type {
  Answered,
  Citation,
  Item,
  StopReason,
  Turn,
  TurnEvent,
  TurnReply,
  TurnUsage,
} from '../../src/dialects/turn.ts';
import { EventCutter, splitEvents } from '../../src/kit/sse.ts';
import { readError } from './rig.ts';

/** A turn that says nothing but a greeting. */
export const PLAIN_TURN: Turn = {
  items: [{ type: 'message', role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  toolChoice: null,
  parallelTools: null,
  format: null,
  thinking: null,
  outputTokensMax: null,
  stop: [],
  temperature: null,
  topP: null,
  topK: null,
  seed: null,
  presencePenalty: null,
  frequencyPenalty: null,
  choices: 1,
  user: null,
  serviceTier: null,
  metadata: null,
  others: {},
};

export const WISH = {
  wireModel: 'wire-model',
  tweaks: undefined,
  mayDrop: false,
  asksUsage: true,
  stream: false,
} as const;

export const PLACE: Place = { model: 'asked-model' };

/** The wire text read as a caller's request. */
export function readWire(dialect: CallerDialect, wire: unknown, place: Place = PLACE): WireRequest {
  const text = typeof wire === 'string' ? wire : JSON.stringify(wire);
  return dialect.readRequest(text, Buffer.byteLength(text), place);
}

export function askedOf(request: WireRequest): AskedContext {
  return { request, turn: PLAIN_TURN, callId: 'call-1', nowS: 1_790_000_000 };
}

interface Growing {
  readonly item: Extract<TurnEvent, { type: 'begin' }>['item'];
  text: string;
  seal: Extract<Item, { type: 'reasoning' }>['seal'];
  redacted: boolean;
  citations: Citation[];
  ended: boolean;
}

function itemOf(one: Growing): Item {
  const { item, text, seal, redacted, citations } = one;
  switch (item.type) {
    case 'text': {
      const more = { ...(citations.length > 0 ? { citations } : {}), ...(seal ? { seal } : {}) };
      return { type: 'message', role: 'assistant', content: [{ type: 'text', text, ...more }] };
    }
    case 'reasoning':
      return { type: 'reasoning', text, seal, redacted };
    case 'refusal':
      return { type: 'refusal', text };
    case 'tool_call':
      return { type: 'tool_call', id: item.id, name: item.name, arguments: text, seal };
  }
}

/** The answer that these events tell; throws where they break the rules of the common stream. */
export function collect(events: readonly TurnEvent[]): TurnReply {
  const choices = new Map<number, Growing[]>();
  const stops = new Map<number, { reason: StopReason; stopSequence: string | null }>();
  let start = { id: '', model: '' };
  let usage: TurnUsage | null = null;
  for (const event of events) {
    if (event.type === 'start') start = { id: event.id, model: event.model };
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'stop') stops.set(event.choice, event);
    else grow(choices, event);
  }
  const answers: Answered[] = [...stops].map(([number, { reason, stopSequence }]) => {
    const items = (choices.get(number) ?? []).map((one) => {
      if (!one.ended) throw new Error('an item never ended');
      return itemOf(one);
    });
    return { items, stop: reason, stopSequence };
  });
  return { ...start, createdS: 0, answers, usage };
}

type ItemEvent = Exclude<TurnEvent, { type: 'start' | 'usage' | 'stop' }>;

function grow(choices: Map<number, Growing[]>, event: ItemEvent): void {
  const items = choices.get(event.choice) ?? [];
  choices.set(event.choice, items);
  if (event.type === 'begin') {
    if (event.at !== items.length) throw new Error('items are not numbered in order');
    const { item } = event;
    items.push({ item, text: '', seal: null, redacted: false, citations: [], ended: false });
    return;
  }
  const one = items[event.at];
  if (one === undefined || one.ended) throw new Error(`${event.type} of no open item`);
  if (event.type === 'delta') one.text += event.text;
  else if (event.type === 'citation') one.citations.push(event.citation);
  else if (event.type === 'end') one.ended = true;
  else {
    one.seal = event.seal;
    one.redacted = event.redacted;
  }
}

/** The stream's bytes through cutter and reader, cut into these chunks. */
export function readStream(dialect: VendorDialect, chunks: readonly Uint8Array[]): TurnEvent[] {
  const cutter = new EventCutter();
  const reader = dialect.readEvents(readError);
  const events: TurnEvent[] = [];
  for (const chunk of chunks) {
    const whole = cutter.push(chunk);
    if (whole === null) continue;
    for (const event of splitEvents(Buffer.from(whole).toString('utf8'))) {
      events.push(...reader.read(event));
    }
  }
  return [...events, ...reader.end()];
}

/** An answer as events, its texts in pieces of these sizes. */
export function eventsOf(reply: TurnReply, pieceChars: number): TurnEvent[] {
  const events: TurnEvent[] = [{ type: 'start', id: reply.id, model: reply.model }];
  for (const [choice, answer] of reply.answers.entries()) {
    let at = 0;
    for (const item of answer.items) {
      for (const one of apart(item))
        events.push(...itemEvents(one, { choice, at: at++ }, pieceChars));
    }
    const { stop: reason, stopSequence } = answer;
    events.push({ type: 'stop', choice, reason, stopSequence });
  }
  if (reply.usage !== null) events.push({ type: 'usage', usage: reply.usage });
  return events;
}

/** A stream has an item for each text. */
function apart(item: Item): Item[] {
  if (item.type !== 'message') return [item];
  return item.content.map((part) => ({ ...item, content: [part] }));
}

function itemEvents(
  item: Item,
  place: { choice: number; at: number },
  pieceChars: number,
): TurnEvent[] {
  const begun = (one: Extract<TurnEvent, { type: 'begin' }>['item']): TurnEvent => ({
    type: 'begin',
    ...place,
    item: one,
  });
  const said = (text: string): TurnEvent[] =>
    (text.match(new RegExp(`[^]{1,${pieceChars}}`, 'g')) ?? []).map((piece) => ({
      type: 'delta',
      ...place,
      text: piece,
    }));
  const end: TurnEvent = { type: 'end', ...place };
  switch (item.type) {
    case 'message': {
      const [part] = item.content;
      if (part?.type !== 'text') return [];
      const cited = (part.citations ?? []).map(
        (citation): TurnEvent => ({ type: 'citation', ...place, citation }),
      );
      return [begun({ type: 'text' }), ...said(part.text), ...cited, end];
    }
    case 'reasoning': {
      const { seal, redacted } = item;
      const sealed: TurnEvent[] = seal === null ? [] : [{ type: 'seal', ...place, seal, redacted }];
      return [begun({ type: 'reasoning' }), ...said(item.text), ...sealed, end];
    }
    case 'tool_call': {
      const { id, name, seal } = item;
      const sealed: TurnEvent[] =
        seal === null ? [] : [{ type: 'seal', ...place, seal, redacted: false }];
      return [begun({ type: 'tool_call', id, name }), ...sealed, ...said(item.arguments), end];
    }
    case 'refusal':
      return [begun({ type: 'refusal' }), ...said(item.text), end];
    default:
      return [];
  }
}

export const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
export const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,11}$/);
export const object = fc
  .dictionary(word, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)), { maxKeys: 3 })
  .map((value) => JSON.stringify(value));
export const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
export const usage = fc
  .record({
    fresh: fc.nat(9_999),
    cachedInput: fc.nat(999),
    cacheWrite: fc.nat(999),
    plain: fc.nat(999),
    reasoning: fc.nat(999),
  })
  .map(({ fresh, cachedInput, cacheWrite, plain, reasoning }) => ({
    input: fresh + cachedInput + cacheWrite,
    output: plain + reasoning,
    cachedInput,
    cacheWrite,
    reasoning,
  }));
