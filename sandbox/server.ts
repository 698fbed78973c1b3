/** The sandbox as a server: mounts, the list of them, and the inspection for tests. */
import type { Json, JsonObject } from '../src/kit/json.ts';
import { PICTURES_PATH, pictureAt } from './ark/images.ts';
import { ArkStore } from './ark/store.ts';
import { CallLog } from './calls.ts';
import { nowMs } from './clock.ts';
import { FAULTS, FaultCounter, MODEL_PATTERNS } from './faults.ts';
import { Memory } from './memory.ts';
import { MOUNTS } from './mounts.ts';
import { type State, sendJson } from './service.ts';
import { JOB_MS, Jobs } from './tasks/jobs.ts';
import { isJobPath, JOB_VENDORS, serveJobs } from './tasks/server.ts';
import { listen, type Reply as Wire, type WireRequest } from './wire.ts';

/** The pause between chunks of a healthy stream. */
export const PAUSE_MS = 5;

export interface SandboxOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** Milliseconds between the chunks of a healthy stream; default 5. */
  readonly pauseMs?: number;
  /** Milliseconds that a job takes. */
  readonly jobMs?: number;
  /** Milliseconds that the link of a result lives. */
  readonly linkMs?: number;
}

export interface Sandbox {
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends every connection at once. */
  stop(): void;
}

/** Starts the sandbox in this process; throws where the address cannot be listened on. */
export function startSandbox(options: SandboxOptions = {}): Sandbox {
  const { host = '127.0.0.1', port = 0, pauseMs = PAUSE_MS } = options;
  const memory = new Memory();
  const ark = new ArkStore();
  const jobs = new Jobs(options.jobMs ?? JOB_MS, options.linkMs);
  const counter = new FaultCounter();
  const state: State = { log: new CallLog(), counter, memory, ark, jobs, pauseMs };
  const handler = (request: WireRequest, wire: Wire) => route(state, request, wire);
  const server = listen({ host, port, handler });
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${server.port}`, stop: () => server.stop() };
}

/** What `--json` prints and `GET /sandbox` answers: base URLs and keys, faults, names. */
export function describe(url: string): JsonObject {
  return {
    url,
    vendors: [...MOUNTS, ...JOB_VENDORS].map(({ id, path, key, extra }) => ({
      vendor: id,
      base_url: `${url}${path}`,
      key,
      ...extra?.(url),
    })),
    faults: listFaults(),
  };
}

/** Every fault as `{model, what}`. */
export function listFaults(): Json {
  return FAULTS.map(({ model, what }) => ({ model, what }));
}

/** What `--list --json` prints: mounts with their models, faults, and names with a meaning. */
export function describeModels(): JsonObject {
  return {
    vendors: MOUNTS.map(({ id, path, key, models }) => ({ vendor: id, path, key, models })),
    models: MODEL_PATTERNS.map(({ model, what }) => ({ model, what })),
    faults: listFaults(),
  };
}

async function route(state: State, request: WireRequest, wire: Wire): Promise<void> {
  const { path } = request;
  if (isJobPath(path)) return serveJobs(request, wire, state.jobs);
  if (path === '/sandbox' || path.startsWith('/sandbox/')) return inspect(state, request, wire);
  if (path.startsWith(PICTURES_PATH)) return picture(state, request, wire);
  const mount = MOUNTS.find((one) => path.startsWith(`${one.path}/`));
  if (mount === undefined) {
    return sendJson(wire, 404, { error: 'no such mount; GET /sandbox lists them' });
  }
  const place = path.slice(mount.path.length);
  if (place === '/redirected') {
    state.log.countRedirect();
    return sendJson(wire, 200, { redirected: true });
  }
  return mount.serve({ state, request, wire, place });
}

async function picture(state: State, request: WireRequest, wire: Wire): Promise<void> {
  const bytes = pictureAt({ store: state.ark, nowMs: nowMs() }, request.path);
  if (bytes === null) return sendJson(wire, 403, { error: 'no such picture, or no longer' });
  await wire.whole(200, { 'content-type': 'image/png' }, bytes);
}

async function inspect(state: State, request: WireRequest, wire: Wire): Promise<void> {
  const { method, path, query, headers } = request;
  const { log, counter, memory } = state;
  if (method === 'GET' && path === '/sandbox') {
    return sendJson(wire, 200, describe(`http://${headers.get('host') ?? 'localhost'}`));
  }
  if (method === 'GET' && path === '/sandbox/calls') {
    const page = log.page(Number(query.get('after')), Number(query.get('limit')));
    return sendJson(wire, 200, { ...page, calls: page.calls.map((call) => ({ ...call })) });
  }
  if (method === 'GET' && path === '/sandbox/stats') return sendJson(wire, 200, log.stats());
  if (method === 'POST' && path === '/sandbox/reset') {
    log.reset();
    counter.reset();
    memory.reset();
    state.ark.reset();
    state.jobs.clear();
    return sendJson(wire, 200, { reset: true });
  }
  return sendJson(wire, 404, {
    error: 'GET /sandbox, /sandbox/calls, /sandbox/stats; POST /reset',
  });
}
