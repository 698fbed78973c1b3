/** Time as a port: everything above asks a Clock, so that a simulation can hold the hands. */

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start, never going back; for durations. */
  tickMs(): number;
  sleep(ms: number): Promise<void>;
  /** Calls `run` once after `ms`. The answer takes it back. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = Object.freeze({
  nowMs: () => Date.now(),
  tickMs: () => performance.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
});

/** Calls `run` every `ms` until the answer is called; never keeps the process alive by itself. */
export function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  timer.unref();
  return () => clearInterval(timer);
}

const SWEEP_MS = 50;

/** One pending time limit. `atMs` may be pushed on, which costs nothing. */
export interface Deadline {
  atMs: number;
  readonly passed: () => void;
}

/**
 * All time limits of all calls behind one timer. A timer per call would cost more than the call's
 * own work; the price is that a limit may pass up to SWEEP_MS late.
 */
export class Deadlines {
  readonly #pending = new Set<Deadline>();
  readonly #clock: Clock;
  #sweeping = false;
  #nowMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.tickMs();
  }

  add(ms: number, passed: () => void): Deadline {
    if (!this.#sweeping) {
      this.#nowMs = this.#clock.tickMs();
      this.#sweeping = true;
      this.#clock.after(SWEEP_MS, this.#sweep);
    }
    const deadline: Deadline = { atMs: this.#nowMs + ms, passed };
    this.#pending.add(deadline);
    return deadline;
  }

  /** Moves a limit to `ms` from now (as of the last sweep). */
  push(deadline: Deadline, ms: number): void {
    deadline.atMs = this.#nowMs + ms;
  }

  /** What `work` comes to, or what `late` answers where that takes longer than `ms`. */
  within<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = this.add(ms, () => reject(late()));
      work.then(resolve, reject).finally(() => this.remove(deadline));
    });
  }

  remove(deadline: Deadline): void {
    this.#pending.delete(deadline);
  }

  readonly #sweep = (): void => {
    this.#nowMs = this.#clock.tickMs();
    const passed = [...this.#pending].filter((deadline) => deadline.atMs <= this.#nowMs);
    for (const deadline of passed) this.#pending.delete(deadline);
    this.#sweeping = this.#pending.size > 0;
    if (this.#sweeping) this.#clock.after(SWEEP_MS, this.#sweep);
    for (const deadline of passed) deadline.passed();
  };
}
