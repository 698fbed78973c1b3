import { type Kysely, sql } from 'kysely';

/** Slow jobs. What is asked for in queries has a column; the rest stands in two JSON texts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tasks')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('call_id', 'text', (c) => c.notNull().unique())
    .addColumn('mount', 'text', (c) => c.notNull())
    .addColumn('native_id', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('upstream', 'text', (c) => c.notNull())
    .addColumn('vendor_id', 'text')
    .addColumn('phase', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('cancel_asked', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('ended_ms', 'bigint')
    .addColumn('next_ms', 'bigint', (c) => c.notNull())
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('lease_no', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('repeat_key', 'text')
    .addColumn('token', 'text', (c) => c.notNull())
    .addColumn('events', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('told', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('job', 'text', (c) => c.notNull())
    .addColumn('doc', 'text', (c) => c.notNull())
    .addColumn('body', 'text')
    .execute();
  const index = (name: string) => db.schema.createIndex(name).on('tasks');
  await index('tasks_by_account').columns(['account_id', 'id']).execute();
  await index('tasks_by_native').columns(['mount', 'native_id']).unique().execute();
  await index('tasks_by_token').columns(['token']).unique().execute();
  await index('tasks_by_vendor_id').columns(['upstream', 'vendor_id']).execute();
  await index('tasks_by_repeat').columns(['account_id', 'repeat_key']).unique().execute();
  await index('tasks_untold').columns(['id']).where(sql<boolean>`told < events`).execute();
  await index('tasks_open')
    .columns(['upstream', 'next_ms'])
    .where(sql.ref('ended_ms'), 'is', null)
    .execute();
}
