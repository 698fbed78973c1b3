/**
 * What holds, settlements and entries do to the books: decided here, the same on every database.
 * A maker reads what a group of them needs, asks `decide`, and writes what it answers, all in one
 * transaction.
 */
import { HOUSE_ACCOUNT } from './accounts.ts';
import { type Budget, windowName, windowReset } from './budget-periods.ts';
import type {
  BudgetRefusal,
  Entry,
  HoldRow,
  HoldVerdict,
  SettleRow,
  SettleVerdict,
} from './ports.ts';

export type Op =
  | { readonly kind: 'hold'; readonly row: HoldRow }
  | { readonly kind: 'settle'; readonly row: SettleRow }
  | { readonly kind: 'enter'; readonly entry: Entry };

export type Verdict = HoldVerdict | SettleVerdict | 'entered' | 'cause_used';

/** An account, the budget of a key, or a budget's window, as this transaction will leave it. */
export interface Purse {
  /** null: without limit. */
  readonly limit: bigint | null;
  held: bigint;
  /** Money in (account) or minus what was spent (key, window). */
  balance: bigint;
  /** As it was read. */
  readonly before: { readonly held: bigint; readonly balance: bigint };
}

export interface AccountPurse extends Purse {
  /** Budgets of the account and its keys. */
  readonly budgeted: number;
}

/** A call that nobody has ended, as it was written. */
export interface OpenHold {
  readonly accountId: string;
  readonly keyId: string;
  readonly keyBudgeted: boolean;
  readonly amount: bigint;
  readonly tokens: bigint;
  readonly budgets: string | null;
  readonly startedMs: number;
}

/** Rows as this transaction sees them. */
export interface Reader {
  hold(id: string): OpenHold | undefined;
  /** True for a hold that an earlier try of this group has written already. */
  wasHeld(id: string): boolean;
  hasEntry(cause: string): boolean;
  account(id: string): AccountPurse | undefined;
  key(id: string): Purse | undefined;
  /** Those of the account and of this key, strictest scope first. */
  budgets(accountId: string, keyId: string): readonly Budget[];
  /** undefined where it was taken away since. */
  budget(id: string): Budget | undefined;
  /** undefined where nothing was used in it yet. */
  window(budget: Budget, name: string): Pick<Purse, 'held' | 'balance'> | undefined;
}

export interface Ended {
  readonly row: SettleRow;
  /** Of the charge, what the account could pay. */
  readonly taken: bigint;
}

/** What the transaction must write. */
export interface Changes {
  readonly verdicts: Verdict[];
  readonly holds: { readonly row: HoldRow; readonly budgets: string | null }[];
  readonly parked: Map<string, string | null>;
  readonly ended: Map<string, Ended>;
  readonly entries: Map<string, Entry>;
  readonly accounts: Map<string, AccountPurse>;
  readonly keys: Map<string, Purse>;
  readonly windows: Map<string, WindowPurse>;
}

interface WindowPurse {
  readonly budgetId: string;
  readonly name: string;
  readonly purse: Purse;
}

export function makePurse(limit: bigint | null, balance: bigint, held: bigint): Purse {
  return { limit, balance, held, before: { balance, held } };
}

/** True where it must be written. */
export function isChanged(purse: Purse): boolean {
  return purse.balance !== purse.before.balance || purse.held !== purse.before.held;
}

/** Throws on what cannot be: the group is then rolled back, and each is asked for alone. */
export function decide(ops: readonly Op[], reader: Reader): Changes {
  const changes: Changes = {
    verdicts: [],
    holds: [],
    parked: new Map(),
    ended: new Map(),
    entries: new Map(),
    accounts: new Map(),
    keys: new Map(),
    windows: new Map(),
  };
  const books = new Books(reader, changes);
  for (const op of ops) changes.verdicts.push(books.apply(op));
  return changes;
}

class Books {
  readonly #reader: Reader;
  readonly #changes: Changes;

  constructor(reader: Reader, changes: Changes) {
    this.#reader = reader;
    this.#changes = changes;
  }

  apply(op: Op): Verdict {
    if (op.kind === 'hold') return this.#hold(op.row);
    if (op.kind === 'settle') return this.#settle(op.row);
    return this.#enter(op.entry) ? 'entered' : 'cause_used';
  }

  #hold(row: HoldRow): HoldVerdict {
    if (this.#reader.wasHeld(row.id)) return 'held';
    const account = this.#account(row.accountId);
    if (available(account) < row.amount) return 'insufficient_balance';
    const key = row.keyBudgeted ? this.#key(row.keyId) : null;
    if (key !== null && available(key) < row.amount) return refuseKey(key, row);
    let budgets: string | null = null;
    if (account.budgeted > 0) {
      const inForce = this.#reader.budgets(row.accountId, row.keyId);
      for (const budget of inForce) {
        const purse = this.#window(budget, row.startedMs);
        const asked = bound(budget, row);
        if (available(purse) < asked) return refuse(budget, { purse, asked, row });
      }
      for (const budget of inForce) this.#window(budget, row.startedMs).held += bound(budget, row);
      if (inForce.length > 0) budgets = inForce.map(({ id }) => id).join(',');
    }
    if (key !== null) key.held += row.amount;
    account.held += row.amount;
    this.#changes.holds.push({ row, budgets });
    return 'held';
  }

