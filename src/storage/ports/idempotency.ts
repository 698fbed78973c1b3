/** Answers kept under a key of the caller's, so that asking twice does not pay twice. */

/** A request that is about to be carried out. */
export interface OnceRow {
  /** Hash of account, path and the caller's key. */
  readonly id: string;
  readonly accountId: string;
  /** SHA-256 of what was asked, hex. */
  readonly bodyHash: string;
  /** Process that carries it out. */
  readonly owner: string;
  /** Until then its process counts as alive. */
  readonly leaseUntilMs: number;
  readonly expiresMs: number;
}

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What is known of a key. `lost`: it was carried out, but there is no answer to repeat. */
export type OnceFound =
  | { readonly state: 'running'; readonly bodyHash: string; readonly leaseUntilMs: number }
  | { readonly state: 'lost'; readonly bodyHash: string }
  | { readonly state: 'done'; readonly bodyHash: string; readonly answer: KeptAnswer };

export interface OnceUse {
  readonly rows: number;
  readonly bytes: number;
}

export interface Idempotency {
  /** Writes the row, or answers what stands there already and has not expired at `nowMs`. */
  begin(row: OnceRow, nowMs: number): Promise<OnceFound | null>;
  find(id: string, nowMs: number): Promise<OnceFound | null>;
  /** Keeps the answer. */
  finish(id: string, answer: KeptAnswer): Promise<void>;
  /** It was carried out, and its answer is not kept. */
  lose(id: string): Promise<void>;
  /** Nothing was carried out: the key is free again. */
  forget(id: string): Promise<void>;
  /** The process still lives. */
  renew(owner: string, leaseUntilMs: number): Promise<void>;
  /** Deletes at most `rowsMax` that have expired; answers how many. */
  sweep(nowMs: number, rowsMax: number): Promise<number>;
  /** What accounts keep; only those that keep the most, at most `accountsMax`. */
  use(accountsMax: number): Promise<ReadonlyMap<string, OnceUse>>;
}
