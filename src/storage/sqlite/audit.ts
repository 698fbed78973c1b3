/** Proves the books from their entries, in one read transaction. */
import type { Database } from 'bun:sqlite';
import type { Audit } from '../ports.ts';

/** Each finds rows that good books do not have. */
const CHECKS: readonly { readonly problem: string; readonly query: string }[] = Object.freeze([
  {
    problem: 'account balance differs from its entries',
    query: `select a.id as id from accounts a where a.balance <>
      (select coalesce(sum(amount), 0) from entries where to_account = a.id)
      - (select coalesce(sum(amount), 0) from entries where from_account = a.id)`,
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
]);

/** Examples shown for one problem; the count says how many there are. */
const EXAMPLES_MAX = 5;

interface Counts {
  accounts: number;
  entries: number;
  calls: number;
  open: number;
  unknown: number;
  charged: number;
  released: number;
  sum: string;
  total: string;
}

export function auditBooks(db: Database): Audit {
  return db.transaction(() => {
    const problems: string[] = [];
    for (const check of CHECKS) {
      const rows = db.query<{ id: string }, []>(check.query).all();
      if (rows.length === 0) continue;
      const examples = rows.slice(0, EXAMPLES_MAX).map((row) => row.id);
      problems.push(`${check.problem}: ${rows.length} (${examples.join(', ')})`);
    }
    const counts = db
      .query<Counts, []>(
        `select (select count(*) from accounts) as accounts,
        (select count(*) from entries) as entries,
        count(*) + (select count(*) from holds) as calls,
        (select count(*) from holds where state = 'open') as open,
        (select count(*) from holds where state = 'unknown') as unknown,
        coalesce(sum(state = 'charged'), 0) as charged,
        coalesce(sum(state = 'released'), 0) as released,
        (select cast(coalesce(sum(balance), 0) as text) from accounts) as sum,
        cast(coalesce(sum(charge), 0) as text) as total from calls`,
      )
      .get();
    if (counts === null) throw new Error('the database answered no counts');
    const sum = BigInt(counts.sum);
    if (sum !== 0n) problems.push(`sum over all accounts is ${sum}, not zero`);
    return {
      balanced: problems.length === 0,
      problems,
      accounts: counts.accounts,
      entries: counts.entries,
      calls: counts.calls,
      openHolds: counts.open,
      unknown: counts.unknown,
      charged: counts.charged,
      released: counts.released,
      sum,
      chargedTotal: BigInt(counts.total),
    };
  })();
}
