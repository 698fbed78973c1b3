/**
 * An upstream died in the middle of a stream: another one may go on from there. Off unless the
 * settings or the key want it, for it costs the prompt again.
 */
import { openRescuable } from '../dialects/index.ts';
import type { Rescuable } from '../dialects/rescue.ts';
import type { TurnUsage } from '../dialects/turn.ts';
import type { HoldRow, Quantities } from '../storage/ports.ts';
import type { VendorStream } from './attempt.ts';
import { tryUpstreams } from './attempts.ts';
import { type Call, type CallInput, exchangeWish, type RelayDeps } from './call.ts';
import { keepSpent } from './count.ts';
import type { Failure } from './failure.ts';

/** How often this call's stream may be gone on with; 0: never. */
export function rescuesMax(input: CallInput, model: string, deps: RelayDeps): number {
  const { rescue } = deps.settings;
  if (!input.request.stream || input.family !== 'chat') return 0;
  const isWanted =
    input.caller.key.rescue ?? (rescue.enabled && rescue.models?.has(model) !== false);
  return isWanted ? rescue.timesMax : 0;
}

export function makeRescuable(input: CallInput, hold: HoldRow, timesMax: number): Rescuable | null {
  return timesMax === 0 ? null : openRescuable(exchangeWish(input, hold));
}

/** The stream of the upstream that goes on; null where nobody may or can. */
export async function rescue(
  call: Call,
  broken: { readonly stream: VendorStream; readonly failure: Failure },
  deps: RelayDeps,
): Promise<VendorStream | null> {
  const { rescuable, candidate } = call;
  const isOurs = call.stopped === null && !broken.failure.final;
  if (rescuable === null || candidate === null || !isOurs || !rescuable.isSafe) return null;
  if (call.earlier.length >= deps.settings.rescue.timesMax) return null;
  // Those that began to answer this call are those that broke off.
  const begun = new Set(
    call.attempts.filter(({ result }) => result === 'ok').map(({ upstream }) => upstream),
  );
  const others = call.candidates.filter(({ upstream }) => !begun.has(upstream.id));
  if (others.length === 0) return null;
  const spent = keepSpent(call, broken.stream.watch);
  if (spent !== null) rescuable.spend(usageOf(spent.quantities));
  try {
    const next = await tryUpstreams(call, others, deps);
    if (next.kind !== 'stream') throw new Error('a stream was answered with one body');
    return next.stream;
  } catch {
    // What broke off is what the caller is told; who failed to go on stands in the attempts.
    if (spent !== null) call.earlier.pop();
    call.candidate = candidate;
    return null;
  }
}

function usageOf(used: Quantities): TurnUsage {
  return {
    input: used.inputTokens,
    output: used.outputTokens,
    cachedInput: used.cachedInputTokens,
    cacheWrite: used.cacheWriteTokens ?? 0,
    reasoning: used.reasoningTokens,
  };
}
