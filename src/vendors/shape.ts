/**
 * What a vendor is: a frozen plain object. What it does not serve is absent. A vendor describes
 * requests and reads answers; it does no I/O, reads no clock and knows no price.
 */
import type { Family } from '../dialects/shape.ts';
import type { Json } from '../kit/json.ts';
import type { Auth } from './auth.ts';
import type { LongService } from './long.ts';

export type * from './auth.ts';

/** Why a vendor said no, which decides who mends it and whether another upstream may do better. */
export type Cause =
  /** The caller's request is wrong: answered at once, never retried. */
  | 'caller'
  /** The vendor limits requests (429): neutral for the breaker, `Retry-After` is obeyed. */
  | 'busy'
  /** Our account there is out of money or not opened for this: operator's mend, next upstream. */
  | 'account'
  /** Our credential there is wrong: operator's mend, next upstream. */
  | 'credential'
  /** This upstream does not serve this model: operator's mend, next upstream. */
  | 'model'
  /** The vendor is broken: retried, then the next upstream. */
  | 'down';

/**
 * Where quantities stand in a reply or in the usage of a stream: JSON pointers (RFC 6901). Absent
 * input or output: the service is not counted in tokens.
 */
export interface TokenMeter {
  /** All input tokens, cached ones included, unless `cachedApart`. */
  readonly input?: string;
  readonly output?: string;
  /** Counts that `input` leaves out: all that are present are added to it. */
  readonly inputMore?: readonly string[];
  /** Set where counts of zero are left out: an absent `output` is none where `input` is there. */
  readonly sparse?: boolean;
  /** Input tokens read from a cache, and written to one: the first pointer with a value counts. */
  readonly cachedInput?: readonly string[];
  readonly cacheWrite?: readonly string[];
  /** Set where `input` leaves out what was read from and written to a cache: it is added to it. */
  readonly cachedApart?: boolean;
  readonly reasoning?: readonly string[];
  /** Set where `output` leaves the reasoning tokens out: then they are added to it. */
  readonly reasoningApart?: boolean;
  /** What is no token: unit (image, video_ms) -> a number, or a list whose good members count. */
  readonly units?: Readonly<Record<string, string>>;
}

export interface Tweaks {
  /** Top-level fields under another name at this vendor: ours -> theirs. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Top-level fields that this vendor refuses or ignores: field -> why. */
  readonly refuse?: Readonly<Record<string, string>>;
  /** Top-level fields that are always sent with this value. */
  readonly force?: Readonly<Record<string, Json>>;
  /** Message roles under another name at this vendor, such as developer -> system. */
  readonly roles?: Readonly<Record<string, string>>;
  /** How thinking is switched, else by effort; the field that takes thoughts back, else none. */
  readonly thinking?: 'type' | 'flag';
  readonly thoughtsBack?: string;
  /** Types of tools that it takes; others are refused by name. Absent: the vendor judges them. */
  readonly toolTypes?: readonly string[];
}

export interface QuickService {
  /** Appended to the base URL; `{model}` stands for the model's name there. */
  readonly path: string;
  /** The path of streams where it is another one. */
  readonly streamPath?: string;
  /** Id of a format in dialects/. */
  readonly dialect: string;
  readonly tweaks?: Tweaks;
  readonly meter: TokenMeter;
  /**
   * Absent: a stream reports usage when `stream_options.include_usage` asks for it. 'always': it
   * does so unasked and refuses `stream_options`, which therefore is not sent.
   */
  readonly streamUsage?: 'always';
  /** How streams are framed; absent: server-sent events. */
  readonly framing?: 'aws-eventstream';
  /** More headers of this service alone. */
  readonly headers?: Readonly<Record<string, string>>;
  /** It goes on from a last message of the assistant, instead of answering to it. */
  readonly continues?: true;
  /** The vendor charges nothing for it, so nothing is held or charged. */
  readonly free?: true;
  /** Most inputs in one request (embeddings); more are split over several. */
  readonly inputsMax?: number;
  /** On what its price depends: name -> value, such as service -> batch. */
  readonly traits?: Readonly<Record<string, string>>;
}

export interface Vendor {
  readonly id: string;
  readonly name: string;
  /** Official base URL; an upstream of the operator's may replace it. */
  readonly baseUrl: string;
  /** The usual environment variables of its API key, best first. Empty: no key is needed. */
  readonly keyEnv: readonly string[];
  /** null: no credential is sent. */
  readonly auth: Auth | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** What it serves: one entry a wire format, best first. */
  readonly services: Readonly<Partial<Record<Family, readonly QuickService[]>>>;
  /** Where it keeps files that requests can name by `file_id`. Absent: nowhere. */
  readonly files?: { readonly path: string };
  /** What takes minutes. */
  readonly long?: readonly LongService[];
  /**
   * The vendor's error codes -> cause. A trailing `*` matches a prefix, `http:403` a status whose
   * code is not listed. Else the status decides as usual.
   */
  readonly causes?: Readonly<Record<string, Cause>>;
  /** JSON pointers to code (best first) and message of an error body; absent: OpenAI's places. */
  readonly errorAt?: { readonly code: string | readonly string[]; readonly message: string };
  /** Where these facts stand. */
  readonly docs: string;
  /** When they were last compared with the docs: YYYY-MM-DD. */
  readonly checked: string;
}
