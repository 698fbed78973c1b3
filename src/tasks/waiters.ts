/** Those who wait for a task to change, in this process. */
import type { Clock } from '../kit/clock.ts';

export interface Waiters {
  changed(id: string): void;
  /** Resolves at the next change, or after `ms`. */
  next(id: string, ms: number): Promise<void>;
}

export function makeWaiters(clock: Clock): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  return {
    changed(id) {
      const all = waiting.get(id);
      waiting.delete(id);
      for (const wake of all ?? []) wake();
    },
    next(id, ms) {
      return new Promise((resolve) => {
        const all = waiting.get(id) ?? new Set();
        waiting.set(id, all);
        const end = (): void => {
          takeBack();
          all.delete(end);
          if (all.size === 0 && waiting.get(id) === all) waiting.delete(id);
          resolve();
        };
        const takeBack = clock.after(ms, end);
        all.add(end);
      });
    },
  };
}
