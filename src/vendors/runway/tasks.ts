/** Runway's tasks (@runwayml/sdk 4.20.1): how one is begun, asked for, stopped and priced. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, JobMedia } from '../job.ts';
import type { Amounts, Ask, LongService } from '../long.ts';
import { read } from './answers.ts';
import { familyOf, KINDS, type RunwayFamily } from './families.ts';
import { runwayNative } from './native.ts';

const LINK_LIFE_S = 86_400;
const MS_PER_S = 1_000;
/** Five megabytes of base64. */
const INLINE_BYTES_MAX = 3_750_000;
/** The longest that is taken where the request does not say how long it is. */
const SECONDS_MAX = 30;
const SIZES: Readonly<Record<string, string>> = Object.freeze({
  '16:9': '1280:720',
  '9:16': '720:1280',
  '1:1': '960:960',
  '4:3': '1104:832',
  '3:4': '832:1104',
  '21:9': '1584:672',
});

function start(job: Job): Ask {
  const family = familyOf(job.kind);
  if (family === undefined) throw unsupported('kind');
  const body = job.native?.body ?? unified(job, family);
  return { method: 'POST', path: family.path, body: { ...body, model: job.wireName } };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function unified(job: Job, { makes }: RunwayFamily): JsonObject {
  const { params, kind } = job;
  if (makes === 'audio') return sound(job);
  if (kind === 'upscale' || kind === 'hdr' || kind === 'image_upscale') return improved(job);
  for (const field of ['fps', 'mode', 'loop', 'watermark', 'count', 'resolution'] as const) {
    if (params[field] !== undefined) throw unsupported(`params.${field}`);
  }
  const ratio = params.size?.replace('x', ':') ?? SIZES[params.aspectRatio ?? '16:9'];
  if (ratio === undefined) throw unsupported('params.aspect_ratio');
  const body: Record<string, Json> = { ratio, ...media(job) };
  if (job.prompt !== null && kind !== 'avatar') body.promptText = job.prompt;
  if (job.negativePrompt !== null) body.negativePrompt = job.negativePrompt;
  if (params.durationS !== undefined) body.duration = params.durationS;
  if (params.seed !== undefined) body.seed = params.seed;
  if (params.audio !== undefined) body.audio = params.audio;
  return { ...body, ...job.options };
}

/** Made of words alone, or of a sound alone; whatever else is needed is the vendor's own. */
function sound({ kind, prompt, media: all, params, options }: Job): JsonObject {
  const { durationS, loop, ...rest } = params;
  const more = Object.keys(rest)[0];
  if (more !== undefined) throw unsupported(`params.${more}`);
  const isSaid = kind === 'sound_effect' || kind === 'text_to_speech';
  const [first] = all;
  if (isSaid !== (first === undefined)) throw unsupported('input.media');
  return {
    ...(isSaid ? { promptText: prompt ?? '' } : {}),
    ...(durationS === undefined ? {} : { duration: durationS }),
    ...(loop === undefined ? {} : { loop }),
    ...(first === undefined ? {} : heard(kind, first)),
    ...options,
  };
}

function heard(kind: string, { type, url }: JobMedia): JsonObject {
  return kind === 'speech_to_speech' ? { media: { type, uri: url } } : { audioUri: url };
}

function improved({ kind, media: [first], params, options }: Job): JsonObject {
  const { resolution, ...rest } = params;
  const more = Object.keys(rest)[0];
  if (more !== undefined) throw unsupported(`params.${more}`);
  if (first === undefined) throw unsupported('input.media');
  const field = kind === 'image_upscale' ? 'imageUri' : 'videoUri';
  return { [field]: first.url, ...(resolution === undefined ? {} : { resolution }), ...options };
}

function media({ kind, media: all }: Job): JsonObject {
  if (kind.endsWith('_to_image')) {
    return all.length === 0 ? {} : { referenceImages: all.map(({ url }) => ({ uri: url })) };
  }
  if (kind === 'video_to_video') return { videoUri: all[0]?.url ?? '' };
  if (kind === 'avatar') {
    const driving = all.find(({ role }) => role === 'driving');
    const face = all.find((one) => one !== driving);
    const character = { type: face?.type ?? 'image', uri: face?.url ?? '' };
    return { character, reference: { type: 'video', uri: driving?.url ?? '' } };
  }
  if (all.length === 0) return {};
  const promptImage = all.map(({ type, role, url }, index) => {
    const isFrame = role === 'first_frame' || role === 'last_frame';
    if (type !== 'image' || !isFrame) throw unsupported(`input.media[${index}].role`);
    return { uri: url, position: role === 'first_frame' ? 'first' : 'last' };
  });
  return { promptImage };
}

function bound({ kind, params, native }: Job): Amounts {
  const makes = familyOf(kind)?.makes;
  if (makes === 'image') return { units: { image: 1 } };
  const said = params.durationS ?? native?.body.duration;
  const seconds = typeof said === 'number' && said > 0 ? said : SECONDS_MAX;
  const ms = Math.ceil(seconds * MS_PER_S);
  return { units: makes === 'audio' ? { audio_ms: ms } : { video_ms: ms } };
}

const place = (id: string): string => `/v1/tasks/${encodeURIComponent(id)}`;

export const runwayTasks: LongService = {
  id: 'tasks',
  models: ['video', 'image', 'audio'],
  kinds: KINDS,
  start,
  started({ body }, { kind }) {
    if (!isObject(body) || typeof body.id !== 'string') return null;
    return { accepted: { id: body.id, kept: { makes: familyOf(kind)?.makes ?? 'video' } } };
  },
  status: ({ id }) => ({ method: 'GET', path: place(id), body: null }),
  read,
  cancel: {
    while: ['queued', 'running'],
    ask: ({ id }) => ({ method: 'DELETE', path: place(id), body: null }),
  },
  // It lists no tasks and takes no mark of ours: what was never answered is held for people.
  pace: { firstMs: 5 * MS_PER_S, growth: 1.2, maxMs: 20 * MS_PER_S, gapMs: 50 },
  atOnce: { requests: 8, jobs: null },
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX },
  bound,
  linkLifeS: LINK_LIFE_S,
  native: runwayNative,
};
