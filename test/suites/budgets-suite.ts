/** Budgets and statements: every store keeps this. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { BudgetPeriod, BudgetRow, BudgetUnit, Store } from '../../src/storage/ports.ts';
import {
  accountOf,
  auditGood,
  holdRow,
  keyRow,
  makePurse,
  nextName,
  type Purse,
  settleRow,
  suiteOf,
  topUp,
} from './storage-rig.ts';

/** Five minutes before a month ends. */
const LATE_MS = Date.UTC(2026, 10, 30, 23, 55);
const MINUTE_MS = 60_000;

type Kind = readonly [scope: BudgetRow['scope'], period: BudgetPeriod, unit: BudgetUnit];
type Limited = readonly [...Kind, limit: bigint];

function setBudget(store: Store, purse: Purse, [scope, period, unit, limit]: Limited) {
  const ownerId = scope === 'key' ? purse.key.id : purse.accountId;
  const name = { scope, ownerId, period, unit };
  const { accountId } = purse;
  return store.budgets.set({ id: nextName('budget'), accountId, ...name, limit, createdMs: 1 });
}

async function useOf(store: Store, purse: Purse, nowMs = LATE_MS) {
  const rows = await store.budgets.list({ accountId: purse.accountId, limit: 100 }, nowMs);
  return rows.map(({ scope, period, unit, limit, spent, held }) => [
    `${scope} ${period} ${unit}`,
    limit,
    spent,
    held,
  ]);
}

