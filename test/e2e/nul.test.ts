/** A NUL in whatever becomes a word of SQL: refused in words, on each database alike. */
import { afterAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const NUL = 'a\u0000b';
const INPUT = { prompt: 'a cat' };
const VIDEO = 'doubao-seedance-1-0-pro-250528';

let cluster: Cluster | undefined;
afterAll(async () => {
  await cleanUp();
  cluster?.dispose();
});

/** What is asked, by whom, and the status that it must have. */
type Case = readonly [
  what: string,
  status: number,
  path: string,
  body: object,
  more?: { readonly operator?: true; readonly headers?: Readonly<Record<string, string>> },
];

const CASES: readonly Case[] = [
  ['an earlier response', 400, '/v1/responses', responses({ previous_response_id: NUL })],
  [
    'the same of the data plane',
    400,
    '/api/v3/responses',
    responses({ previous_response_id: NUL }),
  ],
  ['a model', 404, '/v1/responses', { model: NUL, input: 'hi' }],
  ['an endpoint', 404, '/v1/chat/completions', chat({ model: 'ep-20260101000000-\u0000bcde' })],
  ['a source', 400, '/v1/tasks', video({ input: { ...INPUT, source_task: NUL } })],
  ['a kind', 400, '/v1/tasks', video({ kind: NUL })],
  ['a webhook of a task', 400, '/v1/tasks', video({ webhook: { url: `https://${NUL}.test/` } })],
  ['a webhook’s path', 202, '/v1/tasks', video({ webhook: { url: `https://a.test/${NUL}` } })],
  ['metadata', 202, '/v1/tasks', video({ metadata: { [NUL]: NUL } })],
  ['a prompt', 202, '/v1/tasks', video({ input: { prompt: NUL } })],
  ['a name', 400, '/platform/v1/apps', app({ name: NUL }), { operator: true }],
  ['an account', 400, '/platform/v1/apps', app({ account: NUL }), { operator: true }],
  ['a context', 400, '/api/v3/context/chat/completions', chat({ context_id: NUL })],
  ['a source in the vendor’s words', 400, '/luma/dream-machine/v1/generations', luma(NUL)],
  ['words of a chat', 200, '/v1/chat/completions', chat({ user: NUL, messages: said(NUL) })],
];

function responses(more: object): object {
  return { model: 'sandbox-fast', input: 'hi', ...more };
}

function said(content: string): object {
  return [{ role: 'user', content }];
}

function chat(more: object): object {
  return { model: 'sandbox-fast', messages: said('hi'), ...more };
}

function video(more: object): object {
  return { model: VIDEO, input: INPUT, ...more };
}

function app(more: object): object {
  return { name: 'x', callback_domain: 'a.test', scenario: 'tries', account: 'default', ...more };
}

function luma(id: string): object {
  const keyframes = { frame0: { type: 'generation', id } };
  return { model: 'ray-2', prompt: 'go on', keyframes };
}

async function ask(gateway: Gateway, [, , path, body, more]: Case) {
  const key = more?.operator === true ? gateway.operatorKey : gateway.key;
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function everyCase(gateway: Gateway): Promise<void> {
  const seen: [string, number][] = [];
  for (const one of CASES) {
    const { status, text } = await ask(gateway, one);
    if (status !== one[1]) seen.push([`${one[0]}: ${text.slice(0, 200)}`, status]);
  }
  expect(seen).toEqual([]);
  const told = await ask(gateway, CASES.find(([what]) => what === 'an account') as Case);
  const fault = z.object({ code: z.string(), message: z.string() }).parse(JSON.parse(told.text));
  expect(fault.code).toBe('invalid_request');
  expect(fault.message).toContain('NUL');
  expect(gateway.err()).not.toContain('internal');
}

describe('a NUL in a request', () => {
  test('is refused or carried on SQLite', async () => {
    await everyCase(await startGateway());
  });

  needs('postgres')('is refused or carried on PostgreSQL', async () => {
    cluster = await startCluster();
    const url = await cluster.createDatabase();
    await everyCase(await startGateway({ env: { DATABASE_URL: url } }));
  });
});
