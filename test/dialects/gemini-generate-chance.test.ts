/** Round trips of Gemini's generateContent: turns and answers made by chance. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  geminiGenerateCaller as caller,
  geminiGenerateVendor as vendor,
} from '../../src/dialects/gemini-generate/index.ts';
import type { Item, Turn, TurnReply } from '../../src/dialects/turn.ts';
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
  usage,
  WISH,
  word,
} from './turns.ts';

const DIALECT = 'gemini-generate';
const HI = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };

const own = text.map((value) => ({ dialect: DIALECT, value }));
const sealed = fc.oneof(
  fc.constant({}),
  own.map((seal) => ({ seal })),
);
const textPart = fc
  .tuple(text, sealed)
  .map(([words, more]) => ({ type: 'text' as const, text: words, ...more }));
const media = (type: 'image' | 'audio' | 'video') =>
  fc.oneof(
    fc.constant({ at: 'inline' as const, data: 'AAAA', mediaType: `${type}/x` }),
    word.map((name) => ({
      at: 'url' as const,
      url: `https://example.com/${name}`,
      mediaType: `${type}/x`,
    })),
    word.map((id) => ({ at: 'id' as const, id: `gs://b/${id}`, mediaType: `${type}/x` })),
  );
const mediaPart = fc
  .constantFrom('image' as const, 'audio' as const, 'video' as const)
  .chain((type) => media(type).map((one) => ({ type, media: one })));
const call = fc
  .record({ name: word, arguments: object, seal: maybe(own) })
  .map((one) => ({ type: 'tool_call' as const, ...one }));
const thoughts = fc.tuple(text, own).map(([words, seal]): Item => {
  return { type: 'reasoning', text: words, seal, redacted: false };
});
const message = (role: 'user' | 'assistant') =>
  fc
    .array(fc.oneof(textPart, mediaPart), { minLength: 1, maxLength: 3 })
    .map((content): Item[] => [{ type: 'message', role, content }]);
const step = fc
  .tuple(
    fc.array(thoughts, { maxLength: 2 }),
    message('assistant'),
    fc.array(fc.tuple(call, maybe(text), fc.boolean()), { maxLength: 2 }),
    message('user'),
  )
  .map(([before, words, calls, next]) => ({ before, words, calls, next }));
const talk = fc.tuple(message('user'), fc.array(step, { maxLength: 2 })).map(([first, steps]) => {
  const items: Item[] = [...first];
  for (const [at, { before, words, calls, next }] of steps.entries()) {
    const named = calls.map(([one, said, failed], index) => {
      return { one: { ...one, id: `id_${at}_${index}` }, said, failed };
    });
    items.push(...before, ...words, ...named.map(({ one }) => one));
    for (const { one, said, failed } of named) {
      const isError = said !== null && failed;
      const content = said === null ? [] : [{ type: 'text' as const, text: said }];
      items.push({ type: 'tool_result', callId: one.id, name: one.name, content, isError });
    }
    items.push(...next);
  }
  return items;
});
const schema = fc.constant<JsonObject>({ type: 'object', properties: { a: { type: 'string' } } });
const thinking = fc.oneof(
  fc.constant({ enabled: false, effort: null, budgetTokens: null, show: null }),
  fc.record({
    enabled: fc.constant(true),
    effort: fc.constant(null),
    budgetTokens: maybe(fc.integer({ min: 1, max: 9999 })),
    show: maybe(fc.boolean()),
  }),
  fc.record({
    enabled: fc.constant(null),
    effort: fc.constantFrom('minimal' as const, 'low' as const, 'medium' as const, 'high' as const),
    budgetTokens: fc.constant(null),
    show: maybe(fc.boolean()),
  }),
);
const names = fc.array(word, { minLength: 2, maxLength: 3 });
const choice = fc.oneof(
  fc.constantFrom(
    { mode: 'auto' as const },
    { mode: 'none' as const },
    { mode: 'required' as const },
  ),
  word.map((name) => ({ mode: 'one' as const, name })),
  fc.tuple(names, fc.boolean()).map(([some, required]) => {
    return { mode: 'some' as const, names: some, required };
  }),
);
const tools = fc.array(
  fc.record({
    name: word,
    description: maybe(text),
    parameters: maybe(schema),
    strict: fc.constant(null),
  }),
  { minLength: 1, maxLength: 3 },
);
const asking = fc.oneof(
  fc.constant({ tools: [], toolChoice: null }),
  fc.record({ tools, toolChoice: maybe(choice) }),
);
const turns = fc
  .record({
    items: talk,
    asking,
    format: fc.oneof(
      fc.constantFrom(null, { type: 'text' as const }, { type: 'json' as const }),
      schema.map((one) => ({
        type: 'schema' as const,
        name: 'output',
        description: null,
        schema: one,
        strict: true,
      })),
    ),
    thinking: maybe(thinking),
    outputTokensMax: maybe(fc.integer({ min: 1, max: 9999 })),
    stop: fc.array(text, { maxLength: 5 }),
    temperature: maybe(fc.constantFrom(0, 0.5, 2)),
    topP: maybe(fc.constantFrom(0.1, 1)),
    topK: maybe(fc.nat(99)),
    seed: maybe(fc.nat()),
    presencePenalty: maybe(fc.constantFrom(-1, 0.5)),
    frequencyPenalty: maybe(fc.constantFrom(-1, 0.5)),
    choices: fc.integer({ min: 1, max: 8 }),
  })
  .map(({ asking: some, ...rest }): Turn => ({ ...PLAIN_TURN, origin: DIALECT, ...some, ...rest }));

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

const answered = fc
  .tuple(
    fc.array(thoughts, { maxLength: 1 }),
    fc.array(text, { minLength: 1, maxLength: 1 }),
    fc.array(call, { maxLength: 3 }),
    fc.constantFrom('stop' as const, 'length' as const, 'filter' as const),
  )
  .map(([before, words, calls, reason]) => {
    const content = words.map((one) => ({ type: 'text' as const, text: one }));
    const named = calls.map((one, at): Item => ({ ...one, id: `id_${at}` }));
    const items: Item[] = [...before, { type: 'message', role: 'assistant', content }, ...named];
    const stop = reason === 'stop' && named.length > 0 ? ('tool_calls' as const) : reason;
    return { items, stop, stopSequence: null };
  });
const replies = fc
  .tuple(fc.array(answered, { minLength: 1, maxLength: 3 }), usage)
  .map(([answers, counted]): TurnReply => {
    // The format knows nothing of what was written to a cache.
    const plain = { ...counted, cacheWrite: 0 };
    return { id: 'r1', model: 'm', createdS: 0, answers, usage: plain };
  });

test('any answer, written and read back, is equal: whole, and streamed in any pieces', () => {
  const request = readWire(caller, HI);
  fc.assert(
    fc.property(replies, fc.integer({ min: 1, max: 9 }), (reply, pieceChars) => {
      const whole = caller.writeReply(reply, askedOf(request));
      expect(vendor.readReply(whole, readError)).toEqual(reply);
      const writer = caller.writeEvents(askedOf(request));
      const events = eventsOf(reply, pieceChars);
      const sent = events.map((event) => writer.write(event)).join('') + writer.end();
      expect(collect(readStream(vendor, [Buffer.from(sent)]))).toEqual(collect(events));
    }),
    { numRuns: 200 },
  );
});
