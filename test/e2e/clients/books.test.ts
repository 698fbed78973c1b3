/** What the client is told of its usage is what stands in the books, whatever the formats. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { type LedgerCall, nanos, settledCalls } from '../books.ts';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { OUTPUT_TOKENS, UPSTREAMS } from './matrix.ts';
import { YAML } from './run.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

interface Told {
  readonly input: number;
  readonly output: number;
}

/** Anthropic counts what was cached beside the input. */
const ofMessage = ({ usage }: Anthropic.Message): Told => ({
  input:
    usage.input_tokens +
    (usage.cache_read_input_tokens ?? 0) +
    (usage.cache_creation_input_tokens ?? 0),
  output: usage.output_tokens,
});
/** Gemini counts thoughts beside the output. */
const ofContent = ({ usageMetadata: usage }: GenerateContentResponse): Told => ({
  input: usage?.promptTokenCount ?? 0,
  output: (usage?.candidatesTokenCount ?? 0) + (usage?.thoughtsTokenCount ?? 0),
});

async function lastCall(): Promise<LedgerCall> {
  const [call] = await settledCalls(gateway);
  if (call === undefined) throw new Error('nothing is in the books');
  return call;
}

async function expectBooked(told: Told): Promise<void> {
  const call = await lastCall();
  expect([call.state, call.usageSource]).toEqual(['charged', 'vendor']);
  expect({ input: call.inputTokens, output: call.outputTokens }).toEqual(told);
  expect(nanos(call.charge)).toBeGreaterThan(0n);
}

test.each(Object.values(UPSTREAMS))('messages of %s, whole and streamed', async (model) => {
  const client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
  const words = 'A long text that is worth being kept. '.repeat(600);
  const system = [
    { type: 'text' as const, text: words, cache_control: { type: 'ephemeral' as const } },
  ];
  const messages = [{ role: 'user' as const, content: 'Count to 12' }];
  const ask = { model, max_tokens: OUTPUT_TOKENS, system, messages };
  // The second one reads what the first one wrote to the cache, where there is one.
  await expectBooked(ofMessage(await client.messages.create(ask)));
  await expectBooked(ofMessage(await client.messages.create(ask)));
  await expectBooked(ofMessage(await client.messages.stream(ask).finalMessage()));
});

test.each(Object.values(UPSTREAMS))('content of %s, whole and streamed', async (model) => {
  const client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
  const ask = { model, contents: 'Count to 12' };
  await expectBooked(ofContent(await client.models.generateContent(ask)));
  let last: GenerateContentResponse | null = null;
  for await (const piece of await client.models.generateContentStream(ask)) last = piece;
  if (last === null) throw new Error('nothing was streamed');
  await expectBooked(ofContent(last));
});

test('what was cached is cheaper, and what was written to the cache dearer', async () => {
  const client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
  const words = 'Another text that is worth being kept. '.repeat(600);
  const system = [
    { type: 'text' as const, text: words, cache_control: { type: 'ephemeral' as const } },
  ];
  const messages = [{ role: 'user' as const, content: 'Say hello' }];
  const ask = { model: UPSTREAMS.Anthropic, max_tokens: OUTPUT_TOKENS, system, messages };
  const chargeOf = async (more: object) => {
    const { usage } = await client.messages.create({ ...ask, ...more });
    return { usage, charge: nanos((await lastCall()).charge) };
  };
  const written = await chargeOf({});
  const read = await chargeOf({});
  const plain = await chargeOf({ system: [{ type: 'text', text: `${words}.` }] });
  expect(written.usage.cache_creation_input_tokens).toBeGreaterThan(1_000);
  expect(read.usage.cache_read_input_tokens).toBeGreaterThan(1_000);
  expect(plain.usage.cache_read_input_tokens).toBe(0);
  expect(read.charge).toBeLessThan(plain.charge);
  expect(plain.charge).toBeLessThan(written.charge);
});

test('counting tokens costs nothing', async () => {
  const client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Say hello' }];
  await client.messages.countTokens({ model: UPSTREAMS.Anthropic, messages });
  const { charge, hold } = await lastCall();
  expect([nanos(charge), nanos(hold)]).toEqual([0n, 0n]);
});
