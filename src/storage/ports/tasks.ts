/** Slow jobs, as they are kept. */

/** What callers see. */
export type TaskState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled';

/**
 * How far the engine is. `draft`: not paid for yet. `new`: may be sent. `sending`: the vendor may
 * have it. `unknown`: it may have it, and nobody heard. `polling`: it has it. `finishing`: it is
 * through with it. `done`.
 */
export type TaskPhase = 'draft' | 'new' | 'sending' | 'unknown' | 'polling' | 'finishing' | 'done';

export interface TaskRow {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  /** Its hold and its end in the books. */
  readonly callId: string;
  /** Whose paths it came by; empty: our own. */
  readonly mount: string;
  /** Its id there. */
  readonly nativeId: string;
  readonly kind: string;
  readonly model: string;
  readonly upstream: string;
  readonly vendorId: string | null;
  readonly phase: TaskPhase;
  readonly state: TaskState;
  readonly cancelAsked: boolean;
  readonly createdMs: number;
  readonly endedMs: number | null;
  /** When it is to be looked at next. */
  readonly nextMs: number;
  /** Nobody else touches it before; `leaseNo` tells the holders apart. */
  readonly leaseUntilMs: number;
  readonly leaseNo: number;
  /** A second creation under this key is the first one. */
  readonly repeatKey: string | null;
  /** What its caller calls it, where the vendor's clients may; unique in its account and mount. */
  readonly ownName: string | null;
  /** Hash of the request, by which a client's retry is known. */
  readonly asked: string | null;
  /** Its maker left before the answer. */
  readonly unheard: boolean;
  /** Names it to the vendor, where the vendor calls back. */
  readonly token: string;
  /** How many events it has, and of how many the webhooks were told. */
  readonly events: number;
  readonly told: number;
  /** JSON texts: what is wanted (never changes), what is known, the vendor's last words. */
  readonly job: string;
  readonly doc: string;
  readonly body: string | null;
}

/** What the holder of a lease may change. */
export type TaskChange = Pick<
  TaskRow,
  | 'events'
  | 'upstream'
  | 'vendorId'
  | 'phase'
  | 'state'
  | 'endedMs'
  | 'nextMs'
  | 'leaseUntilMs'
  | 'doc'
  | 'body'
> & {
  /** `nextMs` as the holder knew it: a later wish to look sooner outlives the save. */
  readonly nextSeenMs?: number;
};

export interface TaskFilter {
  readonly accountId: string;
  readonly limit: number;
  /** Id after which the page begins. */
  readonly after?: string;
  /** Absent: the newest first. */
  readonly order?: 'asc' | 'desc';
  readonly offset?: number;
  readonly mount?: string;
  readonly nativeIds?: readonly string[];
  readonly states?: readonly TaskState[];
  readonly kind?: string;
  readonly model?: string;
  readonly models?: readonly string[];
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
}

export type TaskOfCall = Pick<TaskRow, 'id' | 'callId' | 'kind'>;

/** What operators look through: tasks of all accounts. */
export interface TaskSurvey {
  readonly limit: number;
  readonly after?: string;
  readonly accountId?: string;
  readonly states?: readonly TaskState[];
  readonly upstream?: string;
  readonly model?: string;
  /** A word of the document's `detail`; others may come as well. */
  readonly detail?: string;
}

export interface LeaseAsk {
  readonly upstream: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly limit: number;
}

export interface Tasks {
  /** False where the repeat key or the own name is taken. */
  insert(row: TaskRow): Promise<boolean>;
  byId(id: string): Promise<TaskRow | undefined>;
  byNativeId(mount: string, nativeId: string): Promise<TaskRow | undefined>;
  byOwnName(accountId: string, mount: string, name: string): Promise<TaskRow | undefined>;
  byToken(token: string): Promise<TaskRow | undefined>;
  /** What the calls with these ids were about, as far as their tasks are still there. */
  byCallIds(ids: readonly string[]): Promise<readonly TaskOfCall[]>;
  byRepeatKey(accountId: string, key: string): Promise<TaskRow | undefined>;
  /** The newest that a key asked for in these words since then. */
  byAsked(keyId: string, asked: string, sinceMs: number): Promise<TaskRow | undefined>;
  /** Whether whoever asked for it heard of it. */
  setUnheard(id: string, unheard: boolean): Promise<void>;
  /** The key may be used again. */
  forgetRepeatKey(id: string): Promise<void>;
  list(filter: TaskFilter): Promise<readonly TaskRow[]>;
  count(filter: TaskFilter): Promise<number>;
  /** Upstreams with tasks that nobody holds, and when the first of them is due. */
  due(nowMs: number): Promise<readonly { readonly upstream: string; readonly nextMs: number }[]>;
  /** Newest first. */
  survey(filter: TaskSurvey): Promise<readonly TaskRow[]>;
  /** Takes this open task, due or not; undefined where somebody has it, or it has ended. */
  leaseOne(id: string, nowMs: number, untilMs: number): Promise<TaskRow | undefined>;
  /** Takes due tasks, the longest overdue first. */
  lease(ask: LeaseAsk): Promise<readonly TaskRow[]>;
  /**
   * Drops all leases, and gives up all drafts: for a process that knows itself to be the only one.
   * Answers how many were leased.
   */
  clearLeases(): Promise<number>;
  /** False where somebody else holds it by now: then nothing was written. */
  save(id: string, leaseNo: number, change: TaskChange): Promise<boolean>;
  /** A longer lease; false where it is lost or was let go. */
  renew(id: string, leaseNo: number, untilMs: number): Promise<boolean>;
  /** Ends a lease and says when to look again, and writes nothing else. */
  letGo(id: string, leaseNo: number, nextMs: number): Promise<void>;
  /** Marks it, and makes it due. */
  askCancel(id: string, nowMs: number): Promise<void>;
  wake(id: string, nowMs: number): Promise<void>;
  /** How often each of these was written, by whichever node. */
  saves(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** How many of an upstream's are at the vendor. */
  atVendor(upstream: string): Promise<number>;
  /** Of these ids of the vendor's, those that are some task's already. */
  claimed(upstream: string, vendorIds: readonly string[]): Promise<readonly string[]>;
  /** Was never paid for. */
  dropDraft(id: string): Promise<void>;
  /** Only what has ended; false where there is no such thing. */
  remove(id: string): Promise<boolean>;
  /** Tasks with events that the webhooks were not told of, the oldest first. */
  untold(limit: number): Promise<readonly TaskRow[]>;
  /** Of so many of its events they are told. */
  markTold(id: string, told: number): Promise<void>;
  priceText(priceId: string): Promise<string | undefined>;
}
