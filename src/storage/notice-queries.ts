/** Notices, and the alarms that make them, through Kysely; each change is one statement. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { FUNDING_ACCOUNT, HOUSE_ACCOUNT } from './accounts.ts';
import type { AlarmRow, Alarms, NoticeRow, Notices } from './ports/notices.ts';
import type { AlarmsTable, NoticesTable, Schema } from './schema.ts';

type Db = Kysely<Schema>;

/** Of accounts' balances. */
const BALANCE_ALARM = 'balance_low';

export function noticeQueries(db: Db): Notices {
  const select = () => db.selectFrom('notices').selectAll();
  return {
    async insert(row) {
      const { eventId, accountId, atMs, ...rest } = row;
      const values = { ...rest, event_id: eventId, account_id: accountId, at_ms: atMs };
      const result = await db
        .insertInto('notices')
        .values({ ...values, told: 0 })
        .onConflict((conflict) => conflict.columns(['id']).doNothing())
        .executeTakeFirst();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async untold(limit) {
      const rows = await select().where('told', '=', 0).orderBy('event_id').limit(limit).execute();
      return rows.map(readNotice);
    },
    async markTold(id) {
      await db.updateTable('notices').set({ told: 1 }).where('id', '=', id).execute();
    },
    async list({ after, limit }) {
      let query = select();
      if (after !== undefined) query = query.where('event_id', '<', after);
      return (await query.orderBy('event_id', 'desc').limit(limit).execute()).map(readNotice);
    },
  };
}

function readNotice(row: Selectable<NoticesTable>): NoticeRow {
  const { id, type, subject, data } = row;
  const atMs = Number(row.at_ms);
  return { id, eventId: row.event_id, accountId: row.account_id, type, subject, data, atMs };
}

export function alarmQueries(db: Db): Alarms {
  const select = () => db.selectFrom('alarms').selectAll();
  return {
    async find(kind, subject) {
      const row = await select()
        .where('kind', '=', kind)
        .where('subject', '=', subject)
        .executeTakeFirst();
      return row === undefined ? undefined : readAlarm(row);
    },
    async list({ kind, on, seenBeforeMs, limit }) {
      const rows = await select()
        .where('kind', '=', kind)
        .where('is_on', '=', on ? 1 : 0)
        .where('seen_ms', '<', seenBeforeMs)
        .orderBy('seen_ms', 'desc')
        .limit(limit)
        .execute();
      return rows.map(readAlarm);
    },
    replace: (before, after) => replaceAlarm(db, before, after),
    async see(kind, subject, atMs) {
      await db
        .updateTable('alarms')
        .set({ seen_ms: atMs })
        .where('kind', '=', kind)
        .where('subject', '=', subject)
        .execute();
    },
    ...marks(db),
  };
}

async function replaceAlarm(db: Db, before: AlarmRow | null, after: AlarmRow): Promise<boolean> {
  const values = writeAlarm(after);
  if (before === null) {
    const result = await db
      .insertInto('alarms')
      .values(values)
      .onConflict((conflict) => conflict.columns(['kind', 'subject']).doNothing())
      .executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }
  const known = writeAlarm(before);
  const result = await db
    .updateTable('alarms')
    .set(values)
    .where('kind', '=', known.kind)
    .where('subject', '=', known.subject)
    .where('is_on', '=', known.is_on)
    .where('times', '=', known.times)
    .where('seen_ms', '=', known.seen_ms)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

function marks(db: Db): Pick<Alarms, 'mark' | 'setMark' | 'balanceChanges'> {
  return {
    async mark(accountId) {
      const row = await db
        .selectFrom('balance_marks')
        .select(sql<string | null>`cast(below as text)`.as('below'))
        .where('account_id', '=', accountId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      return row.below === null ? null : BigInt(row.below);
    },
    async setMark(accountId, below) {
      if (below === undefined) {
        await db.deleteFrom('balance_marks').where('account_id', '=', accountId).execute();
        return;
      }
      await db
        .insertInto('balance_marks')
        .values({ account_id: accountId, below })
        .onConflict((conflict) => conflict.columns(['account_id']).doUpdateSet({ below }))
        .execute();
    },
    async balanceChanges(below, limit) {
      const mark = sql`case when m.account_id is not null then m.below
        when a.unlimited = 0 then cast(${below} as bigint) end`;
      // Without a default only the few with a mark are looked at.
      const marks = below === null ? 'join' : 'left join';
      // An account that was never above its mark has not fallen below it.
      const isLow = sql`coalesce(l.is_on, 1)`;
      const { rows } = await sql<ChangeRow>`select a.id, a.name,
          cast(a.balance as text) as balance, cast(${mark} as text) as below,
          l.is_on as low, l.times as times
        from accounts a
        ${sql.raw(marks)} balance_marks m on m.account_id = a.id
        left join alarms l on l.kind = ${BALANCE_ALARM} and l.subject = a.id
        where a.id not in (${HOUSE_ACCOUNT}, ${FUNDING_ACCOUNT})
          and ((a.balance < ${mark} and ${isLow} = 0) or (a.balance >= ${mark} and ${isLow} = 1))
        limit ${limit}`.execute(db);
      return rows.map((row) => ({
        accountId: row.id,
        name: row.name,
        balance: BigInt(row.balance),
        below: BigInt(row.below),
        alarm: row.times === null ? null : { on: row.low === 1, times: row.times },
      }));
    },
  };
}

interface ChangeRow {
  readonly id: string;
  readonly name: string;
  readonly balance: string;
  readonly below: string;
  readonly low: number | null;
  readonly times: number | null;
}

function writeAlarm(row: AlarmRow): AlarmsTable {
  const { kind, subject, on, times, sinceMs, seenMs } = row;
  return { kind, subject, is_on: on ? 1 : 0, times, since_ms: sinceMs, seen_ms: seenMs };
}

function readAlarm(row: Selectable<AlarmsTable>): AlarmRow {
  return {
    kind: row.kind,
    subject: row.subject,
    on: row.is_on === 1,
    times: row.times,
    sinceMs: Number(row.since_ms),
    seenMs: Number(row.seen_ms),
  };
}
