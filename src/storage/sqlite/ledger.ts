/** The books on SQLite. All writes of one turn of the event loop are one transaction. */
import type { Database } from 'bun:sqlite';
import { Batch } from '../../kit/batch.ts';
import { hashSecret } from '../../kit/ids.ts';
import { makeProof } from '../audit.ts';
import {
  type Changes,
  decide,
  isChanged,
  makePurse,
  type Op,
  type Reader,
  type Verdict,
} from '../books.ts';
import { type Budget, byPrecedence } from '../budget-periods.ts';
import { endValues, holdValues } from '../call-columns.ts';
import type {
  Audit,
  Entry,
  HoldRow,
  HoldVerdict,
  Ledger,
  SettleRow,
  SettleVerdict,
} from '../ports.ts';
import { type FoundBudget, prepareStatements, type Statements } from './ledger-sql.ts';

/** Operations in one commit at most; a longer queue takes several commits. */
const GROUP_ROWS_MAX = 512;
/**
 * Nobody waits for a settlement, so it may wait for others: a commit for each would cost more than
 * the call. Until it is written the hold stands, which a crash turns into `unknown`.
 */
const SETTLE_DELAY_MS = 5;

export class SqliteLedger implements Ledger {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #reader: Reader;
  readonly #batch: Batch<Op, Verdict>;
  readonly #settlements: Batch<Op, Verdict>;
  readonly #committed: () => Promise<void> | undefined;

  /** `committed` runs after each commit; what it answers is awaited before anybody is told. */
  constructor(db: Database, committed: () => Promise<void> | undefined) {
    this.#db = db;
    this.#sql = prepareStatements(db);
    this.#reader = makeReader(this.#sql);
    this.#committed = committed;
    const commit = (ops: readonly Op[]) => this.#commit(ops);
    this.#batch = new Batch(commit, { sizeMax: GROUP_ROWS_MAX, delayMs: 0 });
    this.#settlements = new Batch(commit, { sizeMax: GROUP_ROWS_MAX, delayMs: SETTLE_DELAY_MS });
  }

  hold(row: HoldRow): Promise<HoldVerdict> {
    return this.#batch.add({ kind: 'hold', row }) as Promise<HoldVerdict>;
  }

  settle(row: SettleRow): Promise<SettleVerdict> {
    return this.#settlements.add({ kind: 'settle', row }) as Promise<SettleVerdict>;
  }

  async enter(entry: Entry): Promise<boolean> {
    return (await this.#batch.add({ kind: 'enter', entry })) === 'entered';
  }

  async keepPrice(text: string): Promise<string> {
    const id = hashSecret(text).slice(0, 16);
    this.#sql.keepPrice.run(id, text);
    return id;
  }

  async parkOpen(evidence: string): Promise<number> {
    return this.#sql.parkOpen.run(evidence).changes;
  }

  async audit(): Promise<Audit> {
    const { queries, judge } = makeProof('sqlite');
    const read = this.#db.transaction(() =>
      queries.map((query) => this.#db.query<Record<string, unknown>, []>(query).all()),
    );
    return judge(read());
  }

  #commit(ops: readonly Op[]): Verdict[] | Promise<Verdict[]> {
    const verdicts = this.#transact(ops);
    const durable = this.#committed();
    return durable === undefined ? verdicts : durable.then(() => verdicts);
  }

  #transact(ops: readonly Op[]): Verdict[] {
    this.#sql.begin.run();
    try {
      const changes = decide(ops, this.#reader);
      this.#write(changes);
      this.#sql.commit.run();
      return changes.verdicts;
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #write(changes: Changes): void {
    const sql = this.#sql;
    for (const held of changes.holds) sql.insertHold.run(...holdValues(held));
    for (const [id, evidence] of changes.parked) sql.parkHold.run(evidence, id);
    for (const { cause, from, to, amount, atMs } of changes.entries.values()) {
      sql.insertEntry.run(cause, from, to, amount, atMs);
    }
    for (const [id, ended] of changes.ended) {
      sql.insertCall.run(...endValues(ended), id);
      sql.deleteHold.run(id);
    }
    for (const [id, purse] of changes.accounts) {
      if (isChanged(purse)) sql.writeAccount.run(purse.balance, purse.held, id);
    }
    for (const [id, purse] of changes.keys) {
      if (isChanged(purse)) sql.writeKey.run(-purse.balance, purse.held, id);
    }
    for (const { budgetId, name, purse } of changes.windows.values()) {
      if (isChanged(purse)) sql.writeWindow.run(budgetId, name, -purse.balance, purse.held);
    }
  }
}

/** Reads each row when it is asked for. */
function makeReader(sql: Statements): Reader {
  return {
    hold(id) {
      const row = sql.findHold.get(id);
      if (row === null) return undefined;
      return {
        accountId: row.account_id,
        keyId: row.key_id,
        keyBudgeted: row.key_budgeted === 1,
        amount: BigInt(row.hold),
        tokens: BigInt(row.tokens),
        budgets: row.budgets,
        startedMs: row.started_ms,
      };
    },
    // A group that failed was rolled back whole.
    wasHeld: () => false,
    hasEntry: (cause) => sql.findEntry.get(cause) !== null,
    account(id) {
      const row = sql.readAccount.get(id);
      if (row === null) return undefined;
      const limit = row.unlimited === 1 ? null : 0n;
      const purse = makePurse(limit, BigInt(row.balance), BigInt(row.held));
      return { ...purse, budgeted: row.budgeted };
    },
    key(id) {
      const row = sql.readKey.get(id);
      if (row === null) return undefined;
      const limit = row.budget === null ? null : BigInt(row.budget);
      return makePurse(limit, -BigInt(row.spent), BigInt(row.held));
    },
    budgets: (accountId, keyId) =>
      sql.findBudgets.all(accountId, keyId).map(readBudget).sort(byPrecedence),
    budget(id) {
      const row = sql.findBudget.get(id);
      return row === null ? undefined : readBudget(row);
    },
    window(budget, name) {
      const row = sql.readWindow.get(budget.id, name);
      if (row === null) return undefined;
      return { balance: -BigInt(row.spent), held: BigInt(row.held) };
    },
  };
}

function readBudget(row: FoundBudget): Budget {
  return {
    id: row.id,
    scope: row.scope as Budget['scope'],
    period: row.period as Budget['period'],
    unit: row.unit as Budget['unit'],
    limit: BigInt(row.most),
  };
}
