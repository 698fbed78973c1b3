/**
 * What Ark adds to the price of every chat model of its own: batch inference at half price, and
 * contexts at a price for every token and hour. volcengine.com/docs/82379/1544106, copy of
 * 2025-12-19; unverified since.
 */
import { formatMoney, parseMoney } from '../../kit/money.ts';
import type { PriceRow } from '../shape.ts';

const TOKENS_PER_PRICE = 1_000_000;
const STORED = Object.freeze({
  context_token_hours: Object.freeze({ price: '0.017', per: TOKENS_PER_PRICE }),
});

function half(price: string): string {
  return formatMoney((parseMoney(price) ?? 0n) / 2n);
}

function batched({ input, output, ...row }: PriceRow): PriceRow {
  return {
    ...row,
    when: { service: 'batch' },
    ...(input === undefined ? {} : { input: half(input) }),
    ...(output === undefined ? {} : { output: half(output) }),
  };
}

/** The row of batch inference before the other of its tier: the first that fits counts. */
export function withServices(rows: readonly PriceRow[]): readonly PriceRow[] {
  return rows.flatMap((row) => [batched(row), { ...row, units: STORED }]);
}
