/** The HTTP server: finds the route, lets the right callers in, and writes every fault. */
import http from 'node:http';
import { type Access, checkAddress, readCredential } from '../access/keys.ts';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { type CidrSet, plainAddress } from '../kit/cidr.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault, toFault } from '../kit/fault.ts';
import { newId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import { type BunHandler, type BunServer, openListener, type TlsPair } from './listener.ts';
import type { Metrics } from './metrics.ts';
import type { Method, Route, Visit } from './routes.ts';
import type { SignatureGate } from './signed.ts';

export interface ServerSettings {
  readonly hostname: string;
  readonly port: number;
  /** null: plain HTTP. */
  readonly tls: TlsPair | null;
  /** Requests open at once; beyond, 503. */
  readonly openRequestsMax: number;
  /** All header names and values of a request together. */
  readonly headerBytesMax: number;
  /** A connection on which nothing happens is closed, unless a call is under way on it. */
  readonly idleTimeoutS: number;
  /** Origins of browsers that may call; empty: none; `*`: all. */
  readonly corsOrigins: readonly string[];
  /** Peers whose X-Forwarded-For is believed. */
  readonly trustedProxies: CidrSet;
}

export interface ServerDeps {
  readonly settings: ServerSettings;
  readonly routes: readonly Route[];
  readonly access: Access;
  readonly signatures: SignatureGate;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Headers of every answer to a request that began then (tickMs), such as how it was counted. */
  readonly marks?: (sinceTickMs: number) => Readonly<Record<string, string>> | null;
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  readonly routes: readonly Route[];
  /** A new certificate for new connections. */
  renewTls(tls: TlsPair): void;
  readonly stopping: () => boolean;
  /** Takes no new connections; resolves when the last open request has its answer. */
  stop(): Promise<void>;
  /** Ends what is still open. */
  kill(): void;
}

/** Above this much more than our limit the runtime refuses headers itself, without words. */
const RUNTIME_HEADER_FACTOR = 4;
const REQUEST_ID = /^[\w.:-]{1,128}$/;
const CLOSING: ReadonlySet<number> = new Set([408, 413, 426, 431]);
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD']);

export function startServer(deps: ServerDeps): RunningServer {
  let stopping = false;
  const { settings } = deps;
  const table: Record<string, BunHandler> = {};
  for (const [path, routes] of groupByPath(deps.routes)) {
    table[path] = (request, server) =>
      answer({ request, server, routes, params: request.params }, deps);
  }
  Object.assign(http, { maxHeaderSize: settings.headerBytesMax * RUNTIME_HEADER_FACTOR });
  const listener = openListener({
    hostname: settings.hostname,
    port: settings.port,
    tls: settings.tls,
    clock: deps.clock,
    idleTimeoutS: settings.idleTimeoutS,
    routes: table,
    fetch: (request, bun) => answer({ request, server: bun, routes: [], params: {} }, deps),
    error: (error) => {
      deps.log.error('a request failed outside its handler', { error });
      return faultResponse(new Fault('internal_error'), newId('req'), writeFault);
    },
  });
  return {
    url: listener.url,
    port: listener.port,
    routes: deps.routes,
    stopping: () => stopping,
    renewTls: (tls) => listener.renew(tls),
    stop() {
      stopping = true;
      return listener.stop();
    },
    kill: () => listener.kill(),
  };
}

function groupByPath(routes: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const entry of routes) {
    const group = groups.get(entry.path) ?? [];
    if (group.some((other) => other.method === entry.method)) {
      throw new Error(`route ${entry.method} ${entry.path} is registered twice`);
    }
    groups.set(entry.path, [...group, entry]);
  }
  return groups;
}

interface Arrival {
  readonly request: Request;
  readonly server: BunServer;
  /** The routes of this path; empty where the path is unknown. */
  readonly routes: readonly Route[];
  readonly params: Readonly<Record<string, string>>;
}

