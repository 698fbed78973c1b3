/** One group of operations as one transaction: reads and locks what it needs, decides, writes. */
import type pg from 'pg';
import { HOUSE_ACCOUNT } from '../accounts.ts';
import {
  type AccountPurse,
  type Changes,
  decide,
  isChanged,
  makePurse,
  type Op,
  type OpenHold,
  type Purse,
  type Reader,
  type Verdict,
} from '../books.ts';
import { type Budget, byPrecedence, windowName } from '../budget-periods.ts';
import { END_COLUMNS, endValues, HOLD_COLUMNS, holdValues, type Value } from '../call-columns.ts';
import { byColumn, SQL, type Statement } from './ledger-sql.ts';

type Values = readonly (Value | readonly Value[])[];

/** Runs one statement of the transaction; 64-bit integers come back as text. */
type Ask = (statement: Statement, values: Values) => Promise<readonly Row[]>;
type Row = Readonly<Record<string, string | number | null>>;

export interface Group {
  readonly ops: readonly Op[];
  /** Who carries these calls. */
  readonly node: string;
  /** An earlier try may have been written, though nobody heard of it. */
  readonly again: boolean;
}

/** Runs inside a transaction of `client`; the caller commits. */
export async function runGroup(client: pg.PoolClient, group: Group): Promise<readonly Verdict[]> {
  const ask: Ask = async (statement, values) => {
    const { rows } = await client.query<Row>({ ...statement, values: [...values] });
    return rows;
  };
  const changes = decide(group.ops, await readGroup(ask, group));
  await writeChanges(ask, changes, group.node);
  return changes.verdicts;
}

async function readGroup(ask: Ask, { ops, again }: Group): Promise<Reader> {
  const held = ops.flatMap((op) => (op.kind === 'hold' ? [op.row] : []));
  const settled = ops.flatMap((op) => (op.kind === 'settle' ? [op.row.id] : []));
  const entered = ops.flatMap((op) => (op.kind === 'enter' ? [op.entry] : []));
  const holds = new Map((await askFor(ask, SQL.lockHolds, settled)).map(readHold));
  const named = [...held, ...holds.values()];
  const accountIds = new Set(named.map((call) => call.accountId));
  for (const { from, to } of entered) accountIds.add(from).add(to);
  const accounts = new Map((await askFor(ask, SQL.lockAccounts, accountIds)).map(readAccount));
  // Asked under the locks: whoever wrote the same before has committed by now.
  const written = again ? held.map((row) => row.id) : [];
  const known = new Set((await askFor(ask, SQL.findCalls, written)).map((row) => row.id));
  const causes = entered.map((entry) => entry.cause);
  const used = new Set((await askFor(ask, SQL.findCauses, causes)).map((row) => row.cause));
  // Charges only add to the house: it is locked by that write alone, at the very end.
  if (!accountIds.has(HOUSE_ACCOUNT)) {
    accounts.set(HOUSE_ACCOUNT, { ...makePurse(null, 0n, 0n), budgeted: 0 });
  }
  const keyIds = named.flatMap((call) => (call.keyBudgeted ? [call.keyId] : []));
  const keys = new Map((await askFor(ask, SQL.lockKeys, keyIds)).map(readKey));
  const budgets = await readBudgets(ask, { named, accounts });
  return {
    hold: (id) => holds.get(id),
    wasHeld: (id) => known.has(id),
    hasEntry: (cause) => used.has(cause),
    account: (id) => accounts.get(id),
    key: (id) => keys.get(id),
    ...budgets,
  };
}

/** What a hold that begins and one that ends have in common. */
type Named = Pick<OpenHold, 'accountId' | 'keyId' | 'startedMs'> & {
  readonly budgets?: string | null;
};

interface BudgetWish {
  readonly named: readonly Named[];
  readonly accounts: ReadonlyMap<string, AccountPurse>;
}

async function readBudgets(
  ask: Ask,
  { named, accounts }: BudgetWish,
): Promise<Pick<Reader, 'budgets' | 'budget' | 'window'>> {
  const ids = named.flatMap(({ budgets }) => budgets?.split(',') ?? []);
  const touched = named.filter(({ accountId }) => (accounts.get(accountId)?.budgeted ?? 0) > 0);
  if (ids.length === 0 && touched.length === 0) return NO_BUDGETS;
  const owners = [
    touched.map(({ accountId }) => accountId),
    touched.flatMap(({ accountId, keyId }) => [accountId, keyId]),
  ];
  const rows = await ask(SQL.findBudgets, [...owners, ids].map(unique));
  const found = rows.map((row) => ({
    budget: readBudget(row),
    accountId: text(row.account_id),
    ownerId: text(row.owner_id),
  }));
  const names = named.flatMap(({ startedMs }) =>
    (['total', 'month', 'day'] as const).map((period) => windowName(period, startedMs)),
  );
  const windows = new Map(
    (await ask(SQL.findWindows, [found.map(({ budget }) => budget.id), unique(names)])).map(
      (row) => [
        `${row.budget_id} ${row.name}`,
        { balance: -nanos(row.spent), held: nanos(row.held) },
      ],
    ),
  );
  const byId = new Map(found.map(({ budget }) => [budget.id, budget]));
  return {
    budgets: (accountId, keyId) =>
      found
        .filter((one) => one.accountId === accountId)
        .filter((one) => one.ownerId === accountId || one.ownerId === keyId)
        .map(({ budget }) => budget)
        .sort(byPrecedence),
    budget: (id) => byId.get(id),
    window: (budget, name) => windows.get(`${budget.id} ${name}`),
  };
}

