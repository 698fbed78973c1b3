/** The engine against a vendor whose answer is the result, and takes minutes. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Model } from '../../src/catalog/shape.ts';
import { OutboundError, type OutboundRequest } from '../../src/kit/fetch.ts';
import { isObject, type Json, parseJson } from '../../src/kit/json.ts';
import { readPrice } from '../../src/ledger/price.ts';
import { makeDesk } from '../../src/tasks/desk.ts';
import { type Engine, startEngine } from '../../src/tasks/engine.ts';
import { makeTaskRoutes } from '../../src/tasks/routes.ts';
import { makeWaiters } from '../../src/tasks/waiters.ts';
import type { TaskWish } from '../../src/tasks/wish.ts';
import type { Vendor } from '../../src/vendors/shape.ts';
import { accountOf, auditGood } from '../suites/storage-rig.ts';
import { BALANCE, GRAM, makeRig, type Rig } from './rig.ts';

/** Longer than any lease would last of itself. */
const BAKE_MS = 200_000;
const PATIENT_MAX = 64;

const oven: Vendor = {
  ...{ id: 'oven', name: 'The Oven', baseUrl: 'https://oven.test', keyEnv: ['OVEN_API_KEY'] },
  ...{ auth: null, services: {}, docs: 'https://oven.test/docs', checked: '2026-11-26' },
  long: [
    {
      ...{ id: 'bakes', models: ['video'], kinds: ['text_to_video'], linkLifeS: null },
      takes: ['quality'],
      start: (job) => {
        const body = { wish: job.prompt, crust: job.params.quality ?? null };
        return { method: 'POST', path: '/bake', body, waitMs: BAKE_MS + 10_000 };
      },
      started({ body }, { ownId: id }) {
        const outputs = [{ type: 'video', role: 'main', url: 'https://oven.test/a.mp4' }] as const;
        if (!isObject(body) || body.done !== true) return null;
        const reading = { state: 'succeeded', outputs, used: { units: { gram: 3 } } } as const;
        return { accepted: { id, kept: {} }, reading };
      },
      neverBegan: ['cold'],
      pace: { firstMs: 1_000, growth: 1, maxMs: 1_000, gapMs: 0 },
      atOnce: { requests: 2, jobs: null },
      bound: () => ({ units: { gram: 500 } }),
    },
  ],
};
const BREAD: Model = {
  ...{ id: 'bread', maker: 'oven', kind: 'video', contextTokens: 0, outputTokensMax: 0 },
  abilities: { tools: false, images: false, json: 'none', reasoning: false },
  offers: [{ vendor: 'oven', wireName: 'bread' }],
};

let rig: Rig;
let engine: Engine;
let baked: Json[];
let mood: 'well' | 'lost' | 'cold';
let create: (more?: Partial<TaskWish>) => Promise<string>;

async function outbound({ body }: OutboundRequest) {
  baked.push(parseJson(String(body)) ?? null);
  const now = mood;
  if (now !== 'cold') await rig.clock.sleep(BAKE_MS);
  if (now === 'lost') throw new OutboundError('reset', null);
  const [status, said] = now === 'cold' ? [500, { code: 'cold' }] : [200, { done: true }];
  return {
    status,
    header: () => null,
    text: async () => JSON.stringify(said),
    read: async () => null,
    close: () => undefined,
  };
}

async function build(settings: Partial<Rig['deps']['settings']> = {}) {
  rig = await makeRig(settings);
  await rig.ends(rig.engine.stop());
  [baked, mood] = [[], 'well'];
  const price = readPrice([{ units: { gram: { price: '0.001' } } }], 'CNY', '1');
  const id = await rig.store.ledger.keepPrice(price.snapshot);
  const place = { id: 'oven', vendor: oven, baseUrl: oven.baseUrl, credential: null };
  const find = (name: string) => (name === BREAD.id ? BREAD : undefined);
  const catalog = { find, list: () => [BREAD] };
  const upstreams = [{ ...place, priority: 0, weight: 1 }];
  const routes = await makeTaskRoutes(catalog, upstreams, async () => ({ price, id }));
  const waiters = makeWaiters(rig.clock);
  const changed = (task: string): void => waiters.changed(task);
  const deps = { ...rig.deps, routes, outbound, changed };
  engine = startEngine(deps);
  const guard = { check: async () => undefined, send: outbound };
  const desk = makeDesk({ ...deps, engine, waiters, guard, discard: async () => undefined });
  create = async (more = {}) => {
    const wish = rig.wish({ model: 'bread', ...more });
    return (await rig.clock.until(desk.create(wish))).row.id;
  };
  return deps;
}

