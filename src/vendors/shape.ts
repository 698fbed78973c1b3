/**
 * What a vendor is: a frozen plain object. What it does not serve is absent. A vendor describes
 * requests and reads answers; it does no I/O, reads no clock and knows no price.
 */
import type { Family } from '../dialects/shape.ts';
import type { Json } from '../kit/json.ts';
import type { LongService } from './long.ts';

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
  /** Input tokens read from a cache; the first pointer that is present counts. */
  readonly cachedInput?: readonly string[];
  /** Input tokens written to a cache; the first pointer that is present counts. */
  readonly cacheWrite?: readonly string[];
  /** Set where `input` leaves out what was read from and written to a cache: it is added to it. */
  readonly cachedApart?: boolean;
  readonly reasoning?: readonly string[];
  /** Set where `output` leaves the reasoning tokens out: then they are added to it. */
  readonly reasoningApart?: boolean;
  /**
   * What is not counted in tokens: unit -> where a whole number stands, or a list whose members
   * count one each (those with an `error` do not). Names carry their scale: image, video_ms.
   */
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
  /**
   * How thinking is switched, where effort alone does not: `thinking.type` (enabled, disabled), or
   * the flag `enable_thinking` with `thinking_budget`. Absent: by effort, "none" for off.
   */
  readonly thinking?: 'type' | 'flag';
  /** The field of an assistant message in which it takes its thoughts back. Absent: it does not. */
  readonly thoughtsBack?: string;
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

/** A request that is about to be sent, as far as a signature covers it. */
export interface SignAsk {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly credential: string;
  readonly nowMs: number;
}

/** How a credential is traded for a token that lives for a while. */
export interface Trade {
  /** The request that asks for the token. */
  request(
    credential: string,
    nowMs: number,
  ): {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  /** The token and for how long it is good; null: the answer holds none. */
  read(reply: Json): { readonly token: string; readonly lifeS: number } | null;
}

/** How the credential is sent. */
export type Auth =
  | { readonly header: string; readonly prefix: string }
  /** Headers that prove the credential for this request; throws where it is not well formed. */
  | { readonly sign: (ask: SignAsk) => Readonly<Record<string, string>> }
  | { readonly header: string; readonly prefix: string; readonly trade: Trade };

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
  /** What takes minutes. */
  readonly long?: readonly LongService[];
  /**
   * The vendor's error codes -> cause. A trailing `*` matches a prefix, `http:403` a status whose
   * code is not listed. Else the status decides as usual.
   */
  readonly causes?: Readonly<Record<string, Cause>>;
  /** JSON pointers to code and message of an error body; OpenAI's places when absent. */
  readonly errorAt?: { readonly code: string; readonly message: string };
  /** Where these facts stand. */
  readonly docs: string;
  /** When they were last compared with the docs: YYYY-MM-DD. */
  readonly checked: string;
}
