/** Counters in PostgreSQL, for nodes that share a database and no Redis. Never for money. */
import { type Clock, Deadlines, every } from '../../kit/clock.ts';
import type { Log } from '../../kit/log.ts';
import { HeldPlaces, LEASE_MS, RENEW_EVERY_MS } from '../places.ts';
import type {
  Correction,
  LeakRule,
  LeakVerdict,
  SharedCounters,
  WindowRule,
  WindowVerdict,
} from '../ports.ts';
import { openPool } from './connect.ts';

/** What is asked of a connection or a pool. */
export interface Querier {
  query(
    text: string,
    values: unknown[],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

export interface PostgresCountersWish {
  readonly db: Querier;
  readonly clock: Clock;
  /** Null: the database's own clock, as it should be. A test holds the hands itself. */
  readonly nowMs: (() => number) | null;
  /** Ends the connections. */
  readonly end?: () => Promise<void>;
}

/** Connections of their own, so that a queue at the books does not hold up the limits. */
const CONNECTIONS_MAX = 8;
/** The longest that a call waits for an answer. */
const ANSWER_MS_MAX = 1_000;
const MS_PER_S = 1_000;
const SWEEP_EVERY_MS = 60_000;
const SWEEP_ROWS_MAX = 5_000;

export interface PostgresPlace {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Connects when it is first asked. The tables are those of the migrations. */
export function openPostgresCounters({ url, clock, log }: PostgresPlace): PostgresCounters {
  // Whom nobody waits for any more must not hold a lock.
  const bounds = { connectionsMax: CONNECTIONS_MAX, statementTimeoutMs: ANSWER_MS_MAX };
  const db = openPool({ url, log, ...bounds });
  return new PostgresCounters({ db, clock, nowMs: null, end: () => db.end() });
}

export class PostgresCounters implements SharedCounters {
  readonly #db: Querier;
  readonly #deadlines: Deadlines;
  readonly #nowMs: (() => number) | null;
  readonly #places = new HeldPlaces();
  readonly #stops: readonly (() => void)[];
  readonly #end: () => Promise<void>;

  constructor(wish: PostgresCountersWish) {
    this.#db = wish.db;
    this.#deadlines = new Deadlines(wish.clock);
    this.#nowMs = wish.nowMs;
    this.#end = wish.end ?? (async () => undefined);
    this.#stops = [
      every(RENEW_EVERY_MS, () => void this.renew()),
      // What a sweep missed, the next one takes.
      every(SWEEP_EVERY_MS, () => void this.sweep().catch(() => undefined)),
    ];
  }

  async take(name: string, rule: WindowRule, cost: number): Promise<WindowVerdict> {
    const row = await this.#one('select * from counter_take($1, $2, $3, $4, $5)', [
      `w:${name}`,
      rule.windowS + 1,
      rule.limit,
      cost,
    ]);
    return {
      ok: row.ok === true,
      limit: rule.limit,
      remaining: Number(row.remaining),
      resetMs: Number(row.reset_ms),
      atMs: Number(row.at_ms),
      retryAfterMs: Number(row.retry_ms),
    };
  }

  async correct(name: string, rule: WindowRule, by: Correction): Promise<void> {
    const second = Math.floor(by.takenMs / MS_PER_S);
    const values = [`w:${name}`, rule.windowS + 1, second, by.delta];
    await this.#one('select counter_correct($1, $2, $3, $4, $5)', values);
  }

  async enter(name: string, max: number): Promise<boolean> {
    const slot = this.#places.newSlot();
    const values = [`p:${name}`, slot, max, LEASE_MS];
    const row = await this.#one('select counter_enter($1, $2, $3, $4, $5) as entered', values);
    if (row.entered !== true) return false;
    this.#places.keep(name, slot);
    return true;
  }

  async leave(name: string): Promise<void> {
    const slot = this.#places.drop(name);
    if (slot === undefined) return;
    await this.#ask('delete from counter_slots where name = $1 and slot = $2', [`p:${name}`, slot]);
  }

  async leak(name: string, rule: LeakRule): Promise<LeakVerdict> {
    const row = await this.#one('select * from counter_leak($1, $2, $3, $4, $5)', [
      `l:${name}`,
      Math.round(rule.ratePerS * MS_PER_S),
      rule.burst * MS_PER_S,
      rule.nodelay,
    ]);
    return {
      ok: row.ok === true,
      waitMs: Number(row.wait_ms),
      retryAfterMs: Number(row.retry_ms),
    };
  }

  /** Says that the calls of this node are still open. */
  async renew(): Promise<void> {
    for (const { name, slots } of this.#places.groups()) {
      try {
        const values = [`p:${name}`, slots, LEASE_MS];
        await this.#one('select counter_renew($1, $2, $3, $4)', values);
      } catch {
        // Calls are told that the database is away; the next renewal writes what was missed.
        return;
      }
    }
  }

  /** Deletes what is over; answers how much. */
  async sweep(): Promise<number> {
    const row = await this.#one('select counter_sweep($1, $2) as swept', [SWEEP_ROWS_MAX]);
    return Number(row.swept);
  }

  async ping(): Promise<void> {
    await this.#ask('select 1', []);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#end();
  }

  /** The one row of a function that takes the time as its last value. */
  async #one(text: string, values: unknown[]): Promise<Readonly<Record<string, unknown>>> {
    const now = this.#nowMs === null ? null : this.#nowMs();
    const [row] = await this.#ask(text, [...values, now]);
    if (row === undefined) throw new Error('PostgreSQL answered no row');
    return row;
  }

  async #ask(text: string, values: unknown[]) {
    const work = this.#db.query(text, values);
    const { rows } = await this.#deadlines.within(work, ANSWER_MS_MAX, () => {
      return new Error(`PostgreSQL did not answer within ${ANSWER_MS_MAX} ms`);
    });
    return rows;
  }
}