export const budgetsSuite = suiteOf('budgets')((store) => {
  const late = { startedMs: LATE_MS };

  test('500 at once with a day of 100: exactly 100 are held', async () => {
    const purse = await makePurse(store(), null);
    await setBudget(store(), purse, ['account', 'day', 'money', 706n]);
    const verdicts = await Promise.all(
      Array.from({ length: 500 }, () => store().ledger.hold(holdRow(purse, 7n, late))),
    );
    expect(verdicts.filter((verdict) => verdict === 'held').length).toBe(100);
    expect(verdicts.find((verdict) => verdict !== 'held')).toEqual({
      refused: 'budget_exceeded',
      scope: 'account',
      period: 'day',
      unit: 'money',
      limit: 706n,
      left: 6n,
      asked: 7n,
      resetsMs: Date.UTC(2026, 11, 1),
    });
    expect(await useOf(store(), purse)).toEqual([['account day money', 706n, 0n, 700n]]);
    expect((await accountOf(store(), purse)).held).toBe(700n);
  });

  test('a day and a month begin anew; a call counts where it began', async () => {
    const purse = await makePurse(store(), 1_000n);
    await setBudget(store(), purse, ['key', 'day', 'money', 10n]);
    await setBudget(store(), purse, ['key', 'total', 'money', 25n]);
    const first = holdRow(purse, 10n, late);
    expect(await store().ledger.hold(first)).toBe('held');
    expect(await store().ledger.hold(holdRow(purse, 1n, late))).toMatchObject({ period: 'day' });
    const nextMs = LATE_MS + 10 * MINUTE_MS;
    const second = holdRow(purse, 10n, { startedMs: nextMs });
    expect(await store().ledger.hold(second)).toBe('held');
    await store().ledger.settle(settleRow(first.id, 9n, { totalMs: 20 * MINUTE_MS }));
    expect(await useOf(store(), purse)).toEqual([
      ['key day money', 10n, 9n, 0n],
      ['key total money', 25n, 9n, 10n],
    ]);
    expect(await useOf(store(), purse, nextMs)).toEqual([
      ['key day money', 10n, 0n, 10n],
      ['key total money', 25n, 9n, 10n],
    ]);
    const third = holdRow(purse, 7n, { startedMs: LATE_MS + 86_400_000 * 2 });
    expect(await store().ledger.hold(third)).toMatchObject({ period: 'total', left: 6n });
  });

  test('tokens are held as bound, and spent as used', async () => {
    const purse = await makePurse(store(), 1_000n);
    await setBudget(store(), purse, ['account', 'month', 'tokens', 150n]);
    const row = holdRow(purse, 5n, { ...late, tokens: 100 });
    expect(await store().ledger.hold(row)).toBe('held');
    expect(await store().ledger.hold(holdRow(purse, 5n, { ...late, tokens: 51 }))).toMatchObject({
      unit: 'tokens',
      left: 50n,
      asked: 51n,
      resetsMs: Date.UTC(2026, 11, 1),
    });
    await store().ledger.settle(settleRow(row.id, 5n));
    expect(await useOf(store(), purse)).toEqual([['account month tokens', 150n, 15n, 0n]]);
  });

  test('all must cover a call; the first in the order of precedence is named', async () => {
    const purse = await makePurse(store(), 100n, 50n);
    const kinds: Kind[] = [
      ['account', 'day', 'money'],
      ['account', 'total', 'tokens'],
      ['key', 'day', 'tokens'],
      ['key', 'month', 'money'],
    ];
    for (const kind of kinds) await setBudget(store(), purse, [...kind, 3n]);
    const refusedBy = async (amount: bigint, tokens: number) => {
      const verdict = await store().ledger.hold(holdRow(purse, amount, { ...late, tokens }));
      if (typeof verdict === 'string') return verdict;
      return `${verdict.scope} ${verdict.period} ${verdict.unit}`;
    };
    expect(await refusedBy(101n, 9)).toBe('insufficient_balance');
    expect(await refusedBy(51n, 9)).toBe('key total money');
    expect(await refusedBy(4n, 9)).toBe('key month money');
    expect(await refusedBy(3n, 9)).toBe('key day tokens');
    await store().budgets.remove({
      scope: 'key',
      ownerId: purse.key.id,
      period: 'day',
      unit: 'tokens',
    });
    expect(await refusedBy(3n, 9)).toBe('account total tokens');
    expect(await refusedBy(3n, 3)).toBe('held');
    expect(await refusedBy(1n, 0)).toBe('key month money');
  });

  test('a budget bounds one key and one account, not their neighbours', async () => {
    const purse = await makePurse(store(), 1_000n);
    const sister = { ...purse, key: keyRow(purse.accountId) };
    await store().keys.insert([sister.key]);
    const stranger = await makePurse(store(), 1_000n);
    await setBudget(store(), purse, ['key', 'total', 'money', 10n]);
    for (const [who, held] of [
      [purse, false],
      [sister, true],
      [stranger, true],
    ] as const) {
      const verdict = await store().ledger.hold(holdRow(who, 11n, late));
      expect(verdict === 'held').toBe(held);
    }
  });

  test('a charge above its hold takes what is left; lowering takes no hold back', async () => {
    const purse = await makePurse(store(), null);
    await setBudget(store(), purse, ['key', 'total', 'money', 30n]);
    const [a, b] = [holdRow(purse, 10n, late), holdRow(purse, 10n, late)];
    for (const row of [a, b]) expect(await store().ledger.hold(row)).toBe('held');
    await store().ledger.settle(settleRow(a.id, 25n));
    expect(await store().calls.byId(a.id)).toMatchObject({ charge: 20n, shortfall: 5n });
    await setBudget(store(), purse, ['key', 'total', 'money', 1n]);
    await store().ledger.settle(settleRow(b.id, 10n));
    expect(await store().calls.byId(b.id)).toMatchObject({ charge: 10n, shortfall: 0n });
    expect(await useOf(store(), purse)).toEqual([['key total money', 1n, 30n, 0n]]);
  });

  test('one that is taken away while a call is open lets it end', async () => {
    const purse = await makePurse(store(), 100n);
    await setBudget(store(), purse, ['account', 'day', 'money', 10n]);
    const row = holdRow(purse, 10n, late);
    await store().ledger.hold(row);
    const name = {
      scope: 'account',
      ownerId: purse.accountId,
      period: 'day',
      unit: 'money',
    } as const;
    expect(await store().budgets.remove(name)).toBeTrue();
    expect(await store().budgets.remove(name)).toBeFalse();
    expect(await store().ledger.settle(settleRow(row.id, 10n))).toBe('settled');
    expect(await store().ledger.hold(holdRow(purse, 50n, late))).toBe('held');
    expect(await useOf(store(), purse)).toEqual([]);
  });

  test('an account without a limit that has a budget in money is not unlimited', async () => {
    const purse = await makePurse(store(), null);
    const isUnlimited = async () => (await store().keys.byHash(purse.key.hash))?.accountUnlimited;
    expect(await isUnlimited()).toBeTrue();
    await setBudget(store(), purse, ['account', 'day', 'tokens', 10n]);
    expect(await isUnlimited()).toBeTrue();
    await setBudget(store(), purse, ['account', 'day', 'money', 10n]);
    expect(await isUnlimited()).toBeFalse();
  });

  test('any order of calls under budgets balances, and none in money is overspent', async () => {
    const step = fc.record({
      what: fc.constantFrom('hold', 'charge', 'release', 'unknown'),
      amount: fc.bigInt({ min: 1n, max: 40n }),
      pick: fc.nat(20),
      minute: fc.nat(10),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const purse = await makePurse(store(), 300n, 200n);
        await setBudget(store(), purse, ['key', 'day', 'money', 60n]);
        await setBudget(store(), purse, ['account', 'month', 'money', 90n]);
        await setBudget(store(), purse, ['account', 'total', 'tokens', 800n]);
        const ids: string[] = [];
        const run = async ({ what, amount, pick, minute }: (typeof steps)[number]) => {
          const id = ids[pick % Math.max(1, ids.length)] ?? 'none';
          if (what === 'charge') return store().ledger.settle(settleRow(id, amount));
          if (what === 'release') return store().ledger.settle(settleRow(id, 0n));
          if (what === 'unknown') {
            return store().ledger.settle(settleRow(id, 0n, { state: 'unknown' }));
          }
          const row = holdRow(purse, amount, { startedMs: LATE_MS + minute * MINUTE_MS });
          ids.push(row.id);
          return store().ledger.hold(row);
        };
        await Promise.all(steps.map(run));
        await auditGood(store());
        for (const nowMs of [LATE_MS, LATE_MS + 10 * MINUTE_MS]) {
          for (const row of await store().budgets.list(
            { accountId: purse.accountId, limit: 9 },
            nowMs,
          )) {
            if (row.unit === 'money') expect(row.spent + row.held <= row.limit).toBeTrue();
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

export const statementsSuite = suiteOf('statements')((store) => {
  test('entries page by page between an opening and a closing balance', async () => {
    const purse = await makePurse(store(), 0n);
    const { accountId } = purse;
    const fromMs = Date.UTC(2026, 10, 1);
    const untilMs = Date.UTC(2026, 11, 1);
    await store().ledger.enter({ ...topUp(accountId, 100n), atMs: fromMs - 1 });
    await store().ledger.enter({ ...topUp(accountId, 50n), atMs: fromMs });
    await store().ledger.enter({ ...topUp(accountId, 7n), atMs: untilMs });
    for (let at = 0; at < 7; at += 1) {
      const row = holdRow(purse, 5n, { startedMs: fromMs + Math.floor(at / 3) });
      await store().ledger.hold(row);
      await store().ledger.settle(settleRow(row.id, 5n, { totalMs: 0 }));
    }
    const span = { accountId, fromMs, untilMs };
    const seen = [];
    for (;;) {
      const last = seen.at(-1);
      const page = { limit: 3, ...(last === undefined ? {} : { after: last }) };
      const entries = await store().statements.entries(span, page);
      seen.push(...entries);
      if (entries.length < 3) break;
    }
    expect(seen.length).toBe(8);
    expect(new Set(seen.map(({ cause }) => cause)).size).toBe(8);
    const times = seen.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const opening = await store().statements.balanceAt(accountId, fromMs);
    const closing = await store().statements.balanceAt(accountId, untilMs);
    const moved = seen.reduce(
      (sum, entry) => sum + (entry.to === accountId ? 1n : -1n) * entry.amount,
      0n,
    );
    expect([opening, moved, closing]).toEqual([100n, 15n, 115n]);
    expect((await accountOf(store(), purse)).balance).toBe(122n);
  });

  test('the other side of a charge is in the statement of the house', async () => {
    const purse = await makePurse(store(), 10n);
    const row = holdRow(purse, 5n, { startedMs: LATE_MS });
    await store().ledger.hold(row);
    await store().ledger.settle(settleRow(row.id, 5n));
    const span = { accountId: 'house', fromMs: LATE_MS, untilMs: LATE_MS + MINUTE_MS };
    const entries = await store().statements.entries(span, { limit: 100 });
    expect(entries.map(({ cause }) => cause)).toContain(`charge:${row.id}`);
  });

  test('a call that is resolved later is booked then, not in a month that is closed', async () => {
    const purse = await makePurse(store(), 10n);
    const row = holdRow(purse, 5n, { startedMs: LATE_MS });
    await store().ledger.hold(row);
    await store().ledger.settle(settleRow(row.id, 5n, { bookedMs: LATE_MS + 9_000_000 }));
    const span = { accountId: purse.accountId, fromMs: LATE_MS, untilMs: LATE_MS + 9_000_000 };
    expect(await store().statements.entries(span, { limit: 9 })).toEqual([]);
  });
});
