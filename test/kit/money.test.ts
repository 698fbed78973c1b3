import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { formatMoney, mulDivUp, NANOS_PER_UNIT, parseMoney } from '../../src/kit/money.ts';

const nanos = fc.bigInt({ min: -(10n ** 24n) + 1n, max: 10n ** 24n - 1n });
const natural = fc.bigInt({ min: 0n, max: 10n ** 30n });

describe('parseMoney and formatMoney', () => {
  test('are each other turned round', () => {
    fc.assert(
      fc.property(nanos, (amount) => {
        const text = formatMoney(amount);
        expect(parseMoney(text)).toBe(amount);
        expect(text).not.toMatch(/\.\d*0$|\.$|^-0$/);
      }),
    );
  });

  test.each([
    ['12.5', 12_500_000_000n],
    [' 0 ', 0n],
    ['-0.000000001', -1n],
    ['007', 7n * NANOS_PER_UNIT],
    ['999999999999999', 999_999_999_999_999n * NANOS_PER_UNIT],
    ['-0', 0n],
  ])('%j is %d', (text, amount) => {
    expect(parseMoney(text)).toBe(amount);
  });

  test.each(['', ' ', '.5', '1.', '1,5', '1e3', '0x10', '+1', '1 000', 'NaN', '--1', '１'])(
    '%j is no money',
    (text) => {
      expect(parseMoney(text)).toBeUndefined();
    },
  );

  test('what is finer than a nano-unit, or longer than 15 digits, is refused, not rounded', () => {
    expect(parseMoney('0.0000000001')).toBeUndefined();
    expect(parseMoney('1000000000000000')).toBeUndefined();
  });
});

describe('mulDivUp', () => {
  test('is the smallest whole number that is not below the true one', () => {
    fc.assert(
      fc.property(natural, natural, fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, n, d) => {
        const up = mulDivUp(a, n, d);
        expect(up * d >= a * n).toBeTrue();
        expect((up - 1n) * d < a * n).toBeTrue();
      }),
    );
  });

  test('nothing is nothing, and anything else is at least one', () => {
    expect(mulDivUp(0n, 5n, 7n)).toBe(0n);
    expect(mulDivUp(1n, 1n, 10n ** 9n)).toBe(1n);
  });
});
