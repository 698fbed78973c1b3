/** Answers that are kept for later questions. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { ChainBounds, ResponseRow, Responses, ResponseWish } from './ports/responses.ts';
import type { ResponsesTable, Schema } from './schema.ts';

/** Values in one statement: below what any engine takes. */
const IDS_PER_QUERY_MAX = 200;

export function responseQueries(db: Kysely<Schema>): Responses {
  const select = ({ accountId, nowMs }: ResponseWish) =>
    db
      .selectFrom('responses')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('expires_ms', '>', nowMs);
  return {
    async insert({ row, itemIds }) {
      // No transaction, for the books share the connection: what is cut off here loses no money,
      // and a response whose items cannot be named is still found by its own id.
      await db.insertInto('responses').values(writeRow(row)).execute();
      for (const ids of batches(itemIds)) {
        // An item that is told again is found in the newest response that has it.
        await db
          .insertInto('response_items')
          .values(ids.map((id) => itemRow(row, id)))
          .onConflict((conflict) =>
            conflict
              .columns(['account_id', 'item_id'])
              .doUpdateSet({ response_id: (eb) => eb.ref('excluded.response_id') }),
          )
          .execute();
      }
    },
    async byId(id, wish) {
      const row = await select(wish).where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readRow(row);
    },
    chain: (id, wish) => readChain(db, id, wish),
    async byItems(itemIds, wish) {
      const found = new Map<string, ResponseRow>();
      for (const ids of batches(itemIds)) {
        for (const [id, row] of await readByItems(db, ids, wish)) found.set(id, row);
      }
      return found;
    },
    async remove(id, wish) {
      const found = await select(wish).where('id', '=', id).executeTakeFirst();
      if (found === undefined) return false;
      return (await removeRows(db, [found])) > 0;
    },
    async sweep(nowMs, limit) {
      const rows = await db
        .selectFrom('responses')
        .select(['account_id', 'id'])
        .where('expires_ms', '<=', nowMs)
        .orderBy('expires_ms')
        .limit(limit)
        .execute();
      return removeRows(db, rows);
    },
  };
}

async function readChain(
  db: Kysely<Schema>,
  id: string,
  { accountId, nowMs, limit, bytesMax }: ResponseWish & ChainBounds,
): Promise<readonly ResponseRow[]> {
  const { rows } = await sql<Selectable<ResponsesTable>>`
    with recursive chain as (
      select r.*, 1 as turn, r.bytes as total from responses r
      where r.account_id = ${accountId} and r.id = ${id} and r.expires_ms > ${nowMs}
      union all
      select r.*, chain.turn + 1, chain.total + r.bytes from responses r
      join chain on r.id = chain.previous_id
      where r.account_id = ${accountId} and r.expires_ms > ${nowMs}
        and chain.turn < ${limit} and chain.total < ${bytesMax}
    )
    select * from chain order by turn
  `.execute(db);
  return rows.map(readRow);
}

async function readByItems(
  db: Kysely<Schema>,
  ids: readonly string[],
  { accountId, nowMs }: ResponseWish,
): Promise<readonly (readonly [string, ResponseRow])[]> {
  const rows = await db
    .selectFrom('responses')
    .innerJoin('response_items', (join) =>
      join
        .onRef('response_items.account_id', '=', 'responses.account_id')
        .onRef('response_items.response_id', '=', 'responses.id'),
    )
    .selectAll('responses')
    .select('response_items.item_id')
    .where('responses.account_id', '=', accountId)
    .where('responses.expires_ms', '>', nowMs)
    .where('response_items.item_id', 'in', ids)
    .execute();
  return rows.map((row) => [row.item_id, readRow(row)]);
}

type Named = Pick<Selectable<ResponsesTable>, 'account_id' | 'id'>;

async function removeRows(db: Kysely<Schema>, rows: readonly Named[]): Promise<number> {
  let removed = 0;
  for (const { account_id: accountId, id } of rows) {
    // Items first: nothing is left that no later sweep would find.
    await db
      .deleteFrom('response_items')
      .where('account_id', '=', accountId)
      .where('response_id', '=', id)
      .execute();
    const gone = await db
      .deleteFrom('responses')
      .where('account_id', '=', accountId)
      .where('id', '=', id)
      .executeTakeFirst();
    removed += Number(gone.numDeletedRows);
  }
  return removed;
}

function* batches(ids: readonly string[]): Generator<string[]> {
  const all = [...new Set(ids)];
  for (let at = 0; at < all.length; at += IDS_PER_QUERY_MAX) {
    yield all.slice(at, at + IDS_PER_QUERY_MAX);
  }
}

const itemRow = (row: ResponseRow, itemId: string) => ({
  account_id: row.accountId,
  item_id: itemId,
  response_id: row.id,
});

function writeRow(row: ResponseRow) {
  return {
    id: row.id,
    account_id: row.accountId,
    previous_id: row.previousId,
    model: row.model,
    input: row.input,
    response: row.response,
    bytes: Buffer.byteLength(row.input) + Buffer.byteLength(row.response),
    created_ms: row.createdMs,
    expires_ms: row.expiresMs,
  };
}

function readRow(row: Selectable<ResponsesTable>): ResponseRow {
  return {
    id: row.id,
    accountId: row.account_id,
    previousId: row.previous_id,
    model: row.model,
    input: row.input,
    response: row.response,
    createdMs: Number(row.created_ms),
    expiresMs: Number(row.expires_ms),
  };
}
