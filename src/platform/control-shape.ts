/** What one action of the control plane is, and how its lists are paged. */
import { z } from 'zod';
import type { Clock } from '../kit/clock.ts';
import type { Routes } from '../relay/upstreams.ts';
import type { Calls, Endpoints, Keys } from '../storage/ports.ts';

export interface ControlDeps {
  readonly endpoints: Endpoints;
  readonly keys: Keys;
  readonly calls: Calls;
  readonly routes: Routes;
  readonly clock: Clock;
}

export interface Action {
  /** What the caller sent, checked; unknown parameters are refused by name. */
  readonly schema: z.ZodType;
  /** Changes something, so a signed request may do it once. */
  readonly writes: boolean;
  readonly run: (input: unknown, accountId: string, deps: ControlDeps) => Promise<object>;
}

/** An action with the type of its input; `run` only ever sees what `schema` gave out. */
export function action<Schema extends z.ZodType>(definition: {
  readonly schema: Schema;
  readonly writes: boolean;
  readonly run: (input: z.output<Schema>, accountId: string, deps: ControlDeps) => Promise<object>;
}): Action {
  const { schema, writes, run } = definition;
  return Object.freeze({
    schema,
    writes,
    run: (input: unknown, accountId: string, deps: ControlDeps) =>
      run(input as z.output<Schema>, accountId, deps),
  });
}

const PAGE_ROWS_MAX = 100;
const PAGE_ROWS = 10;

export const paging = Object.freeze({
  PageNumber: z.coerce.number().int().min(1).default(1),
  PageSize: z.coerce.number().int().min(1).max(PAGE_ROWS_MAX).default(PAGE_ROWS),
});

/** One page of a list that is at hand as a whole. */
export function pageOf<Row>(
  rows: readonly Row[],
  page: { readonly PageNumber: number; readonly PageSize: number },
  show: (row: Row) => object,
): object {
  const from = (page.PageNumber - 1) * page.PageSize;
  return {
    TotalCount: rows.length,
    PageNumber: page.PageNumber,
    PageSize: page.PageSize,
    Items: rows.slice(from, from + page.PageSize).map(show),
  };
}

const NAMES_MAX = 100;
const NAME_CHARS_MAX = 200;

export const shortText = z.string().min(1).max(NAME_CHARS_MAX);

/** A list of names; one that stands alone, as in a query, is a list too. */
export const names = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(shortText).max(NAMES_MAX),
);

/** A time as the vendor writes it, without fractions of a second. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
