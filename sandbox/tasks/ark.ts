/** Ark's contents/generations/tasks, from its documents (82379/1520757, copies of 2025-12). */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { nowMs } from '../clock.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';

export const ARK_PATH = '/ark/api/v3/contents/generations/tasks';
const KEY = 'sandbox-ark-key';
const MS_PER_S = 1_000;
const FPS = 24;
const RESOLUTIONS: Readonly<Record<string, readonly [number, number]>> = {
  '480p': [864, 480],
  '720p': [1248, 704],
  '1080p': [1920, 1088],
};
const RATIOS = ['16:9', '4:3', '1:1', '3:4', '9:16', '21:9', 'adaptive'];
const ROLES = ['first_frame', 'last_frame', 'reference_image', 'reference_video'].concat([
  'reference_audio',
  'mask',
]);
const EXPIRY = { min: 3_600, max: 259_200, usual: 172_800 };
const PAGE_MAX = 500;

function error(status: number, code: string, message: string): Told {
  const types: Readonly<Record<number, string>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Forbidden',
    429: 'TooManyRequests',
  };
  const type = types[status] ?? 'InternalServerError';
  const text = `${message} Request id: 0217sandbox`;
  return { status, body: { error: { code, message: text, param: '', type } } };
}

const wrong = (field: string, why: string): Told =>
  error(
    400,
    'InvalidParameter',
    `The parameter \`${field}\` specified in the request is not valid: ${why}.`,
  );

export function ark(ask: Ask, jobs: Jobs): Told {
  if (ask.key !== KEY) {
    return error(401, 'AuthenticationError', 'The API key in the request is missing or invalid.');
  }
  const id = ask.path.slice(ARK_PATH.length + 1);
  if (id === '') return ask.method === 'POST' ? create(ask, jobs) : list(ask, jobs);
  const job = jobs.find('ark', decodeURIComponent(id));
  if (job === undefined) {
    return error(404, 'NotFound.Task', `The requested task ${id} is not found.`);
  }
  if (ask.method === 'GET') return { status: 200, body: show(job, jobs, ask.origin) };
  return remove(job, jobs);
}

function create(ask: Ask, jobs: Jobs): Told {
  // The vendor's own Python client sends null for every field that its user did not name.
  const body = Object.fromEntries(Object.entries(ask.body).filter(([, value]) => value !== null));
  const bad = check(body);
  if (bad !== null) return bad;
  const prompt = promptOf(body);
  if (prompt.includes('sandbox-refuse')) {
    const why = 'The request failed because the input text may contain sensitive information.';
    return error(400, 'InputTextSensitiveContentDetected', why);
  }
  if (prompt.includes('sandbox-balance')) {
    return error(403, 'AccountOverdueError', 'The account 2100000000 has an overdue balance.');
  }
  if (prompt.includes('sandbox-busy')) {
    return error(429, 'RateLimitExceeded.EndpointRPMExceeded', 'Requests per minute exceeded.');
  }
  if (prompt.includes('sandbox-broken')) {
    return error(500, 'InternalServiceError', 'The service encountered an internal error.');
  }
  const stamp = new Date(nowMs()).toISOString().replaceAll(/[-T:]/g, '').slice(0, 14);
  const id = `cgt-${stamp}-${crypto.randomUUID().slice(0, 8)}`;
  const seconds = typeof body.duration === 'number' && body.duration > 0 ? body.duration : 5;
  const job = jobs.add('ark', id, { ...body, prompt, seconds });
  if (typeof body.callback_url === 'string') {
    void jobs.tell(job, body.callback_url, () => show(job, jobs, ask.origin));
  }
  if (prompt.includes('sandbox-lost-answer')) {
    return error(500, 'InternalServiceError', 'The service encountered an internal error.');
  }
  return { status: 200, body: { id }, cut: prompt.includes('sandbox-no-answer') };
}

function promptOf(body: JsonObject): string {
  const content = Array.isArray(body.content) ? (body.content as readonly Json[]) : [];
  return content
    .map((one) => (isObject(one) && typeof one.text === 'string' ? one.text : ''))
    .join(' ');
}

