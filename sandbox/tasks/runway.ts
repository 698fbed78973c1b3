/** Runway, from its SDK (4.12 and 4.20) and its reference. */
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import { nowMs } from '../clock.ts';
import type { FakeJob, Jobs } from './jobs.ts';
import type { Ask, Told } from './server.ts';

export const RUNWAY_PATH = '/runwayml';
export const RUNWAY_KEY = 'sandbox-runway-key';
const VERSION = '2024-11-06';
const CREDITS_PER_S = 12;
const CREDITS_AN_IMAGE = 5;
const AT_ONCE_MAX = 20;
const WORDS = {
  queued: 'PENDING',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'CANCELLED',
} as const;
const NEED: Readonly<Record<string, readonly string[]>> = {
  text_to_video: ['promptText', 'ratio'],
  image_to_video: ['promptImage', 'ratio'],
  video_to_video: ['videoUri'],
  character_performance: ['character', 'reference'],
  video_upscale: ['videoUri'],
  video_to_hdr: ['videoUri'],
  text_to_image: ['promptText', 'ratio'],
  image_upscale: ['imageUri'],
  sound_effect: ['promptText'],
  text_to_speech: ['promptText', 'voice'],
  speech_to_speech: ['media', 'voice'],
  voice_dubbing: ['audioUri', 'targetLang'],
  voice_isolation: ['audioUri'],
};
/** What is no video. */
const ENDINGS: Readonly<Record<string, string>> = {
  text_to_image: 'image.png',
  image_upscale: 'image.png',
  sound_effect: 'sound.wav',
  text_to_speech: 'speech.wav',
  speech_to_speech: 'speech.wav',
  voice_dubbing: 'speech.wav',
  voice_isolation: 'speech.wav',
};
const MODELS: Readonly<Record<string, RegExp>> = {
  text_to_video: /^(gen4\.5|veo3(\.1(_fast)?)?|seedance2)$/,
  image_to_video: /^(gen4\.5|gen4_turbo|veo3(\.1(_fast)?)?|seedance2)$/,
  video_to_video: /^(gen4_aleph|aleph2|seedance2)$/,
  character_performance: /^act_two$/,
  video_upscale: /^(magnific_video_upscaler_creative|enhance_frame_rate)$/,
  video_to_hdr: /^ruby$/,
  text_to_image: /^(gen4_image(_turbo)?|gemini_2\.5_flash)$/,
  image_upscale: /^magnific_precision_upscaler_v2$/,
  sound_effect: /^(seed_audio|eleven_text_to_sound_v2)$/,
  text_to_speech: /^(seed_audio|eleven_multilingual_v2|eleven_v3)$/,
  speech_to_speech: /^eleven_multilingual_sts_v2$/,
  voice_dubbing: /^eleven_voice_dubbing$/,
  voice_isolation: /^eleven_voice_isolation$/,
};
const PROMPT_MAX = 3_500;

const refuse = (status: number, error: string): Told => ({ status, body: { error } });

export function runway(ask: Ask, jobs: Jobs): Told {
  if (ask.key !== RUNWAY_KEY) return refuse(401, 'The API key you provided is not valid.');
  if (ask.version !== VERSION) return refuse(400, 'X-Runway-Version is missing or not supported.');
  const path = ask.path.slice(RUNWAY_PATH.length);
  const [, what = '', id = ''] = /^\/v1\/(\w+)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (ask.method === 'POST' && id === '' && NEED[what] !== undefined)
    return create(ask, what, jobs);
  const job = what === 'tasks' ? jobs.find('runway', id) : undefined;
  if (job === undefined) return refuse(404, 'A task with this ID was not found.');
  if (ask.method === 'GET') return { status: 200, body: show(job, jobs, ask.origin) };
  const state = jobs.stateOf(job);
  if (state === 'queued' || state === 'running') job.cancelledMs = nowMs();
  else jobs.remove(job.id);
  return { status: 204, body: null };
}

function create({ body }: Ask, what: string, jobs: Jobs): Told {
  const lacking = NEED[what]?.find((field) => body[field] === undefined);
  if (lacking !== undefined) return refuse(400, `Validation of body failed: ${lacking}`);
  if (MODELS[what]?.test(String(body.model)) !== true) {
    return refuse(400, 'Validation of body failed: model');
  }
  const { ratio, duration, promptText, promptImage } = body;
  if (ratio !== undefined && !/^\d+:\d+$/.test(String(ratio))) return refuse(400, 'bad ratio');
  const isWhole = typeof duration === 'number' && Number.isInteger(duration);
  if (duration !== undefined && !(isWhole && duration >= 2 && duration <= 10)) {
    return refuse(400, 'Validation of body failed: duration');
  }
  const frames = Array.isArray(promptImage) ? promptImage : [];
  if (frames.some((one) => !isObject(one) || typeof one.uri !== 'string')) {
    return refuse(400, 'Validation of body failed: promptImage');
  }
  const prompt = String(promptText ?? '');
  if (prompt.length > PROMPT_MAX) return refuse(400, 'Validation of body failed: promptText');
  if (prompt.includes('sandbox-balance')) {
    return refuse(400, 'You do not have enough credits to run this task.');
  }
  if (prompt.includes('sandbox-busy')) return refuse(429, 'Daily task limit reached.');
  if (prompt.includes('sandbox-broken')) return refuse(502, 'Bad gateway');
  const seconds = typeof duration === 'number' ? duration : 5;
  const id = crypto.randomUUID();
  jobs.add('runway', id, { ...body, prompt, seconds, what });
  const estimatedCost = { credits: creditsOf(what, seconds) };
  if (prompt.includes('sandbox-lost-answer')) return refuse(500, 'Internal error');
  const cut = prompt.includes('sandbox-no-answer');
  return { status: 200, body: { id, estimatedCost }, cut };
}

const creditsOf = (what: string, seconds: number): number =>
  what.includes('image') && !what.endsWith('video') ? CREDITS_AN_IMAGE : seconds * CREDITS_PER_S;

function show(job: FakeJob, jobs: Jobs, origin: string): JsonObject {
  const state = jobs.stateOf(job);
  const what = String(job.request.what);
  const credits = creditsOf(what, job.seconds);
  const base = {
    id: job.id,
    createdAt: new Date(job.createdMs).toISOString(),
    status: WORDS[state],
  };
  if (state === 'queued') {
    // More at once than the tier allows is no refusal: it waits, and says so.
    const ahead = jobs.list('runway').filter((one) => jobs.stateOf(one) === 'running').length;
    const status = ahead >= AT_ONCE_MAX ? 'THROTTLED' : base.status;
    return { ...base, status, estimatedCost: { credits } };
  }
  if (state === 'running')
    return { ...base, estimatedCost: { credits }, progress: jobs.progressOf(job) / 100 };
  if (state === 'succeeded') {
    const output = [`${origin}/sandbox/files/${job.id}/${ENDINGS[what] ?? 'video.mp4'}`];
    return { ...base, cost: { credits }, output };
  }
  if (state === 'cancelled') return { ...base, cost: { credits: 0 } };
  // What is refused for its input is not refunded.
  const isModerated = job.prompt.includes('sandbox-moderate');
  const failureCode = isModerated ? 'SAFETY.INPUT.TEXT' : 'INTERNAL.BAD_OUTPUT.CODE01';
  const failure = isModerated ? 'The input was moderated.' : 'An unexpected error occurred.';
  return { ...base, cost: { credits: isModerated ? credits : 0 }, failure, failureCode };
}
