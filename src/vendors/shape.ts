/**
 * What a vendor is: a frozen plain object. What it does not serve is absent. A vendor describes
 * requests and reads answers; it does no I/O, reads no clock and knows no price.
 */
import type { DialectId } from '../dialects/shape.ts';
import type { Json } from '../kit/json.ts';

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

/** Where a quantity stands in a reply or in the usage of a stream: JSON pointers (RFC 6901). */
export interface TokenMeter {
  /** All input tokens, cached ones included. */
  readonly input: string;
  readonly output: string;
  /** Input tokens read from a cache; the first pointer that is present counts. */
  readonly cachedInput?: readonly string[];
  readonly reasoning?: readonly string[];
  /** Set where `output` leaves the reasoning tokens out: then they are added to it. */
  readonly reasoningApart?: boolean;
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
}

export interface QuickService {
  /** Appended to the base URL. */
  readonly path: string;
  readonly dialect: DialectId;
  readonly tweaks?: Tweaks;
  readonly meter: TokenMeter;
  /**
   * Absent: a stream reports usage when `stream_options.include_usage` asks for it. 'always': it
   * does so unasked and refuses `stream_options`, which therefore is not sent.
   */
  readonly streamUsage?: 'always';
}

export interface Vendor {
  readonly id: string;
  readonly name: string;
  /** Official base URL; an upstream of the operator's may replace it. */
  readonly baseUrl: string;
  /** The usual environment variables of its API key, best first. Empty: no key is needed. */
  readonly keyEnv: readonly string[];
  /** How the credential is sent. */
  readonly auth: { readonly header: string; readonly prefix: string } | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly services: { readonly chat?: QuickService };
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
