/** The part of the sandbox that takes jobs: vendors' paths, and the files that come of them. */
import { isObject, type Json, type JsonObject, parseJson } from '../../src/kit/json.ts';
import type { Reply, WireRequest } from '../wire.ts';
import { ARK_PATH, ark } from './ark.ts';
import { makePng, makeWav } from './files.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import { KLING_KEY, KLING_PATH, kling } from './kling.ts';
import { LUMA_PATH, luma } from './luma.ts';
import { makeMp4 } from './mp4.ts';
import { RUNWAY_KEY, RUNWAY_PATH, runway } from './runway.ts';

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly key: string;
  /** X-Runway-Version. */
  readonly version: string | null;
  readonly body: JsonObject;
  /** Where files are fetched. */
  readonly origin: string;
}

export interface Told {
  readonly status: number;
  /** null: none. */
  readonly body: Json;
  /** The connection breaks instead of an answer. */
  readonly cut?: boolean;
}

const FILES = '/sandbox/files/';
const JOBS = '/sandbox/jobs';
const encoder = new TextEncoder();

/** Vendors that only take jobs: where, and with which key. */
export const JOB_VENDORS = [
  { id: 'kling', path: KLING_PATH, key: KLING_KEY, extra: undefined },
  { id: 'luma', path: LUMA_PATH, key: 'sandbox-luma-key', extra: undefined },
  { id: 'runway', path: RUNWAY_PATH, key: RUNWAY_KEY, extra: undefined },
] as const;

export function isJobPath(path: string): boolean {
  const isBelow = (base: string): boolean => path === base || path.startsWith(`${base}/`);
  const isVendors = isBelow(ARK_PATH) || JOB_VENDORS.some((one) => isBelow(one.path));
  return isVendors || path.startsWith(FILES) || path === JOBS;
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
    key: /^bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '',
    version: request.headers.get('x-runway-version') ?? null,
    body: isObject(parsed) ? parsed : {},
    origin: `http://${request.headers.get('host') ?? 'localhost'}`,
  };
  const told = answer(ask, jobs);
  if (told.cut === true) wire.reset();
  else await send(wire, told);
}

function answer(ask: Ask, jobs: Jobs): Told {
  if (ask.path.startsWith(ARK_PATH)) return ark(ask, jobs);
  if (ask.path.startsWith(`${RUNWAY_PATH}/`)) return runway(ask, jobs);
  return ask.path.startsWith(`${KLING_PATH}/`) ? kling(ask, jobs) : luma(ask, jobs);
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
  if (name.endsWith('.png')) return { type: 'image/png', bytes: makePng(job.seed) };
  if (name.endsWith('.wav')) return { type: 'audio/wav', bytes: makeWav(job.seconds, job.seed) };
  return { type: 'video/mp4', bytes: makeMp4(job.seconds, job.seed) };
}
