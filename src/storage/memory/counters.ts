/** Counters in this process. Exact; gone with the process; bounded in number. */
import type { Clock } from '../../kit/clock.ts';
import type {
  Correction,
  Counters,
  LeakRule,
  LeakVerdict,
  WindowRule,
  WindowVerdict,
} from '../ports.ts';

/** Names kept of each sort; beyond, the oldest one is forgotten. */
const NAMES_MAX = 200_000;
const MS_PER_S = 1_000;
/** A clock that jumped back further than this is believed. */
const BACK_JUMP_MS = 60_000;

/** A slot a second and one more, so that no `windowS` seconds ever hold more than the limit. */
interface Window {
  readonly slots: Int32Array;
  sum: number;
  /** Second of the newest slot. */
  second: number;
}

/** nginx's state of one key: what is over the rate, in thousandths of a request. */
interface Leak {
  excess: number;
  lastMs: number;
}

export class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();
  readonly #inside = new Map<string, number>();
  readonly #leaks = new Map<string, Leak>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(name: string, rule: WindowRule, cost: number): WindowVerdict {
    const nowMs = this.#clock.nowMs();
    const window = this.#window(name, rule, nowMs);
    const ok = window.sum + cost <= rule.limit;
    if (ok) {
      const slot = window.second % window.slots.length;
      window.slots[slot] = (window.slots[slot] ?? 0) + cost;
      window.sum += cost;
    }
    return {
      ok,
      limit: rule.limit,
      remaining: Math.max(0, rule.limit - window.sum),
      atMs: nowMs,
      resetMs: untilSum(window, 0, nowMs),
      retryAfterMs: ok ? 0 : untilSum(window, Math.max(0, rule.limit - cost), nowMs),
    };
  }

  correct(name: string, rule: WindowRule, by: Correction): void {
    const window = this.#window(name, rule, this.#clock.nowMs());
    const second = Math.floor(by.takenMs / MS_PER_S);
    if (window.second - second >= window.slots.length) return;
    const slot = second % window.slots.length;
    const before = window.slots[slot] ?? 0;
    const after = Math.max(0, before + by.delta);
    window.slots[slot] = after;
    window.sum += after - before;
  }

  enter(name: string, max: number): boolean {
    const inside = this.#inside.get(name) ?? 0;
    if (inside >= max) return false;
    this.#inside.set(name, inside + 1);
    return true;
  }

  leave(name: string): void {
    const inside = this.#inside.get(name) ?? 0;
    if (inside <= 1) this.#inside.delete(name);
    else this.#inside.set(name, inside - 1);
  }

  /**
   * nginx's own arithmetic (ngx_http_limit_req_module.c), in its units: a new key begins with no
   * excess, a refused request changes nothing, and only a passed millisecond moves `last`.
   */
  leak(name: string, rule: LeakRule): LeakVerdict {
    const nowMs = this.#clock.nowMs();
    const ratePerS = Math.round(rule.ratePerS * MS_PER_S);
    const known = this.#leaks.get(name);
    if (known === undefined) {
      bound(this.#leaks);
      this.#leaks.set(name, { excess: 0, lastMs: nowMs });
      return { ok: true, waitMs: 0, retryAfterMs: 0 };
    }
    let passedMs = nowMs - known.lastMs;
    if (passedMs < -BACK_JUMP_MS) passedMs = 1;
    else if (passedMs < 0) passedMs = 0;
    const drained = Math.floor((ratePerS * passedMs) / MS_PER_S);
    const excess = Math.max(0, known.excess - drained + MS_PER_S);
    const over = excess - rule.burst * MS_PER_S;
    if (over > 0) {
      return { ok: false, waitMs: 0, retryAfterMs: Math.ceil((over * MS_PER_S) / ratePerS) };
    }
    known.excess = excess;
    if (passedMs !== 0) known.lastMs = nowMs;
    const waitMs = rule.nodelay ? 0 : Math.floor((excess * MS_PER_S) / ratePerS);
    return { ok: true, waitMs, retryAfterMs: 0 };
  }

  #window(name: string, rule: WindowRule, nowMs: number): Window {
    const second = Math.floor(nowMs / MS_PER_S);
    let window = this.#windows.get(name);
    if (window === undefined || window.slots.length !== rule.windowS + 1) {
      bound(this.#windows);
      window = { slots: new Int32Array(rule.windowS + 1), sum: 0, second };
      this.#windows.set(name, window);
    }
    if (second > window.second) {
      const steps = Math.min(second - window.second, window.slots.length);
      for (let i = 1; i <= steps; i += 1) {
        const slot = (second - steps + i) % window.slots.length;
        window.sum -= window.slots[slot] ?? 0;
        window.slots[slot] = 0;
      }
      window.second = second;
    }
    return window;
  }
}

/** Milliseconds until at most `target` is left in the window. */
function untilSum(window: Window, target: number, nowMs: number): number {
  let left = window.sum;
  if (left <= target) return 0;
  const size = window.slots.length;
  for (let age = size - 1; age >= 0; age -= 1) {
    left -= window.slots[(window.second - age + size) % size] ?? 0;
    if (left <= target) return (window.second - age + size) * MS_PER_S - nowMs;
  }
  return size * MS_PER_S;
}

/** Makes room for one more name. */
function bound(map: Map<string, unknown>): void {
  if (map.size < NAMES_MAX) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
