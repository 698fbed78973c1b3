/** Holds, settlements, entries: every store keeps this. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { BudgetRefusal } from '../../src/storage/ports.ts';
import {
  accountOf,
  auditGood,
  holdRow,
  keyOf,
  makePurse,
  nextName,
  settleRow,
  suiteOf,
  topUp,
} from './storage-rig.ts';

/** The budget that a key has from its making does not cover a call. */
function keyRefusal(limit: bigint, left: bigint, asked: bigint): BudgetRefusal {
  const kind = { scope: 'key', period: 'total', unit: 'money', resetsMs: null } as const;
  return { refused: 'budget_exceeded', ...kind, limit, left, asked };
}

const CALLERS = 500;
const AFFORDABLE = 100;

export const holdsSuite = suiteOf('holds')((store) => {
  test(`${CALLERS} at once with money for ${AFFORDABLE}: exactly so many are held`, async () => {
    const purse = await makePurse(store(), BigInt(AFFORDABLE) * 7n + 6n);
    const verdicts = await Promise.all(
      Array.from({ length: CALLERS }, () => store().ledger.hold(holdRow(purse, 7n))),
    );
    expect(verdicts.filter((verdict) => verdict === 'held').length).toBe(AFFORDABLE);
    const others = new Set(verdicts.filter((verdict) => verdict !== 'held'));
    expect([...others]).toEqual(['insufficient_balance']);
    expect(await accountOf(store(), purse)).toEqual({ balance: 706n, held: 700n });
  });

  test('the same in many turns, settled between', async () => {
    const purse = await makePurse(store(), 1_000n);
    let charged = 0n;
    await Promise.all(
      Array.from({ length: 300 }, async (_, at) => {
        await Bun.sleep(at % 7);
        const row = holdRow(purse, 50n);
        if ((await store().ledger.hold(row)) !== 'held') return;
        const charge = BigInt(at % 51);
        await store().ledger.settle(settleRow(row.id, charge));
        charged += charge;
      }),
    );
    expect(await accountOf(store(), purse)).toEqual({ balance: 1_000n - charged, held: 0n });
    expect(charged).toBeLessThanOrEqual(1_000n);
  });

  test('a budget bounds its key, not the other keys of the account', async () => {
    const purse = await makePurse(store(), 1_000n, 20n);
    const other = { ...purse, key: { ...purse.key, budget: null } };
    const verdicts = await Promise.all(
      [15n, 5n, 1n].map((amount) => store().ledger.hold(holdRow(purse, amount))),
    );
    expect(verdicts).toEqual(['held', 'held', keyRefusal(20n, 0n, 1n)]);
    expect(await store().ledger.hold(holdRow(other, 980n))).toBe('held');
    expect(await store().ledger.hold(holdRow(other, 1n))).toBe('insufficient_balance');
    expect(await keyOf(store(), purse)).toEqual({ spent: 0n, held: 20n });
  });

  test('a budget is spent for good, a hold is not', async () => {
    const purse = await makePurse(store(), null, 20n);
    const [a, b] = [holdRow(purse, 20n), holdRow(purse, 20n)];
    expect(await store().ledger.hold(a)).toBe('held');
    expect(await store().ledger.settle(settleRow(a.id, 12n))).toBe('settled');
    expect(await store().ledger.hold(b)).toEqual(keyRefusal(20n, 8n, 20n));
    expect(await store().ledger.hold(holdRow(purse, 8n))).toBe('held');
    expect(await keyOf(store(), purse)).toEqual({ spent: 12n, held: 8n });
  });

  test('an unlimited account holds what it likes; nothing costs nothing', async () => {
    const rich = await makePurse(store(), null);
    expect(await store().ledger.hold(holdRow(rich, 10n ** 15n))).toBe('held');
    const poor = await makePurse(store(), 0n);
    expect(await store().ledger.hold(holdRow(poor, 0n))).toBe('held');
    expect(await store().ledger.hold(holdRow(poor, 1n))).toBe('insufficient_balance');
  });

  test('amounts above 2^53 keep every digit', async () => {
    const much = 2n ** 55n + 1n;
    const purse = await makePurse(store(), much, much);
    const row = holdRow(purse, much - 2n);
    expect(await store().ledger.hold(row)).toBe('held');
    expect(await accountOf(store(), purse)).toEqual({ balance: much, held: much - 2n });
    expect(await store().calls.byId(row.id)).toMatchObject({ amount: much - 2n });
    await store().ledger.settle(settleRow(row.id, much - 4n));
    expect(await accountOf(store(), purse)).toEqual({ balance: 4n, held: 0n });
    expect(await keyOf(store(), purse)).toEqual({ spent: much - 4n, held: 0n });
    expect(await store().calls.byId(row.id)).toMatchObject({ charge: much - 4n });
  });
});

