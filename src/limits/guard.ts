/** Counters that may be away: calls are refused, or counted by this node alone and marked so. */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import type { Correction, Counters, SharedCounters } from '../storage/ports.ts';

/** How long until a call that was refused for want of counters may come again. */
const RETRY_AFTER_S = 1;

export interface GuardWish {
  readonly shared: SharedCounters;
  /** Count while the shared ones are away; null: calls are refused meanwhile. */
  readonly local: Counters | null;
  readonly clock: Clock;
  readonly log: Log;
}

export type CountersState = 'ok' | 'local' | 'unavailable';

export interface GuardedCounters extends Counters {
  /** Asks the shared counters whether they are there. */
  state(): Promise<CountersState>;
  /** True where this node counted alone at or after this time (tickMs). */
  countedAlone(sinceTickMs: number): boolean;
}

/**
 * Fails closed unless there are local counters: a limit that nobody counts is none. What only gives
 * back never fails a call: a lost correction ends with its window, a lost place with its lease.
 */
export function guardCounters(wish: GuardWish): GuardedCounters {
  const { shared, local, clock } = wish;
  /** Places taken in the local counters, by name. */
  const inside = new Map<string, number>();
  let aloneTickMs = Number.NEGATIVE_INFINITY;
  let alone = false;

  async function ask<T>(remote: () => T | Promise<T>, here: (() => T | Promise<T>) | null) {
    try {
      const answer = await remote();
      if (alone) wish.log.info('the shared counters count again');
      alone = false;
      return answer;
    } catch (cause) {
      if (here === null) {
        throw new Fault('counters_unavailable', { cause, retryAfterS: RETRY_AFTER_S });
      }
      if (!alone) wish.log.error('this node counts alone', { error: cause });
      alone = true;
      aloneTickMs = clock.tickMs();
      return here();
    }
  }

  return {
    take: (name, rule, cost) =>
      ask(() => shared.take(name, rule, cost), local && (() => local.take(name, rule, cost))),
    leak: (name, rule) =>
      ask(() => shared.leak(name, rule), local && (() => local.leak(name, rule))),
    async correct(name, rule, by: Correction) {
      try {
        await shared.correct(name, rule, by);
      } catch {
        await local?.correct(name, rule, by);
      }
    },
    enter: (name, max) =>
      ask(
        () => shared.enter(name, max),
        local &&
          (async () => {
            const entered = await local.enter(name, max);
            if (entered) inside.set(name, (inside.get(name) ?? 0) + 1);
            return entered;
          }),
      ),
    async leave(name) {
      const held = inside.get(name) ?? 0;
      if (held > 0) {
        if (held === 1) inside.delete(name);
        else inside.set(name, held - 1);
        await local?.leave(name);
        return;
      }
      try {
        await shared.leave(name);
      } catch {
        // Its lease ends it.
      }
    },
    state: () => stateOf(wish),
    countedAlone: (sinceTickMs) => aloneTickMs >= sinceTickMs,
  };
}

async function stateOf({ shared, local }: GuardWish): Promise<CountersState> {
  try {
    await shared.ping();
    return 'ok';
  } catch {
    return local === null ? 'unavailable' : 'local';
  }
}
