/** Tasks through Kysely, each change one statement: a lease or a save is whole or not at all. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely';
import type { TaskChange, TaskFilter, TaskRow, TaskSurvey, Tasks } from './ports/tasks.ts';
import type { Schema } from './schema.ts';
import { readTask, writeTask } from './task-rows.ts';

type Db = Kysely<Schema>;

const AT_VENDOR: readonly string[] = ['sending', 'unknown', 'polling'];

export function taskQueries(db: Db): Tasks {
  const select = () => db.selectFrom('tasks').selectAll();
  return {
    async insert(row) {
      const result = await db
        .insertInto('tasks')
        .values(writeTask(row))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    ...finds(db),
    async list(filter) {
      const rows = await select()
        .where(meets(filter))
        .orderBy('id', filter.order ?? 'desc')
        .limit(filter.limit)
        .offset(filter.offset ?? 0)
        .execute();
      return rows.map(readTask);
    },
    async count(filter) {
      const row = await db
        .selectFrom('tasks')
        .where(meets(filter))
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    async survey(filter) {
      const rows = await select()
        .where(looksLike(filter))
        .orderBy('id', 'desc')
        .limit(filter.limit)
        .execute();
      return rows.map(readTask);
    },
    ...leases(db),
    ...heldWrites(db),
    ...looks(db),
    async askCancel(id, nowMs) {
      await db
        .updateTable('tasks')
        .set({ cancel_asked: 1, next_ms: nowMs, saves: sql<number>`saves + 1` })
        .where('id', '=', id)
        .where('ended_ms', 'is', null)
        .execute();
    },
    async wake(id, nowMs) {
      const due = { next_ms: nowMs };
      await db.updateTable('tasks').set(due).where('id', '=', id).execute();
    },
    async dropDraft(id) {
      await db.deleteFrom('tasks').where('id', '=', id).where('phase', '=', 'draft').execute();
    },
    async remove(id) {
      const result = await db
        .deleteFrom('tasks')
        .where('id', '=', id)
        .where('ended_ms', 'is not', null)
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    },
  };
}

type Repeats = Pick<Tasks, 'byRepeatKey' | 'byAsked' | 'setUnheard' | 'forgetRepeatKey'>;

function finds(
  db: Db,
): Pick<Tasks, 'byId' | 'byNativeId' | 'byToken' | 'byCallIds' | keyof Repeats> {
  const select = () => db.selectFrom('tasks').selectAll();
  const one = async (query: ReturnType<typeof select>): Promise<TaskRow | undefined> => {
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : readTask(row);
  };
  return {
    byId: (id) => one(select().where('id', '=', id)),
    byNativeId: (mount, id) => one(select().where('mount', '=', mount).where('native_id', '=', id)),
    byToken: (token) => one(select().where('token', '=', token)),
    async byCallIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('tasks')
        .select(['id', 'call_id', 'kind'])
        .where('call_id', 'in', ids)
        .execute();
      return rows.map((row) => ({ id: row.id, callId: row.call_id, kind: row.kind }));
    },
    ...repeats(db),
  };
}

/** What is known of a creation that comes a second time. */
function repeats(db: Db): Repeats {
  const select = () => db.selectFrom('tasks').selectAll();
  const one = async (query: ReturnType<typeof select>): Promise<TaskRow | undefined> => {
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : readTask(row);
  };
  return {
    byRepeatKey: (accountId, key) =>
      one(select().where('account_id', '=', accountId).where('repeat_key', '=', key)),
    byAsked: (keyId, asked, sinceMs) =>
      one(
        select()
          .where('key_id', '=', keyId)
          .where('asked', '=', asked)
          .where('created_ms', '>=', sinceMs)
          .orderBy('created_ms', 'desc')
          .limit(1),
      ),
    async setUnheard(id, unheard) {
      const change = { unheard: unheard ? 1 : 0 };
      await db.updateTable('tasks').set(change).where('id', '=', id).execute();
    },
    async forgetRepeatKey(id) {
      await db.updateTable('tasks').set({ repeat_key: null }).where('id', '=', id).execute();
    },
  };
}

