/** A vendor's own paths as this gateway serves them: what is asked, and how it is answered. */
import type { Json, JsonObject } from '../kit/json.ts';
import type { JobMedia, JobParams, VendorTask } from './job.ts';
import type { Ask, JobError, JobOutput, JobState, Reply } from './long.ts';
import type { NativeFiles } from './native-files.ts';

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

export interface NativeListAsk {
  readonly offset: number;
  readonly limit: number;
  readonly states: readonly NativeView['state'][] | null;
  readonly ids: readonly string[] | null;
  readonly model: string | null;
  /** The id after which the page begins, for lists that go on from where they were. */
  readonly after?: string;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  /** Absent: jobs of every kind. */
  readonly kind?: string;
}

export interface NativePage extends NativeListAsk {
  readonly base: string;
  readonly views: readonly NativeView[];
  readonly total: number;
  /** There are older ones. */
  readonly more: boolean;
}

type Method = 'POST' | 'GET' | 'DELETE';

interface Place {
  readonly method: Method;
  readonly path: string;
  /** Tells routes of one path apart. A job made by it keeps the caller's query in its path. */
  readonly query?: Readonly<Record<string, string>>;
  /** Whether the answer holds the results themselves. */
  readonly inline?: (ask: NativeAsk) => boolean;
}

export type NativeRoute = Place &
  (
    | {
        readonly does: 'create';
        readonly want: (ask: NativeAsk) => NativeWant;
        readonly status: number | ((view: NativeView) => number);
        /** It answers when the job is over; after so long, that it takes too long. */
        readonly waitMs?: number;
        readonly write: (view: NativeView) => Json;
      }
    | {
        readonly does: 'read';
        /** Where the id stands, if not as `:id` in the path. */
        readonly idAt?: (ask: NativeAsk) => string;
        /** How the vendor says that there is no such job. Absent: by a fault. */
        readonly missing?: () => Json;
        /** Absent: 200. */
        readonly status?: (view: NativeView) => number;
        readonly write: (view: NativeView) => Json;
      }
    | {
        readonly does: 'list';
        /** Throws a Fault where the query is wrong. */
        readonly ask: (ask: NativeAsk) => NativeListAsk;
        readonly write: (page: NativePage) => Json;
      }
    | {
        readonly does: 'remove';
        /** What removing means in this state. */
        readonly means: (state: NativeView['state']) => 'cancel' | 'delete' | 'refuse' | 'show';
        readonly status: number;
        readonly write: (view: NativeView) => Json | null;
      }
    /** Something that the vendor answers at once and for nothing, about the job of `:id`. */
    | {
        readonly does: 'inquire';
        readonly ask: (ask: NativeAsk, task: VendorTask) => Ask;
        readonly write: (reply: Reply) => Json;
      }
    /** The same, about nothing of ours: asked of those who do this model's jobs. */
    | {
        readonly does: 'consult';
        readonly model: string;
        readonly ask: (ask: NativeAsk) => Ask;
        readonly write: (reply: Reply) => Json;
      }
    /** The first result of this type of the job of `:id`, itself. */
    | { readonly does: 'file'; readonly type: JobOutput['type'] }
    /** What a job says while it runs, as server-sent events; opened by its `:pass`, not by a key. */
    | {
        readonly does: 'stream';
        /** Where the vendor streams it; null: nowhere. */
        readonly from: (body: JsonObject) => string | null;
        readonly event: (event: StreamEvent) => 'pass' | 'hold' | 'end';
        /** What is told at its end; `sent` is the data that was passed on before. */
        readonly end: (view: NativeView, sent: string) => readonly StreamEvent[];
      }
    /** What the vendor's data says of itself; null: nothing of that name. */
    | { readonly does: 'tell'; readonly write: (ask: NativeAsk) => Json | null }
    /** The secret that proves our calls to this account's own URLs. */
    | { readonly does: 'secret'; readonly write: (secret: string) => Json }
  );

export interface StreamEvent {
  readonly name: string;
  readonly data: string;
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
  /** What a callback is told. Absent: what is read. */
  readonly told?: (view: NativeView) => Json;
  readonly fault: (fault: NativeFault) => Json;
  /** The status under which the vendor says it. Absent: ours. */
  readonly faultStatus?: (fault: NativeFault) => number;
  /** Where callers hand in files for jobs to come. */
  readonly files?: NativeFiles;
}
