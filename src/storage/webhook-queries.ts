/** Webhooks and deliveries through Kysely; each change is one statement. */
import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely';
import type {
  Deliveries,
  DeliveryAsk,
  DeliveryFilter,
  DeliveryRow,
  WebhookRow,
  Webhooks,
} from './ports/webhooks.ts';
import type { DeliveriesTable, Schema, WebhooksTable } from './schema.ts';

type Db = Kysely<Schema>;

const INSERT_ROWS_MAX = 100;
/** Rows that are looked at for each that is taken. */
const LOOK_AHEAD = 8;

export function webhookQueries(db: Db): Webhooks {
  const select = () => db.selectFrom('webhooks').selectAll();
  return {
    async insert(row) {
      await db.insertInto('webhooks').values(writeWebhook(row)).execute();
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readWebhook(row);
    },
    async list(accountId, limit, after = '') {
      const rows = await select()
        .where('account_id', '=', accountId)
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(readWebhook);
    },
    async accountsFor(event, { after = '', limit }) {
      const rows = await db
        .selectFrom('webhooks')
        .select('account_id')
        .distinct()
        .where('account_id', '>', after)
        .where('state', '=', 'active')
        // Types are words of ours, which stand in the list between quotes.
        .where('events', 'like', `%"${event}"%`)
        .orderBy('account_id')
        .limit(limit)
        .execute();
      return rows.map((row) => row.account_id);
    },
    async update(id, change) {
      // Only what changes: a secret that is turned outlives a state that changes at that moment.
      const columns = webhookChange(change);
      if (Object.keys(columns).length === 0) return;
      await db.updateTable('webhooks').set(columns).where('id', '=', id).execute();
    },
    async remove(id) {
      await db.deleteFrom('webhooks').where('id', '=', id).execute();
    },
  };
}

export function deliveryQueries(db: Db): Deliveries {
  const select = () => db.selectFrom('deliveries').selectAll();
  return {
    async insert(rows) {
      for (let at = 0; at < rows.length; at += INSERT_ROWS_MAX) {
        await db
          .insertInto('deliveries')
          .values(rows.slice(at, at + INSERT_ROWS_MAX).map(writeDelivery))
          .onConflict((conflict) => conflict.columns(['event_id', 'target']).doNothing())
          .execute();
      }
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readDelivery(row);
    },
    async list(filter) {
      const rows = await select()
        .where(meets(filter))
        .orderBy('id', 'desc')
        .limit(filter.limit)
        .execute();
      return rows.map(readDelivery);
    },
    async pendingOf(target) {
      const row = await db
        .selectFrom('deliveries')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('target', '=', target)
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },
    async replay(ids, nowMs) {
      if (ids.length === 0) return 0;
      const result = await db
        .updateTable('deliveries')
        .set({ state: 'pending', tries: 0, next_ms: nowMs, ended_ms: null, lease_until_ms: 0 })
        .where('id', 'in', ids)
        .executeTakeFirst();
      return Number(result.numUpdatedRows);
    },
    async dropPending(target, nowMs) {
      await db
        .updateTable('deliveries')
        .set({ state: 'dropped', ended_ms: nowMs })
        .where('target', '=', target)
        .where('state', '=', 'pending')
        .execute();
    },
    async purge(beforeMs, limit) {
      const old = db
        .selectFrom('deliveries')
        .select('id')
        .where('ended_ms', '<', beforeMs)
        .limit(limit);
      const result = await db.deleteFrom('deliveries').where('id', 'in', old).executeTakeFirst();
      return Number(result.numDeletedRows);
    },
    ...deliveryLeases(db),
  };
}

/** Those that nobody holds and nothing is before. */
function waiting(db: Db, nowMs: number) {
  /** An earlier event of the same subject is still on its way to the same target. */
  const overtakes = sql<boolean>`exists (select 1 from deliveries as earlier
    where earlier.target = deliveries.target and earlier.subject = deliveries.subject
    and earlier.place < deliveries.place and earlier.state = 'pending')`;
  return db
    .selectFrom('deliveries')
    .where('state', '=', 'pending')
    .where('lease_until_ms', '<=', nowMs)
    .where(({ not }) => not(overtakes));
}

function dueIds(db: Db, { nowMs, limit, perTarget, except }: DeliveryAsk) {
  let ready = waiting(db, nowMs).where('next_ms', '<=', nowMs);
  if (except.length > 0) ready = ready.where('target', 'not in', except);
  // The first of them are enough: what stands before all others is busy at the next look.
  const first = ready
    .select(['id', 'next_ms', 'target'])
    .orderBy('next_ms')
    .limit(limit * LOOK_AHEAD);
  const turns = db
    .selectFrom(first.as('first'))
    .select([
      ...(['first.id', 'first.next_ms'] as const),
      sql<number>`row_number() over (partition by target order by next_ms, id)`.as('turn'),
    ]);
  return db
    .selectFrom(turns.as('ready'))
    .select('ready.id')
    .where('ready.turn', '<=', perTarget)
    .orderBy('ready.next_ms')
    .orderBy('ready.id')
    .limit(limit);
}

