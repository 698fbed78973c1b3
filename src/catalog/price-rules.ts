/** What a price list must be like, whoever wrote it. */
import { z } from 'zod';
import type { PriceRow } from './shape.ts';

export const name = z.string().regex(/^[^\s]+$/, 'must not be empty or have spaces');
export const day = z.iso.date();
const decimal = z.string().regex(/^\d{1,9}(?:\.\d{1,12})?$/, 'must be a decimal such as "0.80"');
const tokens = z.int().positive();

/** Whether a call that fits `later` always fits `earlier` too, so that `later` never counts. */
function hides(earlier: PriceRow, later: PriceRow): boolean {
  const input = earlier.inputTokensMax ?? Number.POSITIVE_INFINITY;
  const output = earlier.outputTokensMax ?? Number.POSITIVE_INFINITY;
  const alsoFits = Object.entries(earlier.when ?? {}).every(
    ([trait, value]) => later.when?.[trait] === value,
  );
  return (
    alsoFits &&
    (later.inputTokensMax ?? Number.POSITIVE_INFINITY) <= input &&
    (later.outputTokensMax ?? Number.POSITIVE_INFINITY) <= output
  );
}

const unitPrice = z.strictObject({ price: decimal, per: z.int().positive().optional() });

const priceRow = z
  .strictObject({
    inputTokensMax: tokens.optional(),
    outputTokensMax: tokens.optional(),
    when: z.record(name, z.string()).optional(),
    input: decimal.optional(),
    output: decimal.optional(),
    cachedInput: decimal.optional(),
    cacheWrite: decimal.optional(),
    units: z.record(name, unitPrice).optional(),
  })
  .refine(
    (row) => row.input !== undefined || row.output !== undefined || row.units !== undefined,
    'prices nothing: give input and output, or units',
  );

const priceRows = z
  .array(priceRow)
  .min(1)
  .refine(
    (rows) => rows.every((row, at) => !rows.slice(0, at).some((earlier) => hides(earlier, row))),
    'has a row that never counts: put the narrower tiers first',
  )
  .refine((rows) => {
    const last = rows.at(-1);
    const isOpen = last?.inputTokensMax === undefined && last?.outputTokensMax === undefined;
    return isOpen && last?.when === undefined;
  }, 'must end with a row without limits and without "when"');

const priceTable = z.strictObject({
  from: day,
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as CNY'),
  rows: priceRows,
  source: z.string().min(1),
  checked: day,
  unverified: z.boolean().optional(),
});

export const priceTables = z
  .array(priceTable)
  .min(1)
  .refine(
    (tables) => new Set(tables.map((table) => table.from)).size === tables.length,
    'has two tables that begin on one day',
  );
