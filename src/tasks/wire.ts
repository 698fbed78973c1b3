/** One request to a vendor about a job, and what its answer certainly means. */
import { OutboundError } from '../kit/fetch.ts';
import { type Json, parseJson } from '../kit/json.ts';
import type { Ask, Reply } from '../vendors/long.ts';
import { readError } from '../vendors/refusal.ts';
import type { Cause } from '../vendors/shape.ts';
import type { TaskDeps } from './deps.ts';
import type { Way } from './routes.ts';

/** Bodies that describe jobs, results as base64 included. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
const MS_PER_S = 1_000;

export type Heard =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** It said no. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly cause: Cause;
      readonly code: string | null;
      readonly message: string;
      readonly retryAfterMs: number | null;
      readonly body: Json;
    }
  /** The request never left: it may be sent again. */
  | { readonly kind: 'unsent'; readonly error: unknown }
  /** It may have arrived, and nobody knows what became of it. */
  | { readonly kind: 'unknown'; readonly error: unknown };

type Place = Pick<Way, 'upstream' | 'service'>;

export async function send(place: Place, ask: Ask, deps: TaskDeps): Promise<Heard> {
  const { vendor, credential } = place.upstream;
  if (place.upstream.withheld === true) return { kind: 'unsent', error: 'no credential' };
  const body = ask.body === null ? '' : JSON.stringify(ask.body);
  const url = urlOf(place, ask.path);
  if (url === null) return { kind: 'unsent', error: `not a place of this vendor: ${ask.path}` };
  const headers: Record<string, string> = {
    ...(ask.body === null ? {} : { 'content-type': 'application/json' }),
    'accept-encoding': 'identity',
    ...vendor.headers,
    ...ask.headers,
  };
  const { auth } = vendor;
  if (auth !== null && 'header' in auth && !('trade' in auth) && credential !== null) {
    headers[auth.header] = auth.prefix + credential;
  }
  try {
    const { method } = ask;
    const signing = { method: method === 'PUT' ? 'POST' : method, url, headers, body } as const;
    Object.assign(headers, await deps.prove(place.upstream, signing));
  } catch (error) {
    return { kind: 'unsent', error };
  }
  const { method, waitMs = deps.settings.requestMs } = ask;
  return exchange(place, { url, method, headers, body, waitMs }, deps);
}

interface Wire {
  readonly url: string;
  readonly method: Ask['method'];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly waitMs: number;
}

async function exchange(place: Place, { waitMs, ...wire }: Wire, deps: TaskDeps): Promise<Heard> {
  const { connectMs } = deps.settings;
  const abort = new AbortController();
  const takeBack = deps.clock.after(waitMs, () => abort.abort());
  try {
    const answer = await deps.outbound({
      ...wire,
      body: wire.body === '' ? null : wire.body,
      signal: abort.signal,
      connectMs,
    });
    const text = await answer.text(REPLY_BYTES_MAX);
    const { status } = answer;
    const json = parseJson(text);
    if (status >= 200 && status < 300) {
      // Nothing at all is an answer too: to a removal, say.
      const isJson = json !== undefined || text.trim() === '';
      if (!isJson) return { kind: 'unknown', error: 'the answer is not JSON' };
      return { kind: 'reply', reply: { status, body: json ?? null } };
    }
    return refusal(place, json, { status, retryAfter: answer.header('retry-after') });
  } catch (error) {
    const isUnsent = error instanceof OutboundError && error.kind === 'connect';
    return { kind: isUnsent ? 'unsent' : 'unknown', error };
  } finally {
    takeBack();
  }
}

function refusal(
  place: Place,
  body: Json | undefined,
  head: { readonly status: number; readonly retryAfter: string | null },
): Heard {
  const { status } = head;
  const { cause, code, message } = readError(place.upstream.vendor, status, body);
  const seconds = Number(head.retryAfter ?? Number.NaN);
  return {
    kind: 'refused',
    status,
    cause,
    code,
    message,
    body: body ?? null,
    retryAfterMs: Number.isFinite(seconds) ? Math.max(0, seconds * MS_PER_S) : null,
  };
}

/** Below the base URL, or at a host that the vendor's data names. Answers decide nothing more. */
export function urlOf({ upstream, service }: Place, path: string): string | null {
  const base = new URL(upstream.baseUrl);
  if (!/^https?:/.test(path)) return upstream.baseUrl.replace(/\/+$/, '') + path;
  const url = new URL(path);
  if (url.origin === base.origin) return url.href;
  const isNamed = (service.hosts ?? []).some((host) =>
    host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : url.hostname === host,
  );
  return url.protocol === 'https:' && isNamed ? url.href : null;
}
