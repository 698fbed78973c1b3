/** Round trips of Anthropic's Messages: turns and answers made by chance. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  anthropicMessagesCaller as caller,
  anthropicMessagesVendor as vendor,
} from '../../src/dialects/anthropic-messages/index.ts';
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

const DIALECT = 'anthropic-messages';

const own = text.map((value) => ({ dialect: DIALECT, value }));
const cache = fc.constantFrom<{ cache?: { ttl: string | null } }>(
  {},
  { cache: { ttl: null } },
  { cache: { ttl: '1h' } },
);
const textPart = fc
  .tuple(text, cache)
  .map(([words, mark]) => ({ type: 'text' as const, text: words, ...mark }));
const image = fc.oneof(
  fc.constant({ at: 'inline' as const, data: 'AAAA', mediaType: 'image/png' }),
  fc.webUrl().map((url) => ({ at: 'url' as const, url, mediaType: null })),
  word.map((id) => ({ at: 'id' as const, id, mediaType: null })),
);
const mediaPart = fc.oneof(
  fc.tuple(image, cache).map(([media, mark]) => ({ type: 'image' as const, media, ...mark })),
  fc.tuple(text, text).map(([words, filename]) => ({
    type: 'file' as const,
    media: {
      at: 'inline' as const,
      data: Buffer.from(words).toString('base64'),
      mediaType: 'text/plain',
    },
    filename,
  })),
);
const call = fc
  .record({ id: word, name: word, arguments: object })
  .map((one): Item => ({ type: 'tool_call', ...one, seal: null }));
const thoughts = fc.oneof(
  fc.tuple(text, own).map(([words, seal]): Item => {
    return { type: 'reasoning', text: words, seal, redacted: false };
  }),
  own.map((seal): Item => ({ type: 'reasoning', text: '', seal, redacted: true })),
);
const said = (role: 'user' | 'assistant') =>
  fc
    .array(role === 'user' ? fc.oneof(textPart, mediaPart) : textPart, {
      minLength: 1,
      maxLength: 3,
    })
    .map((content): Item[] => [{ type: 'message', role, content }]);
const results = fc.array(
  fc
    .tuple(word, fc.array(textPart, { maxLength: 2 }), fc.boolean())
    .map(([callId, content, isError]): Item => {
      return { type: 'tool_result', callId, name: null, content, isError };
    }),
  { maxLength: 2 },
);
/** What an assistant says in one turn: never two messages side by side, for they would be one. */
const spoken = fc
  .tuple(fc.array(thoughts, { maxLength: 2 }), said('assistant'), fc.array(call, { maxLength: 3 }))
  .map(([before, message, calls]): Item[] => [...before, ...message, ...calls]);
const talk = fc
  .tuple(said('user'), fc.array(fc.tuple(spoken, results, said('user')), { maxLength: 2 }))
  .map(([first, more]): Item[] => [...first, ...more.flatMap((three) => three.flat())]);

const schema = fc.constant<JsonObject>({ type: 'object', properties: { a: { type: 'string' } } });
const thinking = fc.oneof(
  fc.constant({ enabled: false, effort: null, budgetTokens: null, show: null }),
  fc.record({
    enabled: fc.constant(true),
    effort: maybe(fc.constantFrom('low' as const, 'high' as const, 'max' as const)),
    budgetTokens: maybe(fc.integer({ min: 1024, max: 9999 })),
    show: maybe(fc.boolean()),
  }),
);
const asking = fc.oneof(
  fc.constant({ tools: [], toolChoice: null, parallelTools: null }),
  fc.record({
    tools: fc.array(
      fc.record({
        name: word,
        description: maybe(text),
        parameters: schema,
        strict: maybe(fc.boolean()),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    toolChoice: fc.oneof(
      fc.constantFrom({ mode: 'auto' as const }, { mode: 'required' as const }),
      word.map((name) => ({ mode: 'one' as const, name })),
    ),
    parallelTools: maybe(fc.boolean()),
  }),
);
const turns = fc
  .record({
    items: talk,
    asking,
    format: maybe(
      schema.map((one) => ({
        type: 'schema' as const,
        name: 'output',
        description: null,
        schema: one,
        strict: true,
      })),
    ),
    thinking: maybe(thinking),
    outputTokensMax: fc.integer({ min: 1, max: 9999 }),
    stop: fc.array(text, { maxLength: 3 }),
    temperature: maybe(fc.constantFrom(0, 0.5, 1)),
    topK: maybe(fc.nat(99)),
    user: maybe(text),
  })
  .map(
    ({ asking: tools, ...rest }): Turn => ({ ...PLAIN_TURN, origin: DIALECT, ...tools, ...rest }),
  );

test('any turn that the format can say, written and read back, is equal', () => {
  fc.assert(
    fc.property(turns, (turn) => {
      const written = vendor.writeTurn(turn, WISH);
      expect(written.dropped).toEqual([]);
      const place = { version: written.headers?.['anthropic-version'] ?? '' };
      expect(caller.readTurn(readWire(caller, written.text, place))).toEqual(turn);
    }),
    { numRuns: 300 },
  );
});

const answer = fc
  .tuple(
    spoken.map((items) =>
      items.map(
        (item): Item =>
          item.type === 'message'
            ? {
                ...item,
                content: item.content.flatMap((part) =>
                  part.type === 'text' ? [{ type: 'text' as const, text: part.text }] : [],
                ),
              }
            : item,
      ),
    ),
    fc.constantFrom('stop' as const, 'length' as const, 'tool_calls' as const, 'pause' as const),
    usage,
  )
  .map(([items, stop, counted]): TurnReply => {
    const answers = [{ items, stop, stopSequence: null }];
    return { id: 'msg_1', model: 'm', createdS: 0, answers, usage: counted };
  });

test('any answer, written and read back, is equal: whole, and streamed in any pieces', () => {
  const request = readWire(caller, {
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
  });
  fc.assert(
    fc.property(answer, fc.integer({ min: 1, max: 9 }), (reply, pieceChars) => {
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
