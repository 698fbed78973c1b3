/** One set of books in memory that several nodes write to, by the real decisions. */
import {
  type Changes,
  decide,
  makePurse,
  type Op,
  type Reader,
  type Verdict,
} from '../../src/storage/books.ts';
import { type Budget, byPrecedence } from '../../src/storage/budget-periods.ts';
import type { BudgetRow, Entry, HoldRow, SettleRow } from '../../src/storage/ports.ts';

/** Bugs that a test plants, to see that they are found. */
export type Flaw = 'settles_twice' | 'forgets_hold' | 'charges_free' | 'keeps_held' | 'miscounts';

export interface Held {
  readonly row: HoldRow;
  readonly budgets: string | null;
  readonly node: number;
  state: 'open' | 'unknown';
}

export interface Call {
  readonly held: Held;
  readonly row: SettleRow;
  readonly taken: bigint;
}

interface Account {
  readonly unlimited: boolean;
  balance: bigint;
  held: bigint;
}

const RELEASED = { state: 'released' } as const;

export class SimBooks {
  readonly accounts = new Map<string, Account>();
  readonly keys = new Map<
    string,
    { readonly budget: bigint | null; spent: bigint; held: bigint }
  >();
  readonly budgets = new Map<string, BudgetRow>();
  readonly windows = new Map<string, { spent: bigint; held: bigint }>();
  readonly holds = new Map<string, Held>();
  readonly calls: Call[] = [];
  readonly entries: Entry[] = [];
  /** Commits so far. */
  writes = 0;
  /** Calls that were parked, and ended by their node after all. */
  late = 0;
  readonly #flaw: Flaw | null;

  constructor(flaw: Flaw | null) {
    this.#flaw = flaw;
  }

  /** One transaction: all of it or, where it throws, nothing. */
  commit(ops: readonly Op[], node: number, isAgain: boolean): Verdict[] {
    const changes = decide(ops, this.#reader(isAgain));
    this.#write(changes, node);
    return changes.verdicts;
  }

  /** What other nodes do with calls of one whose lease has ended. */
  park(node: number): number {
    let parked = 0;
    for (const held of this.holds.values()) {
      if (held.node !== node || held.state !== 'open') continue;
      held.state = 'unknown';
      parked += 1;
    }
    return parked;
  }

  #reader(isAgain: boolean): Reader {
    const ended = (id: string) => this.calls.find(({ row }) => row.id === id)?.held;
    return {
      hold: (id) => {
        const flawed = this.#flaw === 'settles_twice' ? ended(id) : undefined;
        const held = this.holds.get(id) ?? flawed;
        if (held === undefined) return undefined;
        const { row, budgets } = held;
        return { ...row, tokens: BigInt(row.tokens), budgets };
      },
      wasHeld: (id) => isAgain && (this.holds.has(id) || ended(id) !== undefined),
      hasEntry: (cause) => this.entries.some((entry) => entry.cause === cause),
      account: (id) => {
        const row = this.accounts.get(id);
        if (row === undefined) return undefined;
        const budgeted = [...this.budgets.values()].filter((one) => one.accountId === id).length;
        return { ...makePurse(row.unlimited ? null : 0n, row.balance, row.held), budgeted };
      },
      key: (id) => {
        const row = this.keys.get(id);
        return row === undefined ? undefined : makePurse(row.budget, -row.spent, row.held);
      },
      budgets: (accountId, keyId) =>
        [...this.budgets.values()]
          .filter((one) => one.accountId === accountId && [accountId, keyId].includes(one.ownerId))
          .sort(byPrecedence),
      budget: (id) => this.budgets.get(id),
      window: (budget: Budget, name) => {
        const row = this.windows.get(`${budget.id} ${name}`);
        return row === undefined ? undefined : { balance: -row.spent, held: row.held };
      },
    };
  }

  #write(changes: Changes, node: number): void {
    for (const { row, budgets } of changes.holds) {
      if (this.#flaw === 'forgets_hold') continue;
      this.holds.set(row.id, { row, budgets, node, state: 'open' });
    }
    for (const id of changes.parked.keys()) {
      const held = this.holds.get(id);
      if (held !== undefined) held.state = 'unknown';
    }
    this.entries.push(...changes.entries.values());
    for (const [id, { row, taken }] of changes.ended) {
      const held = this.holds.get(id) ?? this.calls.find((call) => call.row.id === id)?.held;
      if (held === undefined) throw new Error(`no hold ${id}`);
      if (held.state === 'unknown') this.late += 1;
      const free = this.#flaw === 'charges_free' && taken > 0n;
      const miscount = this.#flaw === 'miscounts' ? 1n : 0n;
      const charge = row.charge + miscount;
      this.calls.push({ held, row: { ...row, charge, ...(free ? RELEASED : {}) }, taken });
      this.holds.delete(id);
    }
    for (const [id, { balance, held }] of changes.accounts) {
      const account = this.accounts.get(id);
      if (account === undefined) continue;
      account.balance = balance;
      if (this.#flaw !== 'keeps_held' || held > account.held) account.held = held;
    }
    for (const [id, { balance, held }] of changes.keys) {
      const key = this.keys.get(id);
      if (key !== undefined) Object.assign(key, { spent: -balance, held });
    }
    for (const { budgetId, name, purse } of changes.windows.values()) {
      this.windows.set(`${budgetId} ${name}`, { spent: -purse.balance, held: purse.held });
    }
  }
}
