/** Operators' acts through Kysely. */
import type { Kysely } from 'kysely';
import type { ActRow, Acts } from './ports/acts.ts';
import type { Schema } from './schema.ts';

export function actQueries(db: Kysely<Schema>): Acts {
  return {
    async begin({ atMs, endedMs, ...row }) {
      const values = { ...row, at_ms: atMs, ended_ms: endedMs };
      await db.insertInto('operator_acts').values(values).execute();
    },
    async end(id, { state, endedMs, problem }) {
      await db
        .updateTable('operator_acts')
        .set({ state, ended_ms: endedMs, problem })
        .where('id', '=', id)
        .execute();
    },
    async list({ subject, after, limit }) {
      let query = db.selectFrom('operator_acts').selectAll();
      if (subject !== undefined) query = query.where('subject', '=', subject);
      if (after !== undefined) query = query.where('id', '<', after);
      const rows = await query.orderBy('id', 'desc').limit(limit).execute();
      return rows.map(({ at_ms: atMs, ended_ms: endedMs, state, ...row }) => ({
        ...row,
        state: state as ActRow['state'],
        atMs: Number(atMs),
        endedMs: endedMs === null ? null : Number(endedMs),
      }));
    },
  };
}
