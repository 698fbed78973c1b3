import { type Kysely, sql } from 'kysely';

/** What operators are told of, what they set for it, and what they did by hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('operator_acts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('operator', 'text', (c) => c.notNull())
    .addColumn('command', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('wish', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('ended_ms', 'bigint')
    .addColumn('problem', 'text')
    .execute();
  await db.schema
    .createIndex('operator_acts_by_subject')
    .on('operator_acts')
    .columns(['subject', 'id'])
    .execute();
  await db.schema
    .createTable('balance_marks')
    .addColumn('account_id', 'text', (c) => c.primaryKey().references('accounts.id'))
    // Null: this account is told nothing, whatever the settings say.
    .addColumn('below', 'bigint')
    .execute();
  await db.schema
    .createTable('alarms')
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('is_on', 'integer', (c) => c.notNull())
    .addColumn('times', 'integer', (c) => c.notNull())
    .addColumn('since_ms', 'bigint', (c) => c.notNull())
    .addColumn('seen_ms', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('alarms_once', ['kind', 'subject'])
    .execute();
  await db.schema
    .createTable('notices')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('event_id', 'text', (c) => c.notNull())
    .addColumn('account_id', 'text')
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('data', 'text', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('told', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  const index = (name: string) => db.schema.createIndex(name).on('notices');
  await index('notices_untold').columns(['event_id']).where(sql.ref('told'), '=', 0).execute();
  await index('notices_by_event').columns(['event_id']).execute();
}