  #settle(row: SettleRow): SettleVerdict {
    const { ended, parked } = this.#changes;
    const call = this.#reader.hold(row.id);
    if (call === undefined || ended.has(row.id)) return 'already_settled';
    if (row.state === 'unknown') {
      parked.set(row.id, row.evidence);
      return 'settled';
    }
    const account = this.#account(call.accountId);
    const purses: Purse[] = [account];
    if (call.keyBudgeted) purses.push(this.#key(call.keyId));
    for (const purse of purses) purse.held -= call.amount;
    const windows = this.#windowsOf(call);
    for (const { budget, purse } of windows) purse.held -= boundOfHold(budget, call);
    const money = windows.filter(({ budget }) => budget.unit === 'money');
    let taken = atMost(row.charge, purses);
    for (const { purse } of money) taken = least(taken, most(available(purse), call.amount));
    if (taken > 0n) {
      for (const purse of purses) purse.balance -= taken;
      for (const { purse } of money) purse.balance -= taken;
      this.#account(HOUSE_ACCOUNT).balance += taken;
      const cause = `charge:${row.id}`;
      const atMs = row.bookedMs ?? call.startedMs + row.totalMs;
      const entry = { cause, from: call.accountId, to: HOUSE_ACCOUNT, amount: taken, atMs };
      this.#changes.entries.set(cause, entry);
    }
    const used = BigInt((row.quantities?.inputTokens ?? 0) + (row.quantities?.outputTokens ?? 0));
    for (const { budget, purse } of windows) if (budget.unit === 'tokens') purse.balance -= used;
    ended.set(row.id, { row, taken });
    return 'settled';
  }

  #enter(entry: Entry): boolean {
    const { entries } = this.#changes;
    if (entries.has(entry.cause) || this.#reader.hasEntry(entry.cause)) return false;
    if (entry.amount <= 0n) throw new Error('an entry moves more than nothing');
    const from = this.#account(entry.from);
    const to = this.#account(entry.to);
    if (available(from) < entry.amount) throw new Error(`account ${entry.from} cannot cover this`);
    entries.set(entry.cause, entry);
    from.balance -= entry.amount;
    to.balance += entry.amount;
    return true;
  }

  #account(id: string): AccountPurse {
    const known = this.#changes.accounts.get(id);
    if (known !== undefined) return known;
    const purse = this.#reader.account(id);
    if (purse === undefined) throw new Error(`no account ${id}`);
    this.#changes.accounts.set(id, purse);
    return purse;
  }

  #key(id: string): Purse {
    const known = this.#changes.keys.get(id);
    if (known !== undefined) return known;
    const purse = this.#reader.key(id);
    if (purse === undefined) throw new Error(`no key ${id}`);
    this.#changes.keys.set(id, purse);
    return purse;
  }

  #window(budget: Budget, startedMs: number): Purse {
    const name = windowName(budget.period, startedMs);
    const place = `${budget.id} ${name}`;
    const known = this.#changes.windows.get(place);
    if (known !== undefined) return known.purse;
    const { balance, held } = this.#reader.window(budget, name) ?? { balance: 0n, held: 0n };
    const purse = makePurse(budget.limit, balance, held);
    this.#changes.windows.set(place, { budgetId: budget.id, name, purse });
    return purse;
  }

  /** Of the budgets that the call was held in, those that are still there. */
  #windowsOf(call: OpenHold) {
    if (call.budgets === null) return [];
    return call.budgets.split(',').flatMap((id) => {
      const budget = this.#reader.budget(id);
      if (budget === undefined) return [];
      return [{ budget, purse: this.#window(budget, call.startedMs) }];
    });
  }
}

/** More than any amount; for purses without a limit. */
const WITHOUT_LIMIT = 1n << 62n;

function available(purse: Purse): bigint {
  return purse.limit === null ? WITHOUT_LIMIT : purse.limit + purse.balance - purse.held;
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** What can be taken of `charge` without touching what other calls hold. */
function atMost(charge: bigint, purses: readonly Purse[]): bigint {
  let taken = charge;
  for (const purse of purses) taken = least(taken, most(available(purse), 0n));
  return taken;
}

function bound(budget: Budget, row: HoldRow): bigint {
  return budget.unit === 'money' ? row.amount : BigInt(row.tokens);
}

function boundOfHold(budget: Budget, call: OpenHold): bigint {
  return budget.unit === 'money' ? call.amount : call.tokens;
}

function refuse(
  budget: Budget,
  { purse, asked, row }: { readonly purse: Purse; readonly asked: bigint; readonly row: HoldRow },
): BudgetRefusal {
  const { scope, period, unit, limit } = budget;
  const resetsMs = windowReset(period, row.startedMs);
  const left = most(available(purse), 0n);
  return { refused: 'budget_exceeded', scope, period, unit, limit, left, asked, resetsMs };
}

/** The budget that a key has from its making: money, for good. */
function refuseKey(key: Purse, row: HoldRow): BudgetRefusal {
  return {
    refused: 'budget_exceeded',
    scope: 'key',
    period: 'total',
    unit: 'money',
    limit: key.limit ?? 0n,
    left: most(available(key), 0n),
    asked: row.amount,
    resetsMs: null,
  };
}
