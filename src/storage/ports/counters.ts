/** Counters for limits, in this process or shared between nodes. Never for money. */

/** At most `limit` in any `windowS` seconds. */
export interface WindowRule {
  readonly limit: number;
  readonly windowS: number;
}

export interface WindowVerdict {
  readonly ok: boolean;
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds until the window is empty again. */
  readonly resetMs: number;
  /** When it was taken, by the counters' clock. */
  readonly atMs: number;
  /** Milliseconds until this cost would fit; 0 where it did. */
  readonly retryAfterMs: number;
}

/** `delta` may be negative; `takenMs`: the verdict's `atMs`. */
export interface Correction {
  readonly delta: number;
  readonly takenMs: number;
}

/** nginx `limit_req`: requests a second with a burst. */
export interface LeakRule {
  readonly ratePerS: number;
  readonly burst: number;
  /** Without it, requests over the rate wait instead of going at once. */
  readonly nodelay: boolean;
}

export interface LeakVerdict {
  readonly ok: boolean;
  /** Milliseconds to wait before going on; 0 with nodelay. */
  readonly waitMs: number;
  /** Milliseconds after which a refused request would pass. */
  readonly retryAfterMs: number;
}

type Now<T> = T | Promise<T>;

/** Counters that may be shared between nodes. Never for money. */
export interface Counters {
  take(name: string, rule: WindowRule, cost: number): Now<WindowVerdict>;
  /** Corrects an earlier take, unless that has left the window by now. */
  correct(name: string, rule: WindowRule, by: Correction): Now<void>;
  /** One more at once; false where `max` are inside. */
  enter(name: string, max: number): Now<boolean>;
  leave(name: string): Now<void>;
  leak(name: string, rule: LeakRule): Now<LeakVerdict>;
}
