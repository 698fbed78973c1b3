/** Counters in Redis, shared by all nodes. Gone with Redis' memory; never for money. */
import { every } from '../../kit/clock.ts';
import { HeldPlaces, LEASE_MS, RENEW_EVERY_MS } from '../places.ts';
import type {
  Correction,
  LeakRule,
  LeakVerdict,
  SharedCounters,
  WindowRule,
  WindowVerdict,
} from '../ports.ts';
import { RedisLink, type RedisLinkDeps } from './link.ts';
import { CORRECT, ENTER, LEAK, RENEW, TAKE } from './scripts.ts';

const MS_PER_S = 1_000;

export interface RedisCountersWish extends RedisLinkDeps {
  /** Before every key, so that several installations may share one Redis. */
  readonly prefix: string;
  /** Null: Redis' own clock, as it should be. A test holds the hands itself. */
  readonly nowMs: (() => number) | null;
}

export class RedisCounters implements SharedCounters {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #nowMs: (() => number) | null;
  readonly #places = new HeldPlaces();
  readonly #stopRenewing: () => void;

  constructor(wish: RedisCountersWish) {
    this.#link = new RedisLink(wish);
    this.#prefix = wish.prefix;
    this.#nowMs = wish.nowMs;
    this.#stopRenewing = every(RENEW_EVERY_MS, () => void this.renew());
  }

  /** Comes back after the first try to reach Redis, whatever came of it. */
  connect(): Promise<void> {
    return this.#link.connect();
  }

  async take(name: string, rule: WindowRule, cost: number): Promise<WindowVerdict> {
    const args = [this.#now(), rule.windowS + 1, rule.limit, cost];
    const answer = await this.#link.run(TAKE, this.#key('window', name), args);
    const [ok, remaining = 0, resetMs = 0, atMs = 0, retryAfterMs = 0] = numbers(answer, 5);
    return { ok: ok === 1, limit: rule.limit, remaining, resetMs, atMs, retryAfterMs };
  }

  async correct(name: string, rule: WindowRule, by: Correction): Promise<void> {
    const second = Math.floor(by.takenMs / MS_PER_S);
    const args = [this.#now(), rule.windowS + 1, second, by.delta];
    await this.#link.run(CORRECT, this.#key('window', name), args);
  }

  async enter(name: string, max: number): Promise<boolean> {
    const slot = this.#places.newSlot();
    const key = this.#key('places', name);
    const entered = await this.#link.run(ENTER, key, [this.#now(), LEASE_MS, max, slot]);
    if (entered !== 1) return false;
    this.#places.keep(name, slot);
    return true;
  }

  async leave(name: string): Promise<void> {
    const slot = this.#places.drop(name);
    if (slot !== undefined) await this.#link.send('ZREM', [this.#key('places', name), slot]);
  }

  async leak(name: string, rule: LeakRule): Promise<LeakVerdict> {
    const rate = Math.round(rule.ratePerS * MS_PER_S);
    const args = [this.#now(), rate, rule.burst * MS_PER_S, rule.nodelay ? 1 : 0];
    const answer = await this.#link.run(LEAK, this.#key('leak', name), args);
    const [ok, waitMs = 0, retryAfterMs = 0] = numbers(answer, 3);
    return { ok: ok === 1, waitMs, retryAfterMs };
  }

  /** Says that the calls of this node are still open. */
  async renew(): Promise<void> {
    for (const { name, slots } of this.#places.groups()) {
      try {
        await this.#link.run(RENEW, this.#key('places', name), [this.#now(), LEASE_MS, ...slots]);
      } catch {
        // The link says so itself; the next renewal writes again what was missed.
        return;
      }
    }
  }

  async ping(): Promise<void> {
    await this.#link.send('PING', []);
  }

  async close(): Promise<void> {
    this.#stopRenewing();
    this.#link.close();
  }

  #key(sort: string, name: string): string {
    return `${this.#prefix}${sort}:${name}`;
  }

  #now(): number | '' {
    return this.#nowMs === null ? '' : this.#nowMs();
  }
}

/** So many numbers, as a script answers them. */
function numbers(answer: unknown, count: number): readonly number[] {
  const good = Array.isArray(answer) && answer.length === count;
  if (!good || answer.some((one) => typeof one !== 'number')) {
    throw new Error('Redis answered something else than its script');
  }
  return answer;
}
