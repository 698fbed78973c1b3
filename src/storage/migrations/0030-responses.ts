import type { Kysely } from 'kysely';

/** Answers that a later question goes on from, and by which of their items they may be named. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('responses')
    .addColumn('account_id', 'text', (c) => c.notNull().references('accounts.id'))
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('previous_id', 'text')
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('input', 'text', (c) => c.notNull())
    .addColumn('response', 'text', (c) => c.notNull())
    .addColumn('bytes', 'integer', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('responses_key', ['account_id', 'id'])
    .execute();
  await db.schema
    .createIndex('responses_by_expiry')
    .on('responses')
    .columns(['expires_ms'])
    .execute();
  await db.schema
    .createTable('response_items')
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('item_id', 'text', (c) => c.notNull())
    .addColumn('response_id', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('response_items_key', ['account_id', 'item_id'])
    .execute();
  await db.schema
    .createIndex('response_items_by_response')
    .on('response_items')
    .columns(['account_id', 'response_id'])
    .execute();
}
