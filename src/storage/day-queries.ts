/** Sums of what was charged at one vendor, by its days, for comparing with its bill. */
import { type Kysely, sql } from 'kysely';
import type { DaySpan, DaySum } from './ports.ts';
import type { Schema } from './schema.ts';

const DAY_MS = 86_400_000;

export async function sumByDay(db: Kysely<Schema>, span: DaySpan): Promise<readonly DaySum[]> {
  const offsetMs = sql.lit(span.utcOffsetMs);
  // Whole numbers all through, so that the division rounds down on every database.
  const day = sql<number>`(started_ms + ${offsetMs}) / ${sql.lit(DAY_MS)}`;
  const rows = await db
    .selectFrom('calls')
    .select(({ fn }) => [
      day.as('day'),
      'wire_model',
      fn.countAll<number>().as('calls'),
      fn.sum<number>('input_tokens').as('input'),
      fn.sum<number>('output_tokens').as('output'),
      fn.sum<number>('cached_tokens').as('cached'),
      sql<string>`cast(sum(charge + shortfall) as text)`.as('cost'),
    ])
    .where('state', '=', 'charged')
    .where('started_ms', '>=', span.fromMs)
    .where('started_ms', '<', span.untilMs)
    .where((or) =>
      or.or([or('upstream', '=', span.vendor), or('upstream', 'like', `${span.vendor}:%`)]),
    )
    .groupBy(['day', 'wire_model'])
    .limit(span.rowsMax)
    .execute();
  return rows.map((row) => ({
    day: new Date(Number(row.day) * DAY_MS).toISOString().slice(0, 10),
    wireModel: row.wire_model,
    calls: Number(row.calls),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    cachedInputTokens: Number(row.cached),
    cost: BigInt(row.cost),
  }));
}
