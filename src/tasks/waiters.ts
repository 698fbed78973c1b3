/** Those who wait for a task to change, whichever node changes it. */
import type { Clock } from '../kit/clock.ts';
import type { Tasks } from '../storage/ports.ts';

/** Tasks that are looked up at once. */
const LOOK_ROWS_MAX = 500;

export interface Waiters {
  changed(id: string): void;
  /** Resolves at the next change, or after `ms`. */
  next(id: string, ms: number): Promise<void>;
}

export interface SharedWaiters extends Waiters {
  /** Looks whether another node wrote to a task that somebody waits for here. */
  look(tasks: Pick<Tasks, 'saves'>): Promise<void>;
}

export function makeWaiters(clock: Clock): SharedWaiters {
  const waiting = new Map<string, Set<() => void>>();
  let seen: ReadonlyMap<string, number> = new Map();
  const changed = (id: string): void => {
    const all = waiting.get(id);
    waiting.delete(id);
    for (const wake of all ?? []) wake();
  };
  return {
    changed,
    async look(tasks) {
      const ids = [...waiting.keys()];
      const found = new Map<string, number>();
      for (let at = 0; at < ids.length; at += LOOK_ROWS_MAX) {
        const part = await tasks.saves(ids.slice(at, at + LOOK_ROWS_MAX));
        for (const [id, saves] of part) found.set(id, saves);
      }
      // Of one that was not looked up before nobody knows what was missed: its waiters read it.
      for (const [id, saves] of found) if (seen.get(id) !== saves) changed(id);
      seen = found;
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
