import type { Kysely } from 'kysely';

/** Some vendors let callers name their jobs, and read them by that name. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tasks').addColumn('own_name', 'text').execute();
  await db.schema
    .createIndex('tasks_by_own_name')
    .on('tasks')
    .columns(['account_id', 'mount', 'own_name'])
    .unique()
    .execute();
}
