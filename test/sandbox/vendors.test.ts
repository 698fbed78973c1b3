import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { VENDORS } from '../../sandbox/vendors.ts';
import { eventsOf, joined, mount, post, USER } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const said = (content: string) => [{ role: 'user', content }];

test.each(VENDORS.map(({ id }) => id))('%s answers, streams and asks for its key', async (id) => {
  const whole = await post(sandbox.url, id, { body: { model: 'm', messages: said('Say yes') } });
  expect(whole.status).toBe(200);
  expect(JSON.parse(whole.text).choices[0].message.content).toBe('yes');
  expect(JSON.parse(whole.text).usage.total_tokens).toBeGreaterThan(0);
  const body = { model: 'm', messages: said('Say yes'), stream: true };
  const options = { stream_options: { include_usage: true } };
  const streamed = await post(sandbox.url, id, { body: { ...body, ...options } });
  expect(joined(streamed.text)).toMatchObject({ content: 'yes', finish: 'stop' });
  expect(joined(streamed.text).usage).toEqual(JSON.parse(whole.text).usage);
  expect(eventsOf(streamed.text).at(-1)).toBe('[DONE]');
  const headers = { authorization: 'Bearer not-the-key-of-it' };
  const refused = await post(sandbox.url, id, { body, headers });
  expect(refused.status).toBe(id === 'ollama' ? 200 : id === 'xai' ? 400 : 401);
  expect(refused.text).not.toContain('not-the-key-of-it');
});

const REFUSALS: readonly (readonly [string, string, unknown])[] = [
  ['ark', 'sandbox-403-account', { error: { code: 'AccountOverdueError', type: 'Forbidden' } }],
  ['openai', 'sandbox-403-account', { error: { code: 'insufficient_quota' } }],
  ['deepseek', 'sandbox-403-account', { error: { message: 'Insufficient Balance' } }],
  ['zhipu', 'sandbox-403-account', { error: { code: '1113' } }],
  ['qwen', 'sandbox-403-account', { error: { code: 'Arrearage' } }],
  ['minimax', 'sandbox-403-account', { error: { type: 'insufficient_balance_error' } }],
  ['siliconflow', 'sandbox-403-account', { code: 30001, data: null }],
  ['openrouter', 'sandbox-403-account', { error: { code: 402 } }],
  ['ark', 'sandbox-429', { error: { code: 'ModelAccountRpmRateLimitExceeded', param: '' } }],
  ['mistral', 'sandbox-429', { object: 'error', code: '1300', raw_status_code: 429 }],
  ['fireworks', 'sandbox-404', { error: { code: 'NOT_FOUND' } }],
];

test.each(REFUSALS)('%s says %s in its own words', async (vendor, model, expected) => {
  const { text } = await post(sandbox.url, vendor, { body: { model, messages: USER } });
  expect(JSON.parse(text)).toMatchObject(expected as object);
});

test('ark: request id ends the message, names resolve, role stands in every delta', async () => {
  const bad = await post(sandbox.url, 'ark', { body: { model: 'm' } });
  const { error } = JSON.parse(bad.text);
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.code).toBe('MissingParameter');
  expect(error.message).toMatch(/Request id: 0217\d+$/);
  const body = { model: 'ep-20260101-abcde', messages: said('Say a b c d e f'), stream: true };
  const { text } = await post(sandbox.url, 'ark', { body });
  const chunks = eventsOf(text).slice(0, -1) as {
    model: string;
    usage?: null;
    choices: { delta: { role?: string } }[];
  }[];
  expect(chunks.length).toBeGreaterThan(3);
  expect(chunks.every(({ choices }) => choices[0]!.delta.role === 'assistant')).toBe(true);
  expect(chunks.every(({ model }) => model === 'doubao-seed-1-6-251015')).toBe(true);
  expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
});

test('usage: a chunk of its own when asked at ark, on the last choice at deepseek', async () => {
  const body = { model: 'cached', messages: USER, stream: true };
  const asked = { ...body, stream_options: { include_usage: true } };
  const ark = eventsOf((await post(sandbox.url, 'ark', { body: asked })).text) as {
    choices: unknown[];
    usage: unknown;
  }[];
  expect(ark.at(-2)!.choices).toEqual([]);
  expect(ark.slice(0, -2).every(({ usage }) => usage === null)).toBe(true);
  const deepseek = eventsOf((await post(sandbox.url, 'deepseek', { body })).text) as typeof ark;
  const last = deepseek.at(-2)! as { choices: { finish_reason: string }[]; usage: object };
  expect(last.choices[0]!.finish_reason).toBe('stop');
  expect(last.usage).toMatchObject({ prompt_tokens: 9, prompt_cache_hit_tokens: 4 });
});

