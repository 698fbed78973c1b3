/** The npm package `@ai-sdk/openai` under `ai`: responses, its default, and chat. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  generateText,
  isStepCount,
  type LanguageModel,
  type ModelMessage,
  Output,
  streamText,
  tool,
} from 'ai';
import { z } from 'zod';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const YAML = `
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;
let gateway: Gateway;
const provider = () => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

const PLACES = [
  ['openai', 'openai/gpt-5.4-mini'],
  ['qwen', 'qwen/qwen3.7-max'],
  ['an aggregator', 'siliconflow/deepseek-v4-pro'],
  ['anthropic', 'anthropic/claude-sonnet-5'],
  ['gemini', 'gemini/gemini-3.8-flash'],
] as const;
const FORMATS = [
  ['responses', (model: string): LanguageModel => provider().responses(model)],
  ['chat', (model: string): LanguageModel => provider().chat(model)],
] as const;
const weather = tool({
  description: 'The weather of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => Promise.resolve(`sunny in ${city}`),
});
const NUMBERS = Array.from({ length: 30 }, (_, at) => at + 1).join(', ');
const ask = (model: LanguageModel, prompt: string) => ({ model, prompt, maxRetries: 0 });

describe.each(FORMATS)('%s', (format, make) => {
  describe.each(PLACES)('of %s', (_, name) => {
    test('a text, whole and streamed, with usage', async () => {
      const whole = await generateText(ask(make(name), 'Say good morning'));
      expect([whole.text, whole.finishReason]).toEqual(['good morning', 'stop']);
      expect(whole.usage.outputTokens).toBeGreaterThan(0);
      const stream = streamText(ask(make(name), 'Count to 30'));
      expect(await stream.text).toBe(NUMBERS);
      expect(await stream.finishReason).toBe('stop');
      expect((await stream.usage).inputTokens).toBeGreaterThan(0);
    });

    test('a tool that is called and answered, whole and streamed', async () => {
      const wish = {
        ...ask(make(name), 'What is the weather in Paris?'),
        tools: { get_weather: weather },
        stopWhen: isStepCount(3),
      };
      const whole = await generateText(wish);
      expect(whole.steps).toHaveLength(2);
      expect(whole.text).toContain('sunny in Paris');
      expect(await streamText(wish).text).toContain('sunny in Paris');
    });

    test('an object by its schema', async () => {
      const schema = z.object({ name: z.string(), age: z.number() });
      const { output } = await generateText({
        ...ask(make(name), 'Describe "Alice", who is 7'),
        output: Output.object({ schema }),
      });
      expect(schema.parse(output)).toEqual(output);
    });

    test('an image', async () => {
      const content = [
        { type: 'text' as const, text: 'What is on it?' },
        { type: 'file' as const, data: Buffer.from('no picture'), mediaType: 'image/png' },
      ];
      const messages: ModelMessage[] = [{ role: 'user', content }];
      const { text } = await generateText({ model: make(name), messages, maxRetries: 0 });
      expect(text).toContain('I received 1 image (image/png)');
    });

    // Earlier items are only named in the next request, unless nothing is kept.
    test('a talk of several turns, kept and not', async () => {
      for (const store of format === 'chat' ? [false] : [true, false]) {
        const options = { providerOptions: { openai: { store } }, maxRetries: 0 };
        const messages: ModelMessage[] = [{ role: 'user', content: 'Say one' }];
        const first = await generateText({ model: make(name), messages, ...options });
        messages.push(...first.response.messages, { role: 'user', content: 'Say two' });
        const second = await generateText({ model: make(name), messages, ...options });
        expect([first.text, second.text]).toEqual(['one', 'two']);
        expect(second.usage.inputTokens).toBeGreaterThan(first.usage.inputTokens ?? 0);
      }
    });
  });

  test('a model that is not there is a fault', async () => {
    const error = await generateText(ask(make('none'), 'Hi')).catch((thrown: unknown) => thrown);
    if (!APICallError.isInstance(error)) throw error;
    expect(error.statusCode).toBe(404);
    expect(error.isRetryable).toBe(false);
  });
});

test('thoughts are shown by models of either format', async () => {
  for (const [, name] of PLACES) {
    const result = streamText({
      ...ask(provider().responses(name), 'Say six'),
      providerOptions: {
        openai: { reasoningEffort: 'high', reasoningSummary: 'auto', forceReasoning: true },
      },
    });
    expect(await result.text).toBe('six');
    expect(await result.reasoningText).toContain('I am the sandbox');
  }
});