function leases(db: Db): Pick<Tasks, 'due' | 'lease' | 'leaseOne' | 'clearLeases'> {
  return {
    async due(nowMs) {
      const rows = await db
        .selectFrom('tasks')
        .select(({ fn }) => ['upstream', fn.min('next_ms').as('next')])
        .where('ended_ms', 'is', null)
        .where('lease_until_ms', '<=', nowMs)
        .groupBy('upstream')
        .execute();
      return rows.map((row) => ({ upstream: row.upstream, nextMs: Number(row.next) }));
    },
    async lease({ upstream, nowMs, untilMs, limit }) {
      const due = db
        .selectFrom('tasks')
        .select('id')
        .where('upstream', '=', upstream)
        .where('ended_ms', 'is', null)
        .where('next_ms', '<=', nowMs)
        .where('lease_until_ms', '<=', nowMs)
        .orderBy('next_ms')
        .limit(limit);
      const rows = await db
        .updateTable('tasks')
        .set({ lease_until_ms: untilMs, lease_no: sql<number>`lease_no + 1` })
        .where('id', 'in', due)
        // Once more, for a database where another process may have been at the same rows.
        .where('lease_until_ms', '<=', nowMs)
        .where('next_ms', '<=', nowMs)
        .where('ended_ms', 'is', null)
        .returningAll()
        .execute();
      return rows.map(readTask).sort((a, b) => a.nextMs - b.nextMs);
    },
    async leaseOne(id, nowMs, untilMs) {
      const row = await db
        .updateTable('tasks')
        .set({ lease_until_ms: untilMs, lease_no: sql<number>`lease_no + 1` })
        .where('id', '=', id)
        .where('ended_ms', 'is', null)
        .where('phase', '<>', 'draft')
        .where('lease_until_ms', '<=', nowMs)
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? undefined : readTask(row);
    },
    async clearLeases() {
      const due = { next_ms: 0 };
      await db.updateTable('tasks').set(due).where('phase', '=', 'draft').execute();
      const result = await db
        .updateTable('tasks')
        .set({ lease_until_ms: 0 })
        .where('ended_ms', 'is', null)
        .where('lease_until_ms', '>', 0)
        .executeTakeFirst();
      return Number(result.numUpdatedRows);
    },
  };
}

function nextAfter({ nextMs, nextSeenMs }: TaskChange) {
  if (nextSeenMs === undefined) return nextMs;
  return sql<number>`case when next_ms = ${nextSeenMs} then ${nextMs} else next_ms end`;
}

