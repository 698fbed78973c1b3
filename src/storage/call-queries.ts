/** Calls as people look at them: those that nobody has ended, and those that ended. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { sumByDay } from './day-queries.ts';
import type { CallFilter, CallRow, Calls, UsagePoint, UsageRow, UsageSpan } from './ports.ts';
import { asText } from './queries.ts';
import type { CallsTable, HoldsTable, Schema } from './schema.ts';
import { readUnits } from './units.ts';

type Db = Kysely<Schema>;

const MS_PER_S = 1_000;
const UNSETTLED: readonly string[] = ['open', 'unknown'];

export function callQueries(db: Db): Calls {
  return {
    async list(filter) {
      const { state } = filter;
      const held = state === undefined || UNSETTLED.includes(state);
      const ended = state === undefined || !UNSETTLED.includes(state);
      // Holds are read first: a call that ends meanwhile is then seen twice, never not at all.
      const holds = held ? await listHolds(db, filter) : [];
      const calls = ended ? await listCalls(db, filter) : [];
      const known = new Set(calls.map((call) => call.id));
      const rows = [...holds.filter((hold) => !known.has(hold.id)), ...calls];
      // Ids sort by time: newest first.
      return rows.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, filter.limit);
    },
    async byId(id) {
      const hold = await selectHolds(db).where('id', '=', id).executeTakeFirst();
      const call = await selectCalls(db).where('id', '=', id).executeTakeFirst();
      if (call !== undefined) return readCall(call);
      return hold === undefined ? undefined : readHold(hold);
    },
    async byIds(ids) {
      if (ids.length === 0) return [];
      // Holds first, as in a list: what ends meanwhile is seen as ended.
      const holds = await selectHolds(db).where('id', 'in', ids).execute();
      const calls = await selectCalls(db).where('id', 'in', ids).execute();
      const known = new Set(calls.map(({ id }) => id));
      const open = holds.filter(({ id }) => !known.has(id)).map(readHold);
      return [...calls.map(readCall), ...open];
    },
    usage: async (filter) => withUnits(await sumUsage(db, filter), await sumUnits(db, filter)),
    usageOverTime: (span) => sumOverTime(db, span),
    byDay: (span) => sumByDay(db, span),
  };
}

function selectHolds(db: Db) {
  return db.selectFrom('holds').selectAll().select(asText('hold'));
}

function selectCalls(db: Db) {
  const money = [asText('hold'), asText('charge'), asText('shortfall')] as const;
  return db.selectFrom('calls').selectAll().select(money);
}

async function listHolds(db: Db, filter: CallFilter): Promise<CallRow[]> {
  let query = selectHolds(db);
  if (filter.after !== undefined) query = query.where('id', '<', filter.after);
  if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId);
  if (filter.keyId !== undefined) query = query.where('key_id', '=', filter.keyId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.model !== undefined) query = query.where('model', '=', filter.model);
  return (await query.orderBy('id', 'desc').limit(filter.limit).execute()).map(readHold);
}

async function listCalls(db: Db, filter: CallFilter): Promise<CallRow[]> {
  let query = selectCalls(db);
  if (filter.after !== undefined) query = query.where('id', '<', filter.after);
  if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId);
  if (filter.keyId !== undefined) query = query.where('key_id', '=', filter.keyId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.model !== undefined) query = query.where('model', '=', filter.model);
  return (await query.orderBy('id', 'desc').limit(filter.limit).execute()).map(readCall);
}

type UsageFilter = Parameters<Calls['usage']>[0];

async function sumUsage(db: Db, filter: UsageFilter): Promise<readonly UsageRow[]> {
  let query = db
    .selectFrom('calls')
    .select(({ fn }) => [
      'model',
      fn.countAll<number>().as('calls'),
      fn.sum<number>('input_tokens').as('input'),
      fn.sum<number>('output_tokens').as('output'),
      fn.sum<number>('cached_tokens').as('cached'),
      fn.sum<number>('reasoning_tokens').as('reasoning'),
      sql<string>`cast(sum(charge) as text)`.as('charge'),
    ])
    .where('started_ms', '>=', filter.sinceMs);
  if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId);
  const rows = await query.groupBy('model').orderBy('model').execute();
  return rows.map((row) => ({
    model: row.model,
    calls: Number(row.calls),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    cachedInputTokens: Number(row.cached),
    reasoningTokens: Number(row.reasoning),
    charge: BigInt(row.charge),
  }));
}

async function sumOverTime(db: Db, span: UsageSpan): Promise<readonly UsagePoint[]> {
  // No endpoint is used by nobody; some databases refuse to be asked for one of none.
  if (span.endpoints?.length === 0) return [];
  const stepMs = span.stepS * MS_PER_S;
  const fromMs = span.fromS * MS_PER_S;
  // Whole numbers all through, so that the division rounds down on every database.
  const step = sql<number>`(started_ms - ${sql.lit(fromMs)}) / ${sql.lit(stepMs)}`;
  let query = db
    .selectFrom('calls')
    .select(({ fn }) => [
      step.as('step'),
      fn.sum<number>('input_tokens').as('input'),
      fn.sum<number>('output_tokens').as('output'),
    ])
    .where('account_id', '=', span.accountId)
    .where('started_ms', '>=', fromMs)
    .where('started_ms', '<', span.untilS * MS_PER_S);
  if (span.endpoints !== null) query = query.where('endpoint', 'in', span.endpoints);
  const rows = await query.groupBy('step').orderBy('step').execute();
  return rows.map((row) => ({
    atS: span.fromS + Number(row.step) * span.stepS,
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
  }));
}

/** Different texts of units read at once: as many as calls had different amounts. */
const UNIT_ROWS = 2_000;

