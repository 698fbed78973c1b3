/** Names that stand for a model. */
import type { Kysely, Selectable } from 'kysely';
import type { EndpointChange, EndpointRow, Endpoints } from './ports.ts';
import type { Changes } from './queries.ts';
import type { EndpointsTable, Schema } from './schema.ts';

export function endpointQueries(db: Kysely<Schema>, changes: Changes): Endpoints {
  const select = () => db.selectFrom('endpoints').selectAll();
  return {
    async insert(row) {
      const { id, accountId, createdMs } = row;
      const result = await db
        .insertInto('endpoints')
        .values({ id, account_id: accountId, created_ms: createdMs, ...writeWhole(row) })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst();
      changes.tell();
      return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst();
      return row === undefined ? undefined : readRow(row);
    },
    async list(page) {
      let query = select().where('id', '>', page.after ?? '');
      if (page.accountId !== undefined) query = query.where('account_id', '=', page.accountId);
      return (await query.orderBy('id').limit(page.limit).execute()).map(readRow);
    },
    async update(id, change) {
      const result = await db
        .updateTable('endpoints')
        .set(writeChange(change))
        .where('id', '=', id)
        .executeTakeFirst();
      changes.tell();
      return result.numUpdatedRows > 0n;
    },
    async removeStopped(id) {
      const result = await db
        .deleteFrom('endpoints')
        .where('id', '=', id)
        .where('state', '=', 'Stopped')
        .executeTakeFirst();
      changes.tell();
      return result.numDeletedRows > 0n;
    },
    onChange: changes.listen,
  };
}

function writeWhole(row: EndpointRow) {
  return {
    name: row.name,
    description: row.description,
    model: row.model,
    state: row.state,
    rpm: row.requestsPerMinute,
    tpm: row.tokensPerMinute,
    contract: row.contract,
    tags: JSON.stringify(row.tags),
    project: row.project,
    updated_ms: row.updatedMs,
  };
}

/** Only columns that are named: two changes at once must not undo each other. */
function writeChange(change: EndpointChange) {
  return {
    ...(change.name === undefined ? {} : { name: change.name }),
    ...(change.description === undefined ? {} : { description: change.description }),
    ...(change.model === undefined ? {} : { model: change.model }),
    ...(change.state === undefined ? {} : { state: change.state }),
    ...(change.requestsPerMinute === undefined ? {} : { rpm: change.requestsPerMinute }),
    ...(change.tokensPerMinute === undefined ? {} : { tpm: change.tokensPerMinute }),
    ...(change.contract === undefined ? {} : { contract: change.contract }),
    ...(change.tags === undefined ? {} : { tags: JSON.stringify(change.tags) }),
    ...(change.project === undefined ? {} : { project: change.project }),
    ...(change.updatedMs === undefined ? {} : { updated_ms: change.updatedMs }),
  };
}

function readRow(row: Selectable<EndpointsTable>): EndpointRow {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    description: row.description,
    model: row.model,
    state: row.state as EndpointRow['state'],
    requestsPerMinute: row.rpm,
    tokensPerMinute: row.tpm,
    contract: row.contract as EndpointRow['contract'],
    tags: JSON.parse(row.tags) as EndpointRow['tags'],
    project: row.project,
    createdMs: Number(row.created_ms),
    updatedMs: Number(row.updated_ms),
  };
}
