/** Everything that is asked off the hot path, through Kysely: the same on every database. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { AccountRow, Accounts, KeyRow, KeySpend, Keys, Page } from './ports.ts';
import type { AccountsTable, KeysTable, Schema } from './schema.ts';

type Db = Kysely<Schema>;

/** Rows in one statement; databases bound the number of parameters. */
const INSERT_ROWS_MAX = 500;

/** Tells those who keep rows in memory that some changed. */
export interface Changes {
  tell(): void;
  listen(listener: () => void): void;
}

/** 64-bit integers travel as text, for they may exceed 2^53. */
export function asText<Name extends string>(name: Name, table?: string) {
  const column = table === undefined ? name : `${table}.${name}`;
  return sql<string>`cast(${sql.ref(column)} as text)`.as(name);
}

export function accountQueries(db: Db): Accounts {
  const select = () =>
    db
      .selectFrom('accounts')
      .select(['id', 'name', 'unlimited', 'created_ms', asText('balance'), asText('held')]);
  return {
    async insert(row) {
      const result = await db
        .insertInto('accounts')
        .values({
          id: row.id,
          name: row.name,
          unlimited: row.unlimited ? 1 : 0,
          created_ms: row.createdMs,
          balance: 0,
          held: 0,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async byName(name) {
      const row = await select().where('name', '=', name).executeTakeFirst();
      return row === undefined ? undefined : readAccount(row);
    },
    async list(page) {
      const rows = await select()
        .where('id', '>', page.after ?? '')
        .orderBy('id')
        .limit(page.limit)
        .execute();
      return rows.map(readAccount);
    },
  };
}

function readAccount(row: Selectable<AccountsTable>): AccountRow {
  return {
    id: row.id,
    name: row.name,
    unlimited: row.unlimited === 1,
    createdMs: Number(row.created_ms),
    balance: BigInt(row.balance),
    held: BigInt(row.held),
  };
}

export function keyQueries(db: Db, changes: Changes): Keys {
  const select = () =>
    db
      .selectFrom('keys')
      .selectAll('keys')
      .select([asText('budget', 'keys'), asText('spent', 'keys'), asText('held', 'keys')]);
  return {
    async insert(rows) {
      for (let at = 0; at < rows.length; at += INSERT_ROWS_MAX) {
        await db
          .insertInto('keys')
          .values(rows.slice(at, at + INSERT_ROWS_MAX).map(writeKey))
          .execute();
      }
      changes.tell();
    },
    async byHash(hash) {
      const row = await select()
        .innerJoin('accounts', 'accounts.id', 'keys.account_id')
        .select('accounts.unlimited')
        .where('hash', '=', hash)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return { key: readKey(row), accountUnlimited: row.unlimited === 1 };
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readKey(row);
    },
    async list(page: Page & { readonly accountId?: string }) {
      let query = select().where('id', '>', page.after ?? '');
      if (page.accountId !== undefined) query = query.where('account_id', '=', page.accountId);
      const rows = await query.orderBy('id').limit(page.limit).execute();
      return rows.map((row) => readKey(row));
    },
    async setState(id, state) {
      const result = await db
        .updateTable('keys')
        .set({ state })
        .where('id', '=', id)
        .executeTakeFirst();
      changes.tell();
      return result.numUpdatedRows > 0n;
    },
    onChange: changes.listen,
  };
}

function writeKey(row: KeyRow) {
  return {
    id: row.id,
    account_id: row.accountId,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    role: row.role,
    state: row.state,
    created_ms: row.createdMs,
    expires_ms: row.expiresMs,
    models: row.models === null ? null : JSON.stringify(row.models),
    addresses: row.addresses === null ? null : JSON.stringify(row.addresses),
    rpm: row.requestsPerMinute,
    tpm: row.tokensPerMinute,
    concurrency: row.concurrency,
    budget: row.budget,
    spent: 0,
    held: 0,
    on_disconnect: row.onDisconnect,
    contract: row.contract,
    rescue: row.rescue === null ? null : Number(row.rescue),
  };
}

function readKey(row: Selectable<KeysTable>): KeyRow & KeySpend {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    hash: row.hash,
    hint: row.hint,
    role: row.role as KeyRow['role'],
    state: row.state as KeyRow['state'],
    createdMs: Number(row.created_ms),
    expiresMs: row.expires_ms === null ? null : Number(row.expires_ms),
    models: row.models === null ? null : (JSON.parse(row.models) as string[]),
    addresses: row.addresses === null ? null : (JSON.parse(row.addresses) as string[]),
    requestsPerMinute: row.rpm,
    tokensPerMinute: row.tpm,
    concurrency: row.concurrency,
    budget: row.budget === null ? null : BigInt(row.budget),
    onDisconnect: row.on_disconnect as KeyRow['onDisconnect'],
    contract: row.contract as KeyRow['contract'],
    rescue: row.rescue === null ? null : row.rescue === 1,
    spent: BigInt(row.spent),
    held: BigInt(row.held),
  };
}