/** What calls counted beside tokens, by model. It stands in JSON, so it is added up here. */
async function sumUnits(db: Db, filter: UsageFilter): Promise<ReadonlyMap<string, Units>> {
  const sums = new Map<string, Record<string, number>>();
  for (let last = { model: '', units: '' }; ; ) {
    let query = db
      .selectFrom('calls')
      .select(({ fn }) => ['model', 'units', fn.countAll<number>().as('calls')])
      .where('started_ms', '>=', filter.sinceMs)
      .where('units', 'is not', null)
      .where(({ eb, or, and }) =>
        or([
          eb('model', '>', last.model),
          and([eb('model', '=', last.model), eb('units', '>', last.units)]),
        ]),
      );
    if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId);
    const grouped = query.groupBy(['model', 'units']).orderBy('model').orderBy('units');
    const rows = await grouped.limit(UNIT_ROWS).execute();
    for (const { model, units, calls } of rows) {
      const sum = sums.get(model) ?? {};
      sums.set(model, sum);
      for (const [unit, amount] of Object.entries(readUnits(units).units ?? {})) {
        sum[unit] = (sum[unit] ?? 0) + amount * Number(calls);
      }
      last = { model, units: units ?? '' };
    }
    if (rows.length < UNIT_ROWS) return sums;
  }
}

type Units = Readonly<Record<string, number>>;

function withUnits(
  rows: readonly UsageRow[],
  units: ReadonlyMap<string, Units>,
): readonly UsageRow[] {
  return rows.map((row) => {
    const own = units.get(row.model);
    return own === undefined || Object.keys(own).length === 0 ? row : { ...row, units: own };
  });
}

/** A call that nobody has ended has an end of its own kind: it is not known yet. */
function readHold(row: Omit<Selectable<HoldsTable>, 'node'>): CallRow {
  return {
    id: row.id,
    accountId: row.account_id,
    keyId: row.key_id,
    requestId: row.request_id,
    service: row.service,
    model: row.model,
    endpoint: row.endpoint,
    stream: row.stream === 1,
    amount: BigInt(row.hold),
    tokens: Number(row.tokens),
    priceId: row.price_id,
    startedMs: Number(row.started_ms),
    state: row.state as CallRow['state'],
    charge: 0n,
    shortfall: 0n,
    quantities: null,
    usageSource: 'none',
    endReason: row.state === 'unknown' ? 'crash' : null,
    fault: null,
    upstream: null,
    wireModel: null,
    attempts: '[]',
    queuedMs: 0,
    firstByteMs: null,
    totalMs: 0,
    evidence: row.evidence,
  };
}

function readCall(row: Selectable<CallsTable>): CallRow {
  const counted = row.usage_source !== 'none';
  const cacheWrite = Number(row.cache_write_tokens);
  return {
    ...readHold(row),
    charge: BigInt(row.charge),
    shortfall: BigInt(row.shortfall),
    quantities: counted
      ? {
          inputTokens: Number(row.input_tokens),
          outputTokens: Number(row.output_tokens),
          cachedInputTokens: Number(row.cached_tokens),
          reasoningTokens: Number(row.reasoning_tokens),
          ...(cacheWrite === 0 ? {} : { cacheWriteTokens: cacheWrite }),
          ...readUnits(row.units),
        }
      : null,
    usageSource: row.usage_source as CallRow['usageSource'],
    endReason: row.end_reason as CallRow['endReason'],
    fault: row.fault,
    upstream: row.upstream,
    wireModel: row.wire_model,
    attempts: row.attempts,
    queuedMs: row.queued_ms,
    firstByteMs: row.first_byte_ms,
    totalMs: row.total_ms,
  };
}
