/** Answers under keys of the callers', on every database. */
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Idempotency, OnceFound, OnceRow, OnceUse } from './ports.ts';
import type { IdempotencyTable, Schema } from './schema.ts';

/** What a row takes beside its body, about. */
const ROW_BYTES = 512;
const BEGIN_TRIES_MAX = 3;

export function idempotencyQueries(db: Kysely<Schema>): Idempotency {
  const rowOf = (id: string) => db.updateTable('idempotency').where('id', '=', id);
  const find = async (id: string, nowMs: number): Promise<OnceFound | null> => {
    const row = await db
      .selectFrom('idempotency')
      .selectAll()
      .where('id', '=', id)
      .where('expires_ms', '>', nowMs)
      .executeTakeFirst();
    return row === undefined ? null : readRow(row, nowMs);
  };
  return {
    find,
    async begin(row, nowMs) {
      for (let tries = 0; tries < BEGIN_TRIES_MAX; tries += 1) {
        if (await insert(db, row, nowMs)) return null;
        const found = await find(row.id, nowMs);
        if (found !== null) return found;
        // Gone between the two: its request came to nothing, so this one may take its place.
      }
      throw new Error('an idempotency key comes and goes');
    },
    async finish(id, answer) {
      await rowOf(id)
        .set({
          state: 'done',
          status: answer.status,
          headers: JSON.stringify(answer.headers),
          body: answer.body,
          bytes: ROW_BYTES + answer.body.length,
        })
        .execute();
    },
    async lose(id) {
      await rowOf(id).set({ state: 'lost' }).execute();
    },
    async forget(id) {
      await db.deleteFrom('idempotency').where('id', '=', id).execute();
    },
    async renew(owner, leaseUntilMs) {
      await db
        .updateTable('idempotency')
        .set({ lease_until_ms: leaseUntilMs })
        .where('owner', '=', owner)
        .where('state', '=', sql.lit('running'))
        .execute();
    },
    async sweep(nowMs, rowsMax) {
      const old = db
        .selectFrom('idempotency')
        .select('id')
        .where('expires_ms', '<=', nowMs)
        .limit(rowsMax);
      const result = await db.deleteFrom('idempotency').where('id', 'in', old).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
    use: (accountsMax) => sumUse(db, accountsMax),
  };
}

async function sumUse(
  db: Kysely<Schema>,
  accountsMax: number,
): Promise<ReadonlyMap<string, OnceUse>> {
  const rows = await db
    .selectFrom('idempotency')
    .select(({ fn }) => [
      'account_id',
      fn.countAll<number>().as('rows'),
      fn.sum<number>('bytes').as('bytes'),
    ])
    .groupBy('account_id')
    .orderBy('bytes', 'desc')
    .limit(accountsMax)
    .execute();
  return new Map(
    rows.map((row) => [row.account_id, { rows: Number(row.rows), bytes: Number(row.bytes) }]),
  );
}

/** False where a row that has not expired stands there. */
async function insert(db: Kysely<Schema>, row: OnceRow, nowMs: number): Promise<boolean> {
  const fresh = {
    account_id: row.accountId,
    body_hash: row.bodyHash,
    owner: row.owner,
    state: 'running',
    lease_until_ms: row.leaseUntilMs,
    expires_ms: row.expiresMs,
    bytes: ROW_BYTES,
    status: null,
    headers: null,
    body: null,
  };
  const written = await db
    .insertInto('idempotency')
    .values({ id: row.id, ...fresh })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(fresh).where('idempotency.expires_ms', '<=', nowMs),
    )
    .returning('id')
    .executeTakeFirst();
  return written !== undefined;
}

function readRow(row: Selectable<IdempotencyTable>, nowMs: number): OnceFound {
  const bodyHash = row.body_hash;
  const leaseUntilMs = Number(row.lease_until_ms);
  if (row.state === 'done' && row.body !== null) {
    const headers = JSON.parse(row.headers ?? '{}') as Readonly<Record<string, string>>;
    const answer = { status: row.status ?? 0, headers, body: new Uint8Array(row.body) };
    return { state: 'done', bodyHash, answer };
  }
  // Its process died, or can say nothing any more.
  if (row.state !== 'running' || leaseUntilMs <= nowMs) return { state: 'lost', bodyHash };
  return { state: 'running', bodyHash, leaseUntilMs };
}
