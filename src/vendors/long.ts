/**
 * What a slow service of a vendor is: one that takes a job now and has its result minutes later.
 * Data and small pure functions, as everything of a vendor. The engine (tasks/) knows no vendor.
 */
import type { Json, JsonObject } from '../kit/json.ts';
import type { Inputs, Job, VendorTask } from './job.ts';
import type { Native } from './native.ts';
import type { Cause } from './shape.ts';

/** A request to the vendor, but for base URL and credential. */
export interface Ask {
  readonly method: 'POST' | 'GET' | 'DELETE' | 'PUT';
  /** Below the base URL; or a whole URL at one of `hosts`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Json | null;
  /** Longest wait where the answer brings the result, which then cannot be asked for again. */
  readonly waitMs?: number;
}

/** An answer with status 2xx. */
export interface Reply {
  readonly status: number;
  readonly body: Json;
}

export interface JobError {
  readonly code: string | null;
  readonly message: string;
  readonly cause: Cause;
  /** The vendor charges us although it failed. */
  readonly charged?: boolean;
}

/** `accepted`: it is at work. `refused`: certainly not, though the status was good. */
export type Started =
  | { readonly accepted: VendorTask; readonly reading?: Reading }
  | { readonly refused: JobError };

export interface JobOutput {
  readonly type: 'video' | 'image' | 'audio' | 'file';
  /** main, cover, last_frame, watermarked, preview, … */
  readonly role: string;
  readonly url: string;
}

/** What a vendor counted or was asked for; absent parts are nought. */
export interface Amounts {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly units?: Readonly<Record<string, number>>;
  readonly traits?: Readonly<Record<string, string>>;
}

/** `lost`: the vendor says that it never heard of the job. */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'lost';

export interface Reading {
  readonly state: JobState;
  /** The vendor's finer word. */
  readonly detail?: string;
  /** 0 to 100, only where the vendor says it. */
  readonly progress?: number;
  readonly outputs?: readonly JobOutput[];
  readonly error?: JobError;
  /** What the vendor says it used. Absent: it does not say. */
  readonly used?: Amounts;
  /** Replaces what was kept. */
  readonly kept?: JsonObject;
  /** Ask again at once: the next step of several. */
  readonly soon?: boolean;
}

/** A job in a vendor's list, for finding one whose creation was never answered. */
export interface Listed {
  readonly task: VendorTask;
  readonly createdMs: number;
  /** The list proves that it is this job: it carries our own id or callback. */
  readonly ours: boolean;
}

export interface ListedPage {
  readonly jobs: readonly Listed[];
  /** There are older ones. */
  readonly more: boolean;
}

export interface LongService extends Inputs {
  /** Names it among the vendor's. */
  readonly id: string;
  /** Which kinds of model of the catalogue it serves. */
  readonly models: readonly ('video' | 'image' | 'audio' | 'other')[];
  readonly kinds: readonly string[];
  /** The request that begins the job. Throws a Fault where the vendor cannot take it. */
  readonly start: (job: Job) => Ask;
  /** null: nothing that can be read, so nobody knows whether the job began. */
  readonly started: (reply: Reply, job: Job) => Started | null;
  /** Codes of a broken vendor after which the job has certainly not begun. */
  readonly neverBegan?: readonly string[];
  /** Absent, and `read` with it: every job is over with the answer to `start`. */
  readonly status?: (task: VendorTask) => Ask;
  readonly read?: (reply: Reply, task: VendorTask) => Reading | null;
  /** What `status` wants repeated beside the id, of a job of which only that is known. */
  readonly keptOf?: (job: Job) => JsonObject;
  /** What a refused question says of the job itself; null: nothing. Absent: it never does. */
  readonly readRefused?: (reply: Reply, task: VendorTask) => Reading | null;
  /** Absent: what has begun cannot be stopped. */
  readonly cancel?: {
    readonly while: readonly ('queued' | 'running')[];
    readonly ask: (task: VendorTask) => Ask;
  };
  /** How a job is found whose creation was never answered. Absent: people must look. */
  readonly find?: {
    /** Pages from 0, the newest jobs first. */
    readonly ask: (job: Job, page: number) => Ask;
    readonly read: (reply: Reply, job: Job) => ListedPage | null;
  };
  /** The vendor's calls to our callback URL. */
  readonly callback?: {
    /** The vendor's id of the job; null: not in it. */
    readonly id: (body: Json) => string | null;
    /** Absent: unsigned, so a call is only a hint to ask. */
    readonly verify?: (call: SignedCall) => boolean;
  };
  readonly pace: {
    readonly firstMs: number;
    /** Each time so much longer, up to `maxMs`. */
    readonly growth: number;
    readonly maxMs: number;
    /** Between two requests to one upstream. */
    readonly gapMs: number;
  };
  /** Requests at once to one upstream, and jobs that it works on at once (null: no limit known). */
  readonly atOnce: { readonly requests: number; readonly jobs: number | null };
  /** The most that this job can cost; its own figures where the vendor will not report any. */
  readonly bound: (job: Job) => Amounts;
  /** How long the links of results live; null: unknown. */
  readonly linkLifeS: number | null;
  /** More hosts beside the base URL's that answers may send us to: "api.example.com", "*.x.com". */
  readonly hosts?: readonly string[];
  /** The vendor's own paths, served here unchanged. */
  readonly native?: Native;
}

export interface SignedCall {
  readonly header: (name: string) => string | null;
  readonly text: string;
  readonly secret: string;
}
