/** Upstream after upstream, until one begins to answer. */
import { Fault } from '../kit/fault.ts';
import { attempt, type Begun } from './attempt.ts';
import type { Call, RelayDeps } from './call.ts';
import { type Failure, toFailure } from './failure.ts';
import { type Candidate, orderCandidates } from './upstreams.ts';

/** Tries of one call, all upstreams together. */
const ATTEMPTS_MAX = 12;
/** Timers may fire a moment early: who slept a whole pause must not find it still on. */
const EARLY_MS = 5;
const MS_PER_S = 1_000;

/** Throws the fault of the last failure, or `no_upstream` where none could be tried. */
export async function tryUpstreams(
  call: Call,
  candidates: readonly Candidate[],
  deps: RelayDeps,
): Promise<Begun> {
  const ordered = orderCandidates(candidates, deps.random);
  let last: Failure | null = null;
  let soonestMs = Number.POSITIVE_INFINITY;
  for (const candidate of ordered) {
    const only = candidate === ordered.at(-1);
    const tried = await tryUpstream(call, { candidate, only }, deps);
    if ('begun' in tried) return tried.begun;
    if (tried.failure === null) soonestMs = Math.min(soonestMs, tried.waitMs);
    else last = tried.failure;
    if (last?.final === true || call.attempts.length >= ATTEMPTS_MAX) break;
  }
  if (last !== null) throw last.fault;
  throw new Fault('no_upstream', { retryAfterS: Math.max(1, Math.ceil(soonestMs / MS_PER_S)) });
}

interface Try {
  readonly candidate: Candidate;
  /** No other upstream is left to go to. */
  readonly only: boolean;
}

type Tried =
  | { readonly begun: Begun }
  | { readonly failure: Failure | null; readonly waitMs: number };

/** One upstream, with its retries. */
async function tryUpstream(call: Call, wish: Try, deps: RelayDeps): Promise<Tried> {
  const { retry } = deps.settings;
  const { breakerName, upstream } = wish.candidate;
  let failure: Failure | null = null;
  for (let tries = 0; call.attempts.length < ATTEMPTS_MAX; tries += 1) {
    const waitMs = Math.max(deps.breaker.waitMs(upstream.id), deps.breaker.waitMs(breakerName));
    if (waitMs > EARLY_MS) return { failure, waitMs };
    deps.breaker.begin(upstream.id);
    deps.breaker.begin(breakerName);
    const startedMs = deps.clock.tickMs();
    try {
      call.candidate = wish.candidate;
      const begun = await attempt(call, wish.candidate, deps);
      note(call, { wish, startedMs, failure: null }, deps);
      if (begun.kind === 'whole') tellGood(wish.candidate, deps);
      return { begun };
    } catch (thrown) {
      failure = toFailure(thrown);
      note(call, { wish, startedMs, failure }, deps);
    }
    const pauseMs = pauseBefore(failure, wish, retry);
    if (pauseMs === null || tries >= retry.count) break;
    await deps.clock.sleep(pauseMs);
    if (call.stopped !== null) break;
  }
  return { failure, waitMs: 0 };
}

/** How long to wait before asking the same upstream again; null: not at all. */
function pauseBefore(
  failure: Failure,
  wish: Try,
  retry: RelayDeps['settings']['retry'],
): number | null {
  if (!failure.again) return null;
  const asked = failure.retryAfterMs;
  if (asked !== null && asked > retry.retryAfterMsMax) return null;
  // A busy vendor is only waited for when nobody else could answer meanwhile.
  if (failure.why === 'busy' && !wish.only) return null;
  return Math.max(retry.delayMs, asked ?? 0);
}

/** What an attempt taught: a row for people, a word to the breaker. */
function note(
  call: Call,
  attempt: { readonly wish: Try; readonly startedMs: number; readonly failure: Failure | null },
  deps: RelayDeps,
): void {
  const { wish, failure } = attempt;
  const { candidate } = wish;
  call.attempts.push({
    upstream: candidate.upstream.id,
    model: candidate.wireName,
    ms: Math.round(deps.clock.tickMs() - attempt.startedMs),
    status: failure === null ? 200 : failure.status,
    result: failure === null ? 'ok' : failure.fault.code,
    sent: failure?.sent ?? true,
  });
  if (failure === null) return;
  deps.breaker.tell(candidate.breakerName, failure.verdicts.model);
  deps.breaker.tell(candidate.upstream.id, failure.verdicts.upstream);
  if (failure.why === 'busy' && failure.retryAfterMs !== null) {
    deps.breaker.pause(candidate.breakerName, failure.retryAfterMs);
  }
  deps.log.warn('attempt failed', {
    call: call.hold.id,
    upstream: candidate.upstream.id,
    model: candidate.wireName,
    fault: failure.fault.code,
    status: failure.status,
  });
}

export function tellGood(candidate: Candidate, deps: RelayDeps): void {
  deps.breaker.tell(candidate.upstream.id, 'good');
  deps.breaker.tell(candidate.breakerName, 'good');
}
