import { type Kysely, sql } from 'kysely';
import type { Flavour } from './flavour.ts';

/** What an account or a key may use in a period, and what of it is used. */
export async function up(db: Kysely<unknown>, flavour: Flavour): Promise<void> {
  await db.schema
    .createTable('budgets')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull().references('accounts.id'))
    .addColumn('scope', 'text', (c) => c.notNull())
    .addColumn('owner_id', 'text', (c) => c.notNull())
    .addColumn('period', 'text', (c) => c.notNull())
    .addColumn('unit', 'text', (c) => c.notNull())
    .addColumn('most', 'bigint', (c) => c.notNull().check(sql`most >= 0`))
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addUniqueConstraint('budgets_once', ['scope', 'owner_id', 'period', 'unit'])
    .execute();
  await db.schema
    .createIndex('budgets_by_account')
    .on('budgets')
    .columns(['account_id', 'owner_id'])
    .execute();
  // No foreign key: its lock on the budget would stand against the order of locks.
  await db.schema
    .createTable('budget_windows')
    .addColumn('budget_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('spent', 'bigint', (c) => c.notNull())
    .addColumn('held', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('budget_windows_pk', ['budget_id', 'name'])
    .execute();
  // How many budgets an account and its keys have: a hold reads it with the balance.
  await db.schema
    .alterTable('accounts')
    .addColumn('budgeted', 'integer', (c) => c.notNull().defaultTo(0))
    .execute();
  for (const table of ['holds', 'calls']) {
    const tokens = db.schema.alterTable(table);
    await tokens.addColumn('tokens', 'bigint', (c) => c.notNull().defaultTo(0)).execute();
    await db.schema.alterTable(table).addColumn('budgets', 'text').execute();
  }
  await indexEntries(db);
  await (flavour === 'sqlite' ? countOnSqlite(db) : countOnPostgres(db));
}

/** For statements. All charges go to the house, whose own statement may take its time. */
async function indexEntries(db: Kysely<unknown>): Promise<void> {
  await sql`create index entries_from on entries (from_account, at_ms)`.execute(db);
  await sql`create index entries_to on entries (to_account, at_ms)
    where to_account <> 'house'`.execute(db);
}

/** The count changes with the budgets, whoever changes them. */
async function countOnSqlite(db: Kysely<unknown>): Promise<void> {
  await sql`create trigger budget_made after insert on budgets begin
    update accounts set budgeted = budgeted + 1 where id = new.account_id;
  end`.execute(db);
  await sql`create trigger budget_gone after delete on budgets begin
    update accounts set budgeted = budgeted - 1 where id = old.account_id;
    delete from budget_windows where budget_id = old.id;
  end`.execute(db);
}

async function countOnPostgres(db: Kysely<unknown>): Promise<void> {
  await sql`create function budget_made() returns trigger language plpgsql as $$ begin
    update accounts set budgeted = budgeted + 1 where id = new.account_id;
    return null;
  end $$`.execute(db);
  await sql`create function budget_gone() returns trigger language plpgsql as $$ begin
    update accounts set budgeted = budgeted - 1 where id = old.account_id;
    delete from budget_windows where budget_id = old.id;
    return null;
  end $$`.execute(db);
  await sql`create trigger budget_made after insert on budgets
    for each row execute function budget_made()`.execute(db);
  await sql`create trigger budget_gone after delete on budgets
    for each row execute function budget_gone()`.execute(db);
}
