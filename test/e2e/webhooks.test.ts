/** Webhooks over HTTP, every route of docs/tasks.md, and verifiers that others wrote. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { validateWebhook } from 'replicate';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { createKey } from './books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox, until } from './gateway.ts';
import { answers, delivery, fault, type Got, got, hook, page, receiver } from './webhook-place.ts';

const JOB_MS = 100;
const RUN_MS = 20_000;
const PAIR_MS = 1_500;

let gateway: Gateway;
let mine: string;
let theirs: string;

beforeAll(async () => {
  const sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  const vendors = {
    luma: { base_url: `${sandbox}/luma/dream-machine/v1`, key: 'sandbox-luma-key' },
  };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 5 }',
    'log_level: warn',
    'limits: { requests_per_minute: 0 }',
    `outbound: { allowed_hosts: ['127.0.0.1:${receiver.port}'] }`,
  ].join('\n');
  gateway = await startGateway({ yaml });
  for (const name of ['payer', 'other']) {
    await gateway.cli('accounts', 'create', name, '--balance', '1000');
  }
  mine = (await createKey(gateway, '--account', 'payer')).key;
  theirs = (await createKey(gateway, '--account', 'other')).key;
});
afterAll(async () => {
  await cleanUp();
  await receiver.stop(true);
});

async function ask(method: string, path: string, more: { body?: unknown; key?: string } = {}) {
  const response = await fetch(`${gateway.url}/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${more.key ?? mine}` },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  });
  return { status: response.status, json: await response.json() };
}
const at = (path: string): string => new URL(path, receiver.url).href;

async function make(path: string, more: object = {}) {
  const { status, json } = await ask('POST', 'webhooks', { body: { url: at(path), ...more } });
  expect(status).toBe(201);
  const made = hook.parse(json);
  return { ...made, secret: made.secret ?? '' };
}

async function runTask(more: object = {}): Promise<string> {
  const params = { resolution: '540p', duration: 5 };
  const body = { model: 'ray-2', input: { prompt: 'a boat' }, params, ...more };
  const { json } = await ask('POST', 'tasks', { body });
  const { id } = z.object({ id: z.string() }).parse(json);
  await until(async () => {
    const seen = (await ask('GET', `tasks/${id}?wait=5`)).json as { status: string };
    return seen.status === 'succeeded';
  }, 'the task has succeeded');
  return id;
}

const heard = (path: string): readonly Got[] => got.filter((one) => one.path === path);
const hear = (path: string, count: number) =>
  until(() => heard(path).length >= count, `${path} heard ${count}`);
async function deliveriesOf(query: string) {
  const { status, json } = await ask('GET', `webhook-deliveries?${query}`);
  expect(status).toBe(200);
  return page(delivery).parse(json);
}

describe('webhooks', () => {
  test('are made, listed page after page, shown and deleted; nobody else sees them', async () => {
    const made = [await make('/a'), await make('/b', { events: ['task.failed'] })];
    expect(made[0]).toMatchObject({ state: 'active', events: [], profile: 'standard' });
    expect(made[0]?.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const first = page(hook).parse((await ask('GET', 'webhooks?limit=1')).json);
    expect([first.data[0]?.id, first.has_more]).toEqual([made[0]?.id ?? '', true]);
    const rest = page(hook).parse((await ask('GET', `webhooks?after=${first.last_id}`)).json);
    expect([rest.data[0]?.id, rest.has_more]).toEqual([made[1]?.id ?? '', false]);
    expect(JSON.stringify([first, rest])).not.toContain('whsec_');
    const shown = await ask('GET', `webhooks/${made[1]?.id}`);
    expect(shown.json).toMatchObject({ url: at('/b'), events: ['task.failed'] });
    expect((await ask('GET', 'webhooks', { key: theirs })).json).toMatchObject({ data: [] });
    for (const { id } of made) {
      const gone = await ask('DELETE', `webhooks/${id}`);
      expect(gone.json).toEqual({ id, object: 'webhook', deleted: true });
      expect((await ask('GET', `webhooks/${id}`)).status).toBe(404);
    }
  });

  test('of others are not there, whatever is asked of them', async () => {
    const { id } = await make('/private');
    await ask('POST', `webhooks/${id}/test`);
    await hear('/private', 1);
    const [own] = (await deliveriesOf(`webhook_id=${id}`)).data;
    const acts = ['rotate', 'enable', 'disable', 'test', 'replay'];
    const asks = [
      ...[
        ['GET', `webhooks/${id}`],
        ['DELETE', `webhooks/${id}`],
      ],
      ...acts.map((act) => ['POST', `webhooks/${id}/${act}`]),
      ['POST', `webhook-deliveries/${own?.id}/replay`],
      ...acts.map((act) => ['POST', `webhooks/whk_nobody/${act}`]),
    ] as const;
    for (const [method = '', path = ''] of asks) {
      const key = path.includes('nobody') ? mine : theirs;
      const { status, json } = await ask(method, path, { key });
      expect([path, status, fault.parse(json).code]).toEqual([path, 404, 'resource_not_found']);
    }
    const list = await ask('GET', `webhook-deliveries?webhook_id=${id}`, { key: theirs });
    expect(list.json).toMatchObject({ data: [] });
    await Bun.sleep(100);
    expect(heard('/private')).toHaveLength(1);
    await ask('DELETE', `webhooks/${id}`);
  });

  test('asked for badly are refused, with the field at fault', async () => {
    const { id } = await make('/bad');
    const url = at('/x');
    const cases = [
      ['webhooks', {}, 'url'],
      ['webhooks', { url: 5 }, 'url'],
      ['webhooks', { url: 'nonsense' }, 'url'],
      ['webhooks', { url: 'ftp://example.com/' }, 'url'],
      ['webhooks', { url: `https://example.com/${'x'.repeat(2_000)}` }, 'url'],
      ['webhooks', { url, events: ['task.sleeping'] }, 'events.0'],
      ['webhooks', { url, events: 'task.failed' }, 'events'],
      ['webhooks', { url, events: Array(20).fill('task.failed') }, 'events'],
      ['webhooks', { url, profile: 'native' }, 'profile'],
      ['webhooks', { url, colour: 'red' }, 'body'],
      [`webhooks/${id}/replay`, { since: 'yesterday' }, 'since'],
      [`webhooks/${id}/replay`, { state: 'pending' }, 'state'],
    ] as const;
    for (const [path, body, param] of cases) {
      const { status, json } = await ask('POST', path, { body });
      const { code, error } = fault.parse(json);
      expect([body, status, code, error.param]).toEqual([body, 400, 'invalid_request', param]);
    }
    for (const [query, param] of [
      ...[
        ['limit=0', 'limit'],
        ['limit=101', 'limit'],
        ['limit=x', 'limit'],
      ],
      ...[
        ['state=lost', 'state'],
        ['limit=1.5', 'limit'],
      ],
    ]) {
      const { status, json } = await ask('GET', `webhook-deliveries?${query}`);
      expect([query, status, fault.parse(json).error.param]).toEqual([query, 400, param]);
    }
    expect((await ask('GET', 'webhooks?limit=0')).status).toBe(400);
    expect((await ask('GET', 'webhooks', { key: 'sk-gw-nobody' })).status).toBe(401);
    await ask('DELETE', `webhooks/${id}`);
  });
});

describe('events', () => {
  test(
    'are told to those who want them, in their order, until they are switched off',
    async () => {
      const events = ['task.queued', 'task.running', 'task.succeeded'];
      const [all, ends] = [await make('/all', { events }), await make('/ends')];
      const first = await runTask();
      await hear('/ends', 1);
      await hear('/all', 2);
      const told = heard('/all').map(({ body }) => JSON.parse(body).type);
      expect(told).toEqual(events.filter((one) => told.includes(one)));
      expect(told.at(-1)).toBe('task.succeeded');
      const event = JSON.parse(heard('/ends')[0]?.body ?? '');
      expect(event).toMatchObject({ object: 'event', type: 'task.succeeded' });
      expect(event.data).toMatchObject({ id: first, status: 'succeeded' });
      const off = await ask('POST', `webhooks/${ends.id}/disable`);
      expect(off.json).toMatchObject({ state: 'disabled' });
      const count = heard('/all').length;
      await runTask();
      await hear('/all', count + 2);
      expect(heard('/ends')).toHaveLength(1);
      const on = await ask('POST', `webhooks/${ends.id}/enable`);
      expect(on.json).toMatchObject({ state: 'active', reason: null });
      await runTask();
      await hear('/ends', 2);
      for (const { id } of [all, ends]) await ask('DELETE', `webhooks/${id}`);
    },
    RUN_MS,
  );

  test(
    'for the URL of one task are signed with the account’s secret',
    async () => {
      const { secret } = (await ask('GET', 'webhooks/secret')).json as { secret: string };
      const other = (await ask('GET', 'webhooks/secret', { key: theirs })).json;
      expect(other).not.toMatchObject({ secret });
      const id = await runTask({ webhook: { url: at('/own'), events: ['task.succeeded'] } });
      await hear('/own', 1);
      const [call] = heard('/own');
      const said = new Webhook(secret).verify(call?.body ?? '', call?.headers ?? {});
      expect(said).toMatchObject({ data: { id } });
      const [row] = (await deliveriesOf(`task_id=${id}`)).data;
      expect(row).toMatchObject({ webhook_id: null, state: 'delivered', type: 'task.succeeded' });
    },
    RUN_MS,
  );
});

describe('signatures', () => {
  const tell = async (id: string, path: string, count: number): Promise<Got> => {
    await ask('POST', `webhooks/${id}/test`);
    await hear(path, count);
    return heard(path)[count - 1] as Got;
  };

  test('are taken by npm standardwebhooks, openai and replicate, while two are good', async () => {
    const { id, secret } = await make('/signed');
    const first = await tell(id, '/signed', 1);
    const turned = hook.parse((await ask('POST', `webhooks/${id}/rotate`)).json).secret ?? '';
    expect(turned).not.toBe(secret);
    const second = await tell(id, '/signed', 2);
    const openai = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1:1' });
    const known = [
      ...[
        [first, secret],
        [second, secret],
        [second, turned],
      ],
    ] as const;
    for (const [{ body, headers }, good] of known) {
      expect(new Webhook(good).verify(body, headers)).toMatchObject({ type: 'webhook.test' });
      const event: { type: string } = await openai.webhooks.unwrap(body, headers, good);
      expect(event.type).toBe('webhook.test');
      expect(await validateWebhook(requestOf(body, headers), good)).toBeTrue();
    }
    const stranger = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const { body, headers } = second;
    for (const [text, bad] of [
      ...[
        [body, stranger],
        [body.replace('webhook.test', 'webhook.tes!'), secret],
      ],
    ] as const) {
      expect(() => new Webhook(bad).verify(text, headers)).toThrow();
      await expect(openai.webhooks.unwrap(text, headers, bad)).rejects.toThrow();
      expect(await validateWebhook(requestOf(text, headers), bad)).toBeFalse();
    }
    expect(() => new Webhook(turned).verify(first.body, first.headers)).toThrow();
    await ask('DELETE', `webhooks/${id}`);
  });

  needs('python-standardwebhooks')('are taken by PyPI standardwebhooks', async () => {
    const { id, secret } = await make('/python');
    const { body, headers } = await tell(id, '/python', 1);
    const program = [
      'import json, sys',
      'from standardwebhooks.webhooks import Webhook, WebhookVerificationError',
      'ask = json.load(sys.stdin)',
      "print(Webhook(ask['secret']).verify(ask['body'], ask['headers'])['type'])",
      'try:',
      "    Webhook(ask['secret']).verify(ask['body'] + ' ', ask['headers'])",
      'except WebhookVerificationError:',
      "    print('refused')",
    ].join('\n');
    const run = Bun.spawnSync([findPython() ?? 'python3', '-c', program], {
      stdin: Buffer.from(JSON.stringify({ body, headers, secret })),
    });
    expect(run.stdout.toString()).toBe('webhook.test\nrefused\n');
    await ask('DELETE', `webhooks/${id}`);
  });

  test('of notices are of the body alone', async () => {
    const { id, secret } = await make('/notify', { profile: 'notify' });
    const { body, headers } = await tell(id, '/notify', 1);
    const mac = new Bun.CryptoHasher('sha256', secret).update(body).digest('hex');
    expect(headers['x-webhook-signature']).toBe(mac);
    expect(JSON.parse(body)).toMatchObject({ type: 'webhook_test' });
    await ask('DELETE', `webhooks/${id}`);
  });
});

function requestOf(body: string, headers: Record<string, string>): Request {
  return new Request('http://receiver.test/', { method: 'POST', body, headers });
}

describe('deliveries', () => {
  test(
    'that fail are listed with why, and told anew, one or all, under the same id',
    async () => {
      const { id } = await make('/down');
      answers.set(
        '/down',
        () => new Response('moved', { status: 307, headers: { location: at('/up') } }),
      );
      await ask('POST', `webhooks/${id}/test`);
      await ask('POST', `webhooks/${id}/test`);
      await hear('/down', 2);
      const waiting = await until(async () => {
        const { data } = await deliveriesOf(`webhook_id=${id}&state=pending`);
        return data.every(({ tries }) => tries === 1) && data.length === 2 && data;
      }, 'both were tried');
      expect(waiting[0]?.attempts).toMatchObject([{ status: 307, error: null }]);
      const nextMs = Date.parse(waiting[0]?.next_at ?? '') - Date.now();
      expect([nextMs > 1_000, nextMs < 8_000]).toEqual([true, true]);
      expect(heard('/up')).toEqual([]);
      await ask('POST', `webhooks/${id}/disable`);
      const dropped = await deliveriesOf(`webhook_id=${id}&state=dropped&limit=1`);
      expect([dropped.data.length, dropped.has_more]).toEqual([1, true]);
      const more = await deliveriesOf(`webhook_id=${id}&after=${dropped.last_id}`);
      expect([more.data.length, more.has_more]).toEqual([1, false]);
      answers.delete('/down');
      await ask('POST', `webhooks/${id}/enable`);
      const one = dropped.data[0];
      const again = await ask('POST', `webhook-deliveries/${one?.id}/replay`);
      expect([again.status, delivery.parse(again.json).state]).toEqual([202, 'pending']);
      await hear('/down', 3);
      expect(heard('/down')[2]?.headers['webhook-id']).toBe(one?.event_id ?? '');
      const past = { since: new Date(Date.now() + 60_000).toISOString() };
      const none = await ask('POST', `webhooks/${id}/replay`, { body: past });
      expect(none.json).toEqual({ object: 'webhook.replay', replayed: 0, has_more: false });
      const all = await ask('POST', `webhooks/${id}/replay`);
      expect(all).toMatchObject({ status: 202, json: { replayed: 1 } });
      await hear('/down', 4);
      const ids = heard('/down').map(({ headers }) => headers['webhook-id']);
      expect(new Set(ids).size).toBe(2);
      await until(async () => {
        const { data } = await deliveriesOf(`webhook_id=${id}&state=delivered`);
        return data.length === 2;
      }, 'both have arrived');
      await ask('DELETE', `webhooks/${id}`);
    },
    RUN_MS,
  );

  test('to one that is gone end; it is switched off and says why', async () => {
    const { id } = await make('/gone');
    answers.set('/gone', () => new Response(null, { status: 410 }));
    await ask('POST', `webhooks/${id}/test`);
    const off = await until(async () => {
      const seen = hook.parse((await ask('GET', `webhooks/${id}`)).json);
      return seen.state === 'disabled' && seen;
    }, 'it is switched off');
    expect(off.reason).toContain('410');
    expect((await deliveriesOf(`webhook_id=${id}`)).data[0]?.state).toBe('failed');
    await ask('DELETE', `webhooks/${id}`);
  });

  test('wait as long as the receiver asks', async () => {
    const { id } = await make('/busy');
    const headers = { 'retry-after': '120' };
    answers.set('/busy', () => new Response(null, { status: 429, headers }));
    await ask('POST', `webhooks/${id}/test`);
    const [row] = await until(async () => {
      const { data } = await deliveriesOf(`webhook_id=${id}`);
      return data[0]?.tries === 1 && data;
    }, 'it was tried');
    const waitMs = Date.parse(row?.next_at ?? '') - Date.now();
    expect(waitMs).toBeGreaterThan(120_000 - PAIR_MS);
    expect(waitMs).toBeLessThanOrEqual(120_000);
    await ask('DELETE', `webhooks/${id}`);
  });
});

test('an account has so many webhooks and no more, though all come at once', async () => {
  const asked = Array.from({ length: 60 }, () =>
    ask('POST', 'webhooks', { body: { url: at('/many') }, key: theirs }),
  );
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(50);
  expect(statuses.filter((status) => status === 400)).toHaveLength(10);
  const list = page(hook).parse((await ask('GET', 'webhooks?limit=100', { key: theirs })).json);
  expect(list.data).toHaveLength(50);
});
