/** midjourney-proxy, from the controllers of its two lineages (trueai-org, novicezk). */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import type { FakeJob, JobState, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';

export const MIDJOURNEY_PATH = '/midjourney';
export const MIDJOURNEY_KEY = 'sandbox-mj-secret';
const PLACE = /^\/mj(?:-(fast|turbo|relax)\/mj)?(\/.+)$/;
const STATES: Readonly<Record<JobState, string>> = {
  queued: 'SUBMITTED',
  running: 'IN_PROGRESS',
  succeeded: 'SUCCESS',
  failed: 'FAILURE',
  cancelled: 'FAILURE',
};
/** What each submission makes, and what it must have: one of each group. */
const SUBMITS: Readonly<Record<string, readonly [action: string, ...needs: string[][]]>> = {
  '/submit/imagine': ['IMAGINE', ['prompt']],
  '/submit/blend': ['BLEND', ['base64Array']],
  '/submit/describe': ['DESCRIBE', ['base64', 'link']],
  '/submit/shorten': ['SHORTEN', ['prompt']],
  '/submit/edits': ['EDIT', ['prompt'], ['image', 'base64', 'base64Array']],
  '/submit/retexture': ['RETEXTURE', ['prompt'], ['image', 'base64', 'base64Array']],
  '/submit/video': ['VIDEO', ['prompt', 'image', 'taskId']],
  '/submit/change': ['UPSCALE', ['taskId'], ['action']],
  '/submit/simple-change': ['UPSCALE', ['content']],
  '/submit/action': ['ACTION', ['taskId'], ['customId']],
  '/submit/modal': ['ACTION', ['taskId']],
  '/insight-face/swap': ['SWAP_FACE', ['sourceBase64', 'sourceUrl'], ['targetBase64', 'targetUrl']],
};
const DIGITS = 16;

const say = (code: number, description: string, more: JsonObject = {}): Told => ({
  status: 200,
  body: { code, description, result: null, properties: {}, ...more },
});

export function midjourney(ask: Ask, jobs: Jobs): Told {
  if (ask.header('mj-api-secret') !== MIDJOURNEY_KEY) return { status: 401, body: null };
  const [, mode = 'default', path = ''] = PLACE.exec(ask.path.slice(MIDJOURNEY_PATH.length)) ?? [];
  if (ask.method === 'POST' && SUBMITS[path] !== undefined) {
    return submit(ask, { mode, path }, jobs);
  }
  if (path === '/task/list') {
    return {
      status: 200,
      body: jobs
        .list('midjourney')
        .slice(0, 100)
        .map((job) => show(job, ask, jobs)),
    };
  }
  if (path === '/submit/upload-discord-images' && ask.method === 'POST') return upload(ask);
  if (path === '/task/list-by-condition') {
    const ids = Array.isArray(ask.body.ids) ? (ask.body.ids as readonly Json[]) : [];
    const found = ids.flatMap((id) => jobs.find('midjourney', String(id)) ?? []);
    return { status: 200, body: found.map((job) => show(job, ask, jobs)) };
  }
  const [, id = '', what = ''] = /^\/task\/([^/]+)\/(fetch|cancel|image-seed)$/.exec(path) ?? [];
  const job = jobs.find('midjourney', id);
  if (job === undefined) return { status: 404, body: null };
  if (what === 'fetch') return { status: 200, body: show(job, ask, jobs) };
  const state = jobs.stateOf(job);
  if (what === 'image-seed') {
    if (ask.method !== 'GET') return { status: 405, body: null };
    if (state !== 'succeeded') return say(4, 'The task is not done');
    return say(1, 'success', { result: String(1_000_000_000 + job.seed) });
  }
  if (state !== 'queued' && state !== 'running') return say(9, 'The task is over');
  job.cancelledMs = job.createdMs;
  return say(1, 'success', { result: id });
}

function upload({ body, origin }: Ask): Told {
  const pictures = Array.isArray(body.base64Array) ? (body.base64Array as readonly Json[]) : [];
  const isData = (one: Json) => typeof one === 'string' && one.startsWith('data:image/');
  if (pictures.length === 0 || !pictures.every(isData)) return say(4, 'base64Array is invalid');
  const urls = pictures.map((_, index) => `${origin}/attachments/${index}.png`);
  return say(1, 'success', { result: urls });
}

interface Place {
  readonly mode: string;
  readonly path: string;
}

function submit(ask: Ask, { mode, path }: Place, jobs: Jobs): Told {
  const { body } = ask;
  const [action, ...needs] = SUBMITS[path] ?? ['IMAGINE'];
  const missing = needs.find((group) => group.every((name) => isEmpty(body[name])));
  if (missing !== undefined) return say(4, `${missing.join('/')} is required`);
  const hook = body.notifyHook;
  if (hook !== undefined && !/^https?:\/\//.test(String(hook))) return say(4, 'notifyHook');
  if (String(body.state ?? '').length > 255) return say(4, 'state is too long');
  const prompt = typeof body.prompt === 'string' ? body.prompt : '';
  const banned = prompt.includes('sandbox-refuse');
  if (banned) return say(24, 'Banned prompt', { properties: { bannedWord: 'sandbox-refuse' } });
  if (prompt.includes('sandbox-busy')) return say(23, 'The queue is full');
  if (prompt.includes('sandbox-balance')) return say(3, 'No account is available');
  if (prompt.includes('sandbox-broken')) return say(9, 'Submit failed');
  const parentId = String(body.taskId ?? String(body.content ?? '').split(' ')[0]);
  const isFollowUp = needs.some((group) => group.includes('taskId') || group.includes('content'));
  const parent = jobs.find('midjourney', parentId);
  if (isFollowUp && path !== '/submit/video') {
    if (parent === undefined) return say(3, 'The task does not exist');
    const isWaiting = parent.request.modal === true;
    if (!isWaiting && jobs.stateOf(parent) !== 'succeeded') return say(4, 'The task is not done');
  }
  const modal = /CustomZoom|Inpaint/.test(String(body.customId ?? ''));
  const isAnswer = path === '/submit/modal' && parent !== undefined;
  const id = isAnswer ? parent.id : newTaskId(jobs);
  if (isAnswer) jobs.remove(parent.id);
  const kept = { ...body, prompt, made: action === 'VIDEO' ? 'video' : 'image' };
  const job = jobs.add('midjourney', id, { ...kept, action, mode, modal, parent: parentId });
  if (typeof hook === 'string') void jobs.tell(job, hook, () => show(job, ask, jobs));
  if (prompt.includes('sandbox-lost-answer')) return { status: 500, body: null };
  const cut = prompt.includes('sandbox-no-answer');
  const code = modal ? 21 : jobs.list('midjourney').length > 1 ? 22 : 1;
  const properties = { discordInstanceId: '1118138338562560102', numberOfQueues: 1 };
  return { ...say(code, 'Submit success', { result: id, properties }), cut };
}

function newTaskId(jobs: Jobs): string {
  return `17${String(jobs.list(null).length + 1).padStart(DIGITS - 2, '0')}`;
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);

function show(job: FakeJob, { origin }: Ask, jobs: Jobs): JsonObject {
  const { request } = job;
  const state = request.modal === true ? 'queued' : jobs.stateOf(job);
  const done = state === 'succeeded';
  const file = `${origin}/sandbox/files/${job.id}`;
  const isVideo = request.made === 'video';
  const why = job.cancelledMs === null ? 'Request timed out' : 'Canceled';
  const percent = `${jobs.progressOf(job)}%`;
  const progress = { queued: '0%', running: percent, succeeded: '100%', failed: '', cancelled: '' };
  return {
    id: job.id,
    action: request.action ?? 'IMAGINE',
    status: request.modal === true ? 'MODAL' : STATES[state],
    prompt: job.prompt,
    promptEn: job.prompt,
    description: `/imagine ${job.prompt}`,
    state: request.state ?? '',
    submitTime: job.createdMs,
    startTime: state === 'queued' ? 0 : job.createdMs,
    finishTime: done ? jobs.updatedMs(job) : 0,
    progress: progress[state],
    imageUrl: done ? `${file}/image.png` : '',
    ...(isVideo ? { videoUrl: done ? `${file}/video.mp4` : '' } : {}),
    failReason: state === 'failed' || state === 'cancelled' ? why : '',
    buttons: done ? BUTTONS : [],
    properties: {
      finalPrompt: job.prompt,
      notifyHook: request.notifyHook ?? '',
      discordInstanceId: '1118138338562560102',
    },
  };
}

const HASH = '2b3a1f';
const BUTTONS: readonly JsonObject[] = [
  [`MJ::JOB::upsample::1::${HASH}`, 'U1'],
  [`MJ::JOB::variation::1::${HASH}`, 'V1'],
  [`MJ::CustomZoom::${HASH}`, 'Custom Zoom'],
].map(([customId = '', label = '']) => ({ customId, emoji: '', label, type: 2, style: 2 }));