test('reasoning shows where each vendor shows it', async () => {
  const body = { model: 'some-reasoner', messages: said('Say yes') };
  const message = async (vendor: string) =>
    JSON.parse((await post(sandbox.url, vendor, { body })).text).choices[0].message;
  expect((await message('ark')).reasoning_content).toContain('Say yes');
  expect((await message('groq')).reasoning).toContain('Say yes');
  expect((await message('minimax')).content).toMatch(/^<think>\n.*\n<\/think>\n\nyes$/s);
  expect((await message('mistral')).content[1]).toEqual({ type: 'text', text: 'yes' });
  expect(Object.keys(await message('openai'))).toEqual(['role', 'content', 'refusal']);
  const off = { ...body, model: 'doubao-seed-1-8-251228', thinking: { type: 'disabled' } };
  const quiet = JSON.parse((await post(sandbox.url, 'ark', { body: off })).text);
  expect(quiet.usage.completion_tokens_details.reasoning_tokens).toBe(0);
});

const CALL = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } };
const WRONG: readonly (readonly [string, string, object])[] = [
  ['ark', 'developer role', { messages: [{ role: 'developer', content: 'x' }] }],
  ['ark', 'two token limits', { max_tokens: 5, max_completion_tokens: 5 }],
  ['ark', 'five stops', { stop: ['a', 'b', 'c', 'd', 'e'] }],
  ['openai', 'max_tokens at a reasoning model', { model: 'gpt-5.2', max_tokens: 5 }],
  ['openai', 'stream_options without stream', { stream_options: { include_usage: true } }],
  ['openai', 'json_object without the word', { response_format: { type: 'json_object' } }],
  ['openai', 'empty messages', { messages: [] }],
  ['openai', 'stream as text', { stream: 'true' }],
  ['openai', 'temperature', { temperature: 2.5 }],
  ['openai', 'n', { n: 0 }],
  ['openai', 'user without content', { messages: [{ role: 'user' }] }],
  ['openai', 'unknown part', { messages: [{ role: 'user', content: [{ type: 'smell' }] }] }],
  [
    'openai',
    'tool without a call',
    { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
  ],
  ['openai', 'unanswered call', { messages: [...USER, { role: 'assistant', tool_calls: [CALL] }] }],
  ['openai', 'tool name', { tools: [{ type: 'function', function: { name: 'a b' } }] }],
  ['openai', 'choice without tools', { tool_choice: 'required' }],
  [
    'openai',
    'schema without a name',
    { response_format: { type: 'json_schema', json_schema: {} } },
  ],
  ['deepseek', 'json_schema', { response_format: { type: 'json_schema' } }],
  ['zhipu', 'temperature', { temperature: 1.5 }],
];

test.each(WRONG)('%s refuses: %s', async (vendor, _, fields) => {
  const body = { model: 'm', messages: USER, ...fields };
  expect((await post(sandbox.url, vendor, { body })).status).toBe(400);
});

test('an explicit null is as good as absent', async () => {
  const body = { model: 'm', messages: USER, stop: null, tools: null, temperature: null, n: null };
  expect((await post(sandbox.url, 'ark', { body })).status).toBe(200);
});

test('what is not a JSON object is refused, so is another content type and a mark', async () => {
  for (const body of ['{', '[]', '', `\ufeff${JSON.stringify({ model: 'm', messages: USER })}`]) {
    expect((await post(sandbox.url, 'ark', { body })).status).toBe(400);
  }
  const headers = { 'content-type': 'text/plain' };
  expect((await post(sandbox.url, 'openai', { body: '{}', headers })).status).toBe(415);
});

test('models are listed with the key only; unknown places say so', async () => {
  const { path, key } = mount('ark');
  const authorization = `Bearer ${key}`;
  expect((await fetch(`${sandbox.url}${path}/models`)).status).toBe(401);
  const list = await fetch(`${sandbox.url}${path}/models`, { headers: { authorization } });
  const { data } = (await list.json()) as { data: { id: string }[] };
  expect(data.map(({ id }) => id)).toContain('doubao-seed-2-1-pro-260915');
  const lost = await fetch(`${sandbox.url}${path}/nothing`, { headers: { authorization } });
  expect(lost.status).toBe(404);
  const get = await fetch(`${sandbox.url}${path}/chat/completions`, { headers: { authorization } });
  expect(get.status).toBe(405);
});
