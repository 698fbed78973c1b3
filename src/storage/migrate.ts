/** The schema: which migrations a database has, and the rest of them. */
import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { BUILT_IN_ACCOUNTS } from './accounts.ts';
import type { Flavour } from './migrations/flavour.ts';
import { listMigrations } from './migrations/index.ts';
import type { Schema } from './schema.ts';

/** Brings the schema up to date and makes the built-in accounts. Throws on a newer schema. */
export async function migrate(db: Kysely<Schema>, flavour: Flavour): Promise<readonly string[]> {
  await missingMigrations(db, flavour);
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

/** Migrations that the database lacks. Throws where it has some that are not known here. */
export async function missingMigrations(
  db: Kysely<Schema>,
  flavour: Flavour,
): Promise<readonly string[]> {
  const known = Object.keys(listMigrations(flavour));
  const made = await madeMigrations(db);
  const newer = made.filter((name) => !known.includes(name));
  if (newer.length > 0) {
    throw new Error(
      `The schema of the database is ${newer.at(-1)}, which a newer Gangway made; this one knows ` +
        `schemas up to ${known.at(-1)}. Start the newer Gangway on this database.`,
    );
  }
  return known.filter((name) => !made.includes(name));
}

/** Throws where the schema is not this one's, and says how to mend it. */
export async function requireSchema(db: Kysely<Schema>, flavour: Flavour): Promise<void> {
  const missing = await missingMigrations(db, flavour);
  if (missing.length === 0) return;
  throw new Error(
    `The schema of the database lacks ${missing.join(', ')}, and storage.migrate is off. ` +
      'Run: gangway migrate',
  );
}

async function madeMigrations(db: Kysely<Schema>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration
    order by name`.execute(db);
  return rows.map(({ name }) => name);
}
