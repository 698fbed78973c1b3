/** Apps, through Kysely: the same on every database. */
import type { Kysely, Selectable } from 'kysely';
import { hasMoneyBudget } from './budget-queries.ts';
import type { AppRow, Apps, FoundApp } from './ports.ts';
import { type Changes, isUnlimited } from './queries.ts';
import type { AccountsTable, AppsTable, Schema } from './schema.ts';

export function appQueries(db: Kysely<Schema>, changes: Changes): Apps {
  const select = () =>
    db
      .selectFrom('apps')
      .innerJoin('accounts', 'accounts.id', 'apps.account_id')
      .selectAll('apps')
      .select(['accounts.name as account_name', 'accounts.unlimited'])
      .select(hasMoneyBudget('apps.account_id', 'apps.id'));
  return {
    async insert(row) {
      await db.insertInto('apps').values(writeApp(row)).execute();
      changes.tell();
    },
    async byKeyHash(hash) {
      const row = await select().where('apps.key_hash', '=', hash).executeTakeFirst();
      return row === undefined ? undefined : readApp(row);
    },
    async byId(id) {
      const row = await select().where('apps.id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readApp(row);
    },
    async list(page) {
      let query = select().where('apps.id', '>', page.after ?? '');
      if (page.accountId !== undefined) {
        query = query.where('apps.account_id', '=', page.accountId);
      }
      return (await query.orderBy('apps.id').limit(page.limit).execute()).map(readApp);
    },
    async revoke(id) {
      const result = await db
        .updateTable('apps')
        .set((with_) => ({ state: 'revoked', generation: with_('generation', '+', 1) }))
        .where('id', '=', id)
        .executeTakeFirst();
      changes.tell();
      return result.numUpdatedRows > 0n;
    },
    onChange: changes.listen,
  };
}

function writeApp(row: AppRow) {
  return {
    id: row.id,
    account_id: row.accountId,
    name: row.name,
    callback_domain: row.callbackDomain,
    scenario: row.scenario,
    key_hash: row.keyHash,
    key_hint: row.keyHint,
    secret_hash: row.secretHash,
    state: row.state,
    contract: row.contract,
    generation: row.generation,
    created_ms: row.createdMs,
  };
}

type Joined = Selectable<AppsTable> & {
  readonly account_name: AccountsTable['name'];
  readonly unlimited: AccountsTable['unlimited'];
  readonly money_budgets: number;
};

function readApp(row: Joined): FoundApp {
  return {
    app: {
      id: row.id,
      accountId: row.account_id,
      name: row.name,
      callbackDomain: row.callback_domain,
      scenario: row.scenario,
      keyHash: row.key_hash,
      keyHint: row.key_hint,
      secretHash: row.secret_hash,
      state: row.state as AppRow['state'],
      contract: row.contract as AppRow['contract'],
      generation: row.generation,
      createdMs: Number(row.created_ms),
    },
    accountName: row.account_name,
    accountUnlimited: isUnlimited(row),
  };
}
