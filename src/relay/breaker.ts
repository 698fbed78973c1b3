/** Remembers which upstreams fail, and why, so that callers need not find out one by one. */
import type { Clock } from '../kit/clock.ts';

export interface BreakerSettings {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** A row of failures older than this begins anew. */
  readonly windowMs: number;
  /** First time that it stays open; each further time doubles it. */
  readonly openMs: number;
  readonly openMsMax: number;
  /** How long a refused credential or an empty account keeps an upstream away. */
  readonly refusedMs: number;
}

export type BreakerState = 'closed' | 'open' | 'half_open';

/** What an attempt says of its upstream. `busy` and `neutral` never open a breaker. */
export type Verdict = 'good' | 'down' | 'refused' | 'neutral';

interface Health {
  failures: number;
  firstFailureMs: number;
  openUntilMs: number;
  timesOpened: number;
  probing: boolean;
  cause: 'down' | 'refused' | null;
  /** Asked to be left alone (429 with Retry-After): not broken. */
  busyUntilMs: number;
}

/** Names kept; there are as many as upstreams times models in use. */
const NAMES_MAX = 10_000;

export class Breaker {
  readonly #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #health = new Map<string, Health>();

  constructor(settings: BreakerSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Milliseconds until this name may be tried; 0: now. The first after that is the probe. */
  waitMs(name: string): number {
    const health = this.#health.get(name);
    if (health === undefined) return 0;
    const nowMs = this.#clock.tickMs();
    if (health.busyUntilMs > nowMs) return health.busyUntilMs - nowMs;
    if (health.cause === null) return 0;
    if (health.openUntilMs > nowMs) return health.openUntilMs - nowMs;
    if (health.probing) return this.#settings.openMs;
    return 0;
  }

  /** To be called when an attempt really begins. */
  begin(name: string): void {
    const health = this.#health.get(name);
    if (health !== undefined && health.cause !== null) health.probing = true;
  }

  tell(name: string, verdict: Verdict): void {
    if (verdict === 'good') {
      this.#health.delete(name);
      return;
    }
    const health = this.#of(name);
    const probed = health.probing;
    health.probing = false;
    if (verdict === 'neutral') return;
    const nowMs = this.#clock.tickMs();
    if (verdict === 'refused') {
      this.#open(health, 'refused', nowMs);
      return;
    }
    if (nowMs - health.firstFailureMs > this.#settings.windowMs && !probed) health.failures = 0;
    if (health.failures === 0) health.firstFailureMs = nowMs;
    health.failures += 1;
    if (probed || health.failures >= this.#settings.failures) this.#open(health, 'down', nowMs);
  }

  /** The upstream asked for time; obeyed, and not held against it. */
  pause(name: string, ms: number): void {
    this.#of(name).busyUntilMs = this.#clock.tickMs() + ms;
  }

  state(name: string): BreakerState {
    const health = this.#health.get(name);
    if (health === undefined || health.cause === null) return 'closed';
    return health.openUntilMs > this.#clock.tickMs() ? 'open' : 'half_open';
  }

  /** Every name that is not closed. */
  list(): readonly {
    readonly name: string;
    readonly state: BreakerState;
    readonly cause: string;
  }[] {
    return [...this.#health]
      .filter(([, health]) => health.cause !== null)
      .map(([name, health]) => ({ name, state: this.state(name), cause: health.cause ?? '' }));
  }

  #open(health: Health, cause: 'down' | 'refused', nowMs: number): void {
    const { openMs, openMsMax, refusedMs } = this.#settings;
    health.cause = cause;
    health.failures = 0;
    health.openUntilMs =
      nowMs +
      (cause === 'refused' ? refusedMs : Math.min(openMsMax, openMs * 2 ** health.timesOpened));
    health.timesOpened += 1;
  }

  #of(name: string): Health {
    const known = this.#health.get(name);
    if (known !== undefined) return known;
    if (this.#health.size >= NAMES_MAX) {
      this.#health.delete(this.#health.keys().next().value ?? '');
    }
    const fresh: Health = {
      failures: 0,
      firstFailureMs: 0,
      openUntilMs: 0,
      timesOpened: 0,
      probing: false,
      cause: null,
      busyUntilMs: 0,
    };
    this.#health.set(name, fresh);
    return fresh;
  }
}
