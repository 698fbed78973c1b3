import type { Kysely } from 'kysely';

/** By what a creation is known that its client sends anew, and whether it heard the answer. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tasks').addColumn('asked', 'text').execute();
  await db.schema
    .alterTable('tasks')
    .addColumn('unheard', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createIndex('tasks_by_asked')
    .on('tasks')
    .columns(['key_id', 'asked', 'created_ms'])
    .execute();
}
