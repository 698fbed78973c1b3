/** The sandbox's Cohere chat refuses what the vendor refuses, cites documents, and counts apart. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import type { JsonObject } from '../../src/kit/json.ts';
import { splitEvents } from '../../src/kit/sse.ts';

let sandbox: Sandbox;

beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const MESSAGES = [{ role: 'user', content: 'Say Emperor penguins live in Antarctica' }];
const PARAMETERS = { type: 'object', properties: { a: { type: 'string' } } };
const tool = (parameters?: object) => ({ type: 'function', function: { name: 'f', parameters } });

function send(body: object, key = 'sandbox-cohere-key'): Promise<Response> {
  return fetch(`${sandbox.url}/cohere/v2/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'command-a-03-2025', messages: MESSAGES, ...body }),
  });
}
async function answer(body: object): Promise<JsonObject> {
  const response = await send(body);
  expect(response.status).toBe(200);
  return (await response.json()) as JsonObject;
}

const said = (role: string, content: unknown) => ({ messages: [...MESSAGES, { role, content }] });
const REFUSED: readonly (readonly [body: object, words: string])[] = [
  [{ temperature: 1.5 }, 'between 0 and 1'],
  [{ p: 1 }, 'between 0.01 and 0.99'],
  [{ frequency_penalty: 0.1, presence_penalty: 0.1 }, 'cannot specify both'],
  [{ stop_sequences: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'at most 5'],
  [{ tool_choice: 'AUTO' }, 'REQUIRED, NONE'],
  [{ safety_mode: 'LOOSE' }, 'CONTEXTUAL'],
  [{ citation_options: { mode: 'SLOW' } }, 'ACCURATE'],
  [{ thinking: { type: 'adaptive' } }, 'enabled, disabled'],
  [{ thinking: { token_budget: 0 } }, 'positive integer'],
  [{ logprobs: 'yes' }, 'boolean'],
  [{ documents: [] }, 'must not be empty'],
  [{ documents: [{ id: 'a' }] }, 'document at index 0'],
  [{ documents: ['a', 'b'].map((data) => ({ id: 'x', data })) }, 'duplicate document ID'],
  [{ tools: [tool()] }, 'parameters'],
  [{ tools: [tool(PARAMETERS)], strict_tools: true }, 'required parameter'],
  [{ tools: [tool(PARAMETERS)], response_format: { type: 'json_object' } }, 'with tools'],
  [{ documents: ['a'], response_format: { type: 'json_object' } }, 'with documents'],
  [{ response_format: { type: 'json_object', json_schema: PARAMETERS } }, 'required field'],
  [{ response_format: { type: 'json_object', json_schema: { type: 'array' } } }, 'an object'],
  [said('system', 'late'), 'system turn must be the first'],
  [said('user', [{ type: 'file', file: {} }]), 'text, image_url'],
  [said('developer', 'x'), 'developer'],
  [{ top_p: 0.5 }, 'top_p'],
];

test.each(REFUSED)('%j is refused in words', async (body, words) => {
  const response = await send(body);
  expect([400, 422]).toContain(response.status);
  const { id, message } = (await response.json()) as { id: string; message: string };
  expect(message).toContain(words);
  expect(id).not.toBe('');
});

test('a wrong key is refused', async () => {
  expect((await send({}, 'wrong')).status).toBe(401);
});

test('documents and results are cited by the words that they share with the answer', async () => {
  const documents = ['Emperor penguins are tall.', { id: 'b', data: { text: 'in Antarctica' } }];
  const { message } = await answer({ documents });
  const { citations } = message as { citations: JsonObject[] };
  expect(citations.map(({ text }) => text)).toEqual(['Emperor penguins', 'in Antarctica']);
  expect(citations[0]).toMatchObject({ start: 0, end: 16, type: 'TEXT_CONTENT' });
  const off = await answer({ documents, citation_options: { mode: 'OFF' } });
  expect((off.message as JsonObject).citations).toBeUndefined();
  const events = splitEvents(await (await send({ documents, stream: true })).text());
  const names = events.map(({ name }) => name);
  expect(names.filter((name) => name === 'citation-start')).toHaveLength(2);
  expect(names.lastIndexOf('citation-end')).toBe(names.indexOf('content-end') - 1);
});

test('what it adds to a prompt is counted and not billed', async () => {
  const { usage } = await answer({});
  const { billed_units: billed, tokens } = usage as Record<string, Record<string, number>>;
  expect(tokens?.input_tokens).toBeGreaterThan(billed?.input_tokens ?? Number.NaN);
});
