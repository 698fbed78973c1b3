import { afterAll, beforeAll, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { callsOf } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const KEY = 'sandbox-anthropic-key';
const client = () =>
  new Anthropic({
    baseURL: `${sandbox.url}/anthropic`,
    authToken: KEY,
    apiKey: null,
    maxRetries: 0,
  });
const MODEL = 'claude-sonnet-5-5';
const said = (content: string) => [{ role: 'user' as const, content }];
const WEATHER = {
  name: 'get_weather',
  input_schema: {
    type: 'object' as const,
    properties: { city: { type: 'string' } },
    required: ['city'],
  },
};
const THINK = { type: 'enabled' as const, budget_tokens: 1024 };

/** A raw call, for what the SDK would not send. */
async function raw(body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${sandbox.url}/anthropic/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-api-key': KEY,
      'anthropic-version': '2023-06-01',
      ...headers,
    },
    body: JSON.stringify({ model: MODEL, max_tokens: 100, messages: said('Say yes'), ...body }),
  });
  const json = (await response.json()) as { request_id: string; error: { message: string } };
  return { status: response.status, headers: response.headers, body: json };
}

test('the SDK sends the newest version; a message, its usage and its id', async () => {
  const { data, request_id: id } = await client()
    .messages.create({ model: MODEL, max_tokens: 50, messages: said('Say yes') })
    .withResponse();
  expect(data.content).toMatchObject([{ type: 'text', text: 'yes' }]);
  expect(data.stop_reason).toBe('end_turn');
  expect(data.usage.output_tokens).toBe(1);
  expect(id).toStartWith('req_');
});

test('a stream has every event in order and its final message equals the whole one', async () => {
  const body = { model: MODEL, max_tokens: 2000, thinking: THINK, messages: said('Count to 30') };
  const stream = client().messages.stream(body as never);
  const types: string[] = [];
  stream.on('streamEvent', (event) => types.push(event.type));
  const final = await stream.finalMessage();
  expect(types[0]).toBe('message_start');
  expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
  expect(types.filter((type) => type === 'content_block_start')).toHaveLength(2);
  const whole = (await client().messages.create(body as never)) as Anthropic.Message;
  expect(final.content as unknown).toEqual(whole.content);
  expect(final.usage.output_tokens).toBe(whole.usage.output_tokens);
  const [thinking] = whole.content;
  expect(thinking).toMatchObject({ type: 'thinking', signature: expect.stringMatching(/=$/) });
});

test('ping comes between the events', async () => {
  const response = await fetch(`${sandbox.url}/anthropic/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${KEY}`,
      'anthropic-version': '2026-10-21',
    },
    body: JSON.stringify({ model: 'm', max_tokens: 9, stream: true, messages: said('Say a b c') }),
  });
  const text = await response.text();
  expect(text).toContain('event: ping\ndata: {"type":"ping"}\n\n');
  expect(text).toContain('event: content_block_delta\n');
});

test('tools are called in pieces, answered, and thinking goes back unchanged', async () => {
  const ask = { model: MODEL, max_tokens: 3000, tools: [WEATHER], thinking: THINK };
  const question = said('What is the weather in Paris?');
  const first = await client()
    .messages.stream({ ...ask, messages: question })
    .finalMessage();
  expect(first.stop_reason).toBe('tool_use');
  const call = first.content.find((block) => block.type === 'tool_use')!;
  expect(call).toMatchObject({ name: 'get_weather', input: { city: 'Paris' } });
  const answered = {
    role: 'user' as const,
    content: [{ type: 'tool_result' as const, tool_use_id: call.id, content: '21 degrees' }],
  };
  const turn = { role: 'assistant' as const, content: first.content };
  const second = await client().messages.create({
    ...ask,
    messages: [...question, turn, answered] as never,
  });
  expect(JSON.stringify(second.content)).toContain('21 degrees');
  const tampered = first.content.map((block) =>
    block.type === 'thinking' ? { ...block, thinking: `${block.thinking}!` } : block,
  );
  const forged = { role: 'assistant' as const, content: tampered };
  await expect(
    (async () =>
      await client().messages.create({
        ...ask,
        messages: [...question, forged, answered] as never,
      }))(),
  ).rejects.toThrow('Invalid `signature` in `thinking` block');
});

