/** Budgets as people set and read them, through Kysely: the same on every database. */
import { type Kysely, sql } from 'kysely';
import { windowName, windowReset } from './budget-periods.ts';
import type { BudgetRow, Budgets, BudgetUse } from './ports.ts';
import { asText, type Changes } from './queries.ts';
import type { Schema } from './schema.ts';

export function budgetQueries(db: Kysely<Schema>, changes: Changes): Budgets {
  return {
    async set(row) {
      await db
        .insertInto('budgets')
        .values({
          id: row.id,
          account_id: row.accountId,
          scope: row.scope,
          owner_id: row.ownerId,
          period: row.period,
          unit: row.unit,
          most: row.limit,
          created_ms: row.createdMs,
        })
        // What was used under the old limit stays used.
        .onConflict((conflict) =>
          conflict
            .columns(['scope', 'owner_id', 'period', 'unit'])
            .doUpdateSet((at) => ({ most: at.ref('excluded.most') })),
        )
        .execute();
      changes.tell();
    },
    async remove(name) {
      const result = await db
        .deleteFrom('budgets')
        .where('scope', '=', name.scope)
        .where('owner_id', '=', name.ownerId)
        .where('period', '=', name.period)
        .where('unit', '=', name.unit)
        .executeTakeFirst();
      changes.tell();
      return result.numDeletedRows > 0n;
    },
    list: (filter, nowMs) => listBudgets(db, filter, nowMs),
  };
}

async function listBudgets(
  db: Kysely<Schema>,
  filter: Parameters<Budgets['list']>[0],
  nowMs: number,
): Promise<readonly (BudgetRow & BudgetUse)[]> {
  const names = (['total', 'month', 'day'] as const).map((period) => windowName(period, nowMs));
  let query = db
    .selectFrom('budgets as b')
    // Windows of different periods have names of different lengths.
    .leftJoin('budget_windows as w', (join) =>
      join.onRef('w.budget_id', '=', 'b.id').on('w.name', 'in', names),
    )
    .select(['b.id', 'b.account_id', 'b.scope', 'b.owner_id', 'b.period', 'b.unit'])
    .select(['b.created_ms', asText('most', 'b')])
    .select([
      sql<string>`cast(coalesce(w.spent, 0) as text)`.as('spent'),
      sql<string>`cast(coalesce(w.held, 0) as text)`.as('held'),
    ])
    .where('b.id', '>', filter.after ?? '');
  if (filter.accountId !== undefined) query = query.where('b.account_id', '=', filter.accountId);
  if (filter.ownerId !== undefined) query = query.where('b.owner_id', '=', filter.ownerId);
  const rows = await query.orderBy('b.id').limit(filter.limit).execute();
  return rows.map((row) => {
    const period = row.period as BudgetRow['period'];
    return {
      id: row.id,
      accountId: row.account_id,
      scope: row.scope as BudgetRow['scope'],
      ownerId: row.owner_id,
      period,
      unit: row.unit as BudgetRow['unit'],
      limit: BigInt(row.most),
      createdMs: Number(row.created_ms),
      spent: BigInt(row.spent),
      held: BigInt(row.held),
      resetsMs: windowReset(period, nowMs),
    };
  });
}

/** Budgets in money, of the account or the key: with one, `unlimited` is not true of the key. */
export function hasMoneyBudget(account: string, owner: string) {
  return sql<number>`(select count(*) from budgets b where b.unit = 'money'
    and b.account_id = ${sql.ref(account)}
    and b.owner_id in (${sql.ref(account)}, ${sql.ref(owner)}))`.as('money_budgets');
}
