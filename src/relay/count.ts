/** What a call used, attempt by attempt, and what that costs. */
import type { Json } from '../kit/json.ts';
import { priceCall } from '../ledger/price.ts';
import type { Quantities, UsageSource } from '../storage/ports.ts';
import { readUsage } from '../vendors/read.ts';
import type { Call, Spent } from './call.ts';

/** Bytes of generated text to a token, where the vendor did not count. */
const BYTES_PER_TOKEN = 4;

export interface Used {
  /** The vendor's body with its usage, where it sent one. */
  readonly usage: Json | null;
  /** Bytes of text that the vendor generated and we saw; null: it never began to answer. */
  readonly contentBytes: number | null;
}

export interface Counted {
  /** null: nothing is to be charged. */
  readonly quantities: Quantities | null;
  readonly source: UsageSource;
  readonly charge: bigint;
}

/** The attempt at hand and those before it, as one. */
export function countCall(call: Call, used: Used): Counted {
  const last = countAttempt(call, used);
  if (call.earlier.length === 0) {
    return last === null
      ? { quantities: null, source: 'none', charge: 0n }
      : { quantities: last.quantities, source: last.source, charge: costOf(last) };
  }
  const all = last === null ? call.earlier : [...call.earlier, last];
  return {
    quantities: all.map((one) => one.quantities).reduce(addQuantities),
    source: all.every(({ source }) => source === 'vendor') ? 'vendor' : 'estimate',
    charge: all.reduce((sum, spent) => sum + costOf(spent), 0n),
  };
}

/** Keeps what the attempt at hand used, before the next one begins. */
export function keepSpent(call: Call, used: Used): Spent | null {
  const spent = countAttempt(call, used);
  if (spent !== null) call.earlier.push(spent);
  return spent;
}

/**
 * The written rule. What the vendor counted is charged. Where it did not count, but began to
 * answer: the prompt and the text that was streamed, by estimate. Where it never began: nothing.
 */
function countAttempt(call: Call, used: Used): Spent | null {
  const { candidate } = call;
  const price = candidate?.service.free === true ? null : (candidate?.price ?? null);
  if (candidate !== null && used.usage !== null) {
    const counted = readUsage(candidate.service.meter, used.usage);
    if (counted !== null) {
      return { quantities: withTraits(call, counted), price, source: 'vendor' };
    }
  }
  if (used.contentBytes === null) return null;
  const { unitsBound } = call.input.request;
  const quantities = withTraits(call, {
    inputTokens: call.input.request.inputTokensGuess,
    outputTokens: Math.ceil(used.contentBytes / BYTES_PER_TOKEN),
    cachedInputTokens: 0,
    reasoningTokens: 0,
    ...(unitsBound === undefined ? {} : { units: unitsBound }),
  });
  return { quantities, price, source: 'estimate' };
}

const costOf = ({ price, quantities }: Spent): bigint =>
  price === null ? 0n : priceCall(price, quantities);

/** What the price of a call depends on beside its counts: most often nothing. */
function withTraits(call: Call, counted: Quantities): Quantities {
  const ofService = call.candidate?.service.traits;
  const ofRequest = call.input.request.traits;
  if (ofService === undefined && ofRequest === undefined) return counted;
  return { ...counted, traits: { ...ofRequest, ...ofService } };
}

function addQuantities(a: Quantities, b: Quantities): Quantities {
  const written = (a.cacheWriteTokens ?? 0) + (b.cacheWriteTokens ?? 0);
  return {
    ...a,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    ...(written === 0 ? {} : { cacheWriteTokens: written }),
  };
}