function deliveryLeases(db: Db): Pick<Deliveries, 'lease' | 'nextMs' | 'clearLeases' | 'save'> {
  return {
    async lease(ask) {
      const rows = await db
        .updateTable('deliveries')
        .set({ lease_until_ms: ask.untilMs, lease_no: sql<number>`lease_no + 1` })
        .where('id', 'in', dueIds(db, ask))
        // Once more, for a database where another process may have been at the same rows.
        .where('lease_until_ms', '<=', ask.nowMs)
        .where('next_ms', '<=', ask.nowMs)
        .where('state', '=', 'pending')
        .returningAll()
        .execute();
      return rows.map(readDelivery).sort((a, b) => a.nextMs - b.nextMs);
    },
    async nextMs(nowMs) {
      const row = await waiting(db, nowMs)
        .select('next_ms')
        .orderBy('next_ms')
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? null : Number(row.next_ms);
    },
    async clearLeases() {
      await db
        .updateTable('deliveries')
        .set({ lease_until_ms: 0 })
        .where('state', '=', 'pending')
        .where('lease_until_ms', '>', 0)
        .execute();
    },
    async save(id, leaseNo, change) {
      const result = await db
        .updateTable('deliveries')
        .set({
          state: change.state,
          tries: change.tries,
          attempts: JSON.stringify(change.attempts),
          ended_ms: change.endedMs,
          next_ms: change.nextMs,
          lease_until_ms: 0,
        })
        .where('id', '=', id)
        .where('lease_no', '=', leaseNo)
        .where('state', '=', 'pending')
        .executeTakeFirst();
      return result.numUpdatedRows > 0n;
    },
  };
}

function meets(filter: DeliveryFilter) {
  return (eb: ExpressionBuilder<Schema, 'deliveries'>) => {
    const { after, webhookId, state, subject, sinceMs } = filter;
    const all = [eb('account_id', '=', filter.accountId)];
    if (after !== undefined) all.push(eb('id', '<', after));
    if (webhookId !== undefined) all.push(eb('webhook_id', '=', webhookId));
    if (state !== undefined) all.push(eb('state', '=', state));
    if (subject !== undefined) all.push(eb('subject', '=', subject));
    if (sinceMs !== undefined) all.push(eb('created_ms', '>=', sinceMs));
    return eb.and(all);
  };
}

function writeWebhook(row: WebhookRow): WebhooksTable {
  return {
    id: row.id,
    account_id: row.accountId,
    url: row.url,
    events: JSON.stringify(row.events),
    profile: row.profile,
    sealed: row.sealed,
    old_sealed: row.oldSealed,
    old_until_ms: row.oldUntilMs,
    state: row.state,
    reason: row.reason,
    created_ms: row.createdMs,
  };
}

function webhookChange(
  change: Partial<Omit<WebhookRow, 'id' | 'accountId'>>,
): Partial<WebhooksTable> {
  const { url, events, profile, sealed, oldSealed, oldUntilMs, state, reason, createdMs } = change;
  const columns = {
    ...{ url, profile, sealed, state, reason },
    events: events === undefined ? undefined : JSON.stringify(events),
    old_sealed: oldSealed,
    old_until_ms: oldUntilMs,
    created_ms: createdMs,
  };
  const said = Object.entries(columns).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<WebhooksTable>;
}

function readWebhook(row: Selectable<WebhooksTable>): WebhookRow {
  return {
    id: row.id,
    accountId: row.account_id,
    url: row.url,
    events: JSON.parse(row.events) as string[],
    profile: row.profile as WebhookRow['profile'],
    sealed: row.sealed,
    oldSealed: row.old_sealed,
    oldUntilMs: row.old_until_ms === null ? null : Number(row.old_until_ms),
    state: row.state as WebhookRow['state'],
    reason: row.reason,
    createdMs: Number(row.created_ms),
  };
}

function writeDelivery(row: DeliveryRow): DeliveriesTable {
  return {
    id: row.id,
    account_id: row.accountId,
    target: row.target,
    webhook_id: row.webhookId,
    event_id: row.eventId,
    type: row.type,
    subject: row.subject,
    place: row.place,
    url: row.url,
    payload: row.payload,
    state: row.state,
    tries: row.tries,
    attempts: JSON.stringify(row.attempts),
    created_ms: row.createdMs,
    ended_ms: row.endedMs,
    next_ms: row.nextMs,
    lease_until_ms: 0,
    lease_no: row.leaseNo,
  };
}

function readDelivery(row: Selectable<DeliveriesTable>): DeliveryRow {
  return {
    id: row.id,
    accountId: row.account_id,
    target: row.target,
    webhookId: row.webhook_id,
    eventId: row.event_id,
    type: row.type,
    subject: row.subject,
    place: Number(row.place),
    url: row.url,
    payload: row.payload,
    state: row.state as DeliveryRow['state'],
    tries: row.tries,
    attempts: JSON.parse(row.attempts) as DeliveryRow['attempts'],
    createdMs: Number(row.created_ms),
    endedMs: row.ended_ms === null ? null : Number(row.ended_ms),
    nextMs: Number(row.next_ms),
    leaseNo: row.lease_no,
  };
}