/** What the documents demand; the first thing that is wrong. */
function check(body: JsonObject): Told | null {
  if (typeof body.model !== 'string') {
    return error(400, 'MissingParameter', 'The request is missing `model`.');
  }
  if (!/seedance|seed3d/.test(body.model)) {
    return error(404, 'InvalidEndpointOrModel.NotFound', `The model ${body.model} does not exist.`);
  }
  if (!Array.isArray(body.content) || body.content.length === 0) {
    return error(400, 'MissingParameter', 'The request is missing `content`.');
  }
  for (const one of body.content as readonly Json[]) {
    const bad = checkContent(one);
    if (bad !== null) return bad;
  }
  const { resolution, ratio, duration, seed, execution_expires_after: expiry } = body;
  if (resolution !== undefined && !(String(resolution) in RESOLUTIONS)) {
    return wrong('resolution', 'one of 480p, 720p, 1080p');
  }
  if (ratio !== undefined && !RATIOS.includes(String(ratio))) return wrong('ratio', 'unknown');
  if (duration !== undefined && !isBetween(duration, -1, 30)) return wrong('duration', '2 to 30');
  if (seed !== undefined && !isBetween(seed, -1, 2 ** 32 - 1)) return wrong('seed', 'too large');
  if (expiry !== undefined && !isBetween(expiry, EXPIRY.min, EXPIRY.max)) {
    return wrong('execution_expires_after', `${EXPIRY.min} to ${EXPIRY.max}`);
  }
  const callback = body.callback_url;
  if (callback !== undefined && !/^https?:\/\//.test(String(callback))) {
    return wrong('callback_url', 'not a URL');
  }
  return null;
}

function isBetween(value: Json, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function checkContent(one: Json): Told | null {
  if (!isObject(one)) return wrong('content', 'not an object');
  if (one.type === 'text') {
    return typeof one.text === 'string' ? null : wrong('content.text', 'not a text');
  }
  if (one.type === 'draft_task') return null;
  const kind = /^(image|video|audio)_url$/.exec(String(one.type))?.[0];
  const place = kind === undefined ? undefined : one[kind];
  if (!isObject(place) || typeof place.url !== 'string') return wrong('content', 'no url');
  if (one.role !== undefined && !ROLES.includes(String(one.role))) {
    return error(400, 'InvalidArgumentError.UnknownRole', `Unknown role ${String(one.role)}.`);
  }
  return null;
}

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const { request } = job;
  const resolution = typeof request.resolution === 'string' ? request.resolution : '720p';
  const base = {
    id: job.id,
    model: request.model ?? null,
    status: state,
    error: null,
    created_at: Math.floor(job.createdMs / MS_PER_S),
    updated_at: Math.floor(jobs.updatedMs(job) / MS_PER_S),
    service_tier: request.service_tier ?? 'default',
    execution_expires_after: request.execution_expires_after ?? EXPIRY.usual,
  };
  if (state === 'failed') {
    const isModerated = job.prompt.includes('sandbox-moderate');
    const code = isModerated ? 'OutputVideoSensitiveContentDetected' : 'InternalServiceError';
    return { ...base, error: { code, message: `The request failed: ${code}.` } };
  }
  if (state !== 'succeeded') return base;
  const [width, height] = RESOLUTIONS[resolution] ?? [0, 0];
  const tokens = Math.floor((width * height * (job.seconds * FPS + 1)) / 1_024);
  const file = `${origin}/sandbox/files/${job.id}`;
  return {
    ...base,
    content: {
      video_url: `${file}/video.mp4`,
      ...(request.return_last_frame === true ? { last_frame_url: `${file}/last.png` } : {}),
    },
    seed: typeof request.seed === 'number' ? request.seed : job.seed,
    resolution,
    ratio: request.ratio ?? '16:9',
    duration: job.seconds,
    framespersecond: FPS,
    usage: { completion_tokens: tokens, total_tokens: tokens },
  };
}

function list(ask: Ask, jobs: Jobs): Told {
  const { query } = ask;
  const page = Number(query.get('page_num') ?? 1);
  const size = Number(query.get('page_size') ?? 10);
  if (!isBetween(page, 1, PAGE_MAX) || !isBetween(size, 1, PAGE_MAX)) return wrong('page', 'range');
  const status = query.get('filter.status');
  const model = query.get('filter.model');
  const ids = query.getAll('filter.task_ids');
  const all = jobs.list('ark').filter((job) => {
    if (status !== null && jobs.stateOf(job) !== status) return false;
    if (model !== null && job.request.model !== model) return false;
    return ids.length === 0 || ids.includes(job.id);
  });
  const items = all.slice((page - 1) * size, page * size);
  const shown = items.map((job) => show(job, jobs, ask.origin));
  return { status: 200, body: { total: all.length, items: shown } };
}

function remove(job: FakeJob, jobs: Jobs): Told {
  const state = jobs.stateOf(job);
  if (state === 'queued') job.cancelledMs = nowMs();
  else if (state === 'succeeded' || state === 'failed') jobs.remove(job.id);
  else {
    const why = `The task is ${state} and cannot be deleted.`;
    return error(409, 'OperationDenied.InvalidState', why);
  }
  return { status: 200, body: {} };
}
