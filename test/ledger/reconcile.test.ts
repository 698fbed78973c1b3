/** A bill beside our books. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Counted, reconcile, writeDrift } from '../../src/ledger/reconcile.ts';

const NOTHING: Counted = {
  ...{ day: '2026-11-01', model: 'm', amount: null, calls: null, tokens: null },
  ...{ inputTokens: null, outputTokens: null, cachedInputTokens: null },
};
const row = (more: Partial<Counted>): Counted => ({ ...NOTHING, ...more });
const drifts = (bill: Counted[], ours: Counted[]) =>
  reconcile(bill, ours).lines.map((line) => [
    ...[line.day.slice(-2), line.model, line.measure, line.bill, line.ours],
    writeDrift(line),
  ]);

describe('drift', () => {
  test('is by day, model and what the bill says, in per cent of ours', () => {
    const bill = [
      row({ amount: 110n, inputTokens: 50n }),
      row({ model: 'n', amount: 5n }),
      row({ day: '2026-11-02', amount: 7n }),
      row({ amount: 0n, inputTokens: 49n }),
    ];
    const ours = [
      row({ amount: 100n, inputTokens: 100n, calls: 3n }),
      row({ day: '2026-11-02', amount: 7n }),
      row({ day: '2026-11-03', amount: 9n }),
    ];
    expect(drifts(bill, ours)).toEqual([
      ['01', 'm', 'amount', 110n, 100n, '+10.00 %'],
      ['01', 'm', 'inputTokens', 99n, 100n, '-1.00 %'],
      ['01', 'n', 'amount', 5n, 0n, 'only in the bill'],
      ['02', 'm', 'amount', 7n, 7n, '0 %'],
      ['03', 'm', 'amount', 0n, 9n, '-100.00 %'],
    ]);
    expect(reconcile(bill, ours).totals).toEqual([
      { measure: 'amount', bill: 122n, ours: 116n, drift: 517n },
      { measure: 'inputTokens', bill: 99n, ours: 100n, drift: -100n },
    ]);
  });

  test('of a bill without models is by day', () => {
    const bill = [row({ model: null, amount: 30n })];
    const ours = [row({ model: 'a', amount: 10n }), row({ model: 'b', amount: 20n })];
    expect(drifts(bill, ours)).toEqual([['01', null, 'amount', 30n, 30n, '0 %']]);
  });

  test('that is too small to be shown is not shown as none', () => {
    const bill = [row({ amount: 100_001n })];
    expect(drifts(bill, [row({ amount: 100_000n })])[0]?.at(-1)).toBe('+<0.01 %');
    expect(drifts([row({ amount: 99_999n })], [row({ amount: 100_000n })])[0]?.at(-1)).toBe(
      '-<0.01 %',
    );
  });

  test('nothing is lost in the sums, however rows are cut', () => {
    const rows = fc.array(
      fc.record({
        day: fc.constantFrom('2026-11-01', '2026-11-02'),
        model: fc.constantFrom('a', 'b', 'a b'),
        amount: fc.bigInt({ min: 0n, max: 10n ** 18n }),
      }),
    );
    fc.assert(
      fc.property(rows, rows, (bill, ours) => {
        const { totals } = reconcile(bill.map(row), ours.map(row));
        const sum = (of: readonly { amount: bigint }[]) => of.reduce((a, b) => a + b.amount, 0n);
        if (bill.length === 0) return;
        expect(totals[0]).toMatchObject({ bill: sum(bill), ours: sum(ours) });
      }),
    );
  });

  test('a report has an end', () => {
    const many = Array.from({ length: 50_001 }, (_, at) => row({ model: String(at), amount: 1n }));
    expect(() => reconcile(many, [])).toThrow('more than 50000');
  });
});
