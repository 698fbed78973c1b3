/** Quantities become money here and nowhere else. */
import { mulDivUp, NANOS_PER_UNIT, parseMoney } from '../kit/money.ts';
import type { Quantities } from '../storage/ports.ts';

const TOKENS_PER_PRICE = 1_000_000n;

/** One line of a price list: decimal strings a million tokens, as the catalogue has them. */
interface PriceLine {
  readonly inputTokensMax?: number;
  readonly outputTokensMax?: number;
  readonly input: string;
  readonly output: string;
  readonly cachedInput?: string;
}

/** The same in nano-units of the installation's currency a million tokens. */
interface Rates {
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly input: bigint;
  readonly output: bigint;
  readonly cachedInput: bigint;
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
  const rates = lines.map((line) => ({
    inputTokensMax: line.inputTokensMax ?? Number.POSITIVE_INFINITY,
    outputTokensMax: line.outputTokensMax ?? Number.POSITIVE_INFINITY,
    input: convert(line.input),
    output: convert(line.output),
    cachedInput: convert(line.cachedInput ?? line.input),
  }));
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
      counted.inputTokens <= line.inputTokensMax && counted.outputTokens <= line.outputTokensMax,
  );
  const line = fits ?? price.rates.at(-1);
  if (line === undefined) return 0n;
  const cached = Math.min(counted.cachedInputTokens, counted.inputTokens);
  const micro =
    BigInt(counted.inputTokens - cached) * line.input +
    BigInt(cached) * line.cachedInput +
    BigInt(counted.outputTokens) * line.output;
  return mulDivUp(micro, 1n, TOKENS_PER_PRICE);
}

/** The most that a call of at most this many tokens can cost, whatever line will fit. */
export function priceAtMost(price: Price, inputTokens: number, outputTokens: number): bigint {
  let most = 0n;
  let floor = 0;
  for (const line of price.rates) {
    // A line below another one's reach can still price this call; one above it cannot.
    if (floor > inputTokens) break;
    const input = line.input > line.cachedInput ? line.input : line.cachedInput;
    const tokens = BigInt(Math.min(inputTokens, line.inputTokensMax));
    const made = BigInt(Math.min(outputTokens, line.outputTokensMax));
    const cost = mulDivUp(tokens * input + made * line.output, 1n, TOKENS_PER_PRICE);
    if (cost > most) most = cost;
    if (line.outputTokensMax === Number.POSITIVE_INFINITY) floor = line.inputTokensMax + 1;
  }
  return most;
}
