/** What was told to whom: once, in order, by one at a time. Every store keeps this. */
import { describe, expect, test } from 'bun:test';
import type { DeliveryAsk, DeliveryChange, DeliveryRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;
/** Beyond the times of all other tests, whose rows are then due as well. */
const LATE_MS = NOW_MS + 1e9;
const CLAIMERS = 64;
const ROWS = 200;

function deliveryRow(accountId: string, more: Partial<DeliveryRow> = {}): DeliveryRow {
  return {
    id: nextName('dlv'),
    accountId,
    target: nextName('whk'),
    webhookId: null,
    eventId: nextName('evt'),
    type: 'task.succeeded',
    subject: nextName('task'),
    place: 0,
    url: 'https://example.com/',
    payload: '{"猫":1}',
    state: 'pending',
    tries: 0,
    attempts: [],
    createdMs: NOW_MS,
    endedMs: null,
    nextMs: NOW_MS,
    leaseNo: 0,
    ...more,
  };
}

const ask = (nowMs: number, more: Partial<DeliveryAsk> = {}): DeliveryAsk => {
  return { nowMs, untilMs: nowMs + 1_000, limit: 1_000, perTarget: 1_000, except: [], ...more };
};

const done: DeliveryChange = Object.freeze({
  ...{ state: 'delivered', tries: 1, endedMs: NOW_MS + 3, nextMs: NOW_MS + 2 },
  attempts: [{ atMs: NOW_MS, status: 204, error: null, ms: 5 }],
});

export const deliveriesSuite = suiteOf('deliveries')((store) => {
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;
  const put = (...rows: readonly DeliveryRow[]) => store().deliveries.insert(rows);
  const byId = (id: string) => store().deliveries.byId(id);
  const leaseIds = async (of: readonly DeliveryRow[], wish: DeliveryAsk) => {
    const known = new Set(of.map(({ id }) => id));
    const taken = await store().deliveries.lease(wish);
    return taken.filter(({ id }) => known.has(id)).map(({ id }) => id);
  };

  describe('a delivery', () => {
    test('comes back in every field', async () => {
      const row = deliveryRow(await own(), {
        ...{ webhookId: 'whk_1', state: 'failed', tries: 8, endedMs: NOW_MS, place: 3, leaseNo: 2 },
        attempts: [{ atMs: NOW_MS, status: null, error: 'timeout', ms: 15_000 }],
      });
      await put(row);
      expect(await byId(row.id)).toEqual(row);
      expect(await byId('nobody')).toBeUndefined();
    });

    test('is one for each event and target, whoever writes it how often', async () => {
      const accountId = await own();
      const [eventId, target] = [nextName('evt'), nextName('whk')];
      const twins = [1, 2, 3].map(() => deliveryRow(accountId, { eventId, target }));
      await Promise.all([put(...twins), put(...twins), put(deliveryRow(accountId, { eventId }))]);
      await put();
      const rows = await store().deliveries.list({ accountId, limit: 9 });
      expect(rows.filter((row) => row.target === target)).toHaveLength(1);
      expect(rows).toHaveLength(2);
    });

    test('comes in hundreds at once', async () => {
      const accountId = await own();
      const rows = Array.from({ length: 250 }, () => deliveryRow(accountId, { state: 'dropped' }));
      await put(...rows);
      expect(await store().deliveries.list({ accountId, limit: 999 })).toHaveLength(250);
    });

    test('is listed to its account alone, the newest first, by every filter', async () => {
      const [mine, theirs] = [await own(), await own()];
      const rows = [
        deliveryRow(mine, { webhookId: 'w' }),
        deliveryRow(mine, { state: 'failed', subject: 'task_x' }),
        deliveryRow(mine, { state: 'delivered', webhookId: 'w', createdMs: NOW_MS + 50 }),
      ];
      await put(...rows, deliveryRow(theirs));
      const [a, b, c] = rows.map(({ id }) => id) as [string, string, string];
      const list = async (more: object) =>
        (await store().deliveries.list({ accountId: mine, limit: 9, ...more })).map(({ id }) => id);
      expect(await list({})).toEqual([c, b, a]);
      expect(await list({ limit: 2 })).toEqual([c, b]);
      expect(await list({ after: b })).toEqual([a]);
      expect(await list({ webhookId: 'w' })).toEqual([c, a]);
      expect(await list({ state: 'failed' })).toEqual([b]);
      expect(await list({ subject: 'task_x' })).toEqual([b]);
      expect(await list({ sinceMs: NOW_MS + 50 })).toEqual([c]);
      expect(await list({ webhookId: 'w', state: 'failed' })).toEqual([]);
    });
  });

  describe('a lease', () => {
    test('takes what is due, the longest overdue first', async () => {
      const accountId = await own();
      const at = (ms: number) => deliveryRow(accountId, { nextMs: NOW_MS + ms });
      const rows = [at(-10), at(-30), at(-20), at(1)];
      await put(...rows);
      const [third, first, second] = rows.map(({ id }) => id) as [string, string, string];
      expect(await leaseIds(rows, ask(NOW_MS))).toEqual([first, second, third]);
      expect(await leaseIds(rows, ask(NOW_MS))).toEqual([]);
      expect((await byId(first))?.leaseNo).toBe(1);
      const late = await leaseIds(rows, ask(NOW_MS + 1_000));
      expect(late).toHaveLength(4);
      expect((await byId(first))?.leaseNo).toBe(2);
    });

    test('waits for an earlier event of the same task, at the same target', async () => {
      const accountId = await own();
      const [target, subject] = [nextName('whk'), nextName('task')];
      const of = (place: number, more: Partial<DeliveryRow> = {}) =>
        deliveryRow(accountId, { target, subject, place, nextMs: NOW_MS + 2_000, ...more });
      // The later event has the smaller id: the clock of the node that wrote it was behind.
      const [second, first] = [of(1), of(0)];
      const [other, elsewhere] = [of(2, { subject: 'task_y' }), of(2, { target: nextName('w') })];
      const rows = [second, first, other, elsewhere];
      await put(...rows);
      const wish = ask(NOW_MS + 3_000);
      const taken = await leaseIds(rows, wish);
      expect(taken.toSorted()).toEqual([first.id, other.id, elsewhere.id].toSorted());
      // On its way is not through.
      expect(await leaseIds(rows, wish)).toEqual([]);
      expect(await store().deliveries.save(first.id, 1, done)).toBeTrue();
      expect(await leaseIds(rows, wish)).toEqual([second.id]);
    });

    test('takes only so many of a target, and none of those that are busy', async () => {
      const accountId = await own();
      const [slow, quick, busy] = [nextName('whk'), nextName('whk'), nextName('whk')];
      const of = (target: string, count: number) =>
        Array.from({ length: count }, () => deliveryRow(accountId, { target, nextMs: NOW_MS - 1 }));
      const rows = [...of(slow, 20), ...of(quick, 2), ...of(busy, 2)];
      await put(...rows);
      const taken = await store().deliveries.lease(ask(NOW_MS, { perTarget: 3, except: [busy] }));
      const count = (target: string) => taken.filter((row) => row.target === target).length;
      expect([count(slow), count(quick), count(busy)]).toEqual([3, 2, 0]);
      expect(await store().deliveries.lease(ask(NOW_MS, { limit: 1 }))).toHaveLength(1);
    });

    test(`is one: of ${CLAIMERS} that ask at once each row goes to one`, async () => {
      const accountId = await own();
      const rows = Array.from({ length: ROWS }, (_, at) =>
        deliveryRow(accountId, { target: `whk_${at % 5}`, nextMs: LATE_MS - (at % 7) }),
      );
      await put(...rows);
      const wish = ask(LATE_MS, { limit: 7, perTarget: 3 });
      const taken = await Promise.all(
        Array.from({ length: CLAIMERS }, () => store().deliveries.lease(wish)),
      );
      const ids = taken.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const left = await leaseIds(rows, ask(LATE_MS));
      const ours = new Set(rows.map(({ id }) => id));
      expect(ids.filter((id) => ours.has(id)).length + left.length).toBe(ROWS);
    });

    test('is dropped for all by a process that is alone', async () => {
      const row = deliveryRow(await own(), { nextMs: LATE_MS });
      await put(row);
      expect(await leaseIds([row], ask(LATE_MS))).toEqual([row.id]);
      await store().deliveries.clearLeases();
      expect(await leaseIds([row], ask(LATE_MS))).toEqual([row.id]);
    });

    test('is awaited until the first that nobody holds and nothing is before', async () => {
      const accountId = await own();
      const first = deliveryRow(accountId, { nextMs: 70, subject: 's', target: nextName('t') });
      const next = { ...first, id: nextName('dlv'), eventId: nextName('evt'), place: 1, nextMs: 5 };
      await put(first, next);
      expect(await store().deliveries.nextMs(LATE_MS + 1e6)).toBe(70);
      await store().deliveries.dropPending(first.target, NOW_MS);
      expect(await store().deliveries.nextMs(LATE_MS + 1e6)).not.toBe(70);
    });
  });

  describe('what became of it', () => {
    test('is written by the holder; a late one changes nothing', async () => {
      const row = deliveryRow(await own(), { nextMs: NOW_MS - 9 });
      await put(row);
      await leaseIds([row], ask(NOW_MS));
      await leaseIds([row], ask(NOW_MS + 1_000));
      expect(await store().deliveries.save(row.id, 1, done)).toBeFalse();
      expect((await byId(row.id))?.state).toBe('pending');
      expect(await store().deliveries.save(row.id, 2, done)).toBeTrue();
      expect(await byId(row.id)).toEqual({ ...row, ...done, leaseNo: 2 });
    });

    test('one that was dropped meanwhile does not come back', async () => {
      const row = deliveryRow(await own(), { nextMs: NOW_MS - 9 });
      await put(row);
      await leaseIds([row], ask(NOW_MS));
      await store().deliveries.dropPending(row.target, NOW_MS + 7);
      const again = { ...done, state: 'pending', endedMs: null } as const;
      expect(await store().deliveries.save(row.id, 1, again)).toBeFalse();
      expect(await byId(row.id)).toMatchObject({ state: 'dropped', endedMs: NOW_MS + 7 });
    });

    test('what waits for a target is counted, and dropped there alone', async () => {
      const accountId = await own();
      const [target, other] = [nextName('whk'), nextName('whk')];
      const rows = [
        deliveryRow(accountId, { target }),
        deliveryRow(accountId, { target }),
        deliveryRow(accountId, { target, state: 'delivered', endedMs: NOW_MS }),
        deliveryRow(accountId, { target: other }),
      ];
      await put(...rows);
      expect(await store().deliveries.pendingOf(target)).toBe(2);
      await store().deliveries.dropPending(target, NOW_MS);
      expect(await store().deliveries.pendingOf(target)).toBe(0);
      expect(await store().deliveries.pendingOf(other)).toBe(1);
      expect((await byId(rows[2]?.id ?? ''))?.state).toBe('delivered');
    });

    test('it can be told anew, at once and from the first try on', async () => {
      const ended = { state: 'failed', tries: 8, endedMs: NOW_MS, nextMs: 5 } as const;
      const row = deliveryRow(await own(), ended);
      await put(row);
      expect(await store().deliveries.replay([], NOW_MS)).toBe(0);
      expect(await store().deliveries.replay([row.id, 'nobody'], LATE_MS)).toBe(1);
      const anew = { state: 'pending', tries: 0, endedMs: null, nextMs: LATE_MS } as const;
      expect(await byId(row.id)).toEqual({ ...row, ...anew });
      expect(await leaseIds([row], ask(LATE_MS))).toEqual([row.id]);
    });

    test('what ended long ago goes, so many at once; what waits stays', async () => {
      const accountId = await own();
      const at = (endedMs: number | null, state: DeliveryRow['state'] = 'delivered') =>
        deliveryRow(accountId, { endedMs, state });
      await put(at(1), at(2), at(3), at(9), at(null, 'pending'));
      const { purge } = store().deliveries;
      expect(await purge(4, 2)).toBe(2);
      expect(await purge(4, 2)).toBe(1);
      expect(await purge(4, 2)).toBe(0);
      const left = await store().deliveries.list({ accountId, limit: 9 });
      expect(left.map(({ endedMs }) => endedMs)).toEqual([null, 9]);
    });
  });
});
