import { type Kysely, sql } from 'kysely';
import type { Flavour } from './flavour.ts';

/** Who carries calls, and which of them holds what; where there can be several at once. */
export async function up(db: Kysely<unknown>, flavour: Flavour): Promise<void> {
  await db.schema.alterTable('holds').addColumn('node', 'text').execute();
  await db.schema
    .createTable('nodes')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('started_ms', 'bigint', (c) => c.notNull())
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull())
    .execute();
  if (flavour === 'postgres') {
    await tellChanges(db);
    await tuneTables(db);
  }
}

/**
 * One counter for those who poll, and a word for those who listen, in the writer's transaction.
 * postgres/migrate.ts puts it on the tables, with the columns that they have by then.
 */
async function tellChanges(db: Kysely<unknown>): Promise<void> {
  await sql`create table changes (id integer primary key, version bigint not null)`.execute(db);
  await sql`insert into changes values (1, 0)`.execute(db);
  await sql`create function tell_change() returns trigger language plpgsql as $$ begin
    update changes set version = version + 1 where id = 1;
    perform pg_notify('gangway_changes', '');
    return null;
  end $$`.execute(db);
}

/** Rows written with every call: room beside them for their next version, and early cleaning. */
async function tuneTables(db: Kysely<unknown>): Promise<void> {
  for (const table of ['accounts', 'keys', 'budget_windows']) {
    await sql`alter table ${sql.table(table)} set (fillfactor = 50)`.execute(db);
  }
  for (const table of ['accounts', 'keys', 'budget_windows', 'holds']) {
    await sql`alter table ${sql.table(table)} set (autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_vacuum_threshold = 500)`.execute(db);
  }
}
