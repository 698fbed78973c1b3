/**
 * The books on PostgreSQL. What arrives while one group is written is the next group, so an account
 * that everybody calls on is locked once for many calls.
 */
import type pg from 'pg';
import { Batch } from '../../kit/batch.ts';
import { systemClock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import { hashSecret } from '../../kit/ids.ts';
import type { Log } from '../../kit/log.ts';
import { makeProof } from '../audit.ts';
import type { Op, Verdict } from '../books.ts';
import { DOUBT_EVIDENCE } from '../evidence.ts';
import type {
  Audit,
  Entry,
  HoldRow,
  HoldVerdict,
  Ledger,
  SettleRow,
  SettleVerdict,
} from '../ports.ts';
import { runGroup } from './books.ts';
import { insist, openPool, STILL_TRANSACTION_MS, within } from './connect.ts';
import { isPassing, isRaceLost, isWrittenTwice, RaceLost } from './errors.ts';
import type { Tenure } from './tenure.ts';

/** Operations in one transaction at most. */
const GROUP_ROWS_MAX = 512;
/** Nobody waits for a settlement, so it may wait for others. */
const SETTLE_DELAY_MS = 5;
/** How long a caller waits for a database that is away. */
const HOLD_TRY_MS = 3_000;
/** How long a stop waits for the last settlements. */
const STOP_TRY_MS = 5_000;
/** Settlements that wait for the database at most, about a kilobyte each. */
const SETTLEMENTS_MAX = 50_000;
/** After this no transaction of a lost connection can still come to be. */
const DOUBT_MS = 2 * STILL_TRANSACTION_MS;

/** Tries of a group that meets what others wrote at the same moment. */
const RACES_MAX = 3;

interface Group {
  readonly ops: readonly Op[];
  /** A commit was sent, and nobody heard whether it came through. */
  inDoubt: boolean;
}

export interface LedgerDeps {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly tenure: Tenure;
  readonly log: Log;
}

export class PostgresLedger implements Ledger {
  readonly #deps: LedgerDeps;
  readonly #batch: Batch<Op, Verdict>;
  readonly #settlements: Batch<Op, Verdict>;
  /** Once the store closes: when the last try ends, by the clock's tick. */
  #stopAtMs: number | null = null;
  #waiting = 0;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
    const size = { sizeMax: GROUP_ROWS_MAX, splits: isOneBad };
    this.#batch = new Batch((ops) => this.#now(ops), { ...size, delayMs: 0 });
    this.#settlements = new Batch((ops) => this.#sometime(ops), {
      ...size,
      delayMs: SETTLE_DELAY_MS,
    });
  }

  hold(row: HoldRow): Promise<HoldVerdict> {
    return this.#batch.add({ kind: 'hold', row }) as Promise<HoldVerdict>;
  }

  async settle(row: SettleRow): Promise<SettleVerdict> {
    if (this.#waiting >= SETTLEMENTS_MAX) throw new Fault('storage_unavailable');
    this.#waiting += 1;
    try {
      return (await this.#settlements.add({ kind: 'settle', row })) as SettleVerdict;
    } finally {
      this.#waiting -= 1;
    }
  }

  async enter(entry: Entry): Promise<boolean> {
    return (await this.#batch.add({ kind: 'enter', entry })) === 'entered';
  }

  async keepPrice(text: string): Promise<string> {
    const id = hashSecret(text).slice(0, 16);
    const insert = 'insert into prices (id, text) values ($1, $2) on conflict do nothing';
    await insist(() => this.#deps.pool.query(insert, [id, text]), within(HOLD_TRY_MS));
    return id;
  }

  parkOpen(evidence: string): Promise<number> {
    return this.#deps.tenure.parkOpen(evidence);
  }

  async audit(): Promise<Audit> {
    const { url, log } = this.#deps;
    const { queries, judge } = makeProof('postgres');
    // A proof takes the time that it takes.
    const pool = openPool({ url, connectionsMax: 1, statementTimeoutMs: 0, log });
    try {
      await pool.query('begin isolation level repeatable read read only');
      const answers = [];
      for (const text of queries) answers.push((await pool.query(text)).rows);
      return judge(answers);
    } finally {
      await pool.end();
    }
  }

  /** Writes what waits, in bounded time. */
  async stop(): Promise<void> {
    this.#stopAtMs = systemClock.tickMs() + STOP_TRY_MS;
    await Promise.all([this.#batch.idle(), this.#settlements.idle()]);
  }

  /** Somebody waits: a fault comes soon. */
  async #now(ops: readonly Op[]): Promise<readonly Verdict[]> {
    const group: Group = { ops, inDoubt: false };
    try {
      return await insist((tries) => this.#transact(group, tries), within(HOLD_TRY_MS));
    } catch (error) {
      if (group.inDoubt) for (const op of ops) if (op.kind === 'hold') this.#doubt(op.row);
      throw error;
    }
  }

  /** Nobody waits, and a charge must not be lost: as long as this process lives. */
  #sometime(ops: readonly Op[]): Promise<readonly Verdict[]> {
    const group: Group = { ops, inDoubt: false };
    return insist(
      (tries) => this.#transact(group, tries),
      (tries, error) => {
        if (tries === 0) {
          this.#deps.log.error('settlements wait for the database', { calls: ops.length, error });
        }
        return this.#stopAtMs === null || systemClock.tickMs() < this.#stopAtMs;
      },
    );
  }

  async #transact(group: Group, tries: number): Promise<readonly Verdict[]> {
    const client = await this.#deps.pool.connect();
    let broken = false;
    let committing = false;
    try {
      await client.query('begin');
      const { ops } = group;
      const node = this.#deps.tenure.id;
      const verdicts = await runGroup(client, { ops, node, again: tries > 0 });
      committing = true;
      await client.query('commit');
      return verdicts;
    } catch (error) {
      if (committing) group.inDoubt = true;
      broken = !(await isRolledBack(client, error));
      if (isWrittenTwice(error) && tries < RACES_MAX) {
        throw new RaceLost('another wrote the same', { cause: error });
      }
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /**
   * The caller was told that there is no hold, but the commit may have come through: then nobody
   * would ever end it. It is released as soon as it can no longer come to be.
   */
  #doubt(row: HoldRow): void {
    systemClock.after(DOUBT_MS, () => {
      if (this.#stopAtMs !== null) return;
      this.settle(releaseRow(row)).catch((error: unknown) => {
        this.#deps.log.error('a hold in doubt may stay open', { call: row.id, error });
      });
    });
  }
}

/** An error of the words themselves: one bad operation, that must not fail the others. */
function isOneBad(error: unknown): boolean {
  return !(error instanceof Fault);
}

/** Leaves the connection fit for others where it can. */
async function isRolledBack(client: pg.PoolClient, error: unknown): Promise<boolean> {
  if (isPassing(error) && !isRaceLost(error)) return false;
  return client.query('rollback').then(
    () => true,
    () => false,
  );
}

function releaseRow(row: HoldRow): SettleRow {
  return {
    id: row.id,
    state: 'released',
    charge: 0n,
    quantities: null,
    usageSource: 'none',
    endReason: 'refused',
    fault: 'storage_unavailable',
    upstream: null,
    wireModel: null,
    priceId: row.priceId,
    attempts: '[]',
    queuedMs: 0,
    firstByteMs: null,
    totalMs: 0,
    evidence: DOUBT_EVIDENCE,
  };
}
