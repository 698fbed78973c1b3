/** The npm packages `ai` and `@ai-sdk/openai-compatible`, as their users use them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { createKey } from './books.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const MODEL = 'doubao-seed-2-1-pro-260915';
const THINKER = 'doubao-seed-1-6-thinking-250715';
const YAML = `
timeouts: { first_byte_ms: 700, idle_ms: 700 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;

let gateway: Gateway;

const provider = (key: string, base = '/v1') =>
  createOpenAICompatible({
    name: 'gangway',
    baseURL: gateway.url + base,
    apiKey: key,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
/** Retries of the client are off: each fault is to be seen as it is. */
const ask = (model: string, prompt: string) => ({
  model: provider(gateway.key)(model),
  prompt,
  maxRetries: 0,
});
const weather = tool({
  description: 'The weather of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => Promise.resolve(`sunny in ${city}`),
});

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

describe('answers', () => {
  test('a text, with usage', async () => {
    const { text, finishReason, usage } = await generateText(ask(MODEL, 'Say good morning'));
    expect([text, finishReason]).toEqual(['good morning', 'stop']);
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  test('a stream, with usage', async () => {
    const result = streamText(ask(MODEL, 'Count to 30'));
    const parts: string[] = [];
    for await (const part of result.textStream) parts.push(part);
    expect(parts.join('')).toBe(Array.from({ length: 30 }, (_, at) => at + 1).join(', '));
    expect(parts.length).toBeGreaterThan(5);
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).outputTokens).toBeGreaterThan(0);
  });

  test('reasoning, streamed and not', async () => {
    const whole = await generateText(ask(THINKER, 'Say six'));
    expect(whole.text).toBe('six');
    expect(whole.reasoningText).toContain('I am the sandbox');
    const result = streamText(ask(THINKER, 'Say seven'));
    expect(await result.text).toBe('seven');
    expect(await result.reasoningText).toContain('I am the sandbox');
  });

  test('an image part', async () => {
    const { text } = await generateText({
      model: provider(gateway.key)(MODEL),
      maxRetries: 0,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is on it?' },
            { type: 'file', data: Buffer.from('not a picture'), mediaType: 'image/png' },
          ],
        },
      ],
    });
    expect(text).toContain('I received 1 image (image/png)');
  });

  test('a tool that is called and answered, streamed and not', async () => {
    const wish = {
      ...ask(MODEL, 'What is the weather in Paris?'),
      tools: { get_weather: weather },
      stopWhen: isStepCount(3),
    };
    const whole = await generateText(wish);
    expect(whole.steps).toHaveLength(2);
    expect(whole.text).toContain('sunny in Paris');
    expect(await streamText(wish).text).toContain('sunny in Paris');
  });

  test('an object by its schema', async () => {
    const schema = z.object({ name: z.string(), age: z.number().int() });
    const { output } = await generateText({
      ...ask(MODEL, 'Describe "Alice", who is 7'),
      output: Output.object({ schema }),
    });
    expect(schema.parse(output)).toEqual(output);
  });
});

async function caught(made: () => PromiseLike<unknown>): Promise<APICallError> {
  try {
    await made();
  } catch (error) {
    if (APICallError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const BY_MODEL: readonly (readonly [model: string, status: number, retryable: boolean])[] = [
  ['sandbox-400', 400, false],
  ['no-such-model', 404, false],
  ['sandbox-429-long', 429, true],
  ['sandbox-500', 502, true],
  ['sandbox-malformed', 502, true],
  ['sandbox-empty-choices', 502, true],
  ['sandbox-hang', 504, true],
];

describe('faults', () => {
  test.each(BY_MODEL)('%s: %d', async (model, statusCode, isRetryable) => {
    const error = await caught(() => generateText(ask(model, 'Hi')));
    expect(error).toMatchObject({ statusCode, isRetryable });
    // The message is the gateway's own, read from its envelope.
    expect(error.message).not.toBe('');
    expect(error.responseBody).toContain(JSON.stringify(error.message));
  });

  test('401, 402, 403, 422', async () => {
    const hi = { prompt: 'Hi', maxRetries: 0 };
    const nobody = await caught(() => generateText({ ...hi, model: provider('sk-nobody')(MODEL) }));
    expect(nobody.statusCode).toBe(401);
    const { key } = await createKey(gateway, '--models', THINKER);
    const forbidden = await caught(() => generateText({ ...hi, model: provider(key)(MODEL) }));
    expect(forbidden.statusCode).toBe(403);
    const { key: broke } = await createKey(gateway, '--budget', '0.000000001');
    const poor = await caught(() => generateText({ ...hi, model: provider(broke)(MODEL) }));
    expect(poor.statusCode).toBe(402);
    const strict = provider(gateway.key, '/api/doubao/v1')(MODEL);
    expect((await caught(() => generateText({ ...hi, model: strict }))).statusCode).toBe(422);
  });

  test('429 carries the time to wait', async () => {
    const { key } = await createKey(gateway, '--rpm', '1');
    const wish = { prompt: 'Hi', maxRetries: 0, model: provider(key)(MODEL) };
    await generateText(wish);
    const error = await caught(() => generateText(wish));
    expect(error.statusCode).toBe(429);
    expect(Number(error.responseHeaders?.['retry-after'])).toBeGreaterThan(0);
  });

  test.each([
    'sandbox-cut-middle',
    'sandbox-cut-clean',
    'sandbox-hang-middle',
    'sandbox-error-middle',
    'sandbox-malformed',
  ])('a stream that breaks ends in an error: %s', async (model) => {
    const errors: unknown[] = [];
    const result = streamText({
      ...ask(model, 'Hi there'),
      onError: ({ error }) => void errors.push(error),
    });
    let text = '';
    let finish = '';
    for await (const part of result.fullStream) {
      if (part.type === 'text-delta') text += part.text;
      if (part.type === 'finish') finish = part.finishReason;
    }
    expect(text).not.toBe('');
    expect(errors).toHaveLength(1);
    expect(finish).not.toBe('stop');
  });
});
