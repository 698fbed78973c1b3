/** The npm package `openai` asking for chat completions, as its users do, on everybody's models. */
import { afterAll, beforeAll, expect } from 'bun:test';
import OpenAI from 'openai';
import { cleanUp, type Gateway, startGateway } from '../gateway.ts';
import {
  CITY_SCHEMA,
  type Client,
  NUMBERS,
  OUTPUT_TOKENS,
  PERSON_SCHEMA,
  PNG,
  SHORT_TOKENS,
  TWO_TOOLS,
} from './matrix.ts';
import { expectPieces, tryAll, YAML } from './run.ts';

let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(cleanUp);

const ask = (model: string, content: string) => ({
  model,
  max_completion_tokens: OUTPUT_TOKENS,
  messages: [{ role: 'user', content }] as OpenAI.ChatCompletionMessageParam[],
});
const toolOf = (name: string, description: string): OpenAI.ChatCompletionFunctionTool => ({
  type: 'function',
  function: { name, description, parameters: CITY_SCHEMA },
});
const WEATHER = toolOf('get_weather', 'The weather of a city');
const TIME = toolOf('get_time', 'The time in a city');
const PERSON = {
  type: 'json_schema' as const,
  json_schema: { name: 'person', strict: true, schema: PERSON_SCHEMA },
};
const firstOf = ({ choices: [choice] }: OpenAI.ChatCompletion): OpenAI.ChatCompletion.Choice => {
  if (choice === undefined) throw new Error('no choice');
  return choice;
};
const textOf = (answer: OpenAI.ChatCompletion): string => firstOf(answer).message.content ?? '';
const callsOf = ({ message }: OpenAI.ChatCompletion.Choice) =>
  (message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []));

/** What the tools said to a question, and what is made of it. */
async function tell(first: ReturnType<typeof ask>, asked: OpenAI.ChatCompletion) {
  const choice = firstOf(asked);
  const results = callsOf(choice).map(({ id, function: { name } }) => ({
    role: 'tool' as const,
    tool_call_id: id,
    content: name === 'get_time' ? 'noon' : 'sunny',
  }));
  const messages = [...first.messages, choice.message, ...results];
  return textOf(await client.chat.completions.create({ ...first, messages }));
}

const tries: Client = {
  async 'a text, with usage'(model) {
    const answer = await client.chat.completions.create(ask(model, 'Say good morning'));
    expect(textOf(answer)).toBe('good morning');
    expect(firstOf(answer).finish_reason).toBe('stop');
    expect(answer.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
    expect(answer._request_id).toMatch(/^req_/);
  },
  async 'a stream, with usage'(model) {
    const stream = await client.chat.completions.create({
      ...ask(model, 'Count to 30'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    const usages: OpenAI.CompletionUsage[] = [];
    for await (const { choices, usage } of stream) {
      if (choices[0]?.delta.content) pieces.push(choices[0].delta.content);
      if (usage) usages.push(usage);
    }
    expectPieces(pieces, NUMBERS);
    expect(usages).toHaveLength(1);
    expect(usages[0]?.prompt_tokens).toBeGreaterThan(0);
    expect(usages[0]?.completion_tokens).toBeGreaterThan(0);
  },
  async 'a system text'(model) {
    const first = ask(model, 'Say hello');
    for (const role of ['system', 'developer'] as const) {
      const messages = [{ role, content: 'Be brief.' }, ...first.messages];
      expect(textOf(await client.chat.completions.create({ ...first, messages }))).toBe('hello');
    }
  },
  async 'a tool, called and answered'(model) {
    const first = { ...ask(model, 'What is the weather in Paris?'), tools: [WEATHER] };
    const asked = await client.chat.completions.create(first);
    expect(firstOf(asked).finish_reason).toBe('tool_calls');
    const [call] = callsOf(firstOf(asked));
    expect(JSON.parse(call?.function.arguments ?? '')).toMatchObject({ city: 'Paris' });
    expect(await tell(first, asked)).toContain('sunny');
  },
  async 'a tool, called in a stream'(model) {
    const runner = client.chat.completions.stream({
      ...ask(model, 'What is the weather in Paris?'),
      tools: [WEATHER],
    });
    const asked = await runner.finalChatCompletion();
    const calls = callsOf(firstOf(asked));
    expect(calls.map((call) => call.function.name)).toEqual(['get_weather']);
    expect(JSON.parse(calls[0]?.function.arguments ?? '')).toMatchObject({ city: 'Paris' });
    expect(firstOf(asked).finish_reason).toBe('tool_calls');
  },
  async 'two tools at once, in a stream'(model) {
    const first = { ...ask(model, TWO_TOOLS), tools: [WEATHER, TIME] };
    const asked = await client.chat.completions.stream(first).finalChatCompletion();
    const calls = callsOf(firstOf(asked)).map((call) => call.function);
    expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time']);
    for (const call of calls) expect(JSON.parse(call.arguments)).toMatchObject({ city: 'Paris' });
    expect(await tell(first, asked)).toContain('get_weather returned: sunny');
    expect(await tell(first, asked)).toContain('get_time returned: noon');
  },
  async 'an image'(model) {
    const image = { url: `data:image/png;base64,${PNG}` };
    const answer = await client.chat.completions.create({
      ...ask(model, ''),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is on it?' },
            { type: 'image_url', image_url: image },
          ],
        },
      ],
    });
    expect(textOf(answer)).toContain('I received 1 image (image/png');
  },
  async 'a schema'(model) {
    const answer = await client.chat.completions.create({
      ...ask(model, 'Describe somebody who is 7'),
      response_format: PERSON,
    });
    expect(JSON.parse(textOf(answer))).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'a schema, in a stream'(model) {
    const runner = client.chat.completions.stream({
      ...ask(model, 'Describe somebody who is 7'),
      response_format: PERSON,
    });
    const text = await runner.finalContent();
    expect(JSON.parse(text ?? '')).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'the limit of length'(model) {
    const answer = await client.chat.completions.create({
      ...ask(model, 'Count to 500'),
      max_completion_tokens: SHORT_TOKENS,
    });
    expect(firstOf(answer).finish_reason).toBe('length');
  },
};

tryAll(tries);
