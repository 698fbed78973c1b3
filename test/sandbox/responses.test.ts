import { afterAll, beforeAll, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const KEY = 'sandbox-openai-key';
const client = () =>
  new OpenAI({ baseURL: `${sandbox.url}/openai/v1`, apiKey: KEY, maxRetries: 0 });
const model = 'gpt-4.1';
const WEATHER = {
  type: 'function' as const,
  name: 'get_weather',
  strict: true,
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
};

async function raw(body: object) {
  const response = await fetch(`${sandbox.url}/openai/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify(body),
  });
  const json = (await response.json()) as { error: { message: string; param: string | null } };
  return { status: response.status, json };
}

test('a response, its text and its usage', async () => {
  const answer = await client().responses.create({ model, input: 'Say yes' });
  expect(answer.output_text).toBe('yes');
  expect(answer.status).toBe('completed');
  expect(answer.usage!.total_tokens).toBe(answer.usage!.input_tokens + answer.usage!.output_tokens);
});

test('events are numbered, in order, and end with the same response', async () => {
  const ask = {
    model: 'some-reasoner',
    input: 'Count to 30',
    reasoning: { summary: 'auto' },
  } as const;
  const events: OpenAI.Responses.ResponseStreamEvent[] = [];
  for await (const event of await client().responses.create({ ...ask, stream: true })) {
    events.push(event);
  }
  expect(events.map(({ sequence_number: at }) => at)).toEqual(events.map((_, at) => at));
  const types = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
  expect(types).toEqual([
    ...(['response.created', 'response.in_progress', 'response.output_item.added'] as const),
    ...([
      'response.reasoning_summary_part.added',
      'response.reasoning_summary_text.delta',
    ] as const),
    ...(['response.reasoning_summary_text.done', 'response.reasoning_summary_part.done'] as const),
    ...(['response.output_item.done', 'response.output_item.added'] as const),
    ...(['response.content_part.added', 'response.output_text.delta'] as const),
    ...(['response.output_text.done', 'response.content_part.done'] as const),
    ...(['response.output_item.done', 'response.completed'] as const),
  ]);
  const whole = await client().responses.create(ask);
  const last = events.at(-1)! as OpenAI.Responses.ResponseCompletedEvent;
  const texts = (response: OpenAI.Responses.Response) =>
    response.output.map((item) => ({ ...item, id: '' }));
  expect(texts(last.response)).toEqual(texts(whole));
  const deltas = events.flatMap((event) =>
    event.type === 'response.output_text.delta' ? [event.delta] : [],
  );
  expect(deltas.join('')).toBe(whole.output_text);
});

test('tools: called in pieces, answered through what is stored', async () => {
  const ask = { model, tools: [WEATHER], input: 'What is the weather in Paris?' };
  const first = await client().responses.stream(ask).finalResponse();
  const call = first.output.find((item) => item.type === 'function_call')!;
  expect(JSON.parse(call.arguments)).toEqual({ city: 'Paris' });
  const output = {
    type: 'function_call_output' as const,
    call_id: call.call_id,
    output: '21 degrees',
  };
  const second = await client().responses.create({
    model,
    tools: [WEATHER],
    previous_response_id: first.id,
    input: [output],
  });
  expect(second.output_text).toContain('21 degrees');
  const { data } = await client().responses.inputItems.list(second.id, { order: 'asc' });
  expect(data.map(({ type }) => type)).toEqual([
    'message',
    'function_call',
    'function_call_output',
  ]);
  expect((await client().responses.retrieve(second.id)).output).toEqual(second.output);
  await client().responses.delete(second.id);
  await expect(client().responses.retrieve(second.id).then()).rejects.toThrow('not found');
  const kept = await client().responses.create({ model, input: 'Say a', store: false });
  await expect(client().responses.retrieve(kept.id).then()).rejects.toThrow('not found');
});

test('schemas are filled; reasoning goes back sealed, and not forged', async () => {
  const format = {
    type: 'json_schema' as const,
    name: 'place',
    strict: true,
    schema: WEATHER.parameters,
  };
  const shaped = await client().responses.create({ model, input: 'Go', text: { format } });
  expect(JSON.parse(shaped.output_text)).toEqual({ city: expect.any(String) });
  const include = ['reasoning.encrypted_content' as const];
  const ask = { model: 'gpt-5.2', include, store: false };
  const thought = await client().responses.create({ ...ask, input: 'Say yes' });
  const item = thought.output.find(({ type }) => type === 'reasoning')!;
  const more = { role: 'user' as const, content: 'Say no' };
  const next = (reasoning: typeof item) =>
    client()
      .responses.create({ ...ask, input: [reasoning as never, more] })
      .then(({ output_text: text }) => text);
  expect(await next(item)).toBe('no');
  await expect(next({ ...item, encrypted_content: 'gAAAAAforged' } as never)).rejects.toThrow(
    'could not be verified',
  );
});

const REFUSED: readonly (readonly [string, object, string | null])[] = [
  ['nothing asked', {}, 'input'],
  ['messages', { messages: [] }, 'messages'],
  ['max_tokens', { input: 'x', max_tokens: 9 }, 'max_tokens'],
  ['too few tokens', { input: 'x', max_output_tokens: 15 }, 'max_output_tokens'],
  ['lost response', { input: 'x', previous_response_id: 'resp_0' }, 'previous_response_id'],
  [
    'stray result',
    { input: [{ type: 'function_call_output', call_id: 'c', output: '' }] },
    'input',
  ],
  [
    'an image as in chat',
    {
      input: [
        { role: 'user', content: [{ type: 'input_image', image_url: { url: 'https://x/y.png' } }] },
      ],
    },
    'input[0].content[0].image_url',
  ],
  [
    'a part as in chat',
    { input: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }] },
    'input[0].content[0].type',
  ],
  [
    'a tool as in chat',
    { input: 'x', tools: [{ type: 'function', function: {} }] },
    'tools[0].name',
  ],
  [
    'an open schema',
    {
      input: 'x',
      text: {
        format: {
          type: 'json_schema',
          name: 'n',
          strict: true,
          schema: { type: 'object', properties: {} },
        },
      },
    },
    'text.format.schema',
  ],
  [
    'temperature at a reasoning model',
    { model: 'gpt-5.2', input: 'x', temperature: 1 },
    'temperature',
  ],
];

test.each(REFUSED)('refuses: %s', async (_, body, param) => {
  const { status, json } = await raw({ model, ...body });
  expect(status).toBe(400);
  expect(json.error.param).toBe(param);
});

test('an error in the middle is an event, and then the response has failed', async () => {
  const types: string[] = [];
  const response = await fetch(`${sandbox.url}/openai/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model: 'sandbox-error-middle', input: 'x', stream: true }),
  });
  for (const line of (await response.text()).split('\n')) {
    if (line.startsWith('event: ')) types.push(line.slice(7));
  }
  expect(types.slice(-2)).toEqual(['error', 'response.failed']);
  const call = async (name: string) => await client().responses.create({ model: name, input: 'x' });
  await expect(call('sandbox-429')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(call('sandbox-cut-middle')).rejects.toThrow();
});
