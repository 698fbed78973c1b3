/** The npm package `openai`, as its users use it. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, { APIError } from 'openai';
import { createKey } from './books.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const MODEL = 'doubao-seed-2-1-pro-260915';
const THINKER = 'doubao-seed-1-6-thinking-250715';
const IMAGE = 'data:image/png;base64,iVBORw0KGgo=';
const YAML = `
timeouts: { first_byte_ms: 700, idle_ms: 700 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;
const WEATHER: OpenAI.Chat.ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

let gateway: Gateway;
let client: OpenAI;

/** Retries of the client are off: each fault is to be seen as it is. */
const makeClient = (key: string, base = '/v1') =>
  new OpenAI({ apiKey: key, baseURL: gateway.url + base, maxRetries: 0 });

const user = (content: string): OpenAI.Chat.ChatCompletionMessageParam[] => [
  { role: 'user', content },
];

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  client = makeClient(gateway.key);
});
afterAll(cleanUp);

describe('models', () => {
  test('are listed, and one is read by its id', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids.length).toBeGreaterThan(50);
    expect(ids).toContain(MODEL);
    expect(await client.models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: 'model' });
  });

  test('with a slash in the id too', async () => {
    expect((await client.models.retrieve('ark/sandbox-fast')).id).toBe('ark/sandbox-fast');
  });

  test('are only those that the key may use', async () => {
    const { key } = await createKey(gateway, '--models', `${MODEL},${THINKER}`);
    const few = makeClient(key);
    const list = await few.models.list();
    expect(list.data.map(({ id }) => id).sort()).toEqual([THINKER, MODEL].sort());
    const hidden = await caught(() => few.models.retrieve('sandbox-fast'));
    expect(hidden).toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('chat', () => {
  test('answers, with usage and a request id', async () => {
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: user('Say good morning'),
    });
    expect(answer.choices[0]?.message.content).toBe('good morning');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.usage?.total_tokens).toBeGreaterThan(0);
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('several choices', async () => {
    const answer = await client.chat.completions.create({
      model: 'sandbox-fast',
      messages: user('Hi'),
      n: 3,
    });
    expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test('streams; usage only when asked', async () => {
    for (const asked of [false, true]) {
      const stream = await client.chat.completions.create({
        model: MODEL,
        messages: user('Count to 30'),
        stream: true,
        ...(asked ? { stream_options: { include_usage: true } } : {}),
      });
      let text = '';
      let usages = 0;
      let chunks = 0;
      for await (const chunk of stream) {
        chunks += 1;
        text += chunk.choices[0]?.delta.content ?? '';
        if (chunk.usage) usages += 1;
      }
      expect(text).toBe(Array.from({ length: 30 }, (_, at) => at + 1).join(', '));
      expect(chunks).toBeGreaterThan(5);
      expect(usages).toBe(asked ? 1 : 0);
    }
  });

  test('the stream helper comes to the same end', async () => {
    const runner = client.chat.completions.stream({
      model: MODEL,
      messages: user('Say hello world'),
    });
    expect(await runner.finalContent()).toBe('hello world');
  });

  test('reasoning', async () => {
    const answer = await client.chat.completions.create({
      model: THINKER,
      messages: user('Say six'),
      reasoning_effort: 'high',
    });
    const message = answer.choices[0]?.message;
    expect(message?.content).toBe('six');
    expect(message).toHaveProperty('reasoning_content');
    expect(answer.usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
  });

  test('an image part', async () => {
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is on it?' },
            { type: 'image_url', image_url: { url: IMAGE } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toContain('I received 1 image (image/png)');
  });
});

describe('tools', () => {
  test('are called, and their results are read', async () => {
    const messages = user('What is the weather in Paris for 3 days?');
    const first = await client.chat.completions.create({
      model: MODEL,
      messages,
      tools: [WEATHER],
    });
    const message = first.choices[0]?.message;
    const call = message?.tool_calls?.[0];
    if (message === undefined || call?.type !== 'function') throw new Error('no call of a tool');
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(call.function.name).toBe('get_weather');
    expect(JSON.parse(call.function.arguments)).toMatchObject({ city: 'Paris' });
    const second = await client.chat.completions.create({
      model: MODEL,
      messages: [...messages, message, { role: 'tool', tool_call_id: call.id, content: 'sunny' }],
      tools: [WEATHER],
    });
    expect(second.choices[0]?.message.content).toContain('sunny');
  });

  test('are called in a stream', async () => {
    const runner = client.chat.completions.stream({
      model: MODEL,
      messages: user('What is the weather in Paris?'),
      tools: [WEATHER],
    });
    const call = await runner.finalFunctionToolCall();
    expect(call?.name).toBe('get_weather');
    expect(JSON.parse(call?.arguments ?? '')).toMatchObject({ city: 'Paris' });
  });

  test('a JSON schema is filled', async () => {
    const answer = await client.chat.completions.create({
      model: MODEL,
      messages: user('Describe "Alice", who is 7'),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'person',
          strict: true,
          schema: {
            type: 'object',
            properties: { name: { type: 'string' }, age: { type: 'integer' } },
            required: ['name', 'age'],
            additionalProperties: false,
          },
        },
      },
    });
    const person: unknown = JSON.parse(answer.choices[0]?.message.content ?? '');
    expect(person).toEqual({ name: expect.any(String), age: expect.any(Number) });
  });
});

type Exception = new (...args: never[]) => Error;

/** What the client throws, as its users catch it. */
async function caught(made: () => PromiseLike<unknown>): Promise<APIError> {
  try {
    await made();
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const chat = (model: string) => () =>
  client.chat.completions.create({ model, messages: user('Hi') });

const BY_MODEL: readonly (readonly [model: string, status: number, type: Exception])[] = [
  ['sandbox-400', 400, OpenAI.BadRequestError],
  ['no-such-model', 404, OpenAI.NotFoundError],
  ['sandbox-429-long', 429, OpenAI.RateLimitError],
  ['sandbox-500', 502, OpenAI.InternalServerError],
  ['sandbox-html-502', 502, OpenAI.InternalServerError],
  ['sandbox-200-error', 502, OpenAI.InternalServerError],
  ['sandbox-empty-choices', 502, OpenAI.InternalServerError],
  ['sandbox-malformed', 502, OpenAI.InternalServerError],
  ['sandbox-cut-middle', 502, OpenAI.InternalServerError],
  ['sandbox-hang', 504, OpenAI.InternalServerError],
];

describe('faults are exceptions of their own type', () => {
  test.each(BY_MODEL)('%s: %d', async (model, status, type) => {
    const error = await caught(chat(model));
    expect(error).toBeInstanceOf(type);
    expect(error.status).toBe(status);
    expect(error.requestID).toMatch(/^req_/);
    expect(error.message.length).toBeGreaterThan(10);
  });

  test('401, 402, 403', async () => {
    const unknown = await caught(() => makeClient('sk-nobody').models.list());
    expect(unknown).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(unknown).toMatchObject({ status: 401, code: 'invalid_api_key' });
    const { key } = await createKey(gateway, '--models', THINKER);
    const ask = { model: MODEL, messages: user('Hi') };
    const forbidden = await caught(() => makeClient(key).chat.completions.create(ask));
    expect(forbidden).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(forbidden).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
    const { key: broke } = await createKey(gateway, '--budget', '0.000000001');
    const poor = await caught(() => makeClient(broke).chat.completions.create(ask));
    expect(poor).toMatchObject({ status: 402, code: 'budget_exceeded' });
  });

  test('422 and 400 of the strict contract', async () => {
    const strict = makeClient(gateway.key, '/api/doubao/v1');
    const missing = await caught(() =>
      strict.chat.completions.create({ model: MODEL, messages: user('Hi') }),
    );
    expect(missing).toBeInstanceOf(OpenAI.UnprocessableEntityError);
    expect(missing).toMatchObject({ status: 422, param: 'stream' });
    const extra = await caught(() =>
      strict.chat.completions.create({
        model: MODEL,
        messages: user('Hi'),
        stream: false,
        temperature: 1,
      }),
    );
    expect(extra).toBeInstanceOf(OpenAI.BadRequestError);
    expect(extra).toMatchObject({ status: 400, param: 'temperature' });
  });

  test("429 of the key's own limit says when to come back", async () => {
    const { key } = await createKey(gateway, '--rpm', '1');
    const limited = makeClient(key);
    const ask = { model: MODEL, messages: user('Hi') };
    const { response } = await limited.chat.completions.create(ask).withResponse();
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('1');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    const error = await caught(() => limited.chat.completions.create(ask));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    const wait = Number(error.headers?.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(61);
  });

  test.each([
    'sandbox-cut-middle',
    'sandbox-cut-clean',
    'sandbox-hang-middle',
    'sandbox-error-middle',
    'sandbox-malformed',
  ])('a stream that breaks does not end as if it were whole: %s', async (model) => {
    const made = client.chat.completions.create({
      model,
      messages: user('Hi there'),
      stream: true,
    });
    let chunks = 0;
    const error = await caught(async () => {
      for await (const _ of await made) chunks += 1;
    });
    expect(chunks).toBeGreaterThan(0);
    expect(error.code).toStartWith('vendor_');
  });

  test('a refusal that will not get better is not tried again by the client', async () => {
    const patient = new OpenAI({
      apiKey: gateway.key,
      baseURL: `${gateway.url}/v1`,
      maxRetries: 3,
    });
    // A refusal that will not get better is not asked again.
    const startMs = performance.now();
    const error = await caught(() =>
      patient.chat.completions.create({ model: 'sandbox-404', messages: user('Hi') }),
    );
    expect(error.status).toBe(502);
    expect(performance.now() - startMs).toBeLessThan(400);
  });
});
