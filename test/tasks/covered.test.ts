/** A job goes only where its hold covers what it can cost, however busy the first upstream is. */
import { afterEach, expect, test } from 'bun:test';
import type { Model } from '../../src/catalog/shape.ts';
import type { Outbound } from '../../src/kit/fetch.ts';
import { readPrice } from '../../src/ledger/price.ts';
import { makeDesk } from '../../src/tasks/desk.ts';
import { startEngine } from '../../src/tasks/engine.ts';
import { makeTaskRoutes } from '../../src/tasks/routes.ts';
import { makeWaiters } from '../../src/tasks/waiters.ts';
import type { LongService } from '../../src/vendors/long.ts';
import type { Vendor } from '../../src/vendors/shape.ts';
import { ninth } from './ninth-vendor.ts';
import { makeRig, type Rig } from './rig.ts';

const DISHES = ninth.long[0] as LongService;

let rig: Rig;
afterEach(() => rig.stop());

/** Two vendors for one model; the first is busy. Answers whom a job was sent to. */
async function sentTo(
  tenth: Pick<LongService, 'pricedOptions'>,
  options: object,
  isPriced: boolean,
) {
  rig = await makeRig();
  await rig.ends(rig.engine.stop());
  const { store, clock, kitchen } = rig;
  const price = readPrice([{ units: { gram: { price: '0.001' } } }], 'CNY', '1');
  const id = await store.ledger.keepPrice(price.snapshot);
  const other: Vendor = { ...ninth, id: 'tenth', long: [{ ...DISHES, ...tenth }] };
  const model: Model = {
    ...{ id: 'soup', maker: 'ninth', kind: 'video', contextTokens: 0, outputTokensMax: 0 },
    abilities: { tools: false, images: false, json: 'none', reasoning: false },
    offers: ['ninth', 'tenth'].map((vendor) => ({ vendor, wireName: 'soup' })),
  };
  const catalog = {
    find: (name: string) => (name === 'soup' ? model : undefined),
    list: () => [model],
  };
  const upstreams = [ninth, other].map((vendor, priority) => {
    const baseUrl = `https://${vendor.id}.test/api`;
    return { ...{ id: vendor.id, vendor, baseUrl, credential: 'knife' }, priority, weight: 1 };
  });
  const routes = await makeTaskRoutes(catalog, upstreams, async ({ vendor }) =>
    vendor === 'ninth' || isPriced ? { price, id } : null,
  );
  const hosts = new Set<string>();
  const outbound: Outbound = (request) => {
    const { hostname } = new URL(request.url);
    if (request.method === 'PUT') hosts.add(hostname);
    kitchen.mood = hostname === 'ninth.test' ? 'busy' : 'well';
    return kitchen.outbound(request);
  };
  const waiters = makeWaiters(clock);
  const deps = { ...rig.deps, routes, outbound, changed: (task: string) => waiters.changed(task) };
  rig.engine = startEngine(deps);
  const guard = { check: async () => undefined, send: kitchen.outbound };
  const discard = async () => undefined;
  const desk = makeDesk({ ...deps, engine: rig.engine, waiters, guard, discard });
  const { row } = await clock.until(desk.create(rig.wish({ options: { ...options } })));
  await clock.advance(30_000);
  return { hosts: [...hosts], phase: (await rig.task(row.id)).row.phase };
}

test('to the next one, where it can do it at a price', async () => {
  expect(await sentTo({}, {}, true)).toEqual({
    ...{ hosts: ['ninth.test', 'tenth.test'], phase: 'polling' },
  });
});

test('not to one without a price, whose bill nobody here would pay', async () => {
  expect((await sentTo({}, {}, false)).hosts).toEqual(['ninth.test']);
});

test('not to one whose bound does not read an option that changes the bill', async () => {
  expect((await sentTo({}, {}, true)).hosts).toContain('tenth.test');
  await rig.stop();
  // Nobody reads it: refused at once. The second alone reads it: there, and never at the first.
  await expect(sentTo({}, { mode: 'pro' }, true)).rejects.toMatchObject({
    code: 'unsupported_parameter',
  });
  await rig.stop();
  expect((await sentTo({ pricedOptions: ['mode'] }, { mode: 'pro' }, true)).hosts).toEqual([
    'tenth.test',
  ]);
});
