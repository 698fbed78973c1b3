/** What people are told of beside tasks: each thing once, whoever of the nodes sees it first. */

export interface NoticeRow {
  /** What it is about and the how many-eth time: the same on every node, so it is told once. */
  readonly id: string;
  /** Of the event that receivers see. */
  readonly eventId: string;
  /** Whose it is, beside the operator's; null: only the operator's. */
  readonly accountId: string | null;
  readonly type: string;
  /** Notices of one subject are told in order. */
  readonly subject: string;
  /** JSON object. */
  readonly data: string;
  readonly atMs: number;
}

export interface Notices {
  /** False where it is there already. */
  insert(row: NoticeRow): Promise<boolean>;
  /** Those of which no deliveries were made yet. */
  untold(limit: number): Promise<readonly NoticeRow[]>;
  markTold(id: string): Promise<void>;
  /** Newest first; `after`: the event before which the page begins. */
  list(page: { readonly after?: string; readonly limit: number }): Promise<readonly NoticeRow[]>;
}

/** A state that is told when it begins, and may begin again. */
export interface AlarmRow {
  readonly kind: string;
  readonly subject: string;
  readonly on: boolean;
  /** How often it has begun. */
  readonly times: number;
  readonly sinceMs: number;
  /** When anybody last saw it. */
  readonly seenMs: number;
}

/** An account on the other side of its mark than it was. */
export interface BalanceChange {
  readonly accountId: string;
  readonly name: string;
  readonly balance: bigint;
  readonly below: bigint;
  /** null: it was never looked at. */
  readonly alarm: Pick<AlarmRow, 'on' | 'times'> | null;
}

export interface Alarms {
  find(kind: string, subject: string): Promise<AlarmRow | undefined>;
  /** Those that were last seen before this time. */
  list(filter: {
    readonly kind: string;
    readonly on: boolean;
    readonly seenBeforeMs: number;
    readonly limit: number;
  }): Promise<readonly AlarmRow[]>;
  /** False where it is not as `before` any more (null: not there): then nothing was written. */
  replace(before: AlarmRow | null, after: AlarmRow): Promise<boolean>;
  see(kind: string, subject: string, atMs: number): Promise<void>;
  /** The account's own mark; null: it is told nothing; undefined: as the settings say. */
  mark(accountId: string): Promise<bigint | null | undefined>;
  setMark(accountId: string, below: bigint | null | undefined): Promise<void>;
  /** `below`: of limited accounts that have no mark of their own; null: none. */
  balanceChanges(below: bigint | null, limit: number): Promise<readonly BalanceChange[]>;
}
