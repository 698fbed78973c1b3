/** The books on SQLite. All writes of one turn of the event loop are one transaction. */
import type { Database } from 'bun:sqlite';
import { Batch } from '../../kit/batch.ts';
import { hashSecret } from '../../kit/ids.ts';
import { HOUSE_ACCOUNT } from '../accounts.ts';
import type {
  Audit,
  Entry,
  HoldRow,
  HoldVerdict,
  Ledger,
  SettleRow,
  SettleVerdict,
} from '../ports.ts';
import { writeUnits } from '../units.ts';
import { auditBooks } from './audit.ts';
import { prepareStatements, type Statements } from './ledger-sql.ts';

/** Operations in one commit at most; a longer queue takes several commits. */
const GROUP_ROWS_MAX = 512;
/**
 * Nobody waits for a settlement, so it may wait for others: a commit for each would cost more than
 * the call. Until it is written the hold stands, which a crash turns into `unknown`.
 */
const SETTLE_DELAY_MS = 5;

type Op =
  | { readonly kind: 'hold'; readonly row: HoldRow }
  | { readonly kind: 'settle'; readonly row: SettleRow }
  | { readonly kind: 'enter'; readonly entry: Entry };

type Verdict = HoldVerdict | SettleVerdict | 'entered' | 'cause_used';

/** An account or a key's budget, as this transaction will leave it. */
interface Purse {
  /** null: without limit. */
  limit: bigint | null;
  held: bigint;
  /** Money in (account) or minus what was spent (key). */
  balance: bigint;
  dirty: boolean;
}

interface Books {
  readonly accounts: Map<string, Purse>;
  readonly keys: Map<string, Purse>;
}

export class SqliteLedger implements Ledger {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #batch: Batch<Op, Verdict>;
  readonly #settlements: Batch<Op, Verdict>;
  readonly #committed: () => Promise<void> | undefined;

  /** `committed` runs after each commit; what it answers is awaited before anybody is told. */
  constructor(db: Database, committed: () => Promise<void> | undefined) {
    this.#db = db;
    this.#sql = prepareStatements(db);
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
    return auditBooks(this.#db);
  }

  #commit(ops: readonly Op[]): Verdict[] | Promise<Verdict[]> {
    const verdicts = this.#transact(ops);
    const durable = this.#committed();
    return durable === undefined ? verdicts : durable.then(() => verdicts);
  }

  #transact(ops: readonly Op[]): Verdict[] {
    this.#sql.begin.run();
    try {
      const books: Books = { accounts: new Map(), keys: new Map() };
      const verdicts = ops.map((op) => this.#apply(op, books));
      this.#writeBack(books);
      this.#sql.commit.run();
      return verdicts;
    } catch (error) {
      if (this.#db.inTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #apply(op: Op, books: Books): Verdict {
    if (op.kind === 'hold') return this.#hold(op.row, books);
    if (op.kind === 'settle') return this.#settle(op.row, books);
    return this.#enter(op.entry, books) ? 'entered' : 'cause_used';
  }

  #hold(row: HoldRow, books: Books): HoldVerdict {
    const account = this.#account(row.accountId, books);
    if (available(account) < row.amount) return 'insufficient_balance';
    if (row.keyBudgeted) {
      const key = this.#key(row.keyId, books);
      if (available(key) < row.amount) return 'budget_exceeded';
      key.held += row.amount;
      key.dirty = true;
    }
    account.held += row.amount;
    account.dirty = true;
    this.#sql.insertHold.run(
      row.id,
      row.accountId,
      row.keyId,
      row.keyBudgeted ? 1 : 0,
      row.requestId,
      row.service,
      row.model,
      row.stream ? 1 : 0,
      row.amount,
      row.priceId,
      row.startedMs,
      row.endpoint,
    );
    return 'held';
  }

