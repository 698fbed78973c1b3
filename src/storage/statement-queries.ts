/** An account's entries over time, through Kysely: the same on every database. */
import { type Kysely, sql } from 'kysely';
import { HOUSE_ACCOUNT } from './accounts.ts';
import type { Entry, Statements } from './ports.ts';
import { asText } from './queries.ts';
import type { Schema } from './schema.ts';

type Db = Kysely<Schema>;

export function statementQueries(db: Db): Statements {
  return {
    async balanceAt(accountId, atMs) {
      const sum = async (side: 'to_account' | 'from_account'): Promise<bigint> => {
        const row = await entriesOf(db, accountId, side)
          .select(sql<string>`cast(coalesce(sum(amount), 0) as text)`.as('sum'))
          .where('at_ms', '<', atMs)
          .executeTakeFirstOrThrow();
        return BigInt(row.sum);
      };
      return (await sum('to_account')) - (await sum('from_account'));
    },
    async entries(span, page) {
      const { accountId, fromMs, untilMs } = span;
      const side = async (which: 'to_account' | 'from_account'): Promise<readonly Entry[]> => {
        let query = entriesOf(db, accountId, which)
          .select(['cause', 'from_account', 'to_account', 'at_ms', asText('amount')])
          .where('at_ms', '>=', fromMs)
          .where('at_ms', '<', untilMs);
        const { after } = page;
        if (after !== undefined) {
          query = query
            .where('at_ms', '>=', after.atMs)
            .where(({ eb, or }) =>
              or([eb('at_ms', '>', after.atMs), eb('cause', '>', after.cause)]),
            );
        }
        const rows = await query.orderBy('at_ms').orderBy('cause').limit(page.limit).execute();
        return rows.map((row) => ({
          cause: row.cause,
          from: row.from_account,
          to: row.to_account,
          amount: BigInt(row.amount),
          atMs: Number(row.at_ms),
        }));
      };
      // Two indexes, two reads: a database asked for both at once would read every entry.
      const both = [...(await side('from_account')), ...(await side('to_account'))];
      return both.sort(byTime).slice(0, page.limit);
    },
  };
}

function byTime(a: Entry, b: Entry): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  return a.cause < b.cause ? -1 : 1;
}

function entriesOf(db: Db, accountId: string, side: 'to_account' | 'from_account') {
  const query = db.selectFrom('entries').where(side, '=', accountId);
  if (side === 'from_account' || accountId === HOUSE_ACCOUNT) return query;
  // As the index of the other accounts' incomings has it.
  return query.where(sql<boolean>`to_account <> 'house'`);
}
