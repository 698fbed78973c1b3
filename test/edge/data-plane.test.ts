/** Ark's data plane at the edge: its own bodies and statuses, ids, and whose is whose. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { ask, BODY, type Edge, post, startEdge } from './rig.ts';

const CHAT = '/api/v3/chat/completions';

let edge: Edge;
let key: string;
beforeAll(async () => {
  edge = await startEdge();
  key = await edge.mint();
});
afterAll(() => edge.stop());

const error = (text: string) => JSON.parse(text).error as { code: string; message: string };

test('a client’s request id comes back with every answer, a strange one does not', async () => {
  const id = '20261126083000abcdefghij';
  const headers = { 'x-client-request-id': id };
  for (const secret of [key, 'wrong', null]) {
    const told = await ask(edge, CHAT, post(secret, BODY, headers));
    expect([told.status, told.headers.get('x-client-request-id')]).toEqual([
      secret === key ? 200 : 401,
      id,
    ]);
  }
  const strange = { 'x-client-request-id': 'a b' };
  const told = await ask(edge, CHAT, post(key, BODY, strange));
  expect(told.headers.has('x-client-request-id')).toBeFalse();
});

test('nulls are taken, roles are Ark’s, and the words are too', async () => {
  const nulls = { stop: null, tools: null, function_call: null, stream: null };
  expect((await ask(edge, CHAT, post(key, { ...BODY, ...nulls }))).status).toBe(200);
  const messages = [{ role: 'developer', content: 'x' }];
  const told = await ask(edge, CHAT, post(key, { ...BODY, messages }));
  expect([told.status, error(told.text).code]).toEqual([400, 'InvalidParameter']);
  expect(error(told.text).message).toMatch(/Request id: \S+$/);
});

test('no money is 403 there, and not the 402 of other doors', async () => {
  const poor = await edge.mint({ budget: 1n });
  const told = await ask(edge, CHAT, post(poor, BODY));
  expect([told.status, error(told.text).code]).toEqual([429, 'SetLimitExceeded']);
  const other = await ask(edge, '/v1/chat/completions', post(poor, BODY));
  expect(other.status).toBe(402);
});

test('a file that is not the account’s is nowhere, on every door', async () => {
  const content = [{ type: 'file', file: { file_id: 'file-none' } }];
  const body = { ...BODY, messages: [{ role: 'user', content }] };
  const told = await ask(edge, CHAT, post(key, body));
  expect([told.status, error(told.text).code]).toEqual([404, 'NotFound.File']);
  const other = await ask(edge, '/v1/chat/completions', post(key, body));
  expect([other.status, other.code]).toEqual([404, 'resource_not_found']);
  const authorization = `Bearer ${key}`;
  for (const method of ['GET', 'DELETE']) {
    const lost = await ask(edge, '/api/v3/files/file-none', { method, headers: { authorization } });
    expect([lost.status, error(lost.text).code]).toEqual([404, 'NotFound.File']);
  }
});

test('files at two vendors cannot be of one request', async () => {
  const nowMs = Date.now();
  const row = {
    accountId: 'default',
    kind: 'file',
    body: '{}',
    createdMs: nowMs,
    expiresMs: nowMs + 60_000,
  } as const;
  await edge.store.resources.insert({ ...row, id: 'file-1', upstream: 'a' });
  await edge.store.resources.insert({ ...row, id: 'file-2', upstream: 'b' });
  const part = (id: string) => ({ type: 'file', file: { file_id: id } });
  const send = (...ids: string[]) => {
    const messages = [{ role: 'user', content: ids.map(part) }];
    return ask(edge, CHAT, post(key, { ...BODY, messages }));
  };
  expect((await send('file-1')).status).toBe(200);
  // The model is not served where the second file is.
  expect((await send('file-2')).status).toBe(503);
  const both = await send('file-1', 'file-2');
  expect([both.status, error(both.text).code]).toEqual([400, 'InvalidParameter']);
});

test('what the model’s vendor does not serve is refused; uploads want a form', async () => {
  const image = { model: 'm', prompt: 'a cat' };
  const told = await ask(edge, '/api/v3/images/generations', post(key, image));
  expect([told.status, error(told.text).code]).toEqual([400, 'InvalidParameter']);
  const upload = await ask(edge, '/api/v3/files', post(key, {}));
  expect(upload.status).toBe(415);
  const form = new FormData();
  form.set('file', new Blob(['x']), 'x.txt');
  const init = { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: form };
  // This gateway's only vendor keeps no files.
  expect((await ask(edge, '/api/v3/files', init)).status).toBe(503);
});