const NO_BUDGETS: Pick<Reader, 'budgets' | 'budget' | 'window'> = Object.freeze({
  budgets: () => [],
  budget: () => undefined,
  window: () => undefined,
});

async function writeChanges(ask: Ask, changes: Changes, node: string): Promise<void> {
  const { holds, parked, ended, entries } = changes;
  if (holds.length > 0)
    await ask(SQL.insertHolds, [node, ...byColumn(HOLD_COLUMNS, holds.map(holdValues))]);
  // One that is parked and ended in the same group is ended.
  const left = [...parked].filter(([id]) => !ended.has(id));
  if (left.length > 0)
    await ask(SQL.parkHolds, [left.map(([id]) => id), left.map(([, why]) => why)]);
  if (ended.size > 0) {
    const rows = [...ended.values()];
    await ask(SQL.endCalls, [[...ended.keys()], ...byColumn(END_COLUMNS, rows.map(endValues))]);
  }
  if (entries.size > 0) {
    const rows = [...entries.values()];
    await ask(SQL.insertEntries, [
      rows.map((entry) => entry.cause),
      rows.map((entry) => entry.from),
      rows.map((entry) => entry.to),
      rows.map((entry) => entry.amount),
      rows.map((entry) => entry.atMs),
    ]);
  }
  const windows = [...changes.windows.values()].filter(({ purse }) => isChanged(purse));
  if (windows.length > 0) {
    await ask(SQL.writeWindows, [
      windows.map(({ budgetId }) => budgetId),
      windows.map(({ name }) => name),
      windows.map(({ purse }) => -purse.balance),
      windows.map(({ purse }) => purse.held),
    ]);
  }
  await move(ask, SQL.moveKeys, changes.keys);
  // Last, for the house is in it: all settlements of all nodes meet there.
  await move(ask, SQL.moveAccounts, changes.accounts);
}

/** By how much, not to what: the house is not read before. */
async function move(ask: Ask, sql: Statement, purses: ReadonlyMap<string, Purse>): Promise<void> {
  const moved = [...purses].filter(([, purse]) => isChanged(purse));
  if (moved.length === 0) return;
  await ask(sql, [
    moved.map(([id]) => id),
    moved.map(([, purse]) => purse.balance - purse.before.balance),
    moved.map(([, purse]) => purse.held - purse.before.held),
  ]);
}

/** Nothing is asked for nobody. */
async function askFor(ask: Ask, sql: Statement, ids: Iterable<string>): Promise<readonly Row[]> {
  const wanted = unique([...ids]);
  return wanted.length === 0 ? [] : ask(sql, [wanted]);
}

const unique = (ids: readonly string[]): string[] => [...new Set(ids)];
const text = (value: string | number | null | undefined): string => String(value);
const nanos = (value: string | number | null | undefined): bigint => BigInt(value ?? 0);

function readHold(row: Row): [string, OpenHold] {
  const hold: OpenHold = {
    accountId: text(row.account_id),
    keyId: text(row.key_id),
    keyBudgeted: row.key_budgeted === 1,
    amount: nanos(row.hold),
    tokens: nanos(row.tokens),
    budgets: row.budgets === null ? null : text(row.budgets),
    startedMs: Number(row.started_ms),
  };
  return [text(row.id), hold];
}

function readAccount(row: Row): [string, AccountPurse] {
  const purse = makePurse(row.unlimited === 1 ? null : 0n, nanos(row.balance), nanos(row.held));
  return [text(row.id), { ...purse, budgeted: Number(row.budgeted) }];
}

function readKey(row: Row): [string, Purse] {
  const limit = row.budget === null ? null : nanos(row.budget);
  return [text(row.id), makePurse(limit, -nanos(row.spent), nanos(row.held))];
}

function readBudget(row: Row): Budget {
  return {
    id: text(row.id),
    scope: row.scope as Budget['scope'],
    period: row.period as Budget['period'],
    unit: row.unit as Budget['unit'],
    limit: nanos(row.most),
  };
}
