/** What a path of a vendor's does here, and how its answer is written. */
import type { Json, JsonObject } from '../kit/json.ts';
import type { VendorTask } from './job.ts';
import type { Ask, JobOutput, Reply } from './long.ts';
import type { NativeAsk, NativeView, NativeWant } from './native.ts';

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
    /** What a job says while it runs, as server-sent events; opened by `:pass`, not by a key. */
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
