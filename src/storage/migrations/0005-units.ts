import type { Kysely } from 'kysely';

/** What calls use beside tokens, and input that was written to a vendor's cache. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('calls')
    .addColumn('cache_write_tokens', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
  // JSON of {units, traits}.
  await db.schema.alterTable('calls').addColumn('units', 'text').execute();
}
