/** What each service of Ark costs, to the last digit, in the books of a gateway. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { z } from 'zod';
import { type ArkPlace, startArkPlace } from './ark-place.ts';
import { type LedgerCall, nanos, settledCalls } from './books.ts';
import { cleanUp } from './gateway.ts';

const START_MS = 60_000;
const MILLION = 1_000_000n;
const MODEL = 'doubao-seed-1-6-251015';
const IMAGE = 'doubao-seedream-4-5-251128';

let place: ArkPlace;
beforeAll(async () => {
  place = await startArkPlace();
}, START_MS);
afterAll(cleanUp);

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly call: LedgerCall;
}

/** One call, and its row in the books. */
async function ask(path: string, body: object): Promise<Asked> {
  const response = await fetch(`${place.gateway.url}/api/v3${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${place.gateway.key}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const id = response.headers.get('x-gangway-call');
  const calls = await settledCalls(place.gateway);
  const call = calls.find((one) => (id === null ? true : one.id === id));
  if (call === undefined) throw new Error(`no call ${id} in the books`);
  return { status: response.status, text, call };
}

const used = z.object({
  usage: z.looseObject({ prompt_tokens: z.number(), completion_tokens: z.number().default(0) }),
});

function usageOf(text: string) {
  const { prompt_tokens: input, completion_tokens: output } = used.parse(JSON.parse(text)).usage;
  return { input: BigInt(input), output: BigInt(output) };
}

const user = (content: string) => [{ role: 'user', content }];

/** Nano-units: tokens by the price of a million of them, rounded up. */
function cost(...parts: readonly (readonly [tokens: bigint, price: string])[]): bigint {
  const sum = parts.reduce((all, [tokens, price]) => all + tokens * nanos(price), 0n);
  return (sum + MILLION - 1n) / MILLION;
}

test('pictures are paid one by one; those that failed are not, nor is a refused call', async () => {
  const one = await ask('/images/generations', { model: IMAGE, prompt: 'a cat' });
  expect([one.status, one.call.charge, one.call.hold]).toEqual([200, '0.25', '0.25']);
  const group = {
    model: IMAGE,
    prompt: '4 pictures of a cat; fail 2',
    sequential_image_generation: 'auto',
  };
  const three = await ask('/images/generations', group);
  expect([three.call.charge, three.call.hold]).toEqual(['0.75', '3.75']);
  const streamed = await ask('/images/generations', {
    ...group,
    stream: true,
    sequential_image_generation_options: { max_images: 5 },
  });
  expect(streamed.text).toContain('event: image_generation.partial_failed\n');
  expect([streamed.call.charge, streamed.call.hold]).toEqual(['0.75', '1.25']);
  const none = await ask('/images/generations', { model: IMAGE, prompt: 'a cat; fail 1' });
  expect([none.status, none.call.charge, none.call.state]).toEqual([400, '0', 'released']);
});

test('batch inference is half of the price', async () => {
  const messages = user('Say yes');
  // A model that the vendor does not know as an endpoint: refused by it, and nothing is charged.
  const other = 'doubao-1-5-pro-32k-250115';
  const batch = await ask('/batch/chat/completions', { model: other, messages });
  expect([batch.status, batch.call.state]).toEqual([400, 'released']);
  const full = await ask('/chat/completions', { model: MODEL, messages });
  const half = await ask('/batch/chat/completions', { model: MODEL, messages });
  const { input, output } = usageOf(full.text);
  expect(usageOf(half.text)).toEqual({ input, output });
  expect(nanos(full.call.charge)).toBe(cost([input, '0.80'], [output, '2.00']));
  expect(nanos(half.call.charge)).toBe(cost([input, '0.4'], [output, '1']));
});

test('a context is paid by token, and by token and hour; cached ones are cheap', async () => {
  const messages = user('Remember that the sky is green. '.repeat(20));
  const made = await ask('/context/create', { model: MODEL, messages, ttl: 7_200 });
  const { input } = usageOf(made.text);
  const stored = (input * 2n * nanos('0.017') + MILLION - 1n) / MILLION;
  expect(nanos(made.call.charge)).toBe(cost([input, '0.80']) + stored);
  const { id } = z.object({ id: z.string() }).parse(JSON.parse(made.text));
  const body = { model: MODEL, context_id: id, messages: user('Say yes') };
  const chat = await ask('/context/chat/completions', body);
  const all = usageOf(chat.text);
  const parts = [
    [input, '0.16'],
    [all.input - input, '0.80'],
    [all.output, '2.00'],
  ] as const;
  expect(nanos(chat.call.charge)).toBe(cost(...parts));
});

test('vectors of pictures cost more than those of text; counting is free', async () => {
  const input = [
    { type: 'text', text: 'a cat' },
    { type: 'image_url', image_url: { url: 'https://pictures.example/cat.png' } },
  ];
  const model = 'doubao-embedding-vision-251215';
  const made = await ask('/embeddings/multimodal', { model, input });
  const { input: all } = usageOf(made.text);
  const pictures = all - 2n;
  const parts = [cost([all, '0.70']), cost([pictures, '1.10'])];
  expect(nanos(made.call.charge)).toBe(parts[0]! + parts[1]!);
  expect(nanos(made.call.hold)).toBeGreaterThanOrEqual(nanos(made.call.charge));
  const counted = await ask('/tokenization', { model: MODEL, text: 'Hi there' });
  expect([counted.status, counted.call.charge, counted.call.hold]).toEqual([200, '0', '0']);
});
