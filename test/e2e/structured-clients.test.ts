/** The reseller's page as printed, and real clients that want objects. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, streamObject } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(cleanUp);

const PRINTED = `{
"model": "gpt-4o-2024-08-06",
"messages": [
{
"role": "system",
"content": "You are a helpful math tutor. Guide the user through the solution step by step."
},
{
"role": "user",
"content": "9.11和9.8谁大"
}
],
"response_format": {
"type": "json_schema",
"json_schema": {
"name": "math_reasoning",
"schema": {
"type": "object",
"properties": {
"steps": {
"type": "array",
"items": {
"type": "object",
"properties": {
"explanation": {
"type": "string"
},
"output": {
"type": "string"
}
},
"required": [
"explanation",
"output"
],
"additionalProperties": false
}
},
"final_answer": {
"type": "string"
}
},
"required": [
"steps",
"final_answer"
],
"additionalProperties": false
},
"strict": true
}
}
}`;

const Reasoning = z.strictObject({
  steps: z.array(z.strictObject({ explanation: z.string(), output: z.string() })),
  final_answer: z.string(),
});

const answer = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.number(),
  choices: z.array(
    z.object({
      index: z.number(),
      message: z.object({ role: z.literal('assistant'), content: z.string() }),
      finish_reason: z.literal('stop'),
    }),
  ),
  usage: z.object({
    prompt_tokens: z.number(),
    completion_tokens: z.number(),
    total_tokens: z.number(),
  }),
});

function send(body: string): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${gateway.key}`,
      'content-type': 'application/json',
    },
    body,
  });
}

describe('the page of the reseller', () => {
  test('its example works as printed', async () => {
    const response = await send(PRINTED);
    const body = answer.parse(await response.json());
    Reasoning.parse(JSON.parse(body.choices[0]?.message.content ?? ''));
    expect(response.headers.get('x-gangway-structured')).toBe('native; attempts=1');
    expect(response.headers.get('x-gangway-warning')).toBeNull();
  });

  test('with every field of its table, in the types of its table', async () => {
    const more = {
      ...{ temperature: 1, top_p: 1, n: 1, stream: false, stop: 'END', max_tokens: 500 },
      ...{ presence_penalty: 0, frequency_penalty: 0, logit_bias: null, user: 'u', seen: 7 },
      ...{ tools: ['string'], tool_choice: {} },
    };
    const response = await send(JSON.stringify({ ...JSON.parse(PRINTED), ...more }));
    expect(response.status).toBe(200);
    expect(response.headers.get('x-gangway-warning')).toBe(
      'seen was read as seed; tools were names without definitions and were left out; ' +
        'tool_choice was empty and was left out',
    );
    expect(response.headers.get('x-gangway-structured')).toBe('native; attempts=1');
  });
});

describe('the official client', () => {
  const client = () => new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1` });
  const response_format = () => zodResponseFormat(Reasoning, 'math_reasoning');
  const messages = [{ role: 'user' as const, content: 'Which is larger?' }];

  test.each(['gpt-4o-2024-08-06', 'deepseek-flash', 'sandbox-json-fenced'])(
    'parses an answer of %s',
    async (model) => {
      const wish = { model, messages, response_format: response_format() };
      const told = await client().chat.completions.parse(wish);
      expect(Reasoning.safeParse(told.choices[0]?.message.parsed).success).toBe(true);
    },
  );

  test.each(['gpt-4o-2024-08-06', 'sandbox-json-heals'])('and a stream of %s', async (model) => {
    const wish = { model, messages, response_format: response_format() };
    const told = await client().chat.completions.stream(wish).finalChatCompletion();
    expect(Reasoning.safeParse(told.choices[0]?.message.parsed).success).toBe(true);
  });

  test('raises at a fault, once: it is not worth a retry', async () => {
    const asked = client().chat.completions.parse({
      model: 'sandbox-json-wrong-type',
      messages,
      response_format: response_format(),
    });
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    if (!(error instanceof OpenAI.APIError)) throw error;
    expect([error.status, error.code]).toEqual([422, 'structured_output_failed']);
    expect(JSON.stringify(error.error)).toContain('"attempts":3');
  });
});

describe('the ai package', () => {
  const provider = () =>
    createOpenAICompatible({
      name: 'gangway',
      baseURL: `${gateway.url}/v1`,
      apiKey: gateway.key,
      supportsStructuredOutputs: true,
    });

  test.each(['gpt-4o-2024-08-06', 'sandbox-json-prose', 'sandbox-json-heals'])(
    'gets an object of %s, whole and streamed',
    async (id) => {
      const wish = { model: provider()(id), schema: Reasoning, prompt: 'Which is larger?' };
      expect(Reasoning.safeParse((await generateObject(wish)).object).success).toBe(true);
      const streamed = streamObject(wish);
      for await (const _ of streamed.partialObjectStream);
      expect(Reasoning.safeParse(await streamed.object).success).toBe(true);
    },
  );
});
