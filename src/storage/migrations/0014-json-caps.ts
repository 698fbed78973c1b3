import type { Kysely } from 'kysely';

/** Keys may say how often a call may ask again for JSON that fits, and for how much money. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('keys').addColumn('json_attempts_max', 'integer').execute();
  await db.schema.alterTable('keys').addColumn('json_again_max', 'bigint').execute();
}
