/** The part of the sandbox that takes jobs: vendors' paths, and the files that come of them. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import { pause } from '../clock.ts';
import { frameChunk, LAST_CHUNK, type Reply, type WireRequest } from '../wire.ts';
import { ARK_PATH, ark } from './ark.ts';
import { BFL_PATH, BFL_REGION_PATH, bfl } from './bfl.ts';
import { makeWav } from './files.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import { KLING_KEY, KLING_PATH, kling } from './kling.ts';
import { LUMA_PATH, luma } from './luma.ts';
import { MIDJOURNEY_KEY, MIDJOURNEY_PATH, midjourney } from './midjourney.ts';
import { makeMp4 } from './mp4.ts';
import { OPENAI_IMAGES_PATH, openaiImages } from './openai-images.ts';
import { makePicture, wantedOf } from './pictures.ts';
import { REPLICATE_PATH, REPLICATE_STREAM_PATH, replicate } from './replicate.ts';
import { replicateStream } from './replicate-stream.ts';
import { RUNWAY_KEY, RUNWAY_PATH, runway } from './runway.ts';
import { VISUAL_KEY, VISUAL_PATH, volcVisual } from './volc-visual.ts';

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string;
  /** X-Runway-Version. */
  readonly version: string | null;
  readonly body: JsonObject;
  /** As it came, for signatures. */
  readonly raw: Uint8Array;
  readonly header: (name: string) => string | null;
  /** Where files are fetched. */
  readonly origin: string;
}

export interface Told {
  readonly status: number;
  /** null: none. */
  readonly body: Json;
  /** The connection breaks instead of an answer. */
  readonly cut?: boolean;
  /** How long the answer takes. */
  readonly afterMs?: number;
  /** Server-sent events instead of a body. */
  readonly events?: readonly ToldEvent[];
}

export interface ToldEvent {
  readonly name: string;
  readonly data: string;
  /** Time from the one before to this. */
  readonly afterMs: number;
}

const FILES = '/sandbox/files/';
const JOBS = '/sandbox/jobs';
const BASES = [
  ARK_PATH,
  LUMA_PATH,
  VISUAL_PATH,
  MIDJOURNEY_PATH,
  REPLICATE_PATH,
  REPLICATE_STREAM_PATH,
  BFL_PATH,
  BFL_REGION_PATH,
  KLING_PATH,
  RUNWAY_PATH,
  OPENAI_IMAGES_PATH,
];
const encoder = new TextEncoder();

/** Vendors that only take jobs: where, and with which key. */
export const JOB_VENDORS = [
  { id: 'kling', path: KLING_PATH, key: KLING_KEY, extra: undefined },
  { id: 'luma', path: LUMA_PATH, key: 'sandbox-luma-key', extra: undefined },
  { id: 'volc-visual', path: VISUAL_PATH, key: VISUAL_KEY, extra: undefined },
  { id: 'midjourney', path: MIDJOURNEY_PATH, key: MIDJOURNEY_KEY, extra: undefined },
  { id: 'bfl', path: BFL_PATH, key: 'sandbox-bfl-key', extra: undefined },
  { id: 'replicate', path: REPLICATE_PATH, key: 'sandbox-replicate-key', extra: undefined },
  { id: 'runway', path: RUNWAY_PATH, key: RUNWAY_KEY, extra: undefined },
] as const;

export function isJobPath(path: string): boolean {
  const isBelow = (base: string): boolean => path === base || path.startsWith(`${base}/`);
  return BASES.some(isBelow) || path.startsWith(FILES) || path === JOBS;
}

export async function serveJobs(request: WireRequest, wire: Reply, jobs: Jobs): Promise<void> {
  const { path, query, method } = request;
  if (path === JOBS) return send(wire, { status: 200, body: report(jobs) });
  if (path.startsWith(FILES)) return sendFile(request, wire, jobs);
  const parsed = parseJson(new TextDecoder().decode(request.body));
  const ask: Ask = {
    method,
    path,
    query,
    key: /^(?:bearer|token) +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '',
    version: request.headers.get('x-runway-version') ?? null,
    body: isObject(parsed) ? parsed : {},
    raw: request.body,
    header: (name) => request.headers.get(name) ?? null,
    origin: `http://${request.headers.get('host') ?? 'localhost'}`,
  };
  const told = tellBy(path)(ask, jobs);
  if (told.afterMs !== undefined) await pause(told.afterMs);
  if (told.cut === true) wire.reset();
  else if (told.events !== undefined) await sendEvents(wire, told.events);
  else await send(wire, told);
}

async function sendEvents(wire: Reply, events: readonly ToldEvent[]): Promise<void> {
  const type = { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' };
  await wire.head(200, type);
  for (const { name, data, afterMs } of events) {
    await pause(afterMs);
    const text = data.split('\n').map((line) => `data: ${line}\n`);
    const frame = encoder.encode(`event: ${name}\nid: ${crypto.randomUUID()}\n${text.join('')}\n`);
    if (!(await wire.send(frameChunk(frame)))) return;
  }
  await wire.send(LAST_CHUNK);
}

function tellBy(path: string): (ask: Ask, jobs: Jobs) => Told {
  if (path.startsWith(ARK_PATH)) return ark;
  if (path.startsWith(`${RUNWAY_PATH}/`)) return runway;
  if (path.startsWith(`${KLING_PATH}/`)) return kling;
  if (path.startsWith(`${REPLICATE_PATH}/`)) return replicate;
  if (path.startsWith(REPLICATE_STREAM_PATH)) return replicateStream;
  if (path.startsWith(MIDJOURNEY_PATH)) return midjourney;
  if (path.startsWith(OPENAI_IMAGES_PATH)) return openaiImages;
  if (path.startsWith(BFL_PATH) || path.startsWith(BFL_REGION_PATH)) return bfl;
  return path.startsWith(VISUAL_PATH) ? volcVisual : luma;
}

async function send(wire: Reply, { status, body }: Told): Promise<void> {
  const bytes = status === 204 ? new Uint8Array() : encoder.encode(JSON.stringify(body));
  await wire.whole(status, { 'content-type': 'application/json' }, bytes);
}

/** What was received, for tests that count. */
function report(jobs: Jobs): JsonObject {
  const all = jobs.list(null).map((job) => ({
    vendor: job.vendor,
    id: job.id,
    prompt: job.prompt,
    state: jobs.stateOf(job),
    created_ms: job.createdMs,
    updated_ms: jobs.updatedMs(job),
    request: job.request,
  }));
  return { jobs: all };
}

async function sendFile(request: WireRequest, wire: Reply, jobs: Jobs): Promise<void> {
  const [id = '', name = ''] = request.path.slice(FILES.length).split('/');
  const job = jobs.list(null).find((one) => one.id === id);
  if (job === undefined || jobs.stateOf(job) !== 'succeeded') {
    return send(wire, { status: 404, body: { error: 'no such file' } });
  }
  if (!jobs.isLinkAlive(job)) return send(wire, { status: 403, body: { error: 'link expired' } });
  const { type, bytes } = fileOf(job, name);
  await wire.whole(200, { 'content-type': type }, bytes);
}

function fileOf(job: FakeJob, name: string): { type: string; bytes: Uint8Array } {
  if (name.endsWith('.png')) return makePicture(wantedOf(job.request, job.seed));
  if (name.endsWith('.wav')) return { type: 'audio/wav', bytes: makeWav(job.seconds, job.seed) };
  return { type: 'video/mp4', bytes: makeMp4(job.seconds, job.seed) };
}