/** Writes that only the holder of the lease may make. */
function heldWrites(db: Db): Pick<Tasks, 'save' | 'renew' | 'letGo'> {
  return {
    async save(id, leaseNo, change) {
      const result = await db
        .updateTable('tasks')
        .set({
          upstream: change.upstream,
          vendor_id: change.vendorId,
          events: change.events,
          phase: change.phase,
          state: change.state,
          ended_ms: change.endedMs,
          next_ms: nextAfter(change),
          saves: sql<number>`saves + 1`,
          lease_until_ms: change.leaseUntilMs,
          doc: change.doc,
          body: change.body,
        })
        .where('id', '=', id)
        .where('lease_no', '=', leaseNo)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async renew(id, leaseNo, untilMs) {
      const result = await db
        .updateTable('tasks')
        .set({ lease_until_ms: untilMs })
        .where('id', '=', id)
        .where('lease_no', '=', leaseNo)
        // What was let go is anybody's, though nobody has taken it yet.
        .where('lease_until_ms', '>', 0)
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
    async letGo(id, leaseNo, nextMs) {
      await db
        .updateTable('tasks')
        .set({ lease_until_ms: 0, next_ms: nextMs })
        .where('id', '=', id)
        .where('lease_no', '=', leaseNo)
        .execute();
    },
  };
}

function looks(
  db: Db,
): Pick<
  Tasks,
  'byOwnName' | 'atVendor' | 'claimed' | 'saves' | 'priceText' | 'untold' | 'markTold'
> {
  const count = () => db.selectFrom('tasks').select(({ fn }) => fn.countAll<number>().as('count'));
  return {
    async byOwnName(accountId, mount, name) {
      const row = await db
        .selectFrom('tasks')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('mount', '=', mount)
        .where('own_name', '=', name)
        .executeTakeFirst();
      return row === undefined ? undefined : readTask(row);
    },
    async atVendor(upstream) {
      const row = await count()
        .where('upstream', '=', upstream)
        .where('ended_ms', 'is', null)
        .where('phase', 'in', AT_VENDOR)
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    async claimed(upstream, vendorIds) {
      if (vendorIds.length === 0) return [];
      const rows = await db
        .selectFrom('tasks')
        .select('vendor_id')
        .where('upstream', '=', upstream)
        .where('vendor_id', 'in', vendorIds)
        .execute();
      return rows.flatMap((row) => row.vendor_id ?? []);
    },
    async saves(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('tasks')
        .select(['id', 'saves'])
        .where('id', 'in', ids)
        .execute();
      return new Map(rows.map((row) => [row.id, Number(row.saves)]));
    },
    async untold(limit) {
      const rows = await db
        .selectFrom('tasks')
        .selectAll()
        .where(sql<boolean>`told < events`)
        .where('phase', '<>', 'draft')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(readTask);
    },
    async markTold(id, told) {
      await db.updateTable('tasks').set({ told }).where('id', '=', id).execute();
    },
    async priceText(priceId) {
      const row = await db
        .selectFrom('prices')
        .select('text')
        .where('id', '=', priceId)
        .executeTakeFirst();
      return row?.text;
    },
  };
}

/** What the filter demands, as one condition. */
function meets(filter: TaskFilter) {
  return (eb: ExpressionBuilder<Schema, 'tasks'>) => {
    const { after, mount, nativeIds, states, kind, model, models } = filter;
    const { createdAfterMs, createdBeforeMs, order } = filter;
    // Nobody was told of a draft yet.
    const all = [eb('account_id', '=', filter.accountId), eb('phase', '<>', 'draft')];
    if (after !== undefined) all.push(eb('id', order === 'asc' ? '>' : '<', after));
    if (mount !== undefined) all.push(eb('mount', '=', mount));
    // PostgreSQL knows no empty list.
    if (nativeIds?.length === 0 || states?.length === 0) all.push(eb(eb.val(1), '=', eb.val(0)));
    if (nativeIds?.length) all.push(eb('native_id', 'in', nativeIds));
    if (states?.length) all.push(eb('state', 'in', states));
    if (kind !== undefined) all.push(eb('kind', '=', kind));
    if (model !== undefined) all.push(eb('model', '=', model));
    if (models !== undefined) all.push(eb('model', 'in', models));
    if (createdAfterMs !== undefined) all.push(eb('created_ms', '>=', createdAfterMs));
    if (createdBeforeMs !== undefined) all.push(eb('created_ms', '<', createdBeforeMs));
    return eb.and(all);
  };
}

function looksLike(filter: TaskSurvey) {
  return (eb: ExpressionBuilder<Schema, 'tasks'>) => {
    const { after, accountId, states, upstream, model, detail } = filter;
    const all = [eb('phase', '<>', 'draft')];
    if (after !== undefined) all.push(eb('id', '<', after));
    if (accountId !== undefined) all.push(eb('account_id', '=', accountId));
    if (states !== undefined) all.push(eb('state', 'in', states));
    if (upstream !== undefined) all.push(eb('upstream', '=', upstream));
    if (model !== undefined) all.push(eb('model', '=', model));
    // In JSON, and callers' metadata may say the same: whoever asks looks again.
    if (detail !== undefined) all.push(eb('doc', 'like', `%"detail":"${detail}"%`));
    return eb.and(all);
  };
}
