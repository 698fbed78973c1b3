/** The sandbox as a server: vendors' mounts, the list, and the inspection for tests. */
import { isObject, type Json, type JsonObject, parseJson } from '../src/kit/json.ts';
import { answer, type Turn } from './answer.ts';
import { type Ask, readAsk } from './ask.ts';
import { type Call, CallLog, newCall } from './calls.ts';
import { checkChat } from './check.ts';
import { nowS } from './clock.ts';
import { FAULTS, FaultCounter, MODEL_PATTERNS, type Plan, planFor } from './faults.ts';
import { play, type Stage, sendError } from './play.ts';
import { JOB_MS, Jobs } from './tasks/jobs.ts';
import { isJobPath, JOB_VENDORS, serveJobs } from './tasks/server.ts';
import { type FakeVendor, VENDORS } from './vendors.ts';
import { listen, type Reply as Wire, type WireRequest } from './wire.ts';

/** The pause between chunks of a healthy stream. */
export const PAUSE_MS = 5;
/** When the pretended models were made, for lists of models. */
const MODELS_MADE_S = 1_760_000_000;
/** Length of the texts that an echoed body is streamed in. */
const ECHO_CHARS = 1_000;

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

interface State {
  readonly log: CallLog;
  readonly counter: FaultCounter;
  readonly pauseMs: number;
  readonly jobs: Jobs;
}

