/** Notices: what is told, to whom, and never twice, however many nodes look and start anew. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import type { Model } from '../../src/catalog/shape.ts';
import type { Guard } from '../../src/kit/guard.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import { setBalanceMark, startWatch, type Trouble, type Watch } from '../../src/tasks/watch.ts';
import { type Postman, startPostman } from '../../src/tasks/webhooks/deliver.ts';
import { makeSecretsOf, makeWebhookDesk, type WebhookDesk } from '../../src/tasks/webhooks/desk.ts';
import type { OperatorWebhook } from '../../src/tasks/webhooks/notices.ts';
import { holdRow, nextName, settleRow, topUp } from '../suites/storage-rig.ts';
import { BALANCE, makeRig, type Rig } from './rig.ts';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const OPS = 'https://ops.test/';
const HOOK = 'https://hook.test/';
const UNIT = 1_000_000_000n;
const DAY_MS = 86_400_000;

interface Got {
  readonly url: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Record<string, unknown> & { readonly data?: Record<string, unknown> };
  readonly atMs: number;
}

let rig: Rig;
let desk: WebhookDesk;
let got: Got[];
let troubles: Trouble[];
let models: Model[];
let receivers: OperatorWebhook[];
/** Of each node: its watch and its postman. */
let nodes: { readonly watch: Watch; readonly postman: Postman }[];

const guard: Guard = {
  check: async () => undefined,
  async send({ url, headers, body }) {
    const text = String(body);
    const id = headers['webhook-id'] ?? '';
    got.push({ url, id, headers, text, body: JSON.parse(text), atMs: rig.clock.nowMs() });
    const none = { text: async () => '', read: async () => null, close: () => undefined };
    return { status: 200, header: () => null, ...none };
  },
};

beforeEach(async () => {
  rig = await makeRig();
  [got, troubles, models, nodes] = [[], [], [], []];
  receivers = [receiver({})];
  const secrets = {
    ...{ clock: rig.clock, webhooks: rig.store.webhooks, accountSecret: () => SECRET },
    sealer: makeSealer(new Uint8Array(32).fill(7)),
  };
  desk = makeWebhookDesk({
    ...{ ...secrets, deliveries: rig.store.deliveries, guard },
    nudge: () => undefined,
  });
  start();
});
afterEach(async () => {
  await stopAll();
  await rig.stop();
});

function receiver(more: Partial<OperatorWebhook>): OperatorWebhook {
  return { target: 'operator:1', url: OPS, events: [], profile: 'standard', ...more };
}

/** One more node. */
function start(): void {
  const { clock, store, deps } = rig;
  const secrets = makeSecretsOf({
    ...{ clock, webhooks: store.webhooks, sealer: makeSealer(new Uint8Array(32).fill(7)) },
    accountSecret: () => SECRET,
  });
  const postman = startPostman({
    ...{ clock, guard, random: deps.random, log: deps.log, connectMs: 1_000 },
    ...{ tasks: store.tasks, webhooks: store.webhooks, deliveries: store.deliveries },
    ...{ notices: store.notices, operator: { accountId: 'house', webhooks: receivers } },
    doors: [],
    linkOf: Object.assign(() => null, { origin: 'https://gateway.test', passOf: () => '' }),
    secretsOf: async (row) => (row.target.startsWith('operator:') ? [SECRET] : secrets(row)),
  });
  const watch = startWatch({
    ...{ clock, log: deps.log, notices: store.notices, alarms: store.alarms },
    ...{ webhooks: store.webhooks, calls: store.calls, nudge: () => postman.nudge() },
    troubles: () => troubles,
    models: () => models,
    settings: {
      ...{ currency: 'CNY', balanceBelow: null, downAfterMs: 60_000, upAfterMs: 60_000 },
      retiringDays: 30,
    },
  });
  nodes.push({ watch, postman });
}

async function stopAll(): Promise<void> {
  for (const { watch, postman } of nodes.splice(0)) {
    await rig.ends(watch.stop());
    await rig.ends(postman.stop());
  }
}

/** So much later, with time for the store, which runs in real time. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    await rig.clock.advance(5_000);
    await Bun.sleep(2);
  }
}

const types = (url: string) =>
  got.filter((one) => one.url === url).map(({ body }) => String(body.type));

/** Takes so much out of the account. */
async function spend(amount: bigint): Promise<void> {
  const { accountId } = rig.purse;
  const entry = { cause: nextName('fee'), from: accountId, to: 'house', amount };
  await rig.store.ledger.enter({ ...entry, atMs: rig.clock.nowMs() });
}

