/** Luma Dream Machine v1, from its SDK and what it sends (lumaai 1.19, 1.21). */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';

export const LUMA_PATH = '/luma/dream-machine/v1';
const KEY = 'sandbox-luma-key';
const MODELS: Readonly<Record<string, readonly string[]>> = {
  video: ['ray-1-6', 'ray-2', 'ray-flash-2'],
  image: ['photon-1', 'photon-flash-1'],
};
const RATIOS = ['1:1', '16:9', '9:16', '4:3', '3:4', '21:9', '9:21'];
const RESOLUTIONS = ['540p', '720p', '1080p', '4k'];
const CONCEPTS = ['pan_left', 'pan_right', 'orbit_left', 'dolly_zoom', 'handheld'];
/** What is made out of another: what its body must be, and its own list of values. */
const REMAKES: Readonly<Record<string, readonly [type: string, field: string]>> = {
  'video/modify': ['modify_video', 'mode'],
  'video/reframe': ['reframe_video', 'aspect_ratio'],
  'image/reframe': ['reframe_image', 'aspect_ratio'],
};
const MODES = /^(adhere|flex|reimagine)_[123]$/;
const STATES = {
  queued: 'queued',
  running: 'dreaming',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'failed',
} as const;
const LIST_MAX = 100;

const refuse = (status: number, detail: string): Told => ({ status, body: { detail } });

export function luma(ask: Ask, jobs: Jobs): Told {
  if (ask.key !== KEY) return refuse(401, 'Not authenticated');
  const path = ask.path.slice(LUMA_PATH.length);
  if (ask.method === 'GET' && path === '/generations/concepts/list') {
    return { status: 200, body: CONCEPTS };
  }
  const parts = /^\/generations(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path);
  if (parts === null) return refuse(404, 'Not Found');
  const [, first, second] = parts;
  if (ask.method === 'POST') return create(ask, { first, second }, jobs);
  if (first === undefined) return list(ask, jobs);
  const job = jobs.find('luma', first);
  if (job === undefined) return refuse(404, 'Generation not found');
  if (ask.method === 'GET') return { status: 200, body: show(job, jobs, ask.origin) };
  jobs.remove(job.id);
  return { status: 204, body: null };
}

interface Place {
  readonly first: string | undefined;
  readonly second: string | undefined;
}

function create(ask: Ask, { first, second }: Place, jobs: Jobs): Told {
  const { body } = ask;
  const isFollowUp = second === 'upscale' || second === 'audio';
  const isImage = first === 'image';
  if (isFollowUp) {
    const source = jobs.find('luma', first ?? '');
    if (source === undefined) return refuse(404, 'Generation not found');
    if (jobs.stateOf(source) !== 'succeeded') return refuse(400, 'Generation is not completed');
    const bad = checkFollowUp(body, second);
    if (bad !== null) return refuse(400, bad);
  } else {
    const remake = REMAKES[`${first}/${second}`];
    if (second !== undefined && remake === undefined) return refuse(404, 'Not Found');
    const bad =
      remake === undefined
        ? check(body, isImage ? 'image' : 'video', jobs)
        : checkRemake(body, remake, isImage ? 'image' : 'video');
    if (bad !== null) return refuse(400, bad);
  }
  const prompt = typeof body.prompt === 'string' ? body.prompt : '';
  if (prompt.includes('sandbox-refuse')) return refuse(400, 'Prompt was flagged by moderation');
  if (prompt.includes('sandbox-balance')) return refuse(402, 'Insufficient credits');
  if (prompt.includes('sandbox-busy')) return refuse(429, 'Too many concurrent generations');
  if (prompt.includes('sandbox-broken')) return refuse(500, 'Internal Server Error');
  const seconds = Number.parseInt(String(body.duration ?? '5s'), 10);
  const kind = isImage ? 'image' : 'video';
  const request = { ...body, prompt, seconds, made: kind };
  const job = jobs.add('luma', crypto.randomUUID(), request);
  if (typeof body.callback_url === 'string') {
    void jobs.tell(job, body.callback_url, () => show(job, jobs, ask.origin));
  }
  if (prompt.includes('sandbox-lost-answer')) return refuse(500, 'Internal Server Error');
  const shown = show(job, jobs, ask.origin);
  return { status: 201, body: shown, cut: prompt.includes('sandbox-no-answer') };
}

