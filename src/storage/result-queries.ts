/** Whose the kept files are, through Kysely. */
import type { Kysely, Selectable } from 'kysely';
import type { ResultRow, Results } from './ports/files.ts';
import type { ResultsTable, Schema } from './schema.ts';

export function resultQueries(db: Kysely<Schema>): Results {
  const select = () => db.selectFrom('results').selectAll();
  return {
    async insert(row) {
      await db
        .insertInto('results')
        .values({
          key: row.key,
          account_id: row.accountId,
          task_id: row.taskId,
          bytes: row.bytes,
          created_ms: row.createdMs,
          expires_ms: row.expiresMs,
        })
        // A copy that is made again, after a crash, takes the place of the first.
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ bytes: row.bytes }))
        .execute();
    },
    async bytesOf(accountId) {
      const row = await db
        .selectFrom('results')
        .select(({ fn }) => fn.sum<number | null>('bytes').as('bytes'))
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      return Number(row?.bytes ?? 0);
    },
    async ofTask(taskId) {
      return (await select().where('task_id', '=', taskId).execute()).map(readResult);
    },
    async expired(nowMs, limit) {
      const rows = await select()
        .where('expires_ms', '<=', nowMs)
        .orderBy('expires_ms')
        .limit(limit)
        .execute();
      return rows.map(readResult);
    },
    async remove(key) {
      await db.deleteFrom('results').where('key', '=', key).execute();
    },
  };
}

function readResult(row: Selectable<ResultsTable>): ResultRow {
  return {
    key: row.key,
    accountId: row.account_id,
    taskId: row.task_id,
    bytes: Number(row.bytes),
    createdMs: Number(row.created_ms),
    expiresMs: row.expires_ms === null ? null : Number(row.expires_ms),
  };
}
