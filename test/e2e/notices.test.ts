/** Notices of a whole gateway: its settings, its commands, its route, and a kill -9 in between. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { createKey } from './books.ts';
import { sendChat } from './chat.ts';
import {
  cleanUp,
  type Gateway,
  keepYaml,
  makeFolder,
  runCli,
  startGateway,
  until,
} from './gateway.ts';

const RUN_MS = 60_000;
/** What a receiver heard: `ops` and `plain` are the operator's, `hook` the account's. */
interface Heard {
  readonly at: string;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly type: string;
}

const heard: Heard[] = [];
let isBroken = false;
let data: string;
let yaml: string;
let key: string;
let gateway: Gateway;
let receiver: ReturnType<typeof Bun.serve>;
let vendor: ReturnType<typeof Bun.serve>;

const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };
const choices = [
  { index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' },
];

beforeAll(async () => {
  receiver = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const text = await request.text();
      const { type } = z.object({ type: z.string() }).parse(JSON.parse(text));
      const at = new URL(request.url).pathname.slice(1);
      heard.push({ at, text, type, headers: Object.fromEntries(request.headers) });
      return new Response();
    },
  });
  vendor = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      isBroken ? new Response('no', { status: 500 }) : Response.json({ choices, usage }),
  });
  const place = `http://127.0.0.1:${receiver.port}`;
  yaml = `
vendors:
  openai-compatible:
    name: own
    base_url: http://127.0.0.1:${vendor.port}/v1
    models: [{ id: mine, price: { input: "1000", output: "1000" } }]
notices:
  webhooks:
    - url: ${place}/ops
    - { url: "${place}/plain", profile: notify, secret: "my secret", events: [notice.balance_low] }
  down_after_s: 1
  up_after_s: 1
breaker: { failures: 1, open_ms: 200, open_ms_max: 200 }
retry: { count: 0 }
outbound: { allowed_hosts: ["127.0.0.1:${receiver.port}"] }
log_level: silent
`;
  data = join(makeFolder(), 'data');
  gateway = await startGateway({ data, yaml });
  await gateway.cli('accounts', 'create', 'team', '--balance', '100');
  key = (await createKey(gateway, '--account', 'team')).key;
});
afterAll(async () => {
  await Promise.all([receiver.stop(true), vendor.stop(true)]);
  await cleanUp();
});

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const at = (place: string, type: string): Heard[] =>
  heard.filter((one) => one.at === place && one.type === type);
const chat = () => sendChat({ ...gateway, key, model: 'mine' });
const comes = (place: string, type: string) =>
  until(() => at(place, type)[0], `${type} comes to ${place}`, 20_000);

describe('notices', () => {
  test(
    'of a balance: told to account and operator, once over a kill -9, signed for each',
    async () => {
      const path = '/v1/notices/balance-low';
      const none = { object: 'notice.balance_low', below: null, currency: 'CNY' };
      expect((await ask('GET', path)).body).toEqual({ ...none, set_by: 'operator' });
      expect((await ask('POST', path, { below: 12 })).body).toMatchObject({
        code: 'invalid_request',
      });
      const set = await ask('POST', path, { below: '100' });
      expect(set.body).toEqual({ ...none, below: '100', set_by: 'account' });
      const hook = await ask('POST', '/v1/webhooks', {
        ...{ url: `http://127.0.0.1:${receiver.port}/hook`, events: ['notice.balance_low'] },
      });
      expect(hook.status).toBe(201);
      expect((await chat()).status).toBe(200);
      const mine = await comes('hook', 'notice.balance_low');
      const told = new Webhook(String(hook.body.secret)).verify(mine.text, mine.headers);
      const { data: said } = z.object({ data: z.record(z.string(), z.unknown()) }).parse(told);
      expect(said).toMatchObject({ account_name: 'team', balance: '99.994', below: '100' });
      const ops = await comes('ops', 'notice.balance_low');
      const { secret } = z
        .object({ secret: z.string() })
        .parse(await gateway.cli('notices', 'secret'));
      expect(new Webhook(secret).verify(ops.text, ops.headers)).toMatchObject({
        type: 'notice.balance_low',
      });
      const plain = await comes('plain', 'user_quota_warning_for_admin');
      const mac = new Bun.CryptoHasher('sha256', 'my secret').update(plain.text).digest('hex');
      expect(plain.headers['x-webhook-signature']).toBe(mac);
      await gateway.kill();
      gateway = await startGateway({ data, yaml });
      expect((await chat()).status).toBe(200);
      await Bun.sleep(6_000);
      expect(at('hook', 'notice.balance_low')).toHaveLength(1);
      expect(at('ops', 'notice.balance_low')).toHaveLength(1);
      expect((await ask('DELETE', path)).body).toEqual({ ...none, set_by: 'operator' });
    },
    RUN_MS,
  );

  test(
    'of an upstream that breaks and is mended',
    async () => {
      isBroken = true;
      expect((await chat()).status).toBeGreaterThanOrEqual(500);
      const down = await comes('ops', 'notice.upstream_down');
      expect(JSON.parse(down.text).data).toMatchObject({
        ...{ upstream: 'openai-compatible:own', model: 'mine', cause: 'down' },
      });
      isBroken = false;
      await until(async () => (await chat()).status === 200, 'it is tried again');
      await comes('ops', 'notice.upstream_up');
      expect(at('plain', 'channel_update')).toEqual([]);
    },
    RUN_MS,
  );

  test(
    'are listed, tried and set by commands',
    async () => {
      const tried = z.object({ id: z.string() }).parse(await gateway.cli('notices', 'test'));
      const came = await comes('ops', 'notice.test');
      expect(came.headers['webhook-id']).toBe(tried.id);
      const rows = z.array(z.object({ id: z.string(), type: z.string() }));
      const listed = rows.parse(await gateway.cli('notices', 'list'));
      expect(listed[0]).toEqual({ id: tried.id, type: 'notice.test' });
      expect(listed.map(({ type }) => type)).toContain('notice.upstream_up');
      const sent = await gateway.cli('notices', 'deliveries', '--limit', '1');
      expect(sent).toMatchObject([{ notice: tried.id, state: 'delivered' }]);
      const warn = (...more: string[]) => gateway.cli('accounts', 'warn', 'team', ...more);
      expect(await warn('12.5')).toEqual({
        ...{ account: 'team', below: '12.5', currency: 'CNY', own: true },
      });
      expect(await warn('off')).toMatchObject({ below: null, own: true });
      expect(await warn('default')).toMatchObject({ below: null, own: false });
      const bad = 'notices: { webhooks: [{ url: "https://a.test/", secret: "plain" }] }';
      const checked = await runCli(['check', '--config', keepYaml(bad)]);
      expect([checked.code, checked.err]).toEqual([
        ...[1, expect.stringContaining('notices.webhooks.0.secret: must begin with whsec_')],
      ]);
    },
    RUN_MS,
  );
});