  #settle(row: SettleRow, books: Books): SettleVerdict {
    const call = this.#sql.findHold.get(row.id);
    if (call === null) return 'already_settled';
    if (row.state === 'unknown') {
      this.#sql.parkHold.run(row.evidence, row.id);
      return 'settled';
    }
    const purses = [this.#account(call.account_id, books)];
    if (call.key_budgeted === 1) purses.push(this.#key(call.key_id, books));
    const held = BigInt(call.hold);
    for (const purse of purses) {
      purse.held -= held;
      purse.dirty = true;
    }
    const taken = atMost(row.charge, purses);
    if (taken > 0n) {
      for (const purse of purses) purse.balance -= taken;
      const house = this.#account(HOUSE_ACCOUNT, books);
      house.balance += taken;
      house.dirty = true;
      const atMs = call.started_ms + row.totalMs;
      this.#sql.insertEntry.run(`charge:${row.id}`, call.account_id, HOUSE_ACCOUNT, taken, atMs);
    }
    this.#endCall(row, taken);
    return 'settled';
  }

  #endCall(row: SettleRow, taken: bigint): void {
    const counted = row.quantities;
    this.#sql.insertCall.run(
      row.priceId,
      row.state,
      row.evidence,
      taken,
      row.charge - taken,
      counted?.inputTokens ?? 0,
      counted?.outputTokens ?? 0,
      counted?.cachedInputTokens ?? 0,
      counted?.reasoningTokens ?? 0,
      row.usageSource,
      row.endReason,
      row.fault,
      row.upstream,
      row.wireModel,
      row.attempts,
      row.queuedMs,
      row.firstByteMs,
      row.totalMs,
      counted?.cacheWriteTokens ?? 0,
      writeUnits(counted),
      row.id,
    );
    this.#sql.deleteHold.run(row.id);
  }

  #enter(entry: Entry, books: Books): boolean {
    if (this.#sql.findEntry.get(entry.cause) !== null) return false;
    const from = this.#account(entry.from, books);
    const to = this.#account(entry.to, books);
    if (available(from) < entry.amount) throw new Error(`account ${entry.from} cannot cover this`);
    this.#sql.insertEntry.run(entry.cause, entry.from, entry.to, entry.amount, entry.atMs);
    from.balance -= entry.amount;
    to.balance += entry.amount;
    from.dirty = true;
    to.dirty = true;
    return true;
  }

  #account(id: string, books: Books): Purse {
    const known = books.accounts.get(id);
    if (known !== undefined) return known;
    const row = this.#sql.readAccount.get(id);
    if (row === null) throw new Error(`no account ${id}`);
    const purse: Purse = {
      limit: row.unlimited === 1 ? null : 0n,
      balance: BigInt(row.balance),
      held: BigInt(row.held),
      dirty: false,
    };
    books.accounts.set(id, purse);
    return purse;
  }

  #key(id: string, books: Books): Purse {
    const known = books.keys.get(id);
    if (known !== undefined) return known;
    const row = this.#sql.readKey.get(id);
    if (row === null) throw new Error(`no key ${id}`);
    const purse: Purse = {
      limit: row.budget === null ? null : BigInt(row.budget),
      balance: -BigInt(row.spent),
      held: BigInt(row.held),
      dirty: false,
    };
    books.keys.set(id, purse);
    return purse;
  }

  #writeBack(books: Books): void {
    for (const [id, purse] of books.accounts) {
      if (purse.dirty) this.#sql.writeAccount.run(purse.balance, purse.held, id);
    }
    for (const [id, purse] of books.keys) {
      if (purse.dirty) this.#sql.writeKey.run(-purse.balance, purse.held, id);
    }
  }
}

/** More than any amount; for purses without a limit. */
const WITHOUT_LIMIT = 1n << 62n;

function available(purse: Purse): bigint {
  return purse.limit === null ? WITHOUT_LIMIT : purse.limit + purse.balance - purse.held;
}

/** What can be taken of `charge` without touching what other calls hold. */
function atMost(charge: bigint, purses: readonly Purse[]): bigint {
  let taken = charge;
  for (const purse of purses) {
    const room = available(purse);
    if (room < taken) taken = room > 0n ? room : 0n;
  }
  return taken;
}