async function answer(arrival: Arrival, deps: ServerDeps): Promise<Response> {
  const { request, server } = arrival;
  const sent = request.headers.get('x-request-id');
  const requestId = sent !== null && REQUEST_ID.test(sent) ? sent : newId('req');
  const startedTickMs = deps.clock.tickMs();
  let write: FaultWriter = writeFault;
  let response: Response;
  let idHeader: string | undefined;
  try {
    if (server.pendingRequests > deps.settings.openRequestsMax) {
      throw new Fault('overloaded', { retryAfterS: 1 });
    }
    checkHead(request.headers, deps.settings.headerBytesMax);
    checkTarget(request.url);
    const found = pickRoute(arrival, deps.settings);
    if (found instanceof Response) return found;
    write = (fault, id) => found.writeFault(fault, id, request);
    idHeader = found.idHeader;
    response = await visitRoute(found, { ...arrival, requestId, startedTickMs }, deps);
    if (!response.headers.has('x-request-id')) response.headers.set('x-request-id', requestId);
  } catch (thrown) {
    const fault = toFault(thrown);
    tell(fault, requestId, deps);
    response = faultResponse(fault, requestId, write);
  }
  if (idHeader !== undefined) response.headers.set(idHeader, requestId);
  const marks = deps.marks?.(startedTickMs) ?? null;
  if (marks !== null) for (const name in marks) response.headers.set(name, marks[name] ?? '');
  const theirs = request.headers.get('x-client-request-id');
  if (theirs !== null && REQUEST_ID.test(theirs)) {
    response.headers.set('x-client-request-id', theirs);
  }
  if (deps.settings.corsOrigins.length > 0) allowOrigin(request, response, deps.settings);
  return response;
}

async function visitRoute(
  found: Route,
  arrival: Arrival & Pick<Visit, 'requestId' | 'startedTickMs'>,
  deps: ServerDeps,
): Promise<Response> {
  const { request, server } = arrival;
  const address = (): string => peerAddress(request, server, deps.settings);
  const base: Visit = {
    request,
    requestId: arrival.requestId,
    startedTickMs: arrival.startedTickMs,
    caller: null,
    signed: null,
    address,
    holdOpen: () => server.timeout(request, 0),
    letIdle: () => server.timeout(request, deps.settings.idleTimeoutS),
    params: starParams(found, arrival),
  };
  if (found.gate !== undefined) await found.gate(base);
  if (found.access === 'public') return found.handle(base);
  if (found.access === 'signature') {
    return found.handle({ ...base, signed: await deps.signatures.identify(request) });
  }
  const pair = found.signable === true ? await deps.signatures.callerOf(request) : null;
  if (pair !== null) return found.handle({ ...base, ...pair });
  const identified = deps.access.identify(credentialOf(request, found));
  const caller = identified instanceof Promise ? await identified : identified;
  if (found.access === 'operator' && caller.key.role !== 'operator') {
    throw new Fault('operator_only');
  }
  if (caller.addresses !== null) checkAddress(caller, address());
  return found.handle({ ...base, caller });
}

function credentialOf(request: Request, { key, keyInQuery }: Route): string | null {
  const header = (name: string): string | null => request.headers.get(name);
  const query = (): URLSearchParams => new URL(request.url).searchParams;
  const credential = key?.(header, query) ?? readCredential(header);
  if (credential !== null || keyInQuery === undefined) return credential;
  return query().get(keyInQuery);
}

/** No name here holds a NUL, and not every database can be asked for one. */
function checkTarget(url: string): void {
  if (!url.includes('%00')) return;
  throw new Fault('invalid_request', { message: 'The URL holds a NUL (%00). Leave it out.' });
}

/** What the runtime lets through and nobody honest sends: doubled framing headers, huge heads. */
function checkHead(headers: Headers, bytesMax: number): void {
  let bytes = 0;
  for (const [name, value] of headers) {
    bytes += name.length + value.length;
    if ((name === 'host' || name === 'content-length') && value.includes(',')) {
      throw new Fault('invalid_request', {
        message: `The header ${name} stands twice. Send it once.`,
      });
    }
  }
  if (bytes > bytesMax) {
    throw new Fault('header_too_large', {
      message: `The request's headers are larger than ${bytesMax} bytes.`,
    });
  }
}

