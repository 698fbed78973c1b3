/** A clock whose hands only the test moves. */
import type { Clock } from '../../src/kit/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** 22 November 2026, as good a day as any. */
export const START_MS = Date.UTC(2026, 10, 22, 8);
/** Turns of the event loop in which whatever is under way comes to rest. */
const REST_TURNS = 8;

/** Lets everything that waits for nothing but its turn go on. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < REST_TURNS; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

export class SimClock implements Clock {
  #passedMs = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return START_MS + this.#passedMs;
  }

  tickMs(): number {
    return this.#passedMs;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  after(ms: number, run: () => void): () => void {
    this.#order += 1;
    const timer = { atMs: this.#passedMs + ms, order: this.#order, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get waiting(): number {
    return this.#timers.size;
  }

  /** Moves the hands without looking at timers: for what only reads the time. */
  jump(ms: number): void {
    this.#passedMs += ms;
  }

  /** Moves the hands, running each timer at its time. */
  async advance(ms: number): Promise<void> {
    await rest();
    const endMs = this.#passedMs + ms;
    for (let next = this.#next(); next !== null && next.atMs <= endMs; next = this.#next()) {
      await this.#fire(next);
    }
    this.#passedMs = endMs;
    await rest();
  }

  /** Moves the hands as far as it takes for `work` to end, at most `maxMs`. */
  async until<T>(work: Promise<T>, maxMs = 3_600_000): Promise<T> {
    let ended = false;
    const note = (): void => {
      ended = true;
    };
    work.then(note, note);
    const endMs = this.#passedMs + maxMs;
    await rest();
    while (!ended) {
      const next = this.#next();
      if (next === null || next.atMs > endMs) throw new Error('it never ends');
      await this.#fire(next);
    }
    return work;
  }

  #next(): Timer | null {
    let first: Timer | null = null;
    for (const timer of this.#timers) {
      const sooner = first === null || timer.atMs < first.atMs;
      if (sooner || (timer.atMs === first?.atMs && timer.order < first.order)) first = timer;
    }
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#passedMs = Math.max(this.#passedMs, timer.atMs);
    timer.run();
    await rest();
  }
}

/** A random source that answers the same numbers in every run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
