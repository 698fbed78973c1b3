/** What a vendor keeps is asked for where it is: two Arks, each knowing only its own. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { z } from 'zod';
import { ARK } from '../../sandbox/vendors.ts';
import { vendorStats } from './books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox } from './gateway.ts';

const START_MS = 60_000;
const MODEL = 'doubao-seed-1-6-251015';
/** By chance alone all of them would be right once in 65,536 runs. */
const TRIES = 16;

let gateway: Gateway;
let urls: readonly string[];

beforeAll(async () => {
  urls = [(await startSandbox()).url, (await startSandbox()).url];
  const models = [{ id: MODEL, wire_name: 'ep-20260101000000-abcde' }];
  const ark = urls.map((url, at) => {
    return { name: `place-${at}`, base_url: url + ARK.path, key: ARK.key, models };
  });
  const yaml = `limits: { requests_per_minute: 0 }\nvendors: ${JSON.stringify({ ark })}\n`;
  gateway = await startGateway({ yaml });
}, START_MS);
afterAll(cleanUp);

const authorization = () => `Bearer ${gateway.key}`;

async function ask(path: string, body: object): Promise<Response> {
  return fetch(`${gateway.url}/api/v3${path}`, {
    method: 'POST',
    headers: { authorization: authorization(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

const made = z.object({ id: z.string() });
const user = (content: unknown) => [{ role: 'user', content }];
const calls = async () => Promise.all(urls.map(async (url) => (await vendorStats(url)).calls));

test('a context goes on where it was made', async () => {
  for (let times = 0; times < TRIES; times += 1) {
    const context = await ask('/context/create', { model: MODEL, messages: user('Be kind.') });
    const { id } = made.parse(await context.json());
    const body = { model: MODEL, context_id: id, messages: user('Say yes') };
    const answer = await ask('/context/chat/completions', body);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('yes')]);
  }
  // Both made some of them, so that neither was right by being the only one.
  for (const count of await calls()) expect(count).toBeGreaterThan(0);
});

test('a request goes where its file is, and to no other', async () => {
  const form = new FormData();
  form.set('purpose', 'user_data');
  form.set('file', new File(['hello'], 'a.txt'));
  const headers = { authorization: authorization() };
  const init = { method: 'POST', headers, body: form };
  const { id } = made.parse(await (await fetch(`${gateway.url}/api/v3/files`, init)).json());
  const before = await calls();
  const content = [{ type: 'file', file: { file_id: id } }];
  for (let times = 0; times < TRIES; times += 1) {
    const answer = await ask('/chat/completions', { model: MODEL, messages: user(content) });
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
  }
  const after = await calls();
  const asked = after.map((count, at) => count - (before[at] ?? 0));
  expect(asked.sort((a, b) => a - b)).toEqual([0, TRIES]);
});
