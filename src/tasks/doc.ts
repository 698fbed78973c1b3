/** What stands in a task's JSON columns. */
import type { JsonObject } from '../kit/json.ts';
import type { TaskRow } from '../storage/ports.ts';
import type { Job } from '../vendors/job.ts';
import type { Amounts, JobOutput, JobState } from '../vendors/long.ts';
import type { Leave } from './fit.ts';

/** What is wanted, but for what depends on the upstream that does it. */
export interface KeptJob extends Omit<Job, 'wireName' | 'source' | 'callbackUrl'> {
  /** Hash of the request, to know it again. */
  readonly asked: string;
  /** The model as the caller named it. */
  readonly named: string;
  /** Tasks that this one builds on, as the caller named them; `upstream` has them all. */
  readonly sources: readonly { readonly shown: string; readonly taskId: string }[];
  readonly upstream: string | null;
  /** Only upstreams of this vendor may do it; null: any. */
  readonly vendor: string | null;
  /** Upstreams that could take it when it was made, and that the hold covers. Absent: any. */
  readonly able?: readonly string[];
  /** Of its params, where the vendor cannot take them all. Absent: nothing. */
  readonly leave?: Leave;
}

export interface TaskError {
  readonly code: string;
  readonly message: string;
  /** The same job may succeed later. */
  readonly retryable: boolean;
  readonly vendorCode: string | null;
  /** HTTP status of the vendor's refusal. */
  readonly vendorStatus?: number;
}

/** A result that is in our keeping. */
export interface KeptFile {
  readonly key: string;
  readonly bytes: number;
  readonly mime: string;
  readonly sha256: string;
  readonly durationMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly expiresMs: number | null;
}

export interface TaskOutput extends JobOutput {
  readonly file: KeptFile | null;
  /** Why there is no file, once nobody tries any more. */
  readonly lost: string | null;
}

export interface TaskEvent {
  readonly id: string;
  readonly type: string;
  readonly atMs: number;
  /** Of `task.progress`. */
  readonly progress?: number;
}

export interface CallbackWish {
  readonly url: string;
  /** Empty: those of the end. */
  readonly events: readonly string[];
  readonly profile: 'standard' | 'native';
}

export interface Counted {
  readonly amounts: Amounts;
  /** The vendor's report, the files that it made, or what was asked for. */
  readonly source: 'vendor' | 'file' | 'request';
}

export interface TaskDoc {
  readonly requestId: string;
  readonly vendor: string;
  readonly service: string;
  readonly wireName: string;
  readonly kept: JsonObject;
  readonly priceId: string | null;
  /** Of all its money. */
  readonly currency?: string;
  /** When it is to be over. */
  readonly deadlineMs?: number | null;
  /** Params that its vendor does not take, left out by the caller's leave. */
  readonly dropped?: readonly string[];
  /** Prices at which it was held, by upstream: whoever does it, this is what it costs. */
  readonly prices?: Readonly<Record<string, string | null>>;
  /** Most that it may cost and what it did cost, nano-units as text. */
  readonly estimate: string;
  readonly charge: string | null;
  /** The id that an operator says it has at the vendor: asked for before it is believed. */
  readonly named?: string | null;
  /** For operators: what came of that. */
  readonly note?: string | null;
  readonly sentMs: number | null;
  readonly startedMs: number | null;
  readonly updatedMs: number;
  readonly detail: string | null;
  readonly progress: number | null;
  /** How often it was asked for, sent, not found, looked for. */
  readonly polls: number;
  readonly tries: number;
  readonly lost: number;
  readonly troubles: number;
  /** Upstreams that certainly did not take it, in this round. */
  readonly refusedBy: readonly string[];
  readonly outcome: Extract<JobState, 'succeeded' | 'failed' | 'canceled'> | null;
  readonly outputs: readonly TaskOutput[];
  readonly used: Amounts | null;
  /** What it was charged for, and who says so. */
  readonly counted?: Counted | null;
  readonly error: TaskError | null;
  readonly charged: boolean;
  readonly metadata: JsonObject | null;
  readonly callback: CallbackWish | null;
  readonly events: readonly TaskEvent[];
}

/** A task in the hands of whoever holds its lease. */
export interface Task {
  readonly row: TaskRow;
  readonly job: KeptJob;
  readonly doc: TaskDoc;
}

export function openTask(row: TaskRow): Task {
  return { row, job: JSON.parse(row.job) as KeptJob, doc: JSON.parse(row.doc) as TaskDoc };
}

/** Events kept with a task; a vendor that changes its mind oftener is not believed. */
const EVENTS_MAX = 50;

/** Of these, so many tell of progress; the rest is left for the end. */
const PROGRESS_EVENTS_MAX = 40;
const PROGRESS_EVERY_MS = 5_000;
export const PROGRESS = 'task.progress';

/** What the vendor says of how far it is, where it is news and the last news is old enough. */
export function withProgress(doc: TaskDoc, before: number | null, event: TaskEvent): TaskDoc {
  if (doc.progress === null || doc.progress === before) return doc;
  const told = doc.events.filter(({ type }) => type === PROGRESS);
  const isSoon = event.atMs - (told.at(-1)?.atMs ?? 0) < PROGRESS_EVERY_MS;
  if (isSoon || told.length >= PROGRESS_EVENTS_MAX) return doc;
  const news = { ...event, type: PROGRESS, progress: doc.progress };
  return { ...doc, events: [...doc.events, news] };
}

/** The event of a state that has just begun; states are told once. */
export function withEvent(doc: TaskDoc, event: TaskEvent): TaskDoc {
  const isKnown = doc.events.some((one) => one.type === event.type);
  if (isKnown || doc.events.length >= EVENTS_MAX) return doc;
  return { ...doc, events: [...doc.events, event] };
}
