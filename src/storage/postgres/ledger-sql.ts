/** The statements of the hot path. Each takes a whole group, as arrays. */
import {
  type Columns,
  END_COLUMNS,
  END_NAMES,
  HOLD_COLUMNS,
  HOLD_NAMES,
  KEPT_NAMES,
  type Value,
} from '../call-columns.ts';

/** Named, so that a connection parses it once. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** `unnest($first::text[], …)` for these columns. */
function arrays(columns: Columns, first: number): string {
  const each = columns.map(([, type], at) => `$${first + at}::${type}[]`);
  return `unnest(${each.join(', ')})`;
}

/** The arrays themselves, of rows of values. */
export function byColumn(columns: Columns, rows: readonly (readonly Value[])[]): Value[][] {
  return columns.map((_, at) => rows.map((row) => row[at] ?? null));
}

const all = (names: readonly string[], table: string): string =>
  names.map((name) => `${table}.${name}`).join(', ');

const BUDGET = 'select id, account_id, owner_id, scope, period, unit, most from budgets';

/**
 * Rows are locked in one order by everybody: holds, accounts, keys, each by id, the house last.
 * Budgets need no locks of their own: whoever writes their windows has the account's.
 */
export const SQL = Object.freeze({
  lockHolds: {
    name: 'lock_holds',
    text: `select id, account_id, key_id, key_budgeted, hold, tokens, budgets, started_ms from holds
      where id = any($1::text[]) order by id for update`,
  },
  findCalls: {
    name: 'find_calls',
    text: `select id from holds where id = any($1::text[])
      union all select id from calls where id = any($1::text[])`,
  },
  findCauses: {
    name: 'find_causes',
    text: 'select cause from entries where cause = any($1::text[])',
  },
  lockAccounts: {
    name: 'lock_accounts',
    text: `select id, unlimited, balance, held, budgeted from accounts
      where id = any($1::text[]) order by id = 'house', id for no key update`,
  },
  lockKeys: {
    name: 'lock_keys',
    text: `select id, budget, spent, held from keys
      where id = any($1::text[]) order by id for no key update`,
  },
  findBudgets: {
    name: 'find_budgets',
    text: `${BUDGET} where account_id = any($1::text[]) and owner_id = any($2::text[])
      union ${BUDGET} where id = any($3::text[])`,
  },
  findWindows: {
    name: 'find_windows',
    text: `select budget_id, name, spent, held from budget_windows
      where budget_id = any($1::text[]) and name = any($2::text[])`,
  },
  insertHolds: {
    name: 'insert_holds',
    text: `insert into holds (state, node, ${HOLD_NAMES.join(', ')})
      select 'open', $1::text, t.* from ${arrays(HOLD_COLUMNS, 2)} as t`,
  },
  parkHolds: {
    name: 'park_holds',
    text: `update holds h set state = 'unknown', evidence = t.evidence
      from unnest($1::text[], $2::text[]) as t(id, evidence) where h.id = t.id`,
  },
  endCalls: {
    name: 'end_calls',
    text: `with gone as (delete from holds where id = any($1::text[])
        returning ${KEPT_NAMES.join(', ')})
      insert into calls (${[...KEPT_NAMES, ...END_NAMES].join(', ')})
      select ${all(KEPT_NAMES, 'g')}, ${all(END_NAMES, 't')} from gone g
      join unnest($1::text[], ${arrays(END_COLUMNS, 2).slice('unnest('.length)}
        as t(of_call, ${END_NAMES.join(', ')}) on t.of_call = g.id`,
  },
  insertEntries: {
    name: 'insert_entries',
    text: `insert into entries (cause, from_account, to_account, amount, at_ms)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])`,
  },
  moveAccounts: {
    name: 'move_accounts',
    text: `update accounts a set balance = a.balance + t.balance, held = a.held + t.held
      from unnest($1::text[], $2::bigint[], $3::bigint[]) as t(id, balance, held)
      where a.id = t.id`,
  },
  moveKeys: {
    name: 'move_keys',
    text: `update keys k set spent = k.spent - t.balance, held = k.held + t.held
      from unnest($1::text[], $2::bigint[], $3::bigint[]) as t(id, balance, held)
      where k.id = t.id`,
  },
  writeWindows: {
    name: 'write_windows',
    text: `insert into budget_windows (budget_id, name, spent, held)
      select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
      on conflict (budget_id, name) do update set spent = excluded.spent, held = excluded.held`,
  },
} satisfies Readonly<Record<string, Statement>>);
