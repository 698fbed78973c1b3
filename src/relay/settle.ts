/** How a call ended becomes one row of the books; once. */
import type { Fault } from '../kit/fault.ts';
import type { EndReason, SettleRow } from '../storage/ports.ts';
import type { Call, RelayDeps } from './call.ts';
import { countCall, type Used } from './count.ts';

/** A database that does not answer is asked again: each time after twice as long. */
const SETTLE_TRIES = 6;
const SETTLE_RETRY_MS = 250;

export interface Ending extends Used {
  readonly reason: EndReason;
  readonly fault: Fault | null;
}

/** Ends the call in the books. Never throws: what cannot be written stays open for the replay. */
export function settle(call: Call, ending: Ending, deps: RelayDeps): Promise<void> {
  if (call.settled) return Promise.resolve();
  call.settled = true;
  deps.live.delete(call);
  const { quantities, source, charge } = countCall(call, ending);
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
