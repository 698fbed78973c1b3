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
