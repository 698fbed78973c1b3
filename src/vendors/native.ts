/** A vendor's own paths as this gateway serves them: what is asked, and how it is answered. */
import type { Json, JsonObject } from '../kit/json.ts';
import type { JobMedia, JobParams } from './job.ts';
import type { JobError, JobState } from './long.ts';
import type { NativeFiles } from './native-files.ts';
import type { NativeRoute } from './native-routes.ts';

export type * from './native-routes.ts';

export interface NativeAsk {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
  readonly header: (name: string) => string | null;
}

/** What a body in the vendor's format asks for. */
export interface NativeWant {
  /** As the caller names it: a model of the catalogue, or the name on the vendor's wire. */
  readonly model: string | null;
  readonly kind: string;
  readonly prompt: string | null;
  readonly media: readonly JobMedia[];
  readonly params: JobParams;
  /** Where the caller wants to be told. Taken out of what is sent. */
  readonly callbackUrl: string | null;
  /** Of which of our events. Absent: of every one after it was queued. */
  readonly callbackEvents?: readonly string[];
  /** So long the caller waits for its end before it is answered as it stands by then. */
  readonly patienceMs?: number;
  /** What the caller calls the job, and may read it by; unique in its account. */
  readonly ownName?: string;
  /** Those of its headers that the vendor is to see. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ids of ours in path or body that stand for jobs at the vendor; replaced before it is sent. */
  readonly sources: readonly string[];
}

/** A task as it is shown; ids and links are ours already. */
export interface NativeView {
  /** Where the vendor's paths begin for this caller: links in bodies lead there. */
  readonly base: string;
  readonly id: string;
  /** The model as the caller named it. */
  readonly model: string;
  readonly state: Exclude<JobState, 'lost'>;
  /** The vendor's last words; null: it has not been asked yet. */
  readonly body: JsonObject | null;
  /** What the caller sent. */
  readonly asked: JsonObject;
  readonly error: JobError | null;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Opens the task's stream without a key, for a while. */
  readonly pass: string;
  /** The results themselves as base64; only where the route asked for them and we keep them. */
  readonly files?: readonly string[];
}

export interface NativeFault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
}

export interface Native {
  /** Where the routes begin: "/luma/dream-machine/v1". */
  readonly mount: string;
  readonly routes: readonly NativeRoute[];
  /** An id in the vendor's own form, out of 32 random hex digits. */
  readonly idOf: (hex: string, createdMs: number) => string;
  /** Where else a caller's key may stand; null: not there. */
  readonly key?: (
    header: (name: string) => string | null,
    query: () => URLSearchParams,
  ) => string | null;
  /** Its clients sign their requests; a key pair of ours may do so. */
  readonly signed?: true;
  /** What a callback is told. Absent: what is read. */
  readonly told?: (view: NativeView) => Json;
  readonly fault: (fault: NativeFault) => Json;
  /** The status under which the vendor says it. Absent: ours. */
  readonly faultStatus?: (fault: NativeFault) => number;
  /** Where callers hand in files for jobs to come. */
  readonly files?: NativeFiles;
}
