/** The places of the pretended Ark beside chat/completions: routes, key, body, record, answer. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import type { Call } from '../calls.ts';
import { nowMs, pause, pauseUnless } from '../clock.ts';
import { type ErrorKind, writeError } from '../errors.ts';
import { type Plan, planFor } from '../faults.ts';
import { bearerOf, judgeKey, type Visit } from '../service.ts';
import { countTokens } from '../tokens.ts';
import { ARK } from '../vendors.ts';
import { frameChunk, type Headers, LAST_CHUNK, type WireRequest } from '../wire.ts';
import type { Answer, Asked, Event, Handler } from './asked.ts';
import { batchChat, botChat, contextChat, createContext, onlyBatch } from './chats.ts';
import { embedParts, embedTexts } from './embeddings.ts';
import { deleteFile, getFile, listFiles, uploadFile } from './files.ts';
import { generateImages } from './images.ts';
import { Refusal } from './refusal.ts';
import { createResponse, deleteResponse, getResponse, listInputItems } from './responses.ts';
import { tokenize } from './tokenization.ts';

interface Place {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
  /** The body is a form and not JSON. */
  readonly form?: boolean;
}

function place(line: string, handle: Handler, form = false): Place {
  const [method, path] = line.split(' ') as [string, string];
  return { method, path: new RegExp(`^${path.replaceAll('{}', '([^/]+)')}$`), handle, form };
}

function batched(handle: Handler): Handler {
  return (asked) => {
    onlyBatch(asked.body);
    return handle(asked);
  };
}

const PLACES: readonly Place[] = Object.freeze([
  place('POST /responses', createResponse),
  place('GET /responses/{}', getResponse),
  place('DELETE /responses/{}', deleteResponse),
  place('GET /responses/{}/input_items', listInputItems),
  place('POST /embeddings', embedTexts),
  place('POST /embeddings/multimodal', embedParts),
  place('POST /images/generations', generateImages),
  place('POST /files', uploadFile, true),
  place('GET /files', listFiles),
  place('GET /files/{}', getFile),
  place('DELETE /files/{}', deleteFile),
  place('POST /tokenization', tokenize),
  place('POST /context/create', createContext),
  place('POST /context/chat/completions', contextChat),
  place('POST /batch/chat/completions', batchChat),
  place('POST /batch/embeddings', batched(embedTexts)),
  place('POST /batch/embeddings/multimodal', batched(embedParts)),
  place('POST /bots/chat/completions', botChat),
]);

const HANG_MS_MAX = 600_000;
const JSON_HEADERS: Headers = { 'content-type': 'application/json; charset=utf-8' };
const SSE_HEADERS: Headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'transfer-encoding': 'chunked',
};
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Stage {
  readonly visit: Visit;
  readonly call: Call;
  readonly headers: Headers;
  readonly requestId: string;
}

/** Answers where the path is one of ours; false where it is not. */
export async function serveArk(visit: Visit): Promise<boolean> {
  const { request, wire, place: path } = visit;
  const { log } = visit.state;
  const sameMethod = ({ method }: Place) => method === request.method;
  const found = PLACES.find((one) => sameMethod(one) && one.path.test(path));
  if (found === undefined) return false;
  const client = request.headers.get('x-client-request-id');
  const call = log.begin({
    vendor: ARK.id,
    client_request_id: client ?? null,
    body_bytes: request.body.length,
  });
  wire.onLeft = () => log.end(call, true);
  const requestId = `0217${String(call.n).padStart(20, '0')}`;
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (client !== undefined) headers['x-client-request-id'] = client;
  const params = found.path.exec(path)!.slice(1).map(decodeURIComponent);
  await serve({ visit, call, headers, requestId }, found, params);
  log.end(call, wire.gone);
  return true;
}

