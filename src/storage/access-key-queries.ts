/** Key pairs that sign requests. */
import type { Kysely, Selectable } from 'kysely';
import { hasMoneyBudget } from './budget-queries.ts';
import type { AccessKeyRow, AccessKeys } from './ports.ts';
import { type Changes, isUnlimited } from './queries.ts';
import type { AccessKeysTable, Schema } from './schema.ts';

export function accessKeyQueries(db: Kysely<Schema>, changes: Changes): AccessKeys {
  const select = () => db.selectFrom('access_keys').selectAll('access_keys');
  return {
    async insert(row) {
      await db
        .insertInto('access_keys')
        .values({
          id: row.id,
          account_id: row.accountId,
          sealed: row.sealed,
          state: row.state,
          created_ms: row.createdMs,
        })
        .execute();
      changes.tell();
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readRow(row);
    },
    async found(id) {
      const row = await select()
        .innerJoin('accounts', 'accounts.id', 'access_keys.account_id')
        .select(['accounts.unlimited', hasMoneyBudget('access_keys.account_id', 'access_keys.id')])
        .where('access_keys.id', '=', id)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return { pair: readRow(row), accountUnlimited: isUnlimited(row) };
    },
    async list(page) {
      let query = select().where('id', '>', page.after ?? '');
      if (page.accountId !== undefined) query = query.where('account_id', '=', page.accountId);
      return (await query.orderBy('id').limit(page.limit).execute()).map(readRow);
    },
    async setState(id, state) {
      const result = await db
        .updateTable('access_keys')
        .set({ state })
        .where('id', '=', id)
        .executeTakeFirst();
      changes.tell();
      return result.numUpdatedRows > 0n;
    },
    onChange: changes.listen,
  };
}

function readRow(row: Selectable<AccessKeysTable>): AccessKeyRow {
  return {
    id: row.id,
    accountId: row.account_id,
    sealed: row.sealed,
    state: row.state as AccessKeyRow['state'],
    createdMs: Number(row.created_ms),
  };
}