/** Bun names no star parameter: it is what follows the route's fixed part. */
function starParams(found: Route, arrival: Arrival): Readonly<Record<string, string>> {
  if (!found.path.endsWith('*')) return arrival.params;
  const path = new URL(arrival.request.url).pathname;
  const rest = path.slice(found.path.length - 1);
  try {
    return { ...arrival.params, '*': decodeURIComponent(rest) };
  } catch {
    throw new Fault('invalid_request', { message: 'The path is not valid percent-encoding.' });
  }
}

function pickRoute(arrival: Arrival, settings: ServerSettings): Route | Response {
  const { request, routes } = arrival;
  if (request.method === 'OPTIONS' && settings.corsOrigins.length > 0) {
    return preflight(request, settings);
  }
  const method = request.method === 'HEAD' ? 'GET' : (request.method as Method);
  const found = routes.find((entry) => entry.method === method);
  if (found !== undefined) return found;
  const path = new URL(request.url).pathname.slice(0, 200);
  if (routes.length === 0 || !METHODS.has(request.method)) {
    throw new Fault('not_found', { message: `There is no route ${request.method} ${path}.` });
  }
  const allowed = routes.map((entry) => entry.method).join(', ');
  throw new Fault('method_not_allowed', {
    message: `${path} takes ${allowed}.`,
    headers: { allow: allowed },
  });
}

function tell(fault: Fault, requestId: string, deps: ServerDeps): void {
  deps.metrics.fault(fault.code);
  if (fault.code === 'internal_error') {
    deps.log.error('internal error', { request: requestId, error: fault.detail.cause });
  } else if (fault.blame === 'gateway') {
    deps.log.warn('gateway fault', {
      request: requestId,
      fault: fault.code,
      error: fault.detail.cause,
    });
  }
}

export type FaultWriter = (fault: Fault, requestId: string) => string;

export function faultResponse(fault: Fault, requestId: string, write: FaultWriter): Response {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-request-id': requestId,
    // Clients of OpenAI's kind ask this header before they decide by status.
    'x-should-retry': String(fault.retry),
    ...fault.detail.headers,
  };
  if (fault.detail.retryAfterS !== undefined) {
    headers['retry-after'] = String(fault.detail.retryAfterS);
  }
  // What is left of the body is not worth reading; the connection cannot be used again.
  if (CLOSING.has(fault.status)) headers.connection = 'close';
  return new Response(write(fault, requestId), { status: fault.status, headers });
}

function peerAddress(request: Request, server: BunServer, settings: ServerSettings): string {
  const peer = plainAddress(server.requestIP(request)?.address ?? '');
  if (!settings.trustedProxies.has(peer)) return peer;
  // From the right, the first address that is not one of our proxies is the caller's.
  const chain = (request.headers.get('x-forwarded-for') ?? '')
    .split(',')
    .map((part) => part.trim());
  for (const hop of chain.reverse()) {
    if (hop === '') continue;
    const address = plainAddress(hop);
    if (!settings.trustedProxies.has(address)) return address;
  }
  return peer;
}

function allowedOrigin(request: Request, settings: ServerSettings): string | null {
  const origin = request.headers.get('origin');
  if (origin === null) return null;
  if (settings.corsOrigins.includes('*')) return '*';
  return settings.corsOrigins.includes(origin) ? origin : null;
}

function allowOrigin(request: Request, response: Response, settings: ServerSettings): void {
  const origin = allowedOrigin(request, settings);
  if (origin === null) return;
  response.headers.set('access-control-allow-origin', origin);
  response.headers.append('vary', 'origin');
  response.headers.set(
    'access-control-expose-headers',
    'x-request-id, x-gangway-call, x-gangway-limits, x-gangway-task, idempotent-replayed, ' +
      'retry-after, location, preference-applied',
  );
}

function preflight(request: Request, settings: ServerSettings): Response {
  const response = new Response(null, { status: 204 });
  allowOrigin(request, response, settings);
  response.headers.set('access-control-allow-methods', 'GET, POST, DELETE');
  const asked = request.headers.get('access-control-request-headers') ?? '';
  response.headers.set('access-control-allow-headers', asked.slice(0, 1_000));
  response.headers.set('access-control-max-age', '600');
  return response;
}
