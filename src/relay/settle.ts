/** How a call ended becomes quantities, money and one row; once. */
import type { Fault } from '../kit/fault.ts';
import type { Json } from '../kit/json.ts';
import { priceCall } from '../ledger/price.ts';
import type { EndReason, Quantities, SettleRow, UsageSource } from '../storage/ports.ts';
import { readUsage } from '../vendors/read.ts';
import type { Call, RelayDeps } from './call.ts';

/** Bytes of generated text to a token, where the vendor did not count. */
const BYTES_PER_TOKEN = 4;
/** A database that does not answer is asked again: each time after twice as long. */
const SETTLE_TRIES = 6;
const SETTLE_RETRY_MS = 250;

export interface Ending {
  readonly reason: EndReason;
  readonly fault: Fault | null;
  /** The vendor's body with its usage, where it sent one. */
  readonly usage: Json | null;
  /** Bytes of text that the vendor generated and we saw; null: it never began to answer. */
  readonly contentBytes: number | null;
}

/**
 * The written rule. What the vendor counted is charged. Where it did not count, but began to
 * answer: the prompt and the text that was streamed, by estimate. Where it never began: nothing.
 */
function countQuantities(
  call: Call,
  ending: Ending,
): { readonly quantities: Quantities | null; readonly source: UsageSource } {
  const { candidate } = call;
  if (candidate !== null && ending.usage !== null) {
    const counted = readUsage(candidate.service.meter, ending.usage);
    if (counted !== null) return { quantities: withTraits(call, counted), source: 'vendor' };
  }
  if (ending.contentBytes === null) return { quantities: null, source: 'none' };
  const { unitsBound } = call.input.request;
  return {
    quantities: withTraits(call, {
      inputTokens: call.input.request.inputTokensGuess,
      outputTokens: Math.ceil(ending.contentBytes / BYTES_PER_TOKEN),
      cachedInputTokens: 0,
      reasoningTokens: 0,
      ...(unitsBound === undefined ? {} : { units: unitsBound }),
    }),
    source: 'estimate',
  };
}

/** What the price of a call depends on beside its counts: most often nothing. */
function withTraits(call: Call, counted: Quantities): Quantities {
  const ofService = call.candidate?.service.traits;
  const ofRequest = call.input.request.traits;
  if (ofService === undefined && ofRequest === undefined) return counted;
  return { ...counted, traits: { ...ofRequest, ...ofService } };
}

/** Ends the call in the books. Never throws: what cannot be written stays open for the replay. */
export function settle(call: Call, ending: Ending, deps: RelayDeps): Promise<void> {
  if (call.settled) return Promise.resolve();
  call.settled = true;
  deps.live.delete(call);
  const { quantities, source } = countQuantities(call, ending);
  const price = call.candidate?.price ?? null;
  const isFree = call.candidate?.service.free === true;
  const charge =
    quantities === null || price === null || isFree ? 0n : priceCall(price, quantities);
  const row: SettleRow = {
    id: call.hold.id,
    state: quantities === null ? 'released' : 'charged',
    charge,
    quantities,
    usageSource: source,
    endReason: ending.reason,
    fault: ending.fault?.code ?? null,
    upstream: call.candidate?.upstream.id ?? null,
    wireModel: call.candidate?.wireName ?? null,
    priceId: call.candidate?.priceId ?? call.hold.priceId,
    attempts: call.attempts.length === 0 ? '[]' : JSON.stringify(call.attempts),
    queuedMs: call.queuedMs,
    firstByteMs: call.firstByteMs,
    totalMs: Math.round(deps.clock.tickMs() - call.input.startedTickMs),
    evidence: source === 'estimate' ? 'the vendor sent no usage: counted from bytes' : null,
  };
  call.admission.leave(quantities === null ? 0 : quantities.inputTokens + quantities.outputTokens);
  deps.observer.callEnded(call, row);
  return write(row, deps);
}

async function write(row: SettleRow, deps: RelayDeps): Promise<void> {
  for (let tries = 0; tries < SETTLE_TRIES; tries += 1) {
    try {
      await deps.ledger.settle(row);
      return;
    } catch (error) {
      deps.log.error('a settlement could not be written', { call: row.id, tries, error });
      await deps.clock.sleep(SETTLE_RETRY_MS * 2 ** tries);
    }
  }
  deps.log.error('a call stays open; the next start parks it as unknown', { call: row.id });
}
