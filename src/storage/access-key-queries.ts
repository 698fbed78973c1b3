/** Key pairs that sign requests. */
import type { Kysely, Selectable } from 'kysely';
import type { AccessKeyRow, AccessKeys } from './ports.ts';
import type { Changes } from './queries.ts';
import type { AccessKeysTable, Schema } from './schema.ts';

export function accessKeyQueries(db: Kysely<Schema>, changes: Changes): AccessKeys {
  const select = () => db.selectFrom('access_keys').selectAll();
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