const subscribe = (more: object = {}) =>
  desk.create({
    ...{ accountId: rig.purse.accountId, url: HOOK, profile: 'standard', ...more },
    events: ['notice.balance_low', 'notice.model_retiring'],
  });

const mark = (below: bigint | null | undefined) =>
  setBalanceMark(rig.purse.accountId, below, { alarms: rig.store.alarms, clock: rig.clock });

describe('a balance', () => {
  test('is told when it falls below its mark, once, and again after it rose', async () => {
    const { secret } = await subscribe();
    await mark(10n * UNIT);
    await pass(20_000);
    expect(got).toEqual([]);
    await spend(BALANCE - 9n * UNIT);
    await pass(30_000);
    expect([types(HOOK), types(OPS)]).toEqual([['notice.balance_low'], ['notice.balance_low']]);
    const [one] = got.filter(({ url }) => url === HOOK);
    expect(one?.body.data).toEqual({
      ...{ object: 'notice', account: rig.purse.accountId, account_name: expect.any(String) },
      ...{ balance: '9', below: '10', currency: 'CNY' },
    });
    expect(verify(one, secret)).toMatchObject({ type: 'notice.balance_low' });
    await spend(UNIT);
    await pass(30_000);
    expect(types(HOOK)).toHaveLength(1);
    await rig.store.ledger.enter(topUp(rig.purse.accountId, 50n * UNIT));
    await pass(10_000);
    await spend(50n * UNIT);
    await pass(20_000);
    expect(types(HOOK)).toHaveLength(2);
    expect(new Set(got.map(({ id }) => id)).size).toBe(2);
  });

  test('is told once by several nodes, and by none again after they start anew', async () => {
    start();
    start();
    await subscribe();
    await mark(10n * UNIT);
    await spend(BALANCE - UNIT);
    await pass(20_000);
    await stopAll();
    start();
    start();
    await pass(20_000);
    expect([types(HOOK), types(OPS)]).toEqual([['notice.balance_low'], ['notice.balance_low']]);
  });

  test('is told once where a node died between the word and the mark of it', async () => {
    await subscribe();
    await mark(10n * UNIT);
    await spend(BALANCE - UNIT);
    const { alarms } = rig.store;
    const replace = alarms.replace;
    Object.assign(alarms, { replace: () => Promise.reject(new Error('killed')) });
    await pass(20_000);
    await stopAll();
    Object.assign(alarms, { replace });
    start();
    await pass(20_000);
    expect(types(HOOK)).toEqual(['notice.balance_low']);
    expect((await alarms.find('balance_low', rig.purse.accountId))?.on).toBe(true);
  });

  test('is told at once of a mark that is above it, and of none that was taken away', async () => {
    await subscribe();
    await spend(BALANCE - 5n * UNIT);
    await mark(6n * UNIT);
    await pass(10_000);
    expect(types(HOOK)).toHaveLength(1);
    await mark(6n * UNIT);
    await pass(10_000);
    expect(types(HOOK)).toHaveLength(1);
    await mark(7n * UNIT);
    await pass(10_000);
    expect(types(HOOK)).toHaveLength(2);
    await mark(null);
    await spend(UNIT);
    await pass(10_000);
    expect(types(HOOK)).toHaveLength(2);
  });
});

/** As a receiver checks it, at the time at which it came. */
function verify(one: Got | undefined, secret: string): unknown {
  const now = Date.now;
  Date.now = () => one?.atMs ?? 0;
  try {
    return new Webhook(secret).verify(one?.text ?? '', { ...one?.headers });
  } finally {
    Date.now = now;
  }
}

