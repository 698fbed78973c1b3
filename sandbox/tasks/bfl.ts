/** Black Forest Labs' Flux, from its OpenAPI classes and what @ai-sdk/black-forest-labs reads. */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';

export const BFL_PATH = '/bfl/v1';
/** Where results are polled: not where they were asked for, as in the vendor's regions. */
export const BFL_REGION_PATH = '/bfl-eu/v1';
const KEY = 'sandbox-bfl-key';
const MODELS = [
  ...['flux-2-klein-4b', 'flux-2-klein-9b', 'flux-2-pro', 'flux-2-max', 'flux-2-flex'],
  ...['flux-kontext-pro', 'flux-kontext-max', 'flux-pro-1.1', 'flux-pro-1.1-ultra', 'flux-pro'],
  ...['flux-dev', 'flux-pro-1.0-fill', 'flux-pro-1.0-expand', 'flux-pro-1.0-canny'],
  'flux-pro-1.0-depth',
];
/** Tasks of one key at once. */
const ACTIVE_MAX = 24;
const FREE_OF_PROMPT = /-(fill|expand)$/;
const FORMATS = ['jpeg', 'png', 'webp'];

function unreadable(field: string, msg: string, type = 'value_error'): Told {
  return { status: 422, body: { detail: [{ loc: ['body', field], msg, type }] } };
}

const refuse = (status: number, detail: string): Told => ({ status, body: { detail } });

export function bfl(ask: Ask, jobs: Jobs): Told {
  if (ask.header('x-key') !== KEY) return refuse(403, 'Not authenticated - Invalid Authentication');
  if (ask.path === `${BFL_REGION_PATH}/get_result` && ask.method === 'GET') {
    const id = ask.query.get('id') ?? '';
    const job = jobs.find('bfl', id);
    const none = { id, status: 'Task not found', result: null, progress: null, details: null };
    return { status: 200, body: job === undefined ? none : show(job, jobs, ask.origin) };
  }
  const model = ask.path.slice(BFL_PATH.length + 1);
  if (ask.method !== 'POST' || !MODELS.includes(model)) return refuse(404, 'Not Found');
  return create(ask, model, jobs);
}

function create(ask: Ask, model: string, jobs: Jobs): Told {
  const { body } = ask;
  const wrong = check(body, model);
  if (wrong !== null) return wrong;
  const prompt = typeof body.prompt === 'string' ? body.prompt : '';
  if (prompt.includes('sandbox-balance')) return refuse(402, 'Insufficient credits');
  if (prompt.includes('sandbox-busy')) return refuse(429, 'Too many active tasks');
  if (prompt.includes('sandbox-broken')) return refuse(500, 'Internal Server Error');
  const active = jobs.list('bfl').filter((job) => /^(queued|running)$/.test(jobs.stateOf(job)));
  if (active.length >= ACTIVE_MAX) return refuse(429, 'Too many active tasks');
  const job = jobs.add('bfl', crypto.randomUUID(), { ...body, prompt, model });
  if (prompt.includes('sandbox-lost-answer')) return refuse(500, 'Internal Server Error');
  const link = `${ask.origin}${BFL_REGION_PATH}/get_result?id=${job.id}`;
  const cut = prompt.includes('sandbox-no-answer');
  return { status: 200, body: { id: job.id, polling_url: link }, cut };
}

function check(body: JsonObject, model: string): Told | null {
  const isNeeded = !FREE_OF_PROMPT.test(model);
  if (isNeeded && typeof body.prompt !== 'string') {
    return unreadable('prompt', 'Field required', 'missing');
  }
  if (FREE_OF_PROMPT.test(model) && typeof body.image !== 'string') {
    return unreadable('image', 'Field required', 'missing');
  }
  for (const side of ['width', 'height']) {
    const wrong = checkSide(body[side] ?? null, model);
    if (wrong !== null) return unreadable(side, wrong);
  }
  const { safety_tolerance: safety, output_format: format, seed, aspect_ratio: ratio } = body;
  if (safety !== undefined && !(Number(safety) >= 0 && Number(safety) <= 6)) {
    return unreadable('safety_tolerance', 'Input should be less than or equal to 6');
  }
  if (format !== undefined && !FORMATS.includes(String(format))) {
    return unreadable('output_format', `Input should be one of ${FORMATS.join(', ')}`);
  }
  if (seed !== undefined && !Number.isInteger(seed)) return unreadable('seed', 'Not an integer');
  const isRatio = ratio === undefined || /^\d{1,2}:\d{1,2}$/.test(String(ratio));
  return isRatio ? null : unreadable('aspect_ratio', 'Should be between 21:9 and 9:21');
}

function checkSide(side: Json, model: string): string | null {
  if (side === null) return null;
  if (typeof side !== 'number' || !Number.isInteger(side)) return 'Input should be an integer';
  if (model.startsWith('flux-2')) return side >= 64 && side % 16 === 0 ? null : 'Not of 16';
  return side >= 256 && side <= 1440 && side % 32 === 0 ? null : 'Should be 256 to 1440, of 32';
}

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const isModerated = job.prompt.includes('sandbox-moderate');
  const isRefused = job.prompt.includes('sandbox-refuse');
  const bare = { id: job.id, progress: null, preview: null };
  if (isRefused || (state === 'failed' && isModerated)) {
    const status = isRefused ? 'Request Moderated' : 'Content Moderated';
    const details = { 'Moderation Reasons': ['Derivative Works Filter'] };
    return { ...bare, status, result: null, details };
  }
  if (state === 'failed') return { ...bare, status: 'Error', result: null, details: null };
  if (state !== 'succeeded') return { ...bare, status: 'Pending', result: null, details: null };
  const sample = `${origin}/sandbox/files/${job.id}/sample.png`;
  const [start, end] = [job.createdMs / 1_000, jobs.updatedMs(job) / 1_000];
  const times = { start_time: start, end_time: end, duration: end - start };
  const result = { sample, prompt: job.prompt, seed: job.request.seed ?? job.seed, ...times };
  return { ...bare, status: 'Ready', result, details: null };
}
