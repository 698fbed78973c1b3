/** Prices as operators write them, in gangway.yaml. */
import { z } from 'zod';
import type { OwnPrice } from '../catalog/own-prices.ts';
import type { PriceRow, PriceTable, UnitPrice } from '../catalog/shape.ts';
import { UNITS } from '../vendors/job.ts';

const MS_PER_S = 1_000;
/** From before any call. */
const ALWAYS = '1970-01-01';
/** What people count in seconds is counted in thousandths of them. */
const IN_SECONDS: Readonly<Record<string, string>> = Object.freeze({
  video_s: 'video_ms',
  audio_s: 'audio_ms',
});
const UNIT_NAMES = [...UNITS, ...Object.keys(IN_SECONDS)];

export const decimal = z.coerce.string().regex(/^\d{1,9}(\.\d{1,12})?$/, {
  message: 'must be a decimal in quotes, such as "7.10"',
});
const tokens = z.coerce.number().int().positive();
const unitPrice = decimal.or(z.strictObject({ price: decimal, per: tokens }));
/** A price for what nobody counts would be a price of nothing. */
const units = z
  .record(z.string(), unitPrice)
  .refine((prices) => Object.keys(prices).every((name) => UNIT_NAMES.includes(name)), {
    message: `prices a unit in which nothing is counted; known: ${UNIT_NAMES.join(', ')}`,
  });

/** Half of it forgotten would be half of every answer for nothing. */
const HALF = 'give both input and output ("0" where one costs nothing)';
const rowFields = {
  input: decimal.optional(),
  output: decimal.optional(),
  cached_input: decimal.optional(),
  cache_write: decimal.optional(),
  units: units.optional(),
};

const row = z
  .strictObject({
    /** Fits only what has all these traits, such as resolution: 1080p. */
    when: z.record(z.string().min(1), z.coerce.string()).optional(),
    input_tokens_max: tokens.optional(),
    output_tokens_max: tokens.optional(),
    ...rowFields,
  })
  .refine(isWhole, HALF);

/** One row, written without the word, or several of which the first that fits counts. */
export const ownPrice = z
  .strictObject({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .optional(),
    ...rowFields,
    rows: z.array(row).min(1).optional(),
  })
  .refine(isWhole, HALF)
  .refine(isOneForm, 'give either rows, or input and output, or units');

export const listedPrice = z
  .strictObject({
    /** Only at this vendor, or at this upstream of it (vendor:name). */
    vendor: z.string().min(1).optional(),
    from: z.iso.date().default(ALWAYS),
    ...ownPrice.shape,
  })
  .refine(isWhole, HALF)
  .refine(isOneForm, 'give either rows, or input and output, or units');

type Written = z.output<typeof ownPrice>;
type WrittenRow = z.output<typeof row>;

function isOneForm({ rows, input, output, units }: Record<string, unknown>): boolean {
  const isPlain = input !== undefined || output !== undefined || units !== undefined;
  return isPlain !== (rows !== undefined);
}

function isWhole({ input, output }: Record<string, unknown>): boolean {
  return (input === undefined) === (output === undefined);
}

export function readTable(price: Written & { readonly from?: string }, currency: string) {
  const { currency: own = currency, from = ALWAYS, rows } = price;
  return {
    from,
    currency: own,
    rows: (rows ?? [price]).map(readRow),
    source: 'gangway.yaml',
    checked: ALWAYS,
  } satisfies PriceTable;
}

function readRow(written: WrittenRow | Written): PriceRow {
  const { input, output, cached_input: cachedInput, cache_write: cacheWrite, units } = written;
  const bounds =
    'when' in written || 'input_tokens_max' in written || 'output_tokens_max' in written
      ? {
          when: written.when,
          inputTokensMax: written.input_tokens_max,
          outputTokensMax: written.output_tokens_max,
        }
      : {};
  const all = { ...bounds, input, output, cachedInput, cacheWrite, units: readUnits(units) };
  // What is not said must not be there at all: the price's text is kept, and known again by it.
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function readUnits(units: WrittenRow['units']): Readonly<Record<string, UnitPrice>> | undefined {
  if (units === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(units).map(([name, written]) => {
      const inMs = IN_SECONDS[name];
      const { price, per = 1 } = typeof written === 'string' ? { price: written } : written;
      const whole = per * (inMs === undefined ? 1 : MS_PER_S);
      return [inMs ?? name, whole === 1 ? { price } : { price, per: whole }];
    }),
  );
}

interface PriceSettings {
  readonly prices: Readonly<Record<string, readonly z.output<typeof listedPrice>[]>>;
  readonly currency: string;
  readonly exchange: Readonly<Record<string, string>>;
}

/** Throws an Error that names the setting which is wrong. */
export function ownPrices(settings: PriceSettings, places: readonly string[]): OwnPrice[] {
  return Object.entries(settings.prices).flatMap(([model, written]) =>
    written.map((price) => {
      const { vendor = null } = price;
      if (vendor !== null && !places.includes(vendor)) {
        throw new Error(`prices.${model}: there is no vendor or upstream "${vendor}".`);
      }
      const table = readTable(price, settings.currency);
      exchangeOf(table.currency, settings);
      return { model, vendor, table };
    }),
  );
}

/** What one unit of a price list's currency costs. Throws where nobody said it. */
export function exchangeOf(currency: string, settings: Omit<PriceSettings, 'prices'>): string {
  const exchange = currency === settings.currency ? '1' : settings.exchange[currency];
  if (exchange !== undefined) return exchange;
  throw new Error(`exchange.${currency}: set what it costs in ${settings.currency}.`);
}
