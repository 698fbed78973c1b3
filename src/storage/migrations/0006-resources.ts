import type { Kysely } from 'kysely';

/** What an account has at a vendor: files, contexts. The vendor keeps it; this says whose it is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('resources')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('accounts.id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('upstream', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('resources_by_account')
    .on('resources')
    .columns(['account_id', 'kind', 'created_ms', 'id'])
    .execute();
  await db.schema.createIndex('resources_by_end').on('resources').columns(['expires_ms']).execute();
}
