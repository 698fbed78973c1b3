/** The statements of the hot path, prepared once. Money is read as text: it may exceed 2^53. */
import type { Database, Statement } from 'bun:sqlite';
import { END_NAMES, HOLD_NAMES, KEPT_NAMES, type Value } from '../call-columns.ts';

interface FoundHold {
  account_id: string;
  key_id: string;
  key_budgeted: number;
  hold: string;
  tokens: number;
  budgets: string | null;
  started_ms: number;
}

export interface FoundBudget {
  id: string;
  scope: string;
  period: string;
  unit: string;
  most: string;
}

export interface Statements {
  readonly begin: Statement;
  readonly commit: Statement;
  readonly rollback: Statement;
  /** HOLD_COLUMNS in order. */
  readonly insertHold: Statement<unknown, Value[]>;
  readonly findHold: Statement<FoundHold, [string]>;
  /** END_COLUMNS in order, then the id. */
  readonly insertCall: Statement<unknown, Value[]>;
  readonly deleteHold: Statement<unknown, [string]>;
  readonly parkHold: Statement<unknown, [string | null, string]>;
  readonly insertEntry: Statement<unknown, Value[]>;
  readonly findEntry: Statement<{ cause: string }, [string]>;
  readonly readAccount: Statement<
    { unlimited: number; balance: string; held: string; budgeted: number },
    [string]
  >;
  readonly writeAccount: Statement<unknown, [bigint, bigint, string]>;
  readonly readKey: Statement<{ budget: string | null; spent: string; held: string }, [string]>;
  readonly writeKey: Statement<unknown, [bigint, bigint, string]>;
  readonly findBudgets: Statement<FoundBudget, [string, string]>;
  readonly findBudget: Statement<FoundBudget, [string]>;
  readonly readWindow: Statement<{ spent: string; held: string }, [string, string]>;
  readonly writeWindow: Statement<unknown, [string, string, bigint, bigint]>;
  readonly keepPrice: Statement<unknown, [string, string]>;
  readonly parkOpen: Statement<unknown, [string]>;
}

const marks = (names: readonly string[]): string => names.map(() => '?').join(', ');

export function prepareStatements(db: Database): Statements {
  const budget = 'select id, scope, period, unit, cast(most as text) as most from budgets';
  return {
    begin: db.prepare('begin immediate'),
    commit: db.prepare('commit'),
    rollback: db.prepare('rollback'),
    insertHold: db.prepare(`insert into holds (${HOLD_NAMES.join(', ')}, state)
      values (${marks(HOLD_NAMES)}, 'open')`),
    findHold: db.prepare(`select account_id, key_id, key_budgeted, cast(hold as text) as hold,
      tokens, budgets, started_ms from holds where id = ?`),
    insertCall: db.prepare(`insert into calls (${[...END_NAMES, ...KEPT_NAMES].join(', ')})
      select ${marks(END_NAMES)}, ${KEPT_NAMES.join(', ')} from holds where id = ?`),
    deleteHold: db.prepare('delete from holds where id = ?'),
    parkHold: db.prepare(`update holds set state = 'unknown', evidence = ? where id = ?`),
    insertEntry: db.prepare(`insert into entries (cause, from_account, to_account, amount, at_ms)
      values (?, ?, ?, ?, ?)`),
    findEntry: db.prepare('select cause from entries where cause = ?'),
    readAccount: db.prepare(`select unlimited, cast(balance as text) as balance,
      cast(held as text) as held, budgeted from accounts where id = ?`),
    writeAccount: db.prepare('update accounts set balance = ?, held = ? where id = ?'),
    readKey: db.prepare(`select cast(budget as text) as budget, cast(spent as text) as spent,
      cast(held as text) as held from keys where id = ?`),
    writeKey: db.prepare('update keys set spent = ?, held = ? where id = ?'),
    findBudgets: db.prepare(`${budget} where account_id = ?1 and owner_id in (?1, ?2)`),
    findBudget: db.prepare(`${budget} where id = ?`),
    readWindow: db.prepare(`select cast(spent as text) as spent, cast(held as text) as held
      from budget_windows where budget_id = ? and name = ?`),
    writeWindow: db.prepare(`insert into budget_windows (budget_id, name, spent, held)
      values (?, ?, ?, ?) on conflict (budget_id, name)
      do update set spent = excluded.spent, held = excluded.held`),
    keepPrice: db.prepare('insert into prices (id, text) values (?, ?) on conflict do nothing'),
    parkOpen: db.prepare(`update holds set state = 'unknown', evidence = ?
      where state = 'open' and id not in (select call_id from tasks)`),
  };
}
