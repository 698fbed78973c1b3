/** What operators did by hand, and how it ended: written before it is done, and after. */

export interface ActRow {
  readonly id: string;
  readonly atMs: number;
  /** Who, as the machine knows him. */
  readonly operator: string;
  /** Such as `tasks adopt`. */
  readonly command: string;
  /** What it was done to. */
  readonly subject: string;
  /** JSON object: what was wished. */
  readonly wish: string;
  /** `begun` for good: the process died on it, and it may have been done or not. */
  readonly state: 'begun' | 'done' | 'failed';
  readonly endedMs: number | null;
  readonly problem: string | null;
}

export interface Acts {
  begin(row: ActRow): Promise<void>;
  end(id: string, end: Pick<ActRow, 'state' | 'endedMs' | 'problem'>): Promise<void>;
  /** Newest first. */
  list(filter: {
    readonly subject?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<readonly ActRow[]>;
}
