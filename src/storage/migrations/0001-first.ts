import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import type { Flavour } from './flavour.ts';

/** Accounts, keys, calls and the books. Ids sort by time, so tables grow at their end. */
export async function up(db: Kysely<unknown>, flavour: Flavour): Promise<void> {
  const end = flavour === 'sqlite' ? sql`without rowid` : sql``;
  await db.schema
    .createTable('accounts')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('unlimited', 'integer', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('balance', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('held', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  await db.schema
    .createTable('keys')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('accounts.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('hint', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint')
    .addColumn('models', 'text')
    .addColumn('addresses', 'text')
    .addColumn('rpm', 'integer')
    .addColumn('tpm', 'integer')
    .addColumn('concurrency', 'integer')
    .addColumn('budget', 'bigint')
    .addColumn('spent', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('held', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('on_disconnect', 'text', (c) => c.notNull())
    .addColumn('contract', 'text')
    .execute();
  await db.schema
    .createTable('prices')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('text', 'text', (c) => c.notNull())
    .execute();
  await createBooks(db, end);
}

/** Tables that every call writes. `end`: what the database wants said to keep rows in key order. */
async function createBooks(db: Kysely<unknown>, end: RawBuilder<unknown>): Promise<void> {
  await db.schema
    .createTable('entries')
    .addColumn('cause', 'text', (c) => c.primaryKey())
    .addColumn('from_account', 'text', (c) => c.notNull())
    .addColumn('to_account', 'text', (c) => c.notNull())
    .addColumn('amount', 'bigint', (c) => c.notNull().check(sql`amount > 0`))
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .modifyEnd(end)
    .execute();
  await holdColumns(db.schema.createTable('holds')).modifyEnd(end).execute();
  await holdColumns(db.schema.createTable('calls'))
    .addColumn('charge', 'bigint', (c) => c.notNull())
    .addColumn('shortfall', 'bigint', (c) => c.notNull())
    .addColumn('input_tokens', 'bigint', (c) => c.notNull())
    .addColumn('output_tokens', 'bigint', (c) => c.notNull())
    .addColumn('cached_tokens', 'bigint', (c) => c.notNull())
    .addColumn('reasoning_tokens', 'bigint', (c) => c.notNull())
    .addColumn('usage_source', 'text', (c) => c.notNull())
    .addColumn('end_reason', 'text', (c) => c.notNull())
    .addColumn('fault', 'text')
    .addColumn('upstream', 'text')
    .addColumn('wire_model', 'text')
    .addColumn('attempts', 'text', (c) => c.notNull())
    .addColumn('queued_ms', 'integer', (c) => c.notNull())
    .addColumn('first_byte_ms', 'integer')
    .addColumn('total_ms', 'integer', (c) => c.notNull())
    .modifyEnd(end)
    .execute();
  await db.schema
    .createIndex('calls_by_account')
    .on('calls')
    .columns(['account_id', 'id'])
    .execute();
}

function holdColumns(table: CreateTableBuilder<string>) {
  return table
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('key_id', 'text', (c) => c.notNull())
    .addColumn('key_budgeted', 'integer', (c) => c.notNull())
    .addColumn('request_id', 'text', (c) => c.notNull())
    .addColumn('service', 'text', (c) => c.notNull())
    .addColumn('model', 'text', (c) => c.notNull())
    .addColumn('stream', 'integer', (c) => c.notNull())
    .addColumn('hold', 'bigint', (c) => c.notNull())
    .addColumn('price_id', 'text')
    .addColumn('started_ms', 'bigint', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('evidence', 'text');
}