export const settleSuite = suiteOf('settlements')((store) => {
  const held = async (balance: bigint | null, amount: bigint, budget: bigint | null = null) => {
    const purse = await makePurse(store(), balance, budget);
    const row = holdRow(purse, amount);
    expect(await store().ledger.hold(row)).toBe('held');
    return { purse, id: row.id };
  };

  test('a call is charged once, and every field of its row comes back', async () => {
    const { purse, id } = await held(100n, 30n);
    const row = settleRow(id, 12n, { fault: 'vendor_cut', evidence: 'e', attempts: '[1]' });
    const verdicts = await Promise.all([
      store().ledger.settle(row),
      store().ledger.settle(settleRow(id, 30n)),
    ]);
    expect(verdicts).toEqual(['settled', 'already_settled']);
    expect(await store().ledger.settle(settleRow(id, 0n))).toBe('already_settled');
    expect(await accountOf(store(), purse)).toEqual({ balance: 88n, held: 0n });
    expect(await store().calls.byId(id)).toMatchObject({ ...row, shortfall: 0n });
  });

  test('a call that nobody held settles nothing', async () => {
    expect(await store().ledger.settle(settleRow('call_none', 5n))).toBe('already_settled');
  });

  test('a release gives all back', async () => {
    const { purse, id } = await held(100n, 30n, 50n);
    expect(await store().ledger.settle(settleRow(id, 0n))).toBe('settled');
    expect(await accountOf(store(), purse)).toEqual({ balance: 100n, held: 0n });
    expect(await keyOf(store(), purse)).toEqual({ spent: 0n, held: 0n });
    expect(await store().calls.byId(id)).toMatchObject({ state: 'released', charge: 0n });
  });

  test('a charge above the hold takes what is free, and notes what it lacks', async () => {
    const { purse, id } = await held(100n, 30n);
    const other = holdRow(purse, 60n);
    await store().ledger.hold(other);
    await store().ledger.settle(settleRow(id, 55n));
    expect(await store().calls.byId(id)).toMatchObject({ charge: 40n, shortfall: 15n });
    expect(await accountOf(store(), purse)).toEqual({ balance: 60n, held: 60n });
    await store().ledger.settle(settleRow(other.id, 60n));
    expect(await accountOf(store(), purse)).toEqual({ balance: 0n, held: 0n });
  });

  test('a budget bounds the charge as well; an unlimited account pays all', async () => {
    const { purse, id } = await held(null, 30n, 35n);
    await store().ledger.settle(settleRow(id, 50n));
    expect(await store().calls.byId(id)).toMatchObject({ charge: 35n, shortfall: 15n });
    expect(await keyOf(store(), purse)).toEqual({ spent: 35n, held: 0n });
    const free = await held(null, 30n);
    await store().ledger.settle(settleRow(free.id, 50n));
    expect(await accountOf(store(), free.purse)).toEqual({ balance: -50n, held: 0n });
  });

  test('unknown keeps the hold until it is settled', async () => {
    const { purse, id } = await held(100n, 30n, 100n);
    await store().ledger.settle(settleRow(id, 0n, { state: 'unknown', evidence: 'who knows' }));
    expect(await accountOf(store(), purse)).toEqual({ balance: 100n, held: 30n });
    expect(await keyOf(store(), purse)).toEqual({ spent: 0n, held: 30n });
    expect(await store().calls.byId(id)).toMatchObject({ state: 'unknown' });
    expect(await store().ledger.settle(settleRow(id, 7n))).toBe('settled');
    expect(await accountOf(store(), purse)).toEqual({ balance: 93n, held: 0n });
    expect(await store().ledger.settle(settleRow(id, 7n))).toBe('already_settled');
  });

  test('money goes to the house, once', async () => {
    const before = (await store().accounts.byName('house'))?.balance ?? 0n;
    const { id } = await held(100n, 30n);
    await store().ledger.settle(settleRow(id, 11n));
    expect((await store().accounts.byName('house'))?.balance).toBe(before + 11n);
  });
});

