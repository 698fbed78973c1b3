import type { Kysely } from 'kysely';

/** Results of tasks that are in our keeping. The files themselves are elsewhere. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('results')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('task_id', 'text', (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint')
    .execute();
  const index = (name: string) => db.schema.createIndex(name).on('results');
  await index('results_by_account').columns(['account_id']).execute();
  await index('results_by_task').columns(['task_id']).execute();
  await index('results_by_end').columns(['expires_ms']).execute();
}