test('a schema is filled; a model that misbehaves heals when told', async () => {
  const schema = {
    type: 'object',
    properties: { city: { type: 'string' }, year: { type: 'integer' } },
    required: ['city', 'year'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema' as const, schema };
  const call = async (model: string, messages: unknown) => {
    const body = { model, max_tokens: 300, output_config: { format }, messages };
    const { content } = await client().messages.create(body as never);
    return (content[0] as { text: string }).text;
  };
  const question = said('Where and when?');
  expect(JSON.parse(await call(MODEL, question))).toEqual({
    city: expect.any(String),
    year: expect.any(Number),
  });
  const bad = await call('sandbox-json-missing-field-heals', question);
  expect(Object.keys(JSON.parse(bad))).toEqual(['year']);
  const told = [
    ...question,
    { role: 'assistant', content: bad },
    { role: 'user', content: 'That is invalid: /city is required.' },
  ];
  const good = await call('sandbox-json-missing-field-heals', told);
  expect(Object.keys(JSON.parse(good))).toEqual(['city', 'year']);
  expect(await call('sandbox-json-fenced', question)).toStartWith('```json\n{');
  const open = { ...schema, additionalProperties: true };
  const body = { output_config: { format: { type: 'json_schema', schema: open } } };
  expect((await raw(body)).status).toBe(400);
});

test('a cached start is written once, then read, outside of the input tokens', async () => {
  const text = 'A long text that is worth keeping. '.repeat(200);
  const mark = { type: 'ephemeral' as const };
  const system = [{ type: 'text' as const, text, cache_control: mark }];
  const call = () =>
    client().messages.create({ model: MODEL, max_tokens: 9, system, messages: said('Say yes') });
  const { usage: first } = await call();
  const { usage: second } = await call();
  expect(first.cache_creation_input_tokens).toBeGreaterThan(1024);
  expect(first.cache_read_input_tokens).toBe(0);
  expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens!);
  expect(second.cache_creation_input_tokens).toBe(0);
  expect(second.input_tokens).toBe(first.input_tokens);
});

test('tokens are counted as the message is charged; models are paged', async () => {
  const body = { model: MODEL, messages: said('Say yes') };
  const { input_tokens: counted } = await client().messages.countTokens(body);
  const { usage } = await client().messages.create({ ...body, max_tokens: 9 });
  expect(usage.input_tokens).toBe(counted);
  const ids: string[] = [];
  for await (const model of client().models.list({ limit: 5 })) ids.push(model.id);
  expect(ids).toContain(MODEL);
  expect(ids).toContain('sandbox-429');
});

const USE = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} };
const RESULT = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'x' };
const turn = (role: string, content: unknown) => ({ role, content });
const REFUSED: readonly (readonly [string, object, string])[] = [
  ['no max_tokens', { max_tokens: null }, 'max_tokens: Field required'],
  ['first turn', { messages: [turn('assistant', 'x')] }, 'first message must use'],
  ['empty text', { messages: [turn('user', [{ type: 'text', text: '' }])] }, 'non-empty'],
  ['no messages', { messages: [] }, 'at least one message is required'],
  ['stray result', { messages: [turn('user', [RESULT])] }, 'unexpected `tool_use_id`'],
  [
    'open call',
    { messages: [...said('x'), turn('assistant', [USE]), turn('user', 'y')] as never },
    'without `tool_result` blocks immediately after: toolu_1',
  ],
  ['unknown field', { frequency_penalty: 1 }, 'frequency_penalty: Extra inputs are not permitted'],
  ['temperature', { temperature: 1.5 }, 'temperature: range: 0..1'],
  ['budget', { thinking: { type: 'enabled', budget_tokens: 10 } }, '1024'],
  [
    'prefill',
    { messages: [...said('x'), turn('assistant', 'y')] as never },
    'does not support assistant message prefill',
  ],
];

test.each(REFUSED)('refuses: %s', async (_, fields, words) => {
  const { status, body, headers } = await raw(fields);
  expect(status).toBe(400);
  expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  expect(body.error.message).toContain(words);
  expect(headers.get('request-id')).toBe(body.request_id);
});

test('what the newest version took away is served under the old one alone', async () => {
  const now = { 'anthropic-version': '2026-10-21' };
  const documents = [
    turn('user', 'x'),
    turn('assistant', [
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' } },
      { type: 'text', text: 'y' },
    ]),
    turn('user', 'z'),
  ];
  const cited = [{ type: 'text', text: 'x', citations: [{ type: 'char_location' }] }];
  const bodies = [
    { temperature: 1 },
    { top_k: 5 },
    { messages: documents },
    { messages: [turn('user', cited)] },
  ];
  for (const body of bodies) {
    expect((await raw(body)).status).toBe(200);
    expect((await raw(body, now)).status).toBe(400);
  }
  const { body } = await raw({ temperature: 1 }, now);
  expect(body.error.message).toBe('temperature: Extra inputs are not permitted');
  expect((await raw({}, { 'anthropic-version': '2020-01-01' })).status).toBe(400);
});

test('faults have the names and words that the SDK knows', async () => {
  const call = async (model: string) =>
    await client().messages.create({ model, max_tokens: 9, messages: said('x') });
  await expect(call('sandbox-401')).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
  await expect(call('sandbox-429')).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  await expect(call('sandbox-503')).rejects.toThrow('Overloaded');
  await expect(call('sandbox-malformed')).rejects.toThrow();
  const stream = async (model: string) =>
    await client()
      .messages.stream({ model, max_tokens: 9, messages: said('x') })
      .finalMessage();
  await expect(stream('sandbox-error-middle')).rejects.toThrow('Internal server error');
  await expect(stream('sandbox-cut-middle')).rejects.toThrow();
  await expect(stream('sandbox-cut-clean')).rejects.toThrow();
  const { calls } = await callsOf(sandbox.url);
  expect(calls.at(-1)).toMatchObject({ vendor: 'anthropic', model: 'sandbox-cut-clean' });
});