export const entriesSuite = suiteOf('entries, calls, prices')((store) => {
  test('a cause is used once, by many at once too', async () => {
    const purse = await makePurse(store(), 0n);
    const cause = nextName('order');
    const entered = await Promise.all(
      Array.from({ length: 50 }, () => store().ledger.enter(topUp(purse.accountId, 9n, cause))),
    );
    expect(entered.filter((done) => done).length).toBe(1);
    expect(await store().ledger.enter(topUp(purse.accountId, 9n, cause))).toBeFalse();
    expect(await accountOf(store(), purse)).toEqual({ balance: 9n, held: 0n });
  });

  test('a top-up counts at once while calls are open', async () => {
    const purse = await makePurse(store(), 10n);
    expect(await store().ledger.hold(holdRow(purse, 10n))).toBe('held');
    expect(await store().ledger.hold(holdRow(purse, 10n))).toBe('insufficient_balance');
    await store().ledger.enter(topUp(purse.accountId, 10n));
    expect(await store().ledger.hold(holdRow(purse, 10n))).toBe('held');
    expect(await accountOf(store(), purse)).toEqual({ balance: 20n, held: 20n });
  });

  test('nothing is taken that is held, nor less than something moved', async () => {
    const purse = await makePurse(store(), 10n);
    await store().ledger.hold(holdRow(purse, 8n));
    const back = { cause: nextName('x'), from: purse.accountId, to: 'funding', atMs: 1 };
    expect(store().ledger.enter({ ...back, amount: 3n })).rejects.toThrow();
    expect(store().ledger.enter({ ...back, amount: 0n })).rejects.toThrow();
    expect(store().ledger.enter({ ...back, amount: -1n })).rejects.toThrow();
    expect(await store().ledger.enter({ ...back, amount: 2n })).toBeTrue();
    expect(await accountOf(store(), purse)).toEqual({ balance: 8n, held: 8n });
  });

  test('a price is kept once under its own name', async () => {
    const id = await store().ledger.keepPrice('{"a":1}');
    expect(await store().ledger.keepPrice('{"a":1}')).toBe(id);
    expect(await store().ledger.keepPrice('{"a":2}')).not.toBe(id);
  });

  test('calls are listed newest first, by every filter; the ended ones summed', async () => {
    const purse = await makePurse(store(), 1_000n);
    const rows = ['m1', 'm2', 'm1'].map((model) => holdRow(purse, 5n, { model }));
    for (const row of rows) await store().ledger.hold(row);
    await store().ledger.settle(settleRow(rows[0]?.id ?? '', 5n));
    await store().ledger.settle(settleRow(rows[2]?.id ?? '', 4n));
    const { accountId } = purse;
    const ids = async (filter: object) =>
      (await store().calls.list({ limit: 10, accountId, ...filter })).map((row) => row.id);
    const [a, b, c] = rows.map((row) => row.id) as [string, string, string];
    expect(await ids({})).toEqual([c, b, a]);
    expect(await ids({ after: c })).toEqual([b, a]);
    expect(await ids({ state: 'open' })).toEqual([b]);
    expect(await ids({ model: 'm1', limit: 1 })).toEqual([c]);
    expect(await ids({ keyId: 'other' })).toEqual([]);
    const counted = { inputTokens: 20, outputTokens: 10, cachedInputTokens: 4 };
    const usage = await store().calls.usage({ accountId, sinceMs: 0 });
    expect(usage).toMatchObject([
      { model: 'm1', calls: 2, charge: 9n, reasoningTokens: 2, ...counted },
    ]);
    expect(await store().calls.usage({ accountId, sinceMs: 2e12 })).toEqual([]);
  });

  test('any order of holds, settlements and top-ups balances', async () => {
    const step = fc.record({
      what: fc.constantFrom('hold', 'charge', 'release', 'unknown', 'top-up'),
      amount: fc.bigInt({ min: 1n, max: 40n }),
      pick: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const purse = await makePurse(store(), 100n, 150n);
        const ids: string[] = [];
        const run = async ({ what, amount, pick }: (typeof steps)[number]) => {
          const id = ids[pick % Math.max(1, ids.length)] ?? 'none';
          if (what === 'top-up') return store().ledger.enter(topUp(purse.accountId, amount));
          if (what === 'charge') return store().ledger.settle(settleRow(id, amount));
          if (what === 'release') return store().ledger.settle(settleRow(id, 0n));
          if (what === 'unknown') {
            return store().ledger.settle(settleRow(id, 0n, { state: 'unknown' }));
          }
          const row = holdRow(purse, amount);
          ids.push(row.id);
          return store().ledger.hold(row);
        };
        await Promise.all(steps.map(run));
        await auditGood(store());
        const { balance, held: kept } = await accountOf(store(), purse);
        expect(balance >= kept && kept >= 0n).toBeTrue();
      }),
      { numRuns: 40 },
    );
  });
});
