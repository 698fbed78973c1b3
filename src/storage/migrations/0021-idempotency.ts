import { type Kysely, sql } from 'kysely';
import type { Flavour } from './flavour.ts';

/** Answers under keys of the callers'. Rows live a day; the body is what left, byte for byte. */
export async function up(db: Kysely<unknown>, flavour: Flavour): Promise<void> {
  const bytes = flavour === 'sqlite' ? sql`blob` : sql`bytea`;
  await db.schema
    .createTable('idempotency')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('body_hash', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint', (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addColumn('status', 'integer')
    .addColumn('headers', 'text')
    .addColumn('body', bytes)
    .execute();
  await db.schema
    .createIndex('idempotency_by_account')
    .on('idempotency')
    .columns(['account_id', 'bytes'])
    .execute();
  await db.schema
    .createIndex('idempotency_by_expiry')
    .on('idempotency')
    .column('expires_ms')
    .execute();
  // Few rows run at a time; renewing them must not look at the others.
  await db.schema
    .createIndex('idempotency_running')
    .on('idempotency')
    .column('owner')
    .where(sql.ref('state'), '=', sql.lit('running'))
    .execute();
}
