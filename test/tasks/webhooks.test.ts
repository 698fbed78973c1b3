/** Webhooks: signed as the standard says, at least once, in order, and not for ever. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import type { Guard, GuardedRequest } from '../../src/kit/guard.ts';
import { GuardError } from '../../src/kit/guard.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import { type Postman, startPostman } from '../../src/tasks/webhooks/deliver.ts';
import { makeSecretsOf, makeWebhookDesk, type WebhookDesk } from '../../src/tasks/webhooks/desk.ts';
import { makeRig, type Rig } from './rig.ts';

interface Got {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly atMs: number;
}

const newSecret = (): string =>
  `whsec_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`;

let rig: Rig;
let postman: Postman;
let desk: WebhookDesk;
let got: Got[];
/** What the receiver answers; an Error is thrown. */
let answers: (request: GuardedRequest) => number | Error;

const URL_A = 'https://a.test/hook';

beforeEach(async () => {
  rig = await makeRig();
  got = [];
  answers = () => 200;
  const { clock, store } = rig;
  const guard: Guard = {
    check: async (url) => {
      if (url.includes('inside')) throw new GuardError('private_address', url);
    },
    async send(request) {
      const { url, headers } = request;
      got.push({ url, headers, body: String(request.body), atMs: clock.nowMs() });
      const answer = answers(request);
      if (answer instanceof Error) throw answer;
      const none = { text: async () => '', read: async () => null, close: () => undefined };
      return { status: answer, header: () => null, ...none };
    },
  };
  const secret = newSecret();
  const sealer = makeSealer(new Uint8Array(32).fill(7));
  const secrets = { clock, webhooks: store.webhooks, sealer, accountSecret: () => secret };
  postman = startPostman({
    ...{ clock, guard, random: rig.deps.random, log: rig.deps.log, connectMs: 1_000 },
    ...{ tasks: store.tasks, webhooks: store.webhooks, deliveries: store.deliveries },
    ...{ notices: store.notices, operator: { accountId: 'house', webhooks: [] } },
    doors: [],
    linkOf: Object.assign(() => null, { origin: 'https://gateway.test' }),
    secretsOf: makeSecretsOf(secrets),
  });
  desk = makeWebhookDesk({
    ...secrets,
    deliveries: store.deliveries,
    guard,
    nudge: () => postman.nudge(),
  });
});
afterEach(async () => {
  await rig.ends(postman.stop());
  await rig.stop();
});

const HOUR_MS = 3_600_000;
/** So much later, and what is due then done. */
async function later(ms: number): Promise<void> {
  rig.clock.jump(ms);
  await rig.clock.advance(3_000);
}

const webhook = (more: object = {}) =>
  desk.create({
    accountId: rig.purse.accountId,
    url: URL_A,
    events: [],
    profile: 'standard',
    ...more,
  });
const all = () => desk.deliveries({ accountId: rig.purse.accountId, limit: 100 });

async function serve(prompt = 'hot'): Promise<string> {
  const { row } = await rig.create({ prompt });
  rig.kitchen.all('served');
  await rig.until(async () => (await rig.task(row.id)).row.endedMs !== null);
  return row.id;
}

/** As a receiver checks it, at the time at which it came. */
function verify(one: Got | undefined, secret: string): unknown {
  const now = Date.now;
  Date.now = () => one?.atMs ?? 0;
  try {
    return new Webhook(secret).verify(one?.body ?? '', { ...one?.headers });
  } finally {
    Date.now = now;
  }
}

