/** What users of the npm package `ai` do, whatever the provider. */
import { expect } from 'bun:test';
import { generateText, isStepCount, type LanguageModel, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { type Client, NUMBERS, OUTPUT_TOKENS, PNG, SHORT_TOKENS, TWO_TOOLS } from './matrix.ts';
import { expectPieces } from './run.ts';

const weather = tool({
  description: 'The weather of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => Promise.resolve(`sunny in ${city}`),
});

const time = tool({
  description: 'The time in a city',
  inputSchema: z.object({ city: z.string() }),
  execute: ({ city }) => Promise.resolve(`noon in ${city}`),
});

const Person = z.object({ name: z.string(), age: z.number() });

type Provide = (model: string) => LanguageModel;

const asking = (provide: Provide) => (model: string, prompt: string) => ({
  model: provide(model),
  prompt,
  maxOutputTokens: OUTPUT_TOKENS,
  // Retries of the client are off: each fault is to be seen as it is.
  maxRetries: 0,
});

export function aiTries(provide: Provide): Client {
  return { ...textTries(provide), ...toolTries(provide), ...otherTries(provide) };
}

function textTries(
  provide: Provide,
): Pick<Client, 'a text, with usage' | 'a stream, with usage' | 'a system text'> {
  const ask = asking(provide);
  return {
    async 'a text, with usage'(model) {
      const { text, finishReason, usage } = await generateText(ask(model, 'Say good morning'));
      expect([text, finishReason]).toEqual(['good morning', 'stop']);
      expect(usage.inputTokens).toBeGreaterThan(0);
      expect(usage.outputTokens).toBeGreaterThan(0);
    },
    async 'a stream, with usage'(model) {
      const result = streamText(ask(model, 'Count to 30'));
      const pieces: string[] = [];
      for await (const piece of result.textStream) pieces.push(piece);
      expectPieces(pieces, NUMBERS);
      expect(await result.finishReason).toBe('stop');
      expect((await result.usage).outputTokens).toBeGreaterThan(0);
    },
    async 'a system text'(model) {
      const { text } = await generateText({
        ...ask(model, 'Say hello'),
        instructions: 'Be brief.',
      });
      expect(text).toBe('hello');
    },
  };
}

function toolTries(
  provide: Provide,
): Pick<
  Client,
  'a tool, called and answered' | 'a tool, called in a stream' | 'two tools at once, in a stream'
> {
  const ask = asking(provide);
  return {
    async 'a tool, called and answered'(model) {
      const { text, steps } = await generateText({
        ...ask(model, 'What is the weather in Paris?'),
        tools: { weather },
        stopWhen: isStepCount(3),
      });
      expect(steps).toHaveLength(2);
      expect(steps[0]?.toolCalls[0]).toMatchObject({
        toolName: 'weather',
        input: { city: 'Paris' },
      });
      expect(text).toContain('sunny in Paris');
    },
    async 'a tool, called in a stream'(model) {
      const result = streamText({
        ...ask(model, 'What is the weather in Paris?'),
        tools: { weather },
        stopWhen: isStepCount(3),
      });
      expect(await result.text).toContain('sunny in Paris');
      expect(await result.steps).toHaveLength(2);
    },
    async 'two tools at once, in a stream'(model) {
      const result = streamText({
        ...ask(model, TWO_TOOLS),
        tools: { weather, time },
        stopWhen: isStepCount(3),
      });
      const text = await result.text;
      const [first] = await result.steps;
      expect(first?.toolCalls.map(({ toolName, input }) => [toolName, input])).toEqual([
        ['weather', { city: 'Paris' }],
        ['time', { city: 'Paris' }],
      ]);
      expect(text).toContain('sunny in Paris');
      expect(text).toContain('noon in Paris');
    },
  };
}

function otherTries(
  provide: Provide,
): Pick<Client, 'an image' | 'a schema' | 'a schema, in a stream' | 'the limit of length'> {
  const ask = asking(provide);
  return {
    async 'an image'(model) {
      const { prompt: _none, ...asked } = ask(model, '');
      const { text } = await generateText({
        ...asked,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is on it?' },
              { type: 'file', data: Buffer.from(PNG, 'base64'), mediaType: 'image/png' },
            ],
          },
        ],
      });
      expect(text).toContain('I received 1 image (image/png');
    },
    async 'a schema'(model) {
      const { output } = await generateText({
        ...ask(model, 'Describe somebody who is 7'),
        output: Output.object({ schema: Person }),
      });
      expect(output).toEqual({ name: expect.any(String), age: 7 });
    },
    async 'a schema, in a stream'(model) {
      const result = streamText({
        ...ask(model, 'Describe somebody who is 7'),
        output: Output.object({ schema: Person }),
      });
      let parts = 0;
      for await (const _part of result.partialOutputStream) parts += 1;
      expect(parts).toBeGreaterThan(0);
      expect(await result.output).toEqual({ name: expect.any(String), age: 7 });
    },
    async 'the limit of length'(model) {
      const asked = { ...ask(model, 'Count to 500'), maxOutputTokens: SHORT_TOKENS };
      expect((await generateText(asked)).finishReason).toBe('length');
    },
  };
}
