import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { BUILT_IN_ACCOUNTS } from './accounts.ts';
import type { Flavour } from './migrations/flavour.ts';
import { listMigrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';

/** Brings the schema up to date and makes the built-in accounts. Throws on a newer schema. */
export async function migrate(db: Kysely<Schema>, flavour: Flavour): Promise<readonly string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => listMigrations(flavour) },
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new Error('the database could not be brought up to date', { cause: error });
  }
  for (const name of BUILT_IN_ACCOUNTS) {
    await db
      .insertInto('accounts')
      .values({ id: name, name, unlimited: 1, created_ms: 0, balance: 0, held: 0 })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return results.map((result) => result.migrationName);
}
