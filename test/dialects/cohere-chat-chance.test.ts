/** Round trips of Cohere's chat: turns and answers made by chance. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  cohereChatCaller as caller,
  cohereChatVendor as vendor,
} from '../../src/dialects/cohere-chat/index.ts';
import type { Citation, ContentPart, Item, Turn, TurnReply } from '../../src/dialects/turn.ts';
import type { JsonObject } from '../../src/kit/json.ts';
import { readError } from './rig.ts';
import {
  askedOf,
  collect,
  eventsOf,
  maybe,
  object,
  PLAIN_TURN,
  readStream,
  readWire,
  text,
  WISH,
  word,
} from './turns.ts';

const DIALECT = 'cohere-chat';

const textPart = text.map((words): ContentPart => ({ type: 'text', text: words }));
const image = fc
  .tuple(
    fc.oneof(
      fc.constant({ at: 'inline' as const, data: 'AAAA', mediaType: 'image/png' }),
      fc.webUrl().map((url) => ({ at: 'url' as const, url, mediaType: null })),
    ),
    fc.constantFrom<{ detail?: string }>({}, { detail: 'low' }, { detail: 'high' }),
  )
  .map(([media, more]): ContentPart => ({ type: 'image', media, ...more }));
const said = (role: 'system' | 'user' | 'assistant') =>
  fc
    .array(role === 'user' ? fc.oneof(textPart, image) : textPart, { minLength: 1, maxLength: 3 })
    .map((content): Item[] => [{ type: 'message', role, content }]);
const call = fc
  .record({ id: word, name: word, arguments: object })
  .map((one): Item => ({ type: 'tool_call', ...one, seal: null }));
const thought = (value: 'thinking' | 'tool_plan') =>
  text.map((words): Item => {
    const seal = { dialect: DIALECT, value };
    return { type: 'reasoning', text: words, seal, redacted: false };
  });
const results = fc.array(
  fc
    .tuple(word, fc.array(textPart, { minLength: 1, maxLength: 2 }))
    .map(([callId, content]): Item => {
      return { type: 'tool_result', callId, name: null, content, isError: false };
    }),
  { minLength: 1, maxLength: 2 },
);
/** Thoughts, words, and then the plan with its calls, which has no meaning without them. */
const spoken = fc
  .tuple(
    fc.array(thought('thinking'), { maxLength: 2 }),
    said('assistant'),
    fc.array(thought('tool_plan'), { maxLength: 1 }),
    fc.array(call, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(([before, message, plan, calls, isCalling]): Item[] => {
    return isCalling ? [...before, ...message, ...plan, ...calls] : [...before, ...message];
  });
const answered = spoken.chain((items) => {
  const isCalling = items.some(({ type }) => type === 'tool_call');
  return isCalling ? results.map((more) => [...items, ...more]) : fc.constant(items);
});
/** Documents stand before the last question, each under an id of its own. */
const documents = fc
  .uniqueArray(fc.tuple(word, object), { selector: ([id]) => id, maxLength: 2 })
  .map((list) =>
    list.map(([filename, json]): ContentPart => {
      const data = Buffer.from(json).toString('base64');
      const media = { at: 'inline' as const, data, mediaType: 'text/plain' };
      return { type: 'file', media, filename, cite: true };
    }),
  );
const talk = fc
  .tuple(
    fc.array(said('system'), { maxLength: 1 }),
    fc.array(fc.tuple(said('user'), answered), { maxLength: 2 }),
    documents,
    said('user'),
  )
  .map(([system, turns, files, [last]]): Item[] => {
    const content = last?.type === 'message' ? [...files, ...last.content] : files;
    const asked: Item = { type: 'message', role: 'user', content };
    return [...system.flat(), ...turns.flat(2), asked];
  });

const schema = fc.constant<JsonObject>({
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
});
const asking = fc.oneof(
  fc.constant({ tools: [], toolChoice: null }),
  fc
    .tuple(
      fc.array(fc.record({ name: word, description: maybe(text), parameters: schema }), {
        minLength: 1,
        maxLength: 3,
      }),
      maybe(fc.boolean()),
      maybe(fc.constantFrom({ mode: 'required' as const }, { mode: 'none' as const })),
    )
    .map(([tools, strict, toolChoice]) => ({
      tools: tools.map((tool) => ({ ...tool, strict })),
      toolChoice,
    })),
);
const thinking = fc.oneof(
  fc.constant({ enabled: false, budgetTokens: null }),
  fc.record({
    enabled: fc.constant(true),
    budgetTokens: maybe(fc.integer({ min: 1, max: 9_999 })),
  }),
);
const penalty = fc.oneof(
  fc.constant({ frequencyPenalty: 0.5, presencePenalty: null }),
  fc.constant({ frequencyPenalty: null, presencePenalty: 0.25 }),
  fc.constant({}),
);
const turns = fc
  .tuple(
    fc.record({
      items: talk,
      thinking: maybe(thinking.map((one) => ({ ...one, effort: null, show: null }))),
      outputTokensMax: maybe(fc.integer({ min: 1, max: 9_999 })),
      stop: fc.array(text, { maxLength: 5 }),
      temperature: maybe(fc.constantFrom(0, 0.5, 1)),
      topP: maybe(fc.constantFrom(0.01, 0.5, 0.99)),
      topK: maybe(fc.integer({ min: 1, max: 500 })),
      seed: maybe(fc.nat()),
      others: fc.constantFrom<Turn['others']>({}, { safety_mode: 'STRICT' }, { priority: 2 }),
    }),
    asking,
    penalty,
  )
  .map(([rest, tools, penalties]): Turn => {
    return { ...PLAIN_TURN, origin: DIALECT, ...rest, ...tools, ...penalties };
  });

test('any turn that the format can say, written and read back, is equal', () => {
  fc.assert(
    fc.property(turns, (turn) => {
      const written = vendor.writeTurn(turn, WISH);
      expect([written.dropped, written.warnings]).toEqual([[], undefined]);
      expect(caller.readTurn(readWire(caller, written.text))).toEqual(turn);
    }),
    { numRuns: 300 },
  );
});

test('and so is one that asks for JSON', () => {
  const format = fc.oneof(
    fc.constant({ type: 'json' as const }),
    schema.map((one) => {
      const named = { name: 'output', description: null, schema: one, strict: true };
      return { type: 'schema' as const, ...named };
    }),
  );
  fc.assert(
    fc.property(format, (one) => {
      const items: Item[] = [
        { type: 'message', role: 'user', content: [{ type: 'text', text: 'Some JSON' }] },
      ];
      const turn = { ...PLAIN_TURN, items, format: one, origin: DIALECT };
      const { text: written } = vendor.writeTurn(turn, WISH);
      expect(caller.readTurn(readWire(caller, written))).toEqual(turn);
    }),
  );
});

/** Of these words, each under a title or an address. */
const cited = (words: string) =>
  fc
    .array(
      fc
        .tuple(fc.nat(words.length - 1), fc.integer({ min: 1, max: words.length }), fc.boolean())
        .map(([start, length, isWeb]): Citation => {
          const end = Math.min(words.length, start + length);
          const url = isWeb ? 'https://a.example/' : null;
          return { url, title: 'a title', start, end, quote: words.slice(start, end) };
        }),
      { maxLength: 2 },
    )
    .map((citations) => (citations.length === 0 ? {} : { citations }));
/** Offsets are of whole characters where there are others than UTF-16's own. */
const plain = fc.string({ minLength: 1, maxLength: 30 });
const quoting = plain.chain((words) =>
  cited(words).map((more): Item => {
    const part = { type: 'text' as const, text: words, ...more };
    return { type: 'message', role: 'assistant', content: [part] };
  }),
);
const counted = fc
  .record({ fresh: fc.nat(9_999), cachedInput: fc.nat(999), output: fc.nat(999) })
  .map(({ fresh, cachedInput, output }) => ({
    input: fresh + cachedInput,
    output,
    cachedInput,
    cacheWrite: 0,
    reasoning: 0,
  }));
const answer = fc
  .tuple(
    fc.oneof(
      spoken,
      quoting.map((item) => [item]),
    ),
    fc.constantFrom('stop' as const, 'length' as const, 'tool_calls' as const),
    counted,
  )
  .map(([items, stop, usage]): TurnReply => {
    const answers = [{ items, stop, stopSequence: null }];
    return { id: 'c_1', model: '', createdS: 0, answers, usage };
  });

test('any answer, written and read back, is equal: whole, and streamed in any pieces', () => {
  const request = readWire(caller, { model: 'm', messages: [{ role: 'user', content: 'x' }] });
  fc.assert(
    fc.property(answer, fc.integer({ min: 1, max: 9 }), (reply, pieceChars) => {
      const whole = caller.writeReply(reply, askedOf(request));
      expect(vendor.readReply(whole, readError)).toEqual(reply);
      const writer = caller.writeEvents(askedOf(request));
      const events = marksFirst(eventsOf(reply, pieceChars));
      const sent = events.map((event) => writer.write(event)).join('') + writer.end();
      expect(collect(readStream(vendor, [Buffer.from(sent)]))).toEqual(collect(events));
    }),
    { numRuns: 200 },
  );
});

/** As the vendor's reader tells it: what thoughts are is known before they are. */
function marksFirst(events: ReturnType<typeof eventsOf>): ReturnType<typeof eventsOf> {
  const marks = new Map(
    events.flatMap((event) => (event.type === 'seal' ? [[event.at, event] as const] : [])),
  );
  return events.flatMap((event) => {
    if (event.type === 'seal') return [];
    const mark = event.type === 'begin' ? marks.get(event.at) : undefined;
    return mark === undefined ? [event] : [event, mark];
  });
}
