/** One call of a service, whatever its format: key, body, checks, faults, answer. */

import { isObject, type Json, type JsonObject, parseJson } from '../src/kit/json.ts';
import type { ArkStore } from './ark/store.ts';
import type { Call, CallLog } from './calls.ts';
import type { Complaint } from './check.ts';
import { nowS } from './clock.ts';
import type { ErrorKind, ErrorStyle } from './errors.ts';
import { type FaultCounter, type Plan, planFor } from './faults.ts';
import type { Memory } from './memory.ts';
import { type Floor, play, sendError } from './play.ts';
import type { Speech } from './speech.ts';
import type { Jobs } from './tasks/jobs.ts';
import type { Headers, Reply as Wire, WireRequest } from './wire.ts';

export interface State {
  readonly jobs: Jobs;
  readonly log: CallLog;
  readonly counter: FaultCounter;
  readonly memory: Memory;
  readonly ark: ArkStore;
  readonly pauseMs: number;
}

/** A request at a mount. */
export interface Visit {
  readonly state: State;
  readonly request: WireRequest;
  readonly wire: Wire;
  /** The path after the mount's. */
  readonly place: string;
}

/** A part of a vendor that is reached below one path with one kind of key. */
export interface Mount {
  /** Of the vendor. */
  readonly id: string;
  readonly path: string;
  /** null where no key is asked for. */
  readonly key: string | null;
  readonly models: readonly string[];
  /** What a client needs beside base URL and key, for the list of mounts. */
  readonly extra?: (url: string) => JsonObject;
  readonly serve: (visit: Visit) => Promise<void>;
}

/** A request whose body was read. */
export interface Asked {
  readonly request: WireRequest;
  readonly body: JsonObject;
  /** The body as it came. */
  readonly text: string;
  readonly memory: Memory;
}

/** A request that was found to be in order. */
export interface Given extends Asked {
  readonly n: number;
  readonly createdS: number;
  readonly plan: Plan;
}

export type Refusal = 'no-key' | 'bad-key' | null;

export interface Service {
  readonly id: string;
  readonly path: string;
  readonly errors: ErrorStyle;
  readonly refused: (request: WireRequest) => Refusal;
  /** The key that was sent, for the words of a refusal. */
  readonly keyOf?: (request: WireRequest) => string;
  /** Request id and its header. */
  readonly mark: (n: number, request: WireRequest) => { id: string; headers: Headers };
  readonly modelOf: (body: JsonObject) => string;
  readonly isStream: (body: JsonObject) => boolean;
  readonly check: (asked: Asked) => Complaint | null;
  readonly speak: (given: Given, pieces: readonly string[] | null) => Speech;
}

/** Length of the texts that an echoed body is streamed in. */
const ECHO_CHARS = 1_000;
const encoder = new TextEncoder();
// A byte order mark stays in the text, where it makes the JSON invalid, as at the vendors.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export async function sendJson(wire: Wire, status: number, body: Json): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await wire.whole(status, headers, encoder.encode(JSON.stringify(body)));
}

/** The key behind `Bearer`; an empty text where there is none. */
export function bearerOf(request: WireRequest): string {
  const header = request.headers.get('authorization') ?? '';
  return /^bearer +(.+)$/i.exec(header)?.[1] ?? '';
}

/** Says whether `sent` is the key. */
export function judgeKey(key: string | null, sent: string): Refusal {
  if (key === null) return null;
  if (sent === '') return 'no-key';
  return sent === key ? null : 'bad-key';
}

/** Refuses outside of a call that is worth a record: lists of models, unknown places. */
export async function refuse(
  visit: Visit,
  service: Pick<Service, 'errors' | 'mark' | 'id'>,
  refusal: { readonly kind: ErrorKind; readonly detail?: string; readonly key?: string },
): Promise<void> {
  const { request, wire } = visit;
  const { id, headers } = service.mark(0, request);
  const call = { status: 0 } as Call;
  const floor = { wire, call, plan: {}, errors: service.errors, headers, requestId: id };
  const { kind, detail = `${request.method} ${request.path}`, key = '' } = refusal;
  await sendError(floor, kind, { detail, key });
}

/** Serves one call of a service and keeps a record of it. */
export async function serveCall(visit: Visit, service: Service): Promise<void> {
  const { state, request, wire } = visit;
  const call = state.log.begin({
    vendor: service.id,
    client_request_id: request.headers.get('x-client-request-id') ?? null,
    body_bytes: request.body.length,
  });
  wire.onLeft = () => state.log.end(call, true);
  const { id: requestId, headers } = service.mark(call.n, request);
  const floor: Floor = { wire, call, plan: {}, errors: service.errors, headers, requestId };
  const refused = service.refused(request);
  const body = refused === null ? readBody(request) : null;
  const key = keyOf(service, request);
  if (refused !== null) await sendError(floor, refused, { key });
  else if (request.tooLarge) await sendError(floor, 'too-large', {});
  else if (!isJsonType(request)) await sendError(floor, 'media', {});
  else if (body === null) await sendError(floor, 'json', {});
  else await serveRead(visit, service, { floor, body });
  state.log.end(call, wire.gone);
}

function keyOf(service: Service, request: WireRequest): string {
  return service.keyOf?.(request) ?? bearerOf(request);
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
  readonly floor: Floor;
  readonly body: Text;
}

async function serveRead(visit: Visit, service: Service, received: Received): Promise<void> {
  const { state, request } = visit;
  const { floor, body } = received;
  const { call } = floor;
  const model = service.modelOf(body.json);
  const stream = service.isStream(body.json);
  call.model = model;
  call.stream = stream;
  const plan = planFor(model);
  const asked: Asked = { request, body: body.json, text: body.text, memory: state.memory };
  const complaint = service.check(asked);
  if (complaint !== null) return sendError(floor, complaint.kind, { ...complaint, model });
  if (plan.error !== undefined && isDue(visit, service, { plan, model })) {
    const kind = plan.error === 'bad-key' ? keyKind(service.errors) : plan.error;
    const key = keyOf(service, request);
    const facts = { model, key, detail: `Invalid value: asked for with ${model}.` };
    return sendError({ ...floor, plan }, kind, facts);
  }
  const given: Given = { ...asked, n: call.n, createdS: nowS(), plan };
  const pieces = plan.pieces === 'echo' ? cutText(body.text) : (plan.pieces ?? null);
  const endCall = (): void => state.log.end(call, false);
  const speak = (texts: readonly string[] | null) => service.speak(given, texts);
  const { path } = service;
  const pauseMs = state.pauseMs;
  await play({ ...floor, plan, model, stream, path, speak, pieces, pauseMs, endCall });
}

/** xAI answers a wrong key with 400; a fault named 401 takes the answer to a missing key. */
function keyKind(errors: ErrorStyle): 'no-key' | 'bad-key' {
  return errors.table['bad-key'].status === 401 ? 'bad-key' : 'no-key';
}

interface Due {
  readonly plan: Plan;
  readonly model: string;
}

function isDue(visit: Visit, service: Service, { plan, model }: Due): boolean {
  if (plan.times === undefined) return true;
  const who = visit.request.headers.get('x-client-request-id') ?? '';
  return visit.state.counter.due(`${service.id}/${model}/${who}`, plan.times);
}

/** Pieces of a long text, never cut inside a character of two UTF-16 units. */
function cutText(text: string): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${ECHO_CHARS}}(?![\\udc00-\\udfff])`, 'g')) ?? [''];
}
