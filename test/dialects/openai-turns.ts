/** Turns and answers at will, as far as both of OpenAI's formats can say them. */
import fc from 'fast-check';
import type { Answered, ContentPart, Item, Seal, Turn } from '../../src/dialects/turn.ts';

const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' });
const name = fc.stringMatching(/^[a-z_]{1,12}$/);
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 9 })
  .map((b) => Buffer.from(b).toString('base64'));
const url = fc.webUrl();

export const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)));
const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), json, { maxKeys: 3 });

const text: fc.Arbitrary<ContentPart> = word.map((said) => ({ type: 'text', text: said }));
const image: fc.Arbitrary<ContentPart> = fc.record(
  {
    type: fc.constant('image' as const),
    media: fc.oneof(
      url.map((at) => ({ at: 'url' as const, url: at, mediaType: null })),
      base64.map((data) => ({ at: 'inline' as const, data, mediaType: 'image/png' })),
      name.map((id) => ({ at: 'id' as const, id, mediaType: null })),
    ),
    detail: fc.constantFrom('auto', 'low', 'high'),
  },
  { requiredKeys: ['type', 'media'] },
);
const audio: fc.Arbitrary<ContentPart> = fc.record({
  type: fc.constant('audio' as const),
  media: base64.chain((data) =>
    fc
      .constantFrom('audio/wav', 'audio/mpeg')
      .map((mediaType) => ({ at: 'inline' as const, data, mediaType })),
  ),
});
const file: fc.Arbitrary<ContentPart> = fc.record(
  {
    type: fc.constant('file' as const),
    media: fc.oneof(
      base64.map((data) => ({ at: 'inline' as const, data, mediaType: 'application/pdf' })),
      name.map((id) => ({ at: 'id' as const, id, mediaType: null })),
    ),
    filename: name,
  },
  { requiredKeys: ['type', 'media'] },
);
const userParts = fc.array(fc.oneof(text, image, audio, file), { minLength: 1, maxLength: 3 });

const message = (role: 'system' | 'user' | 'assistant', content: fc.Arbitrary<ContentPart[]>) =>
  content.map((parts): Item => ({ type: 'message', role, content: parts }));

const call: fc.Arbitrary<Item> = fc.record({
  type: fc.constant('tool_call' as const),
  id: name,
  name,
  arguments: object.map((value) => JSON.stringify(value)),
  seal: fc.constant(null),
});
const result: fc.Arbitrary<Item> = fc.record({
  type: fc.constant('tool_result' as const),
  callId: name,
  name: fc.constant(null),
  content: text.map((part) => [part]),
  isError: fc.constant(false),
});
const refusal: fc.Arbitrary<Item> = fc.record({
  type: fc.constant('refusal' as const),
  text: word,
});

/** What the assistant said in one go: words, then calls. */
const said = fc.oneof(
  message(
    'assistant',
    text.map((part) => [part]),
  ).map((item) => [item]),
  refusal.map((item) => [item]),
  fc.array(call, { minLength: 1, maxLength: 3 }),
  fc
    .tuple(
      message(
        'assistant',
        text.map((part) => [part]),
      ),
      fc.array(call, { minLength: 1, maxLength: 2 }),
    )
    .map(([first, calls]) => [first, ...calls]),
);
const asked = fc.oneof(
  message('user', userParts).map((item) => [item]),
  message(
    'system',
    text.map((part) => [part]),
  ).map((item) => [item]),
  fc.array(result, { minLength: 1, maxLength: 2 }),
);
const items: fc.Arbitrary<Item[]> = fc
  .array(fc.tuple(asked, said), { minLength: 1, maxLength: 4 })
  .map((rounds) => rounds.flat(2));

const orNull = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const share = fc.integer({ min: 0, max: 200 }).map((hundredths) => hundredths / 100);

/** The settings that both formats have. */
export const turn: fc.Arbitrary<Turn> = fc.record({
  items,
  tools: fc.array(
    fc.record({
      name,
      description: orNull(word),
      parameters: object.map((properties) => ({ type: 'object', properties })),
      strict: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  toolChoice: orNull(
    fc.oneof(
      fc.constantFrom('auto', 'none', 'required').map((mode) => ({ mode }) as const),
      name.map((one) => ({ mode: 'one', name: one }) as const),
      fc.record({
        mode: fc.constant('some' as const),
        names: fc.array(name, { minLength: 1, maxLength: 2 }),
        required: fc.boolean(),
      }),
    ),
  ),
  parallelTools: orNull(fc.boolean()),
  format: orNull(
    fc.oneof(
      fc.constantFrom({ type: 'text' } as const, { type: 'json' } as const),
      fc.record({
        type: fc.constant('schema' as const),
        name,
        description: orNull(word),
        schema: object,
        strict: fc.boolean(),
      }),
    ),
  ),
  thinking: orNull(
    fc
      .constantFrom('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')
      .map((effort) => ({ enabled: null, effort, budgetTokens: null, show: null }) as const),
  ),
  outputTokensMax: orNull(fc.integer({ min: 1, max: 1_000_000 })),
  stop: fc.constant([]),
  temperature: orNull(share),
  topP: orNull(share),
  topK: fc.constant(null),
  seed: fc.constant(null),
  presencePenalty: fc.constant(null),
  frequencyPenalty: fc.constant(null),
  choices: fc.constant(1),
  user: orNull(word),
  serviceTier: orNull(fc.constantFrom('auto', 'default', 'flex')),
  metadata: orNull(fc.dictionary(name, word, { maxKeys: 2 })),
  others: fc.constant({}),
});

/** What chat has besides. */
export const chatTurn: fc.Arbitrary<Turn> = fc
  .record({
    both: turn,
    stop: fc.array(word, { maxLength: 4 }),
    seed: orNull(fc.integer()),
    presencePenalty: orNull(share),
    frequencyPenalty: orNull(share),
    choices: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ both, ...more }) => ({ ...both, ...more }));

const foreign = fc.constantFrom('anthropic-messages', 'gemini-generate');
export const foreignSeal: fc.Arbitrary<Seal> = fc.record({ dialect: foreign, value: base64 });

const thought = fc.oneof(
  fc.record({
    type: fc.constant('reasoning' as const),
    text: word,
    seal: orNull(foreignSeal),
    redacted: fc.constant(false),
  }),
  fc.record({
    type: fc.constant('reasoning' as const),
    text: fc.constant(''),
    seal: foreignSeal,
    redacted: fc.boolean(),
  }),
);

/** One answer with thoughts, words and calls whose proofs are another dialect's. */
export const answered: fc.Arbitrary<Answered> = fc
  .record({
    thoughts: fc.array(thought, { maxLength: 2 }),
    said: orNull(text),
    refused: orNull(refusal),
    calls: fc.uniqueArray(fc.tuple(call, orNull(foreignSeal)), {
      maxLength: 3,
      selector: ([item]) => (item as { id: string }).id,
    }),
    cut: fc.constantFrom('length', 'filter', null),
  })
  .map(({ thoughts, said: part, refused, calls, cut }): Answered => {
    const message: Item[] =
      part === null ? [] : [{ type: 'message', role: 'assistant', content: [part] }];
    const called = calls.map(([item, seal]): Item => ({ ...item, seal }) as Item);
    const stop = cut ?? (called.length > 0 ? 'tool_calls' : refused === null ? 'stop' : 'refusal');
    const all = [...thoughts, ...message, ...(refused === null ? [] : [refused]), ...called];
    return { items: all, stop, stopSequence: null };
  })
  .filter((answer) => answer.items.length > 0);
