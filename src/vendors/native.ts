/** A vendor's own paths as this gateway serves them: what is asked, and how it is answered. */
import type { Json, JsonObject } from '../kit/json.ts';
import type { JobMedia, JobParams } from './job.ts';
import type { JobError, JobState } from './long.ts';

export interface NativeAsk {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
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
  /** Ids of ours in path or body that stand for jobs at the vendor; replaced before it is sent. */
  readonly sources: readonly string[];
}

/** A task as it is shown; ids and links are ours already. */
export interface NativeView {
  readonly id: string;
  /** The model as the caller named it. */
  readonly model: string;
  readonly state: Exclude<JobState, 'lost'>;
  /** The vendor's last words; null: it has not been asked yet. */
  readonly body: JsonObject | null;
  /** What the caller sent. */
  readonly asked: JsonObject;
  readonly error: JobError | null;
  readonly createdS: number;
  readonly updatedS: number;
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
  /** Absent: jobs of every kind. */
  readonly kind?: string;
}

export interface NativePage extends NativeListAsk {
  readonly views: readonly NativeView[];
  readonly total: number;
}

type Method = 'POST' | 'GET' | 'DELETE';

export type NativeRoute = { readonly method: Method; readonly path: string } & (
  | {
      readonly does: 'create';
      readonly want: (ask: NativeAsk) => NativeWant;
      readonly status: number;
      readonly write: (view: NativeView) => Json;
    }
  | { readonly does: 'read'; readonly write: (view: NativeView) => Json }
  | {
      readonly does: 'list';
      /** Throws a Fault where the query is wrong. */
      readonly ask: (ask: NativeAsk) => NativeListAsk;
      readonly write: (page: NativePage) => Json;
    }
  | {
      readonly does: 'remove';
      /** What removing means in this state. */
      readonly means: (state: NativeView['state']) => 'cancel' | 'delete' | 'refuse';
      readonly status: number;
      readonly write: (view: NativeView) => Json | null;
    }
);

export interface Native {
  /** Where the routes begin: "/luma/dream-machine/v1". */
  readonly mount: string;
  readonly routes: readonly NativeRoute[];
  /** An id in the vendor's own form, out of 32 random hex digits. */
  readonly idOf: (hex: string, createdMs: number) => string;
  /** What a callback is told. Absent: what is read. */
  readonly told?: (view: NativeView) => Json;
  readonly fault: (fault: NativeFault) => Json;
}
