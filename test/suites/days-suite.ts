/** What was charged at one vendor, by its days: every store keeps this. */
import { expect, test } from 'bun:test';
import type { SettleRow, Store } from '../../src/storage/ports.ts';
import { holdRow, makePurse, type Purse, settleRow, suiteOf } from './storage-rig.ts';

const HOUR_MS = 3_600_000;
const DAY = Date.UTC(2026, 10, 20);

interface Wish extends Partial<SettleRow> {
  readonly startedMs: number;
  readonly charge: bigint;
}

async function call(store: Store, purse: Purse, wish: Wish): Promise<void> {
  const { startedMs, charge, ...more } = wish;
  const hold = holdRow(purse, 0n, { startedMs });
  await store.ledger.hold(hold);
  await store.ledger.settle(settleRow(hold.id, charge, more));
}

export const daysSuite = suiteOf('days of a vendor')((store) => {
  test('are the vendor’s own; only what was charged counts, by the vendor’s name', async () => {
    const purse = await makePurse(store(), null);
    const at = { upstream: 'v:main', wireModel: 'w1' };
    await call(store(), purse, { ...at, startedMs: DAY, charge: 5n });
    await call(store(), purse, { ...at, upstream: 'v', startedMs: DAY + 15 * HOUR_MS, charge: 7n });
    // The next day at a vendor that is eight hours ahead.
    await call(store(), purse, { ...at, startedMs: DAY + 16 * HOUR_MS, charge: 11n });
    await call(store(), purse, { ...at, wireModel: 'w2', startedMs: DAY, charge: 2n ** 60n });
    await call(store(), purse, { ...at, startedMs: DAY, charge: 0n });
    await call(store(), purse, { ...at, upstream: 'vendor', startedMs: DAY, charge: 1n });
    await call(store(), purse, { ...at, startedMs: DAY - 9 * HOUR_MS, charge: 1n });
    const utcOffsetMs = 8 * HOUR_MS;
    const fromMs = DAY - utcOffsetMs;
    const span = { vendor: 'v', fromMs, untilMs: fromMs + 48 * HOUR_MS, utcOffsetMs, rowsMax: 100 };
    const tokens = { inputTokens: 10, outputTokens: 5, cachedInputTokens: 2 };
    const twice = { inputTokens: 20, outputTokens: 10, cachedInputTokens: 4 };
    const sums = await store().calls.byDay(span);
    const order = (one: { day: string; wireModel: string | null }) => one.day + one.wireModel;
    expect([...sums].sort((a, b) => (order(a) < order(b) ? -1 : 1))).toEqual([
      { day: '2026-11-20', wireModel: 'w1', calls: 2, ...twice, cost: 12n },
      { day: '2026-11-20', wireModel: 'w2', calls: 1, ...tokens, cost: 2n ** 60n },
      { day: '2026-11-21', wireModel: 'w1', calls: 1, ...tokens, cost: 11n },
    ]);
    expect((await store().calls.byDay({ ...span, rowsMax: 2 })).length).toBe(2);
    expect(await store().calls.byDay({ ...span, vendor: 'nobody' })).toEqual([]);
  });
});

export const usageSuite = suiteOf('usage')((store) => {
  test('adds up what is not counted in tokens, and finds calls by their ids', async () => {
    const purse = await makePurse(store(), 1_000n);
    const none = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
    const ended: string[] = [];
    const five: Record<string, number> = { video_ms: 5_000 };
    for (const units of [five, five, { video_ms: 2_000, run: 1 }]) {
      const hold = holdRow(purse, 10n, { model: 'clip', service: 'video', startedMs: DAY });
      await store().ledger.hold(hold);
      await store().ledger.settle(settleRow(hold.id, 3n, { quantities: { ...none, units } }));
      ended.push(hold.id);
    }
    await call(store(), purse, { startedMs: DAY, charge: 1n });
    const sums = await store().calls.usage({ accountId: purse.accountId, sinceMs: DAY });
    const clip = sums.find(({ model }) => model === 'clip');
    expect(clip).toMatchObject({ calls: 3, charge: 9n, units: { video_ms: 12_000, run: 1 } });
    expect(sums.find(({ model }) => model !== 'clip')?.units).toBeUndefined();
    const open = holdRow(purse, 10n, { model: 'clip' });
    await store().ledger.hold(open);
    const rows = await store().calls.byIds([...ended, open.id, 'call_none']);
    expect(rows.map(({ id }) => id).sort()).toEqual([...ended, open.id].sort());
    expect(rows.find(({ id }) => id === open.id)).toMatchObject({ state: 'open', amount: 10n });
    expect(rows.find(({ id }) => id === ended[2])?.quantities?.units).toEqual({
      ...{ video_ms: 2_000, run: 1 },
    });
    expect(await store().calls.byIds([])).toEqual([]);
  });
});
