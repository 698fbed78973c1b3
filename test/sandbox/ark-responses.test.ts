/** The pretended Ark's Responses API: stored turns, every event in order, caches, expiry. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { eventsOf, mount } from './client.ts';

let sandbox: Sandbox;
let openai: OpenAI;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
  const { path, key } = mount('ark');
  openai = new OpenAI({ baseURL: `${sandbox.url}${path}`, apiKey: key, maxRetries: 0 });
});
afterAll(() => sandbox.stop());

const MODEL = 'doubao-seed-1-8-251228';
const DAY_S = 86_400;

const retrieve = async (id: string) => await openai.responses.retrieve(id);

test('a response is stored, read, continued, listed and deleted', async () => {
  const first = await openai.responses.create({ model: MODEL, input: 'Say yes' });
  expect(first.output_text).toBe('yes');
  expect(first.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
  expect((await openai.responses.retrieve(first.id)).output_text).toBe('yes');
  const more = { model: MODEL, input: 'And now?', previous_response_id: first.id };
  const second = await openai.responses.create(more);
  expect(second.usage!.input_tokens).toBeGreaterThan(first.usage!.input_tokens);
  const cached = { ...more, caching: { type: 'enabled' } };
  const third = await openai.responses.create(cached);
  expect(third.usage!.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  const items = await openai.responses.inputItems.list(first.id);
  expect(items.data[0]).toMatchObject({ type: 'message', role: 'user' });
  await openai.responses.delete(first.id);
  await expect(retrieve(first.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const unkept = await openai.responses.create({ model: MODEL, input: 'x', store: false });
  await expect(retrieve(unkept.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test('a stream numbers its events and ends with the whole response', async () => {
  const { path, key } = mount('ark');
  const tools = [{ type: 'function', name: 'get_time', parameters: { type: 'object' } }];
  const body = { model: MODEL, input: 'Use get_time', tools, stream: true };
  const response = await fetch(`${sandbox.url}${path}/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const events = eventsOf(await response.text()) as { type: string; sequence_number: number }[];
  expect(events.pop() as unknown).toBe('[DONE]');
  expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
  const types = new Set(events.map(({ type }) => type.slice('response.'.length)));
  expect([...types]).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'completed',
  ]);
  const call = { type: 'function_call', call_id: 'c1', name: 'get_time', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'c1', output: 'noon' };
  const input = [{ role: 'user', content: 'time?' }, call, output] as never;
  const told = await openai.responses.create({ model: MODEL, input });
  expect(told.output_text).toContain('get_time returned: noon');
});

test('structured output and the limits of expire_at', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const format = { type: 'json_schema' as const, name: 'place', schema };
  const made = await openai.responses.create({ model: MODEL, input: 'Paris', text: { format } });
  expect(Object.keys(JSON.parse(made.output_text))).toEqual(['city']);
  const expire_at = Math.floor(Date.now() / 1000) + 8 * DAY_S;
  const late = async () =>
    await openai.responses.create({ model: MODEL, input: 'x', expire_at } as never);
  await expect(late()).rejects.toBeInstanceOf(OpenAI.BadRequestError);
});