describe('a delivery', () => {
  test('is signed as the standard says, by both secrets while one is changed', async () => {
    const { row, secret } = await webhook();
    const id = await serve();
    await rig.until(() => got.length === 1);
    expect(verify(got[0], secret)).toMatchObject({ type: 'task.succeeded', data: { id } });
    const changed = await desk.rotate(row.id, rig.purse.accountId);
    await serve();
    await rig.until(() => got.length === 2);
    expect(verify(got[1], secret)).toMatchObject({ type: 'task.succeeded' });
    expect(verify(got[1], changed.secret)).toMatchObject({ type: 'task.succeeded' });
    expect(() => verify(got[1], newSecret())).toThrow();
    await later(25 * HOUR_MS);
    await serve();
    await rig.until(() => got.length === 3);
    expect(() => verify(got[2], secret)).toThrow();
  });

  test('comes again on the schedule, under one id, until it is taken', async () => {
    await webhook();
    answers = () => (got.length < 4 ? 503 : 204);
    await serve();
    await rig.until(async () => (await all())[0]?.state === 'delivered');
    expect(got).toHaveLength(4);
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    const gaps = got.slice(1).map(({ atMs }, at) => atMs - (got[at]?.atMs ?? 0));
    for (const [at, ms] of [5_000, 30_000, 120_000].entries()) {
      expect(gaps[at]).toBeGreaterThanOrEqual(ms * 0.7);
      expect(gaps[at]).toBeLessThanOrEqual(ms * 1.3 + 2_000);
    }
    expect((await all())[0]?.attempts.map(({ status }) => status)).toEqual([503, 503, 503, 204]);
  });

  test('fails at a redirect, at silence, and for good after the last try', async () => {
    await webhook();
    answers = () => 302;
    await serve();
    await rig.until(() => got.length >= 2);
    answers = () => new Error('broken');
    for (let tries = 2; tries < 10; tries += 1) await later(30 * HOUR_MS);
    const [one] = await all();
    expect([one?.state, one?.tries]).toEqual(['failed', 8]);
  });

  test('is not sent to an address inside, and not tried again there', async () => {
    await expect(webhook({ url: 'https://inside.test/' })).rejects.toMatchObject({
      code: 'webhook_refused',
    });
    await webhook();
    answers = () => new GuardError('private_address', URL_A);
    await serve();
    await rig.until(async () => (await all())[0]?.state === 'failed');
    expect(got).toHaveLength(1);
    expect((await all())[0]?.attempts[0]?.error).toBe('refused: private_address');
  });

  test('410 ends the webhook and what waits for it; it can be enabled and replayed', async () => {
    const { row } = await webhook();
    answers = () => 410;
    await serve();
    await rig.until(async () => (await desk.find(row.id, row.accountId)).state === 'disabled');
    await serve();
    await rig.clock.advance(60_000);
    expect(got).toHaveLength(1);
    answers = () => 200;
    await desk.setState(row.id, row.accountId, 'active');
    const replayed = await desk.replayAll({
      accountId: row.accountId,
      webhookId: row.id,
      state: 'failed',
    });
    expect(replayed).toBe(1);
    await rig.until(() => got.length === 2);
    expect(got[1]?.headers['webhook-id']).toBe(got[0]?.headers['webhook-id'] ?? '');
  });
});

describe('events', () => {
  test('of one task keep their order while the receiver is down for an hour', async () => {
    const events = ['task.queued', 'task.running', 'task.succeeded'];
    await webhook({ events });
    answers = () => 500;
    const { row } = await rig.create();
    await rig.clock.advance(5_000);
    rig.kitchen.all('simmering');
    await rig.until(async () => (await rig.task(row.id)).row.state === 'running');
    rig.kitchen.all('served');
    await rig.until(async () => (await rig.task(row.id)).row.endedMs !== null);
    for (let minutes = 0; minutes < 60; minutes += 10) await later(HOUR_MS / 6);
    expect(new Set(got.map(({ body }) => JSON.parse(body).type))).toEqual(new Set(['task.queued']));
    answers = () => 200;
    const before = got.length;
    await rig.until(async () => (await all()).every(({ state }) => state === 'delivered'));
    expect(got.slice(before).map(({ body }) => JSON.parse(body).type)).toEqual(events);
  });

  test('go to the URL of one task, and only those that were wished', async () => {
    await rig.create({
      callback: { url: 'https://b.test/', events: ['task.queued'], profile: 'standard' },
    });
    await rig.until(() => got.length === 1);
    expect(got[0]?.url).toBe('https://b.test/');
    expect(verify(got[0], desk.accountSecret(rig.purse.accountId))).toMatchObject({
      type: 'task.queued',
    });
  });

  test('come in the shape of notices where the receiver knows those', async () => {
    const { row } = await webhook({ profile: 'notify' });
    await desk.test(row.id, row.accountId);
    await rig.until(() => got.length === 1);
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({
      type: 'webhook_test',
      title: expect.stringContaining('test'),
    });
    expect(got[0]?.headers['x-webhook-signature']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('of others are nobody else’s', async () => {
    const { row } = await webhook();
    for (const act of [desk.find, desk.remove, desk.rotate, desk.test]) {
      await expect(act(row.id, 'somebody else')).rejects.toMatchObject({
        code: 'resource_not_found',
      });
    }
  });
});
