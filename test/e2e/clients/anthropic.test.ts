/** The npm package `@anthropic-ai/sdk`, as its users use it, on everybody's models. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
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
let client: Anthropic;

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = new Anthropic({ apiKey: gateway.key, baseURL: gateway.url, maxRetries: 0 });
});
afterAll(cleanUp);

const ask = (model: string, content: string) => ({
  model,
  max_tokens: OUTPUT_TOKENS,
  messages: [{ role: 'user' as const, content }],
});
const WEATHER: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather of a city',
  input_schema: CITY_SCHEMA,
};
const TIME: Anthropic.Tool = {
  name: 'get_time',
  description: 'The time in a city',
  input_schema: CITY_SCHEMA,
};
const textOf = ({ content }: Anthropic.Message): string =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
const callOf = ({ content }: Anthropic.Message): Anthropic.ToolUseBlock => {
  const call = content.find((block) => block.type === 'tool_use');
  if (call === undefined) throw new Error(`no call in ${JSON.stringify(content)}`);
  return call;
};

const tries: Client = {
  async 'a text, with usage'(model) {
    const message = await client.messages.create(ask(model, 'Say good morning'));
    expect(textOf(message)).toBe('good morning');
    expect(message.stop_reason).toBe('end_turn');
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(message._request_id).toMatch(/^req_/);
  },
  async 'a stream, with usage'(model) {
    const stream = client.messages.stream(ask(model, 'Count to 30'));
    const pieces: string[] = [];
    stream.on('text', (piece) => pieces.push(piece));
    const message = await stream.finalMessage();
    expectPieces(pieces, NUMBERS);
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
  },
  async 'a system text'(model) {
    const message = await client.messages.create({
      ...ask(model, 'Say hello'),
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    });
    expect(textOf(message)).toBe('hello');
  },
  async 'a tool, called and answered'(model) {
    const first = ask(model, 'What is the weather in Paris?');
    const asked = await client.messages.create({ ...first, tools: [WEATHER] });
    expect(asked.stop_reason).toBe('tool_use');
    const call = callOf(asked);
    expect(call.input).toMatchObject({ city: 'Paris' });
    const told = await client.messages.create({
      ...first,
      tools: [WEATHER],
      messages: [
        ...first.messages,
        { role: 'assistant', content: asked.content as Anthropic.ContentBlockParam[] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: call.id, content: 'sunny' }],
        },
      ],
    });
    expect(textOf(told)).toContain('sunny');
  },
  async 'a tool, called in a stream'(model) {
    const stream = client.messages.stream({
      ...ask(model, 'What is the weather in Paris?'),
      tools: [WEATHER],
      tool_choice: { type: 'auto' },
    });
    const message = await stream.finalMessage();
    expect(callOf(message)).toMatchObject({ name: 'get_weather', input: { city: 'Paris' } });
    expect(message.stop_reason).toBe('tool_use');
  },
  async 'two tools at once, in a stream'(model) {
    const first = { ...ask(model, TWO_TOOLS), tools: [WEATHER, TIME] };
    const asked = await client.messages.stream(first).finalMessage();
    const calls = asked.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
    expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time']);
    for (const { input } of calls) expect(input).toMatchObject({ city: 'Paris' });
    const results = calls.map(({ id, name }) => ({
      type: 'tool_result' as const,
      tool_use_id: id,
      content: name === 'get_time' ? 'noon' : 'sunny',
    }));
    const told = await client.messages.create({
      ...first,
      messages: [
        ...first.messages,
        { role: 'assistant', content: asked.content as Anthropic.ContentBlockParam[] },
        { role: 'user', content: results },
      ],
    });
    expect(textOf(told)).toContain('get_weather returned: sunny get_time returned: noon');
  },
  async 'an image'(model) {
    const message = await client.messages.create({
      ...ask(model, ''),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
            { type: 'text', text: 'What is on it?' },
          ],
        },
      ],
    });
    expect(textOf(message)).toContain('I received 1 image (image/png');
  },
  async 'a schema'(model) {
    const message = await client.messages.create({
      ...ask(model, 'Describe somebody who is 7'),
      output_config: { format: { type: 'json_schema', schema: PERSON_SCHEMA } },
    });
    expect(JSON.parse(textOf(message))).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'a schema, in a stream'(model) {
    const stream = client.messages.stream({
      ...ask(model, 'Describe somebody who is 7'),
      output_config: { format: { type: 'json_schema', schema: PERSON_SCHEMA } },
    });
    const message = await stream.finalMessage();
    expect(JSON.parse(textOf(message))).toEqual({ name: expect.any(String), age: 7 });
  },
  async 'the limit of length'(model) {
    const asked = { ...ask(model, 'Count to 500'), max_tokens: SHORT_TOKENS };
    expect((await client.messages.create(asked)).stop_reason).toBe('max_tokens');
  },
};

tryAll(tries);

describe('whatever the model', () => {
  test('the right exceptions are raised', async () => {
    const wrong = new Anthropic({ apiKey: 'sk-gw-wrong', baseURL: gateway.url, maxRetries: 0 });
    const of = (run: Promise<unknown>) => run.catch((error: unknown) => error);
    expect(await of(wrong.messages.create(ask('claude-sonnet-5-5', 'x')))).toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
    const missing = await of(client.messages.create(ask('no-such-model', 'x')));
    expect(missing).toBeInstanceOf(Anthropic.NotFoundError);
    expect((missing as InstanceType<typeof Anthropic.NotFoundError>).requestID).toMatch(/^req_/);
    const sampling = { ...ask('claude-sonnet-5-5', 'x'), temperature: 0.5 };
    const refused = await of(client.messages.create(sampling as never));
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError);
    expect(String(refused)).toContain('2023-06-01');
  });

  test('the older version still samples, and its key may come in the older header', async () => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': gateway.key, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...ask('gemini-3.8-flash', 'Say hello'), temperature: 0.5 }),
    });
    expect([response.status, response.headers.get('request-id')]).toEqual([
      200,
      response.headers.get('x-request-id'),
    ]);
    expect(textOf((await response.json()) as Anthropic.Message)).toBe('hello');
  });

  test('a schema under its name of beta, and one name only', async () => {
    const format = { type: 'json_schema', schema: PERSON_SCHEMA };
    const send = async (model: string, more: object) => {
      const response = await fetch(`${gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': gateway.key },
        body: JSON.stringify({ ...ask(model, 'Describe somebody who is 7 in JSON'), ...more }),
      });
      return { status: response.status, body: (await response.json()) as Anthropic.Message };
    };
    for (const model of ['gpt-5.4', 'deepseek/deepseek-v4-pro']) {
      const { body } = await send(model, { output_format: format });
      expect(JSON.parse(textOf(body))).toEqual({ name: expect.any(String), age: 7 });
      expect(body.usage).toHaveProperty('structured_output');
      const any = await send(model, { output_format: { type: 'json_object' } });
      expect(JSON.parse(textOf(any.body))).toBeObject();
    }
    const both = await send('gpt-5.4', { output_format: format, output_config: { format } });
    expect([both.status, both.body]).toMatchObject([400, { error: { param: 'output_format' } }]);
  });

  test("under the path that Ark gives it, Ark's clients find code and field", async () => {
    const ark = new Anthropic({
      apiKey: gateway.key,
      baseURL: `${gateway.url}/api/v3/compatible`,
      maxRetries: 0,
    });
    const model = 'doubao-seed-2-1-pro-260915';
    expect(textOf(await ark.messages.create(ask(model, 'Say hello')))).toBe('hello');
    const response = await fetch(`${gateway.url}/api/v3/compatible/v1/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}` },
      body: JSON.stringify({ model, max_tokens: 0, messages: [] }),
    });
    const { error } = (await response.json()) as { error: object };
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  });

  test('tokens are counted, by the vendor or by estimate, and that is said', async () => {
    const messages = [{ role: 'user' as const, content: 'Say good morning' }];
    const count = async (model: string) => {
      const { data, response } = await client.messages
        .countTokens({ model, messages })
        .withResponse();
      expect(data.input_tokens).toBeGreaterThan(5);
      return response.headers.get('x-gangway-warning');
    };
    expect(await count('claude-sonnet-5-5')).toBeNull();
    expect(await count('gemini-3.8-flash')).toContain('estimate');
  });

  test('models are listed page by page, in the shape that it knows', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list({ limit: 50 })) ids.push(model.id);
    expect(ids).toContain('claude-sonnet-5-5');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThan(100);
    const at = ids.indexOf('claude-sonnet-5-5');
    const page = await client.models.list({ before_id: 'claude-sonnet-5-5', limit: 3 });
    expect(page.data.map(({ id }) => id)).toEqual(ids.slice(at - 3, at));
    const backwards: string[][] = [];
    for await (const { data } of (
      await client.models.list({ before_id: 'claude-sonnet-5-5', limit: 7 })
    ).iterPages()) {
      backwards.unshift(data.map(({ id }) => id));
    }
    expect(backwards.flat()).toEqual(ids.slice(0, at));
    const ending: Anthropic.ModelInfo[] = [];
    for await (const model of client.models.list({ lifecycle: ['deprecated'] })) ending.push(model);
    expect(ending.map(({ id }) => id)).toContain('gpt-4o');
    for (const model of ending) {
      expect(model).toMatchObject({ lifecycle: 'deprecated', retires_at: expect.any(String) });
    }
    const wrong = client.models.list({ lifecycle: ['old' as never] });
    expect(await wrong.then(null, (error: unknown) => error)).toBeInstanceOf(
      Anthropic.BadRequestError,
    );
    const one = await client.models.retrieve('gemini-3.8-flash');
    expect(one).toMatchObject({ type: 'model', max_tokens: 65_536, lifecycle: 'active' });
  });
});
