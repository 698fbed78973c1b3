import type { Kysely } from 'kysely';

/** Names bound to a model, and which of them a call came through. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('endpoints')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('accounts.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('rpm', 'integer')
    .addColumn('tpm', 'integer')
    .addColumn('contract', 'text')
    .addColumn('tags', 'text', (c) => c.notNull())
    .addColumn('project', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('updated_ms', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('endpoints_by_account')
    .on('endpoints')
    .columns(['account_id', 'id'])
    .execute();
  for (const table of ['holds', 'calls']) {
    await db.schema.alterTable(table).addColumn('endpoint', 'text').execute();
  }
}
