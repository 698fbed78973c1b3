/** What accounts have at vendors. */
import type { Kysely, Selectable } from 'kysely';
import type { ResourcePage, ResourceRow, Resources } from './ports.ts';
import type { ResourcesTable, Schema } from './schema.ts';

export function resourceQueries(db: Kysely<Schema>): Resources {
  const select = () => db.selectFrom('resources').selectAll();
  return {
    async insert(row) {
      await db.deleteFrom('resources').where('expires_ms', '<=', row.createdMs).execute();
      const result = await db
        .insertInto('resources')
        .values({
          id: row.id,
          account_id: row.accountId,
          kind: row.kind,
          upstream: row.upstream,
          body: row.body,
          created_ms: row.createdMs,
          expires_ms: row.expiresMs,
        })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async find({ id, accountId, kind }) {
      const row = await select()
        .where('id', '=', id)
        .where('account_id', '=', accountId)
        .where('kind', '=', kind)
        .executeTakeFirst();
      return row === undefined ? undefined : readRow(row);
    },
    list: (page) => listPage(db, page),
    async count(accountId, kind, nowMs) {
      const row = await db
        .selectFrom('resources')
        .select((e) => e.fn.countAll().as('count'))
        .where('account_id', '=', accountId)
        .where('kind', '=', kind)
        .where('expires_ms', '>', nowMs)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    async update(id, { body, expiresMs }) {
      await db
        .updateTable('resources')
        .set({ body, expires_ms: expiresMs })
        .where('id', '=', id)
        .execute();
    },
    async remove(id) {
      await db.deleteFrom('resources').where('id', '=', id).execute();
    },
  };
}

async function listPage(db: Kysely<Schema>, page: ResourcePage): Promise<ResourceRow[]> {
  const select = () => db.selectFrom('resources').selectAll();
  const { after, order } = page;
  let query = select()
    .where('account_id', '=', page.accountId)
    .where('kind', '=', page.kind)
    .where('expires_ms', '>', page.nowMs);
  if (after !== null) {
    const last = await select().where('id', '=', after).executeTakeFirst();
    if (last === undefined || last.account_id !== page.accountId) return [];
    const sign = order === 'asc' ? '>' : '<';
    const at = last.created_ms;
    query = query.where((e) =>
      e.or([e('created_ms', sign, at), e.and([e('created_ms', '=', at), e('id', sign, after)])]),
    );
  }
  const rows = await query
    .orderBy('created_ms', order)
    .orderBy('id', order)
    .limit(page.limit)
    .execute();
  return rows.map(readRow);
}

function readRow(row: Selectable<ResourcesTable>): ResourceRow {
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind as ResourceRow['kind'],
    upstream: row.upstream,
    body: row.body,
    createdMs: Number(row.created_ms),
    expiresMs: Number(row.expires_ms),
  };
}