let deps: Awaited<ReturnType<typeof build>>;
beforeEach(async () => {
  deps = await build();
});
afterEach(async () => {
  await rig.ends(engine.stop());
  await auditGood(rig.store);
  await rig.stop();
});

const isEnded = async (id: string) => (await rig.task(id)).row.endedMs !== null;

describe('an answer that is the result', () => {
  test('makes the task run from when it was sent, and ends it, charged once', async () => {
    const id = await create();
    expect((await rig.task(id)).row).toMatchObject({ state: 'running', phase: 'sending' });
    await rig.until(() => isEnded(id));
    const { row, doc } = await rig.task(id);
    expect(row).toMatchObject({ state: 'succeeded', body: null });
    expect(doc.events.map(({ type }) => type)).toEqual([
      ...['task.queued', 'task.running', 'task.succeeded'],
    ]);
    const left = await accountOf(rig.store, rig.purse);
    expect(left).toEqual({ balance: BALANCE - 3n * GRAM, held: 0n });
  });

  test('is left to whoever awaits it, however long that takes', async () => {
    const id = await create();
    const other = startEngine(deps);
    await rig.clock.advance(BAKE_MS - 5_000);
    // An ordinary lease would have run out by now.
    expect((await rig.task(id)).row).toMatchObject({ phase: 'sending', leaseNo: 1 });
    await rig.until(() => isEnded(id));
    expect((await rig.task(id)).row.state).toBe('succeeded');
    expect(baked).toHaveLength(1);
    await rig.ends(other.stop());
  });

  test('keeps nobody from the gate; beyond what is awaited at once, others wait here', async () => {
    const ids: string[] = [];
    for (let made = 0; made < PATIENT_MAX + 3; made += 1) {
      ids.push(await create({ prompt: `loaf ${made}` }));
    }
    await rig.until(() => baked.length === PATIENT_MAX);
    const last = await rig.task(ids.at(-1) ?? '');
    expect(last.doc.detail).toBe('waiting_for_slot');
    for (const id of ids) await rig.until(() => isEnded(id));
    expect(baked).toHaveLength(PATIENT_MAX + 3);
  });
});

describe('an answer that was lost', () => {
  test.each([
    ['refund', 'failed', 0n, 0n],
    ['charge', 'failed', 500n * GRAM, 0n],
    ['review', 'running', 0n, 500n * GRAM],
  ] as const)('is not asked for again: by the rule %s it is %s', async (...row) => {
    const [lostAnswer, state, charge, held] = row;
    await rig.ends(engine.stop());
    await rig.stop();
    deps = await build({ lostAnswer });
    mood = 'lost';
    const id = await create();
    await rig.clock.advance(BAKE_MS);
    const isSettled = async () => {
      const { row: now, doc } = await rig.task(id);
      return now.endedMs !== null || doc.detail === 'held_for_review';
    };
    await rig.until(isSettled);
    await rig.clock.advance(600_000);
    expect((await rig.task(id)).row.state).toBe(state);
    expect(await accountOf(rig.store, rig.purse)).toEqual({ balance: BALANCE - charge, held });
    expect(baked).toHaveLength(1);
  });

  test('is not what a clear error is: that is tried three times in all', async () => {
    mood = 'cold';
    const id = await create();
    await rig.until(() => isEnded(id));
    const { doc } = await rig.task(id);
    expect(doc.error).toMatchObject({ code: 'vendor_error', vendorCode: 'cold' });
    expect(baked).toHaveLength(3);
  });
});

describe('fields that only some services take', () => {
  test('reach those that name them; others are refused, before anything is held', async () => {
    await create({ params: { quality: 'dark' } });
    expect(baked).toEqual([{ wish: 'hot', crust: 'dark' }]);
    const wish = create({ params: { background: 'none' } });
    await expect(wish).rejects.toMatchObject({
      ...{ code: 'unsupported_parameter', detail: { param: 'params.background' } },
    });
    const images = create({ makes: 'image' });
    await expect(images).rejects.toMatchObject({ code: 'wrong_model_kind' });
    await rig.until(async () => (await rig.store.tasks.atVendor('oven')) === 0);
  });
});