const encoder = new TextEncoder();
// A byte order mark stays in the text, where it makes the JSON invalid, as at the vendors.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Starts the sandbox in this process; throws where the address cannot be listened on. */
export function startSandbox(options: SandboxOptions = {}): Sandbox {
  const { host = '127.0.0.1', port = 0, pauseMs = PAUSE_MS } = options;
  const jobs = new Jobs(options.jobMs ?? JOB_MS, options.linkMs);
  const state: State = { log: new CallLog(), counter: new FaultCounter(), pauseMs, jobs };
  const handler = (request: WireRequest, wire: Wire) => route(state, request, wire);
  const server = listen({ host, port, handler });
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${server.port}`, stop: () => server.stop() };
}

/** What `--json` prints and `GET /sandbox` answers: base URLs and keys, faults, names. */
export function describe(url: string): JsonObject {
  return {
    url,
    vendors: [
      ...VENDORS.map(({ id, path, key }) => ({ vendor: id, path, key })),
      ...JOB_VENDORS,
    ].map(({ vendor, path, key }) => ({ vendor, base_url: `${url}${path}`, key })),
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
    vendors: VENDORS.map(({ id, path, key, models }) => ({ vendor: id, path, key, models })),
    models: MODEL_PATTERNS.map(({ model, what }) => ({ model, what })),
    faults: listFaults(),
  };
}

async function route(state: State, request: WireRequest, wire: Wire): Promise<void> {
  const { path } = request;
  if (isJobPath(path)) return serveJobs(request, wire, state.jobs);
  if (path === '/sandbox' || path.startsWith('/sandbox/')) return inspect(state, request, wire);
  const vendor = VENDORS.find((one) => path.startsWith(`${one.path}/`));
  if (vendor === undefined) {
    return sendJson(wire, 404, { error: 'no such mount; GET /sandbox lists them' });
  }
  const place = path.slice(vendor.path.length);
  if (place === '/chat/completions' && request.method === 'POST') {
    return chat(state, { vendor, request, wire });
  }
  if (place === '/redirected') {
    state.log.countRedirect();
    return sendJson(wire, 200, { redirected: true });
  }
  return lists(vendor, request, wire);
}

async function sendJson(wire: Wire, status: number, body: Json): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await wire.whole(status, headers, encoder.encode(JSON.stringify(body)));
}

async function inspect(state: State, request: WireRequest, wire: Wire): Promise<void> {
  const { method, path, query, headers } = request;
  const { log, counter } = state;
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
    state.jobs.clear();
    return sendJson(wire, 200, { reset: true });
  }
  return sendJson(wire, 404, {
    error: 'GET /sandbox, /sandbox/calls, /sandbox/stats; POST /reset',
  });
}

interface Visit {
  readonly vendor: FakeVendor;
  readonly request: WireRequest;
  readonly wire: Wire;
}

/** `no-key`, `bad-key`, or null where the caller may pass. */
function refusedKey(vendor: FakeVendor, request: WireRequest): 'no-key' | 'bad-key' | null {
  if (vendor.key === null) return null;
  const sent = keyOf(request);
  if (sent === '') return 'no-key';
  return sent === vendor.key ? null : 'bad-key';
}

function keyOf(request: WireRequest): string {
  const header = request.headers.get('authorization') ?? '';
  return /^bearer +(.+)$/i.exec(header)?.[1] ?? '';
}

function bareStage(visit: Visit, call: Call, plan: Plan): Omit<Stage, 'reply'> {
  const { vendor, request, wire } = visit;
  const requestId = `${vendor.id === 'ark' ? '0217' : 'req-'}${String(call.n).padStart(20, '0')}`;
  const headers: Record<string, string> = { 'x-request-id': requestId };
  const client = request.headers.get('x-client-request-id');
  if (vendor.id === 'ark' && client !== undefined) headers['x-client-request-id'] = client;
  return { wire, call, plan, headers, requestId, pauseMs: 0, endCall: () => {} };
}

/** A vendor's models and the sandbox's, one model, or the vendor's own word for no such page. */
async function lists(vendor: FakeVendor, request: WireRequest, wire: Wire): Promise<void> {
  const { path, method } = request;
  const place = path.slice(vendor.path.length);
  const call = newCall(0, { vendor: vendor.id, client_request_id: null, body_bytes: 0 });
  const stage = { ...bareStage({ vendor, request, wire }, call, {}), reply: { vendor } };
  const refused = refusedKey(vendor, request);
  if (refused !== null) return sendError(stage, refused, { key: keyOf(request) });
  const known = place === '/models' || place.startsWith('/models/');
  const detail = `${method} ${path}`;
  if (!known && place !== '/chat/completions') return sendError(stage, 'route', { detail });
  if (!known || method !== 'GET') return sendError(stage, 'method', { detail });
  if (place === '/models') {
    const data = [...vendor.models, ...FAULTS.map(({ model }) => model)].map(modelOf(vendor));
    return sendJson(wire, 200, { object: 'list', data });
  }
  return sendJson(wire, 200, modelOf(vendor)(decodeURIComponent(place.slice('/models/'.length))));
}

function modelOf(vendor: FakeVendor): (id: string) => JsonObject {
  return (id) => ({ id, object: 'model', created: MODELS_MADE_S, owned_by: vendor.id });
}

async function chat(state: State, visit: Visit): Promise<void> {
  const { vendor, request, wire } = visit;
  const { log } = state;
  const call = log.begin({
    vendor: vendor.id,
    client_request_id: request.headers.get('x-client-request-id') ?? null,
    body_bytes: request.body.length,
  });
  wire.onLeft = () => log.end(call, true);
  const bare = { ...bareStage(visit, call, {}), reply: { vendor } };
  const refused = refusedKey(vendor, request);
  const body = refused === null ? readBody(request) : null;
  if (refused !== null) await sendError(bare, refused, { key: keyOf(request) });
  else if (request.tooLarge) await sendError(bare, 'too-large', {});
  else if (!isJsonType(request)) await sendError(bare, 'media', {});
  else if (body === null) await sendError(bare, 'json', {});
  else await chatWith(state, visit, { call, body });
  log.end(call, wire.gone);
}

function isJsonType(request: WireRequest): boolean {
  const type = request.headers.get('content-type')?.toLowerCase() ?? '';
  const coding = request.headers.get('content-encoding') ?? 'identity';
  return /^application\/([\w.+-]+\+)?json\b/.test(type) && coding === 'identity';
}

interface Text {
  readonly text: string;
  readonly json: JsonObject;
}

function readBody(request: WireRequest): Text | null {
  try {
    const text = decoder.decode(request.body);
    const json = parseJson(text);
    return isObject(json) ? { text, json } : null;
  } catch {
    return null;
  }
}

interface Received {
  readonly call: Call;
  readonly body: Text;
}

async function chatWith(state: State, visit: Visit, received: Received): Promise<void> {
  const { vendor, request } = visit;
  const { call, body } = received;
  const model = typeof body.json.model === 'string' ? body.json.model : '';
  call.model = model;
  call.stream = body.json.stream === true;
  const plan = planFor(model);
  const bare = { ...bareStage(visit, call, {}), reply: { vendor } };
  const complaint = checkChat(body.json, vendor);
  if (complaint !== null) return sendError(bare, complaint.kind, { ...complaint, model });
  if (plan.error !== undefined && isDue(state, { request, plan, vendor, model })) {
    const kind = plan.error === 'bad-key' ? keyKind(vendor) : plan.error;
    const facts = { model, key: keyOf(request), detail: `Invalid value: asked for with ${model}.` };
    return sendError({ ...bare, plan }, kind, facts);
  }
  const ask = readAsk(body.json, vendor);
  const pieces = plan.pieces === 'echo' ? cutText(body.text) : (plan.pieces ?? null);
  const reply = {
    vendor,
    ask,
    turns: plan.emptyChoices === true ? [] : turnsFor(ask, vendor, pieces),
    n: call.n,
    createdS: nowS(),
    pieces,
    noUsage: plan.noUsage === true,
  };
  const endCall = (): void => state.log.end(call, false);
  await play({ ...bare, plan, reply, pauseMs: state.pauseMs, endCall });
}

/** xAI answers a wrong key with 400; a fault named 401 takes the answer to a missing key. */
function keyKind(vendor: FakeVendor): 'no-key' | 'bad-key' {
  return vendor.errors.table['bad-key'].status === 401 ? 'bad-key' : 'no-key';
}

interface Due {
  readonly request: WireRequest;
  readonly plan: Plan;
  readonly vendor: FakeVendor;
  readonly model: string;
}

function isDue(state: State, { request, plan, vendor, model }: Due): boolean {
  if (plan.times === undefined) return true;
  const who = request.headers.get('x-client-request-id') ?? '';
  return state.counter.due(`${vendor.id}/${model}/${who}`, plan.times);
}

function turnsFor(ask: Ask, vendor: FakeVendor, pieces: readonly string[] | null): Turn[] {
  return Array.from({ length: ask.n }, (_, index) =>
    pieces === null
      ? answer(ask, vendor, index)
      : { reasoning: '', text: pieces.join(''), calls: [], finish: 'stop' },
  );
}

/** Pieces of a long text, never cut inside a character of two UTF-16 units. */
function cutText(text: string): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${ECHO_CHARS}}(?![\\udc00-\\udfff])`, 'g')) ?? [''];
}
