/** One request to an upstream that is no call of a model, such as for a file that it keeps. */
import { Fault, toFault } from '../kit/fault.ts';
import { type Json, parseJson } from '../kit/json.ts';
import type { RelayDeps } from './call.ts';
import { Failure, toFailure, vendorFailure } from './failure.ts';
import { headersOf, type Upstream } from './upstreams.ts';

const REPLY_BYTES_MAX = 4 * 1024 * 1024;

export interface PlainAsk {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After the upstream's base URL. */
  readonly path: string;
  /** Its type, where it has a body. */
  readonly type?: string;
  readonly body: Uint8Array | null;
  readonly left: AbortSignal;
}

/** The JSON of a good answer. Throws the Fault of any other; nothing is tried twice. */
export async function askPlain(upstream: Upstream, ask: PlainAsk, deps: RelayDeps): Promise<Json> {
  if (upstream.withheld === true) throw new Fault('credential_unavailable');
  const abort = new AbortController();
  const takeBack = deps.clock.after(deps.settings.times.totalMs, () => abort.abort());
  try {
    return await send(upstream, { ...ask, left: AbortSignal.any([ask.left, abort.signal]) }, deps);
  } catch (thrown) {
    if (abort.signal.aborted) throw new Fault('vendor_timeout');
    throw thrown instanceof Fault ? thrown : toFault(toFailure(thrown).fault);
  } finally {
    takeBack();
  }
}

async function send(upstream: Upstream, ask: PlainAsk, deps: RelayDeps): Promise<Json> {
  const url = upstream.baseUrl.replace(/\/+$/, '') + ask.path;
  const { 'content-type': _json, ...plain } = headersOf(upstream);
  const headers = ask.type === undefined ? plain : { ...plain, 'content-type': ask.type };
  const signable = { method: ask.method, url, headers, body: '' };
  const proof = await deps.credentials.prove(upstream, signable);
  const reply = await deps.outbound({
    method: ask.method,
    url,
    headers: { ...headers, ...proof },
    body: ask.body,
    signal: ask.left,
    connectMs: deps.settings.times.connectMs,
  });
  const text = await reply.text(REPLY_BYTES_MAX);
  if (reply.status !== 200) {
    const { status } = reply;
    throw vendorFailure(upstream.vendor, { status, text, retryAfterMs: null });
  }
  const body = parseJson(text);
  if (body === undefined) throw new Failure(new Fault('vendor_malformed'), { cause: 'down' });
  return body;
}

/** Every upstream that serves some model, by priority. */
export function listUpstreams(deps: Pick<RelayDeps, 'routes'>): readonly Upstream[] {
  const all = new Map<string, Upstream>();
  for (const route of deps.routes.list()) {
    for (const upstream of route.upstreams) all.set(upstream.id, upstream);
  }
  return [...all.values()].sort((a, b) => a.priority - b.priority);
}
