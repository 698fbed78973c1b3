/**
 * The columns of holds and calls, told once for every database: names with their types, and a
 * function that answers the values in the same order.
 */
import type { Changes, Ended } from './books.ts';
import { writeUnits } from './units.ts';

export type Value = string | number | bigint | null;
type Type = 'text' | 'bigint' | 'integer';
export type Columns = readonly (readonly [name: string, type: Type])[];

/** What is known when a call begins. The state (open) and the node are the maker's. */
export const HOLD_COLUMNS: Columns = Object.freeze([
  ['id', 'text'],
  ['account_id', 'text'],
  ['key_id', 'text'],
  ['key_budgeted', 'integer'],
  ['request_id', 'text'],
  ['service', 'text'],
  ['model', 'text'],
  ['stream', 'integer'],
  ['hold', 'bigint'],
  ['price_id', 'text'],
  ['started_ms', 'bigint'],
  ['endpoint', 'text'],
  ['tokens', 'bigint'],
  ['budgets', 'text'],
] as const);

/** A literal, for a function a column would cost more than the insertion. */
export function holdValues({ row, budgets }: Changes['holds'][number]): Value[] {
  return [
    row.id,
    row.accountId,
    row.keyId,
    row.keyBudgeted ? 1 : 0,
    row.requestId,
    row.service,
    row.model,
    row.stream ? 1 : 0,
    row.amount,
    row.priceId,
    row.startedMs,
    row.endpoint,
    row.tokens,
    budgets,
  ];
}

/** What the end adds to it, or says anew. */
export const END_COLUMNS: Columns = Object.freeze([
  ['price_id', 'text'],
  ['state', 'text'],
  ['evidence', 'text'],
  ['charge', 'bigint'],
  ['shortfall', 'bigint'],
  ['input_tokens', 'bigint'],
  ['output_tokens', 'bigint'],
  ['cached_tokens', 'bigint'],
  ['reasoning_tokens', 'bigint'],
  ['cache_write_tokens', 'bigint'],
  ['units', 'text'],
  ['usage_source', 'text'],
  ['end_reason', 'text'],
  ['fault', 'text'],
  ['upstream', 'text'],
  ['wire_model', 'text'],
  ['attempts', 'text'],
  ['queued_ms', 'integer'],
  ['first_byte_ms', 'integer'],
  ['total_ms', 'integer'],
] as const);

export function endValues({ row, taken }: Ended): Value[] {
  const counted = row.quantities;
  return [
    row.priceId,
    row.state,
    row.evidence,
    taken,
    row.charge - taken,
    counted?.inputTokens ?? 0,
    counted?.outputTokens ?? 0,
    counted?.cachedInputTokens ?? 0,
    counted?.reasoningTokens ?? 0,
    counted?.cacheWriteTokens ?? 0,
    writeUnits(counted),
    row.usageSource,
    row.endReason,
    row.fault,
    row.upstream,
    row.wireModel,
    row.attempts,
    row.queuedMs,
    row.firstByteMs,
    row.totalMs,
  ];
}

const namesOf = (columns: Columns): readonly string[] => columns.map(([name]) => name);

export const HOLD_NAMES = namesOf(HOLD_COLUMNS);
export const END_NAMES = namesOf(END_COLUMNS);
/** Columns that a call keeps from its hold. */
export const KEPT_NAMES = HOLD_NAMES.filter((name) => !END_NAMES.includes(name));
