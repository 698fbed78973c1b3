import type { Kysely } from 'kysely';

/** Keys may say whether another upstream may finish their streams. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('keys').addColumn('rescue', 'integer').execute();
}
