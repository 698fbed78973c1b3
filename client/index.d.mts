/** `gangway/client`: for programs that call a gateway. Node 20 and later, Bun, Deno, browsers. */

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

export interface AuthOptions {
  /** The gateway's address, with or without `/v1`. */
  readonly baseUrl: string | URL;
  /** The app's, `ak-gw-…`. */
  readonly apiKey: string;
  /** The app's, `as-gw-…`. */
  readonly apiSecret: string;
  /** Default: the global one. */
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  /** After a 5xx; default 2. */
  readonly retries?: number;
  /** Between two tries; default 1,000. */
  readonly retryDelayMs?: number;
}

export interface Auth {
  /** A token that is good for some minutes at least. Throws GangwayError. */
  readonly token: () => Promise<string>;
  /**
   * `fetch` with the token in it. On `invalid_api_key` or `invalid_access_token` it asks for a new
   * token once and repeats the call once; after a 5xx it tries again.
   */
  readonly fetch: Fetch;
}

export function gangwayAuth(options: AuthOptions): Auth;

export class GangwayError extends Error {
  readonly name: 'GangwayError';
  constructor(
    code: string,
    message: string,
    detail?: { status?: number; requestId?: string; body?: unknown; cause?: unknown },
  );
  readonly code: string;
  /** HTTP status of the answer; null where there was none. */
  readonly status: number | null;
  readonly requestId: string | null;
  /** What was answered. */
  readonly body: unknown;
}

/** The parsed JSON of an answer. Throws GangwayError on a fault, and where `choices` is empty. */
export function readAnswer<T = Record<string, unknown>>(response: Response): Promise<T>;

/**
 * The events of a stream, parsed, up to `[DONE]`. Throws GangwayError on a fault, on an error
 * event, where the stream ends without `[DONE]`, and where no chunk had a choice.
 */
export function readEvents<T = Record<string, unknown>>(
  response: Response,
): AsyncGenerator<T, void, undefined>;

export interface WebhookOptions {
  readonly headers:
    | { get(name: string): string | null }
    | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** As it came, before any parsing. */
  readonly body: string | Uint8Array;
  /** `whsec_…`; several while one replaces another. */
  readonly secret: string | readonly string[];
  /** Default 300, both ways. */
  readonly toleranceS?: number;
  readonly clock?: Pick<Clock, 'nowMs'>;
}

export interface Webhook<T = unknown> {
  /** The same for every delivery of one event: keep it to tell repeats. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly payload: T;
}

/** Throws GangwayError `invalid_webhook` where it is not the gateway's. */
export function verifyWebhook<T = unknown>(options: WebhookOptions): Promise<Webhook<T>>;
