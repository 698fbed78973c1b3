/** Connections: bounded in number and in time, and asked again when the server went away. */
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import pg from 'pg';
import { systemClock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import type { Log } from '../../kit/log.ts';
import { refuseNul } from '../texts.ts';
import { isPassing, isRaceLost } from './errors.ts';

const CONNECT_TIMEOUT_MS = 2_000;
const IDLE_CONNECTION_MS = 60_000;
/** A transaction whose process stopped in its middle lets go of its rows after this. */
export const STILL_TRANSACTION_MS = 5_000;
/** How much longer than the server this side waits: the network may be what is away. */
const ANSWER_MARGIN_MS = 1_000;
const FIRST_PAUSE_MS = 20;
const PAUSE_MS_MAX = 500;

export interface PoolWish {
  readonly url: string;
  readonly connectionsMax: number;
  /** Of one statement, on the server; 0: none. */
  readonly statementTimeoutMs: number;
  readonly log: Log;
}

export function openPool(wish: PoolWish): pg.Pool {
  const { statementTimeoutMs } = wish;
  const pool = new pg.Pool({
    connectionString: wish.url,
    max: wish.connectionsMax,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    keepAlive: true,
    application_name: 'gangway',
    idle_in_transaction_session_timeout: STILL_TRANSACTION_MS,
    ...(statementTimeoutMs === 0
      ? {}
      : {
          statement_timeout: statementTimeoutMs,
          query_timeout: statementTimeoutMs + ANSWER_MARGIN_MS,
        }),
  });
  // A connection that breaks is replaced by the next one who asks; whoever used it is told by the
  // statement. Without somebody who hears of it here, the process would end.
  const hear = (error: Error): void => wish.log.debug('a connection broke', { error });
  pool.on('error', hear);
  pool.on('connect', (client) => client.on('error', hear));
  return pool;
}

/** What `insist` is told before each further try; false: no more. */
export type MayRetry = (tries: number, error: unknown) => boolean;

/** Tries again, each time after a longer pause, while the error is one that passes. */
export async function insist<T>(
  run: (tries: number) => Promise<T>,
  mayRetry: MayRetry,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await run(tries);
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (!mayRetry(tries, error)) throw away(error);
      const { promise, resolve } = Promise.withResolvers<void>();
      systemClock.after(Math.min(PAUSE_MS_MAX, FIRST_PAUSE_MS * 2 ** Math.min(tries, 10)), resolve);
      await promise;
    }
  }
}

/** Tries again until so many milliseconds have passed. */
export function within(ms: number): MayRetry {
  const startMs = systemClock.tickMs();
  return () => systemClock.tickMs() - startMs < ms;
}

function away(cause: unknown): Fault {
  return new Fault('storage_unavailable', { cause, retryAfterS: 1 });
}

/** How long a question off the hot path is asked again. */
const ASK_MS = 2_000;
const READS = /^\s*select\b/i;
const BEGINS = /^\s*(begin|start transaction)\b/i;
const ENDS = /^\s*(commit|rollback)\s*;?\s*$/i;

/**
 * The pool as Kysely takes it. A read outside of a transaction moves to another connection when
 * its own breaks; everything else that fails because the database is away is a fault that says so.
 */
export function guardPool(pool: pg.Pool): PostgresPool {
  return {
    options: {},
    connect: async () => new GuardedClient(pool, await connect(pool)),
    end: () => pool.end(),
  };
}

function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  return insist(() => pool.connect(), within(ASK_MS));
}

class GuardedClient implements PostgresPoolClient {
  readonly #pool: pg.Pool;
  /** null after it broke, until there is another. */
  #client: pg.PoolClient | null;
  #inTransaction = false;

  constructor(pool: pg.Pool, client: pg.PoolClient) {
    this.#pool = pool;
    this.#client = client;
  }

  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(
    asked: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): PostgresCursor<R> | Promise<PostgresQueryResult<R>> {
    if (typeof asked !== 'string') throw new Error('cursors are not carried');
    refuseNul(values);
    return this.#ask<R>(asked, values);
  }

  async #ask<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    if (BEGINS.test(text)) this.#inTransaction = true;
    const mayMove = READS.test(text) && !this.#inTransaction;
    const inTime = within(ASK_MS);
    if (ENDS.test(text)) this.#inTransaction = false;
    return insist(
      () => this.#try<R>(text, values),
      (tries, error) => mayMove && inTime(tries, error),
    );
  }

  async #try<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    this.#client ??= await this.#pool.connect();
    try {
      const answer: unknown = await this.#client.query(text, [...values]);
      return answer as PostgresQueryResult<R>;
    } catch (error) {
      if (isPassing(error) && !isRaceLost(error)) this.release(true);
      throw error;
    }
  }

  release(destroy = false): void {
    this.#client?.release(destroy);
    this.#client = null;
  }
}
