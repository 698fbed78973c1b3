/** Quantities become money here and nowhere else. */
import { mulDivUp, NANOS_PER_UNIT, parseMoney } from '../kit/money.ts';
import type { Quantities } from '../storage/ports.ts';

const TOKENS_PER_PRICE = 1_000_000n;

/** One line of a price list: decimal strings, tokens by the million, as the catalogue has them. */
interface PriceLine {
  readonly inputTokensMax?: number;
  readonly outputTokensMax?: number;
  readonly when?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly output?: string;
  readonly cachedInput?: string;
  readonly cacheWrite?: string;
  readonly units?: Readonly<Record<string, { readonly price: string; readonly per?: number }>>;
}

/** The same in nano-units of the installation's currency; tokens by the million. */
interface Rates {
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly when: Readonly<Record<string, string>>;
  readonly input: bigint;
  readonly output: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
  /** It says what tokens cost, be it nothing. */
  readonly byTokens: boolean;
  readonly units: readonly {
    readonly unit: string;
    readonly price: bigint;
    readonly per: bigint;
  }[];
}

export interface Price {
  /** The list and the exchange rate, as kept with every call that it prices. */
  readonly snapshot: string;
  readonly rates: readonly Rates[];
}

/**
 * A price list in the installation's currency. `exchange`: how much of it one unit of the list's
 * currency costs, as a decimal. Throws on what is not a decimal, so that it fails at start.
 */
export function readPrice(lines: readonly PriceLine[], currency: string, exchange: string): Price {
  const rate = decimal(exchange, 'exchange rate');
  const convert = (text: string): bigint => mulDivUp(decimal(text, 'price'), rate, NANOS_PER_UNIT);
  const rates = lines.map((line) => {
    const input = convert(line.input ?? '0');
    return {
      inputTokensMax: line.inputTokensMax ?? Number.POSITIVE_INFINITY,
      outputTokensMax: line.outputTokensMax ?? Number.POSITIVE_INFINITY,
      when: line.when ?? {},
      input,
      output: convert(line.output ?? '0'),
      cachedInput: line.cachedInput === undefined ? input : convert(line.cachedInput),
      cacheWrite: line.cacheWrite === undefined ? input : convert(line.cacheWrite),
      byTokens: line.input !== undefined || line.output !== undefined,
      units: Object.entries(line.units ?? {}).map(([unit, { price, per = 1 }]) => {
        return { unit, price: convert(price), per: BigInt(per) };
      }),
    };
  });
  return Object.freeze({ snapshot: JSON.stringify({ currency, exchange, lines }), rates });
}

function decimal(text: string, what: string): bigint {
  const nanos = parseMoney(text);
  if (nanos === undefined || nanos < 0n) throw new Error(`"${text}" is not a ${what}`);
  return nanos;
}

/** What these quantities cost. The first line that fits prices the whole call. */
export function priceCall(price: Price, counted: Quantities): bigint {
  const fits = price.rates.find(
    (line) =>
      counted.inputTokens <= line.inputTokensMax &&
      counted.outputTokens <= line.outputTokensMax &&
      hasTraits(line, counted),
  );
  const line = fits ?? price.rates.at(-1);
  if (line === undefined) return 0n;
  const cached = Math.min(counted.cachedInputTokens, counted.inputTokens);
  const written = Math.min(counted.cacheWriteTokens ?? 0, counted.inputTokens - cached);
  const micro =
    BigInt(counted.inputTokens - cached - written) * line.input +
    BigInt(cached) * line.cachedInput +
    BigInt(written) * line.cacheWrite +
    BigInt(counted.outputTokens) * line.output;
  return mulDivUp(micro, 1n, TOKENS_PER_PRICE) + priceUnits(line, counted);
}

function priceUnits(line: Rates, counted: Quantities): bigint {
  let sum = 0n;
  for (const { unit, price, per } of line.units) {
    sum += mulDivUp(BigInt(counted.units?.[unit] ?? 0), price, per);
  }
  return sum;
}

function hasTraits(line: Rates, counted: Quantities): boolean {
  for (const trait in line.when) {
    if (counted.traits?.[trait] !== line.when[trait]) return false;
  }
  return true;
}

/** A trait that is not known yet may still turn out to be this line's. */
function mayHaveTraits(line: Rates, bound: Quantities): boolean {
  for (const trait in line.when) {
    const known = bound.traits?.[trait];
    if (known !== undefined && known !== line.when[trait]) return false;
  }
  return true;
}

/** The most that a call of at most these quantities can cost, whatever line will fit. */
export function priceAtMost(price: Price, bound: Quantities): bigint {
  const { inputTokens, outputTokens } = bound;
  let most = 0n;
  let floor = 0;
  for (const line of price.rates) {
    // A line below another one's reach can still price this call; one above it cannot.
    if (floor > inputTokens) break;
    if (!mayHaveTraits(line, bound)) continue;
    const input = [line.input, line.cachedInput, line.cacheWrite].reduce((a, b) => (a > b ? a : b));
    const tokens = BigInt(Math.min(inputTokens, line.inputTokensMax));
    const made = BigInt(Math.min(outputTokens, line.outputTokensMax));
    const cost =
      mulDivUp(tokens * input + made * line.output, 1n, TOKENS_PER_PRICE) + priceUnits(line, bound);
    if (cost > most) most = cost;
    const isWhole = line.outputTokensMax === Number.POSITIVE_INFINITY && hasTraits(line, bound);
    if (isWhole) floor = line.inputTokensMax + 1;
  }
  return most;
}

/**
 * Whether a price says anything of what was counted. One that does not would make a gift of it:
 * a list by the second, say, for what is counted in credits.
 */
export function coversAny(price: Price, counted: Quantities): boolean {
  const units = Object.keys(counted.units ?? {});
  const hasTokens = counted.inputTokens + counted.outputTokens > 0;
  if (units.length === 0 && !hasTokens) return true;
  return price.rates.some(
    (line) =>
      mayHaveTraits(line, counted) &&
      ((hasTokens && line.byTokens) || line.units.some(({ unit }) => units.includes(unit))),
  );
}

/** The price of a snapshot that was kept with a call. Throws where it is not one. */
export function restorePrice(snapshot: string): Price {
  const kept = JSON.parse(snapshot) as {
    readonly currency: string;
    readonly exchange: string;
    readonly lines: readonly PriceLine[];
  };
  return readPrice(kept.lines, kept.currency, kept.exchange);
}
