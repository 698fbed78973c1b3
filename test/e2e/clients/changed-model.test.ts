/** A talk that goes on at another model, with the thoughts of the one before in it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Content, GoogleGenAI } from '@google/genai';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import { CITY_SCHEMA, OUTPUT_TOKENS, UPSTREAMS } from './matrix.ts';
import { YAML } from './run.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
});
afterAll(cleanUp);

const MODELS = [...Object.values(UPSTREAMS), 'deepseek/deepseek-v4-pro'];
const QUESTION = 'What is the weather in Paris?';
const CHANGES = MODELS.flatMap((first) => MODELS.map((next) => [first, next] as const));

describe.each(['whole', 'streamed'])('%s', (way) => {
  test.each(CHANGES)('messages of %s go on at %s', async (first, next) => {
    const client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
    const question = { role: 'user' as const, content: QUESTION };
    const ask = {
      max_tokens: OUTPUT_TOKENS,
      thinking: { type: 'adaptive' as const },
      tools: [{ name: 'get_weather', description: 'Weather', input_schema: CITY_SCHEMA }],
    };
    const asked = { ...ask, model: first, messages: [question] };
    const { content } = await (way === 'whole'
      ? client.messages.create(asked)
      : client.messages.stream(asked).finalMessage());
    const results = content.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'sunny' }]
        : [],
    );
    const messages: Anthropic.MessageParam[] = [
      question,
      { role: 'assistant', content: content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: results },
    ];
    const told = await client.messages.create({ ...ask, model: next, messages });
    expect(JSON.stringify(told.content)).toContain('sunny');
  });

  test.each(CHANGES)('contents of %s go on at %s', async (first, next) => {
    const client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
    const question: Content = { role: 'user', parts: [{ text: QUESTION }] };
    const declared = { name: 'get_weather', parametersJsonSchema: CITY_SCHEMA };
    const config = {
      tools: [{ functionDeclarations: [declared] }],
      thinkingConfig: { includeThoughts: true },
    };
    const asked = { model: first, contents: [question], config };
    const said: Content = { role: 'model', parts: [] };
    if (way === 'whole') {
      const { candidates } = await client.models.generateContent(asked);
      said.parts?.push(...(candidates?.[0]?.content?.parts ?? []));
    } else {
      for await (const piece of await client.models.generateContentStream(asked)) {
        said.parts?.push(...(piece.candidates?.[0]?.content?.parts ?? []));
      }
    }
    const call = said.parts?.find(({ functionCall }) => functionCall !== undefined)?.functionCall;
    const { id } = call ?? {};
    const functionResponse = {
      ...(id === undefined ? {} : { id }),
      name: 'get_weather',
      response: { output: 'sunny' },
    };
    const contents = [question, said, { role: 'user', parts: [{ functionResponse }] }];
    const told = await client.models.generateContent({ model: next, contents, config });
    expect(told.text).toContain('sunny');
  });
});