describe('an upstream', () => {
  const FAILING = [{ name: 'ark|doubao', cause: 'down' }];

  test('is told to the operator when it failed for long, and when well for long', async () => {
    await subscribe();
    troubles = FAILING;
    await pass(40_000);
    troubles = [];
    await pass(10_000);
    troubles = FAILING;
    await pass(50_000);
    expect(got).toEqual([]);
    await pass(30_000);
    expect(types(OPS)).toEqual(['notice.upstream_down']);
    expect(got[0]?.body.data).toMatchObject({ upstream: 'ark', model: 'doubao', cause: 'down' });
    expect(verify(got[0], SECRET)).toMatchObject({ type: 'notice.upstream_down' });
    await pass(300_000);
    troubles = [];
    await pass(40_000);
    troubles = FAILING;
    await pass(120_000);
    expect(types(OPS)).toHaveLength(1);
    troubles = [];
    await pass(90_000);
    expect(types(OPS)).toEqual(['notice.upstream_down', 'notice.upstream_up']);
    troubles = FAILING;
    await pass(90_000);
    expect(types(OPS)).toHaveLength(3);
    expect(types(HOOK)).toEqual([]);
  });

  test('is told once by several nodes, in whatever order they see it', async () => {
    start();
    start();
    troubles = FAILING;
    await pass(100_000);
    await stopAll();
    start();
    start();
    await pass(100_000);
    expect(types(OPS)).toEqual(['notice.upstream_down']);
    troubles = [];
    await pass(100_000);
    expect(types(OPS)).toEqual(['notice.upstream_down', 'notice.upstream_up']);
  });

  test('of which a node died before it said that it is up, is told by the next', async () => {
    troubles = FAILING;
    await pass(100_000);
    const { notices } = rig.store;
    const insert = notices.insert;
    Object.assign(notices, { insert: () => Promise.reject(new Error('killed')) });
    troubles = [];
    await pass(100_000);
    await stopAll();
    expect((await rig.store.alarms.find('upstream_down', 'ark|doubao'))?.on).toBe(false);
    Object.assign(notices, { insert });
    start();
    await pass(10_000);
    expect(types(OPS)).toEqual(['notice.upstream_down', 'notice.upstream_up']);
  });
});

describe('a model that ends', () => {
  const model = (id: string, days: number): Model => ({
    ...{ id, maker: 'x', kind: 'chat', contextTokens: 10, outputTokensMax: 1, offers: [] },
    abilities: { tools: false, images: false, json: 'none', reasoning: false },
    retires: new Date(rig.clock.nowMs() + days * DAY_MS).toISOString().slice(0, 10),
  });

  async function use(name: string): Promise<void> {
    const hold = holdRow(rig.purse, 1n, { model: name, startedMs: rig.clock.nowMs() });
    await rig.store.ledger.hold(hold);
    await rig.store.ledger.settle(settleRow(hold.id, 1n));
  }

  test('is told once for its date: to the operator, and to accounts that use it', async () => {
    await subscribe();
    await use('soon');
    models = [model('soon', 20), model('unused', 20), model('later', 40), model('gone', -3)];
    await stopAll();
    start();
    start();
    await pass(10_000);
    const told = (url: string) =>
      got.filter((one) => one.url === url).map(({ body }) => body.data?.model);
    expect(told(OPS).sort()).toEqual(['soon', 'unused']);
    expect(told(HOOK)).toEqual(['soon']);
    expect(got[0]?.body.data?.retires).toBe(models[0]?.retires);
    await use('unused');
    await stopAll();
    start();
    await pass(10_000);
    expect(told(HOOK)).toEqual(['soon', 'unused']);
    models = [model('soon', 25)];
    await stopAll();
    start();
    await pass(10_000);
    expect(told(OPS)).toHaveLength(3);
    expect(told(HOOK)).toHaveLength(3);
  });
});

describe('receivers', () => {
  test('get the types and sentences of the other gateway where they know those', async () => {
    await stopAll();
    receivers = [receiver({ profile: 'notify', events: ['notice.balance_low'] })];
    start();
    await subscribe({ profile: 'notify' });
    troubles = [{ name: 'ark', cause: 'refused' }];
    await mark(10n * UNIT);
    await spend(BALANCE - UNIT);
    await pass(90_000);
    expect(types(OPS)).toEqual(['user_quota_warning_for_admin']);
    expect(types(HOOK)).toEqual(['quota_exceed']);
    const [one] = got.filter(({ url }) => url === HOOK);
    expect(one?.body).toMatchObject({
      ...{ title: expect.stringContaining('is low'), values: [{ balance: '1' }] },
      ...{ content: expect.stringContaining('has 1 CNY, below 10'), timestamp: expect.any(Number) },
    });
    expect(one?.headers['x-webhook-signature']).toMatch(/^[0-9a-f]{64}$/);
  });
});