async function serve(stage: Stage, found: Place, params: readonly string[]): Promise<void> {
  const { visit, call } = stage;
  const { request } = visit;
  const refused = judgeKey(ARK.key, bearerOf(request));
  if (refused !== null) return refuse(stage, refused);
  if (request.tooLarge) return refuse(stage, 'too-large');
  const body = found.method === 'POST' && !found.form ? readBody(request) : {};
  if (body === null) return refuse(stage, 'json');
  call.model = typeof body.model === 'string' ? body.model : '';
  call.stream = body.stream === true;
  const plan = planFor(call.model);
  if (plan.special === 'hang') {
    await pauseUnless(HANG_MS_MAX, visit.wire.left);
    return;
  }
  if (plan.error !== undefined && isDue(stage, plan)) return refuse(stage, plan.error, plan);
  const origin = `http://${request.headers.get('host') ?? 'localhost'}`;
  const { ark: store } = visit.state;
  const asked: Asked = { store, request, body, params, n: call.n, nowMs: nowMs(), origin };
  try {
    await send(stage, plan, await found.handle(asked));
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    await whole(stage, thrown.parts.status, thrown.body(stage.requestId));
  }
}

function readBody(request: WireRequest): JsonObject | null {
  try {
    const json = parseJson(decoder.decode(request.body));
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}

function isDue({ visit, call }: Stage, plan: Plan): boolean {
  if (plan.times === undefined) return true;
  const who = call.client_request_id ?? '';
  return visit.state.counter.due(
    `${ARK.id}/${visit.request.path}/${call.model}/${who}`,
    plan.times,
  );
}

async function refuse(stage: Stage, kind: ErrorKind, plan: Plan = {}): Promise<void> {
  const { requestId, call } = stage;
  const facts = { requestId, model: call.model, detail: `Asked for with ${call.model}.` };
  const { status, body } = writeError(ARK.errors, kind, facts);
  await whole({ ...stage, headers: { ...stage.headers, ...plan.headers } }, status, body);
}

async function whole(stage: Stage, status: number, body: Json): Promise<boolean> {
  stage.call.status = status;
  const headers = { ...stage.headers, ...JSON_HEADERS };
  return stage.visit.wire.whole(status, headers, encoder.encode(JSON.stringify(body)));
}

async function send(stage: Stage, plan: Plan, answer: Answer): Promise<void> {
  if ('events' in answer) return sendEvents(stage, plan, answer.events);
  const json = plan.noUsage === true ? without(answer.json, 'usage') : answer.json;
  if (await whole(stage, 200, json)) stage.call.usage = answer.usage ?? null;
}

function without(json: Json, name: string): Json {
  if (!isObject(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== name));
}

/** With a fault that breaks streams, half of the events go out, and then it is played. */
async function sendEvents(stage: Stage, plan: Plan, events: readonly Event[]): Promise<void> {
  const { visit, call } = stage;
  const { wire } = visit;
  const { pauseMs } = visit.state;
  call.status = 200;
  call.chunks_total = events.length;
  if (!(await wire.head(200, { ...stage.headers, ...SSE_HEADERS }))) return;
  const middle = plan.breakWith === undefined ? events.length : Math.ceil(events.length / 2);
  for (const [at, event] of events.slice(0, middle).entries()) {
    if (at > 0) await pause(pauseMs);
    const name = event.name === null ? '' : `event: ${event.name}\n`;
    const bytes = encoder.encode(`${name}data: ${JSON.stringify(event.json)}\n\n`);
    if (!(await wire.send(frameChunk(bytes)))) return;
    call.chunks_sent += 1;
    call.tokens_sent += countTokens(event.text ?? '');
    call.usage = event.usage ?? call.usage;
  }
  if (plan.breakWith !== undefined) return breakOff(stage, plan.breakWith);
  await wire.send(frameChunk(encoder.encode('data: [DONE]\n\n')));
  await wire.send(LAST_CHUNK);
}

async function breakOff(stage: Stage, how: NonNullable<Plan['breakWith']>): Promise<void> {
  const { wire } = stage.visit;
  if (how === 'hang') {
    await pauseUnless(HANG_MS_MAX, wire.left);
    return;
  }
  if (how === 'reset') {
    await pauseUnless(30, wire.left);
    stage.visit.state.log.end(stage.call, false);
    wire.reset();
    return;
  }
  if (how === 'error') {
    const { body } = writeError(ARK.errors, 'server', { requestId: stage.requestId });
    await wire.send(frameChunk(encoder.encode(`data: ${JSON.stringify(body)}\n\n`)));
  } else if (how === 'malformed') {
    await wire.send(frameChunk(encoder.encode('data: {"broken":\n\n')));
  }
  await wire.send(LAST_CHUNK);
}
