/** Proves the books from their entries. The maker runs the queries in one read transaction. */
import type { Flavour } from './migrations/flavour.ts';
import type { Audit } from './ports.ts';

interface Check {
  readonly problem: string;
  /** Finds rows that good books do not have, by their `id`. */
  readonly query: string;
}

const BOOKS: readonly Check[] = Object.freeze([
  {
    problem: 'account balance differs from its entries',
    query: `select a.id as id from accounts a
      left join (select to_account, sum(amount) as amount from entries group by to_account) i
        on i.to_account = a.id
      left join (select from_account, sum(amount) as amount from entries group by from_account) o
        on o.from_account = a.id
      where a.balance <> coalesce(i.amount, 0) - coalesce(o.amount, 0)`,
  },
  {
    problem: 'account holds differ from its unsettled calls',
    query: `select a.id as id from accounts a where a.held <> (select coalesce(sum(hold), 0)
      from holds where account_id = a.id)`,
  },
  {
    problem: 'key holds differ from its unsettled calls',
    query: `select k.id as id from keys k where k.held <> (select coalesce(sum(hold), 0)
      from holds where key_id = k.id and key_budgeted = 1)`,
  },
  {
    problem: 'key spending differs from the charges of its calls',
    query: `select k.id as id from keys k left join (select key_id, sum(charge) as charges
      from calls where key_budgeted = 1 group by key_id) c on c.key_id = k.id
      where k.spent <> coalesce(c.charges, 0)`,
  },
  {
    problem: 'limited account is below zero',
    query: `select id from accounts where unlimited = 0 and balance < 0`,
  },
  {
    problem: 'charge of a call differs from its entry',
    query: `select c.id as id from calls c left join entries e on e.cause = 'charge:' || c.id
      where c.charge <> coalesce(e.amount, 0)`,
  },
  {
    problem: 'charge is not from the account of its call to the house',
    query: `select c.id as id from calls c join entries e on e.cause = 'charge:' || c.id
      where e.from_account <> c.account_id or e.to_account <> 'house'`,
  },
  {
    problem: 'call that is not charged has an entry',
    query: `select c.id as id from calls c join entries e on e.cause = 'charge:' || c.id
      where c.state <> 'charged'`,
  },
  {
    problem: 'call is both open and ended',
    query: `select h.id as id from holds h join calls c on c.id = h.id`,
  },
  {
    problem: 'charge without a call',
    query: `select e.cause as id from entries e left join calls c on e.cause = 'charge:' || c.id
      where e.cause like 'charge:%' and c.id is null`,
  },
  {
    problem: 'usage of an account differs from what it was charged',
    query: `select coalesce(c.account_id, e.from_account) as id
      from (select account_id, sum(charge) as charged from calls group by account_id) c
      full join (select from_account, sum(amount) as amount from entries
        where cause like 'charge:%' group by from_account) e on e.from_account = c.account_id
      where coalesce(c.charged, 0) <> coalesce(e.amount, 0)`,
  },
  {
    problem: 'task that has ended still holds money',
    query: `select t.id as id from tasks t join holds h on h.id = t.call_id
      where t.ended_ms is not null`,
  },
  {
    problem: 'money is held for a task that there is not',
    query: `select h.id as id from holds h left join tasks t on t.call_id = h.id
      where h.service = 'task' and t.id is null`,
  },
  {
    problem: 'task is under way and nothing is held for it',
    query: `select t.id as id from tasks t left join holds h on h.id = t.call_id
      left join calls c on c.id = t.call_id
      where t.ended_ms is null and t.phase <> 'draft' and h.id is null and c.id is null`,
  },
  {
    problem: 'account counts another number of budgets than it has',
    query: `select a.id as id from accounts a where a.budgeted <>
      (select count(*) from budgets where account_id = a.id)`,
  },
]);

