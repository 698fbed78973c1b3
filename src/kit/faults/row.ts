/** What one row of the table of faults says, and its columns. */

/** Whose mend it is. */
export type Blame = 'caller' | 'vendor' | 'gateway';

export interface FaultRow {
  readonly status: number;
  readonly blame: Blame;
  /** May the same call succeed later without being changed? */
  readonly retry: boolean;
  /** OpenAI's `error.type`, so that its clients raise the right exception. */
  readonly type: string;
  /** What happened, for the documentation and as the default message. */
  readonly words: string;
}

export type Cells = readonly [
  status: number,
  retry: 'retry' | 'final',
  type: string,
  words: string,
];

export const REQUEST = 'invalid_request_error';
export const AUTH = 'authentication_error';
export const PERMISSION = 'permission_error';
export const LIMIT = 'rate_limit_error';
export const MONEY = 'insufficient_quota';
export const SERVER = 'server_error';

/** Rows by column, frozen; the table below stays one line a fault where it can. */
export function table<Code extends string>(
  blame: Blame,
  cells: Readonly<Record<Code, Cells>>,
): Readonly<Record<Code, FaultRow>> {
  const rows = Object.entries<Cells>(cells).map(([code, [status, retry, type, words]]) => [
    code,
    Object.freeze({ status, blame, retry: retry === 'retry', type, words }),
  ]);
  return Object.freeze(Object.fromEntries(rows)) as Readonly<Record<Code, FaultRow>>;
}
