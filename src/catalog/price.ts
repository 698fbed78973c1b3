/** Which price table holds on a day. The money is counted in ledger/. */
import type { Offer, PriceTable } from './shape.ts';

/**
 * The table in force on `day` (YYYY-MM-DD): of those that have begun, the latest. Undefined where
 * the offer has no price or none has begun.
 */
export function priceOn(offer: Offer, day: string): PriceTable | undefined {
  let found: PriceTable | undefined;
  for (const table of offer.prices ?? []) {
    if (table.from <= day && (found === undefined || table.from > found.from)) found = table;
  }
  return found;
}