/** What databases say differently: the ids of a call's list, and the day of a moment. */
const WORDS = Object.freeze({
  sqlite: {
    ids: (table: string) =>
      `${table} t, json_each('["' || replace(t.budgets, ',', '","') || '"]') e`,
    day: `strftime('%Y-%m-%d', t.started_ms / 1000, 'unixepoch')`,
  },
  postgres: {
    ids: (table: string) =>
      `${table} t cross join lateral unnest(string_to_array(t.budgets, ',')) as e(value)`,
    day: `to_char(to_timestamp(t.started_ms / 1000) at time zone 'UTC', 'YYYY-MM-DD')`,
  },
});

/** Windows of budgets against the calls that count in them. */
function budgetChecks(flavour: Flavour): readonly Check[] {
  const { ids, day } = WORDS[flavour];
  const window = `case b.period when 'total' then 'total' when 'day' then ${day}
    else substr(${day}, 1, 7) end`;
  const differ = (column: string, table: string, used: string): string =>
    `select coalesce(w.budget_id, u.budget_id) as id from budget_windows w
      full join (select e.value as budget_id, ${window} as name, sum(${used}) as used
        from ${ids(table)} join budgets b on b.id = e.value where t.budgets is not null
        group by 1, 2) u on u.budget_id = w.budget_id and u.name = w.name
      where coalesce(w.${column}, 0) <> coalesce(u.used, 0)`;
  const money = (amount: string, tokens: string): string =>
    `case b.unit when 'money' then ${amount} else ${tokens} end`;
  return [
    {
      problem: 'budget spending differs from its calls',
      query: differ('spent', 'calls', money('t.charge', 't.input_tokens + t.output_tokens')),
    },
    {
      problem: 'budget holds differ from its unsettled calls',
      query: differ('held', 'holds', money('t.hold', 't.tokens')),
    },
  ];
}

const COUNTS = `select (select count(*) from accounts) as accounts,
  (select count(*) from entries) as entries,
  count(*) + (select count(*) from holds) as calls,
  (select count(*) from holds where state = 'open') as open,
  (select count(*) from holds where state = 'open' and service = 'task') as tasks,
  (select count(*) from holds where state = 'unknown') as unknown,
  coalesce(sum(case state when 'charged' then 1 else 0 end), 0) as charged,
  coalesce(sum(case state when 'released' then 1 else 0 end), 0) as released,
  (select cast(coalesce(sum(balance), 0) as text) from accounts) as sum,
  cast(coalesce(sum(charge), 0) as text) as total from calls`;

/** Examples shown for one problem; the count says how many there are. */
const EXAMPLES_MAX = 5;

type Rows = readonly Readonly<Record<string, unknown>>[];

export interface Proof {
  /** To be asked in one snapshot, in order. */
  readonly queries: readonly string[];
  /** Their answers, in order. */
  judge(answers: readonly Rows[]): Audit;
}

export function makeProof(flavour: Flavour): Proof {
  const checks = [...BOOKS, ...budgetChecks(flavour)];
  return {
    queries: [COUNTS, ...checks.map(({ query }) => query)],
    judge([counts, ...answers]) {
      const problems = checks.flatMap(({ problem }, at) => tell(problem, answers[at] ?? []));
      const row = counts?.[0];
      if (row === undefined) throw new Error('the database answered no counts');
      const sum = BigInt(String(row.sum));
      if (sum !== 0n) problems.push(`sum over all accounts is ${sum}, not zero`);
      return {
        balanced: problems.length === 0,
        problems,
        accounts: Number(row.accounts),
        entries: Number(row.entries),
        calls: Number(row.calls),
        openHolds: Number(row.open),
        taskHolds: Number(row.tasks),
        unknown: Number(row.unknown),
        charged: Number(row.charged),
        released: Number(row.released),
        sum,
        chargedTotal: BigInt(String(row.total)),
      };
    },
  };
}

function tell(problem: string, rows: Rows): string[] {
  if (rows.length === 0) return [];
  const examples = rows.slice(0, EXAMPLES_MAX).map((row) => String(row.id));
  return [`${problem}: ${rows.length} (${examples.join(', ')})`];
}
