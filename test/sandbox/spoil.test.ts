import { afterAll, beforeAll, expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { post } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, year: { type: 'integer' } },
  required: ['city', 'year'],
  additionalProperties: false,
};
const FORMAT = {
  type: 'json_schema',
  json_schema: { name: 'place', strict: true, schema: SCHEMA },
};
const QUESTION = [{ role: 'user', content: 'Where and when?' }];

async function say(model: string, fields: object, vendor = 'openai'): Promise<string> {
  const body = { model, messages: QUESTION, ...fields };
  const { text } = await post(sandbox.url, vendor, { body: body as never });
  const { message } = JSON.parse(text).choices[0];
  return message.content ?? message.tool_calls[0].function.arguments;
}

function isValid(text: string): boolean {
  try {
    const value = JSON.parse(text);
    const names = Object.keys(value).join();
    const { city, year } = value;
    return names === 'city,year' && typeof city === 'string' && Number.isInteger(year);
  } catch {
    return false;
  }
}

const SPOILT = FAULTS.filter(({ plan }) => plan.json !== undefined).map(({ model }) => model);

test.each(SPOILT)('%s spoils what a schema asked for, and nothing else', async (model) => {
  expect(isValid(await say('m', { response_format: FORMAT }))).toBe(true);
  expect(isValid(await say(model, { response_format: FORMAT }))).toBe(false);
  expect(await say(model, {})).toContain('Where and when?');
  const tools = [{ type: 'function', function: { name: 'place', parameters: SCHEMA } }];
  const forced = { type: 'function', function: { name: 'place' } };
  expect(isValid(await say('m', { tools, tool_choice: forced }))).toBe(true);
  expect(isValid(await say(model, { tools, tool_choice: forced }))).toBe(false);
});

const HEALING = SPOILT.filter((model) => model.includes('heals'));

test.each(HEALING)('%s is right once it was told often enough', async (model) => {
  const bad = { role: 'assistant', content: 'something' };
  const complaint = { role: 'user', content: 'This is not valid: /city must be a string.' };
  const times = model.endsWith('late') ? 2 : 1;
  const told = (count: number) => [
    ...QUESTION,
    ...Array.from({ length: count }, () => [bad, complaint]).flat(),
  ];
  const ask = (count: number) => say(model, { response_format: FORMAT, messages: told(count) });
  expect(isValid(await ask(times - 1))).toBe(false);
  expect(isValid(await ask(times))).toBe(true);
});

test('where a vendor has only JSON mode, a schema in the instructions is followed', async () => {
  const instructions = `Answer with JSON that matches this schema:\n${JSON.stringify(SCHEMA)}`;
  const messages = [{ role: 'system', content: instructions }, ...QUESTION];
  const fields = { messages, response_format: { type: 'json_object' } };
  expect(isValid(await say('deepseek-chat', fields, 'deepseek'))).toBe(true);
  expect(isValid(await say('sandbox-json-prose', fields, 'deepseek'))).toBe(false);
});

test('an answer that broke off is gone on with: by words, or by its start at some', async () => {
  const question = { role: 'user', content: 'Count to 9' };
  const begun = { role: 'assistant', content: '1, 2, 3, 4' };
  const words = { role: 'user', content: 'That was cut off. Go on exactly where it ends.' };
  const rest = ', 5, 6, 7, 8, 9';
  const go = (vendor: string, messages: object[]) => say('m', { messages }, vendor);
  for (const vendor of ['openai', 'ark', 'deepseek']) {
    expect(await go(vendor, [question, begun, words])).toBe(rest);
  }
  expect(await go('ark', [question, begun])).toBe(rest);
  expect(await go('openai', [question, begun])).toBe('1, 2, 3, 4, 5, 6, 7, 8, 9');
  expect(await go('deepseek', [question, { ...begun, prefix: true }])).toBe(rest);
  expect(await go('moonshot', [question, { ...begun, partial: true }])).toBe(rest);
});
