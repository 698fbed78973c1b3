/** How a call ended becomes one row of the books; once. */
import type { Fault } from '../kit/fault.ts';
import type { EndReason, SettleRow } from '../storage/ports.ts';
import type { Call, RelayDeps } from './call.ts';
import { countCall, type Used } from './count.ts';

export interface Ending extends Used {
  readonly reason: EndReason;
  readonly fault: Fault | null;
}

/** Ends the call in the books, now or as soon as they take it. Never throws. */
export function settle(call: Call, ending: Ending, deps: RelayDeps): void {
  if (call.settled) return;
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
  deps.settlements.add(row);
}