function checkFollowUp(body: JsonObject, what: string): string | null {
  const type = what === 'audio' ? 'add_audio' : 'upscale_video';
  if (body.generation_type !== undefined && body.generation_type !== type) return 'generation_type';
  const { resolution } = body;
  const isKnown = resolution === undefined || RESOLUTIONS.includes(String(resolution));
  if (what === 'upscale' && !isKnown) return 'resolution is not valid';
  return what === 'audio' && resolution !== undefined ? 'resolution is not a field' : null;
}

function checkRemake(
  body: JsonObject,
  [type, field]: readonly [string, string],
  kind: 'image' | 'video',
): string | null {
  const models = MODELS[kind] ?? [];
  if (!models.includes(String(body.model))) return `model must be one of ${models.join(', ')}`;
  if (body.generation_type !== type) return `generation_type must be ${type}`;
  if (!isObject(body.media) || typeof body.media.url !== 'string') return 'media.url is required';
  const value = String(body[field]);
  const isKnown = field === 'mode' ? MODES.test(value) : RATIOS.includes(value);
  return isKnown ? null : `${field} is not valid`;
}

function check(body: JsonObject, kind: 'image' | 'video', jobs: Jobs): string | null {
  const models = MODELS[kind] ?? [];
  if (!models.includes(String(body.model))) return `model must be one of ${models.join(', ')}`;
  if (typeof body.prompt !== 'string' && body.keyframes === undefined) return 'prompt is required';
  const { aspect_ratio: ratio, resolution, duration, callback_url: callback } = body;
  if (ratio !== undefined && !RATIOS.includes(String(ratio))) return 'aspect_ratio is not valid';
  if (resolution !== undefined && !RESOLUTIONS.includes(String(resolution))) {
    return 'resolution is not valid';
  }
  if (duration !== undefined && !/^(5|9)s$/.test(String(duration))) return 'duration is not valid';
  if (callback !== undefined && !/^https?:\/\//.test(String(callback))) return 'callback_url';
  const frames = isObject(body.keyframes) ? Object.values(body.keyframes) : [];
  return frames.map((frame: Json) => checkFrame(frame, jobs)).find((bad) => bad !== null) ?? null;
}

function checkFrame(frame: Json, jobs: Jobs): string | null {
  if (!isObject(frame)) return 'keyframes: not an object';
  if (frame.type === 'image') return typeof frame.url === 'string' ? null : 'keyframes: no url';
  if (frame.type !== 'generation') return 'keyframes: unknown type';
  return jobs.find('luma', String(frame.id)) === undefined ? 'keyframes: no such generation' : null;
}

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const { seconds: _, made, ...request } = job.request;
  const file = `${origin}/sandbox/files/${job.id}`;
  const isVideo = made === 'video';
  const assets: JsonObject = isVideo
    ? { video: `${file}/video.mp4`, image: `${file}/cover.png`, progress_video: null }
    : { image: `${file}/image.png` };
  const isModerated = job.prompt.includes('sandbox-moderate');
  const why = isModerated ? 'Content was flagged by moderation' : 'Generation failed';
  return {
    id: job.id,
    generation_type: isVideo ? 'video' : 'image',
    state: STATES[state],
    failure_reason: state === 'failed' ? why : null,
    created_at: new Date(job.createdMs).toISOString(),
    assets: state === 'succeeded' ? assets : null,
    model: request.model ?? null,
    request: { ...request, prompt: job.prompt },
  };
}

function list(ask: Ask, jobs: Jobs): Told {
  const limit = Math.min(LIST_MAX, Number(ask.query.get('limit') ?? 10));
  const offset = Number(ask.query.get('offset') ?? 0);
  const all = jobs.list('luma');
  const page = all.slice(offset, offset + limit);
  return {
    status: 200,
    body: {
      generations: page.map((job) => show(job, jobs, ask.origin)),
      count: page.length,
      has_more: offset + page.length < all.length,
      limit,
      offset,
    },
  };
}
