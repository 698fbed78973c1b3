/** The columns of holds and calls, told once for every database. */
import type { Ended } from './books.ts';
import type { HoldRow } from './ports.ts';
import { writeUnits } from './units.ts';

export type Value = string | number | bigint | null;

export interface Column<Row> {
  readonly name: string;
  readonly type: 'text' | 'bigint' | 'integer';
  readonly read: (row: Row) => Value;
}

interface Held {
  readonly row: HoldRow;
  readonly budgets: string | null;
}

/** What is known when a call begins. The state (open) and the node are the maker's. */
export const HOLD_COLUMNS: readonly Column<Held>[] = Object.freeze([
  { name: 'id', type: 'text', read: ({ row }) => row.id },
  { name: 'account_id', type: 'text', read: ({ row }) => row.accountId },
  { name: 'key_id', type: 'text', read: ({ row }) => row.keyId },
  { name: 'key_budgeted', type: 'integer', read: ({ row }) => (row.keyBudgeted ? 1 : 0) },
  { name: 'request_id', type: 'text', read: ({ row }) => row.requestId },
  { name: 'service', type: 'text', read: ({ row }) => row.service },
  { name: 'model', type: 'text', read: ({ row }) => row.model },
  { name: 'stream', type: 'integer', read: ({ row }) => (row.stream ? 1 : 0) },
  { name: 'hold', type: 'bigint', read: ({ row }) => row.amount },
  { name: 'price_id', type: 'text', read: ({ row }) => row.priceId },
  { name: 'started_ms', type: 'bigint', read: ({ row }) => row.startedMs },
  { name: 'endpoint', type: 'text', read: ({ row }) => row.endpoint },
  { name: 'tokens', type: 'bigint', read: ({ row }) => row.tokens },
  { name: 'budgets', type: 'text', read: ({ budgets }) => budgets },
]);

/** What the end adds to it, or says anew. */
export const END_COLUMNS: readonly Column<Ended>[] = Object.freeze([
  { name: 'price_id', type: 'text', read: ({ row }) => row.priceId },
  { name: 'state', type: 'text', read: ({ row }) => row.state },
  { name: 'evidence', type: 'text', read: ({ row }) => row.evidence },
  { name: 'charge', type: 'bigint', read: ({ taken }) => taken },
  { name: 'shortfall', type: 'bigint', read: ({ row, taken }) => row.charge - taken },
  { name: 'input_tokens', type: 'bigint', read: ({ row }) => row.quantities?.inputTokens ?? 0 },
  { name: 'output_tokens', type: 'bigint', read: ({ row }) => row.quantities?.outputTokens ?? 0 },
  {
    name: 'cached_tokens',
    type: 'bigint',
    read: ({ row }) => row.quantities?.cachedInputTokens ?? 0,
  },
  {
    name: 'reasoning_tokens',
    type: 'bigint',
    read: ({ row }) => row.quantities?.reasoningTokens ?? 0,
  },
  {
    name: 'cache_write_tokens',
    type: 'bigint',
    read: ({ row }) => row.quantities?.cacheWriteTokens ?? 0,
  },
  { name: 'units', type: 'text', read: ({ row }) => writeUnits(row.quantities) },
  { name: 'usage_source', type: 'text', read: ({ row }) => row.usageSource },
  { name: 'end_reason', type: 'text', read: ({ row }) => row.endReason },
  { name: 'fault', type: 'text', read: ({ row }) => row.fault },
  { name: 'upstream', type: 'text', read: ({ row }) => row.upstream },
  { name: 'wire_model', type: 'text', read: ({ row }) => row.wireModel },
  { name: 'attempts', type: 'text', read: ({ row }) => row.attempts },
  { name: 'queued_ms', type: 'integer', read: ({ row }) => row.queuedMs },
  { name: 'first_byte_ms', type: 'integer', read: ({ row }) => row.firstByteMs },
  { name: 'total_ms', type: 'integer', read: ({ row }) => row.totalMs },
]);

export const HOLD_NAMES = HOLD_COLUMNS.map(({ name }) => name);
export const END_NAMES = END_COLUMNS.map(({ name }) => name);
/** Columns that a call keeps from its hold. */
export const KEPT_NAMES = HOLD_NAMES.filter((name) => !END_NAMES.includes(name));
