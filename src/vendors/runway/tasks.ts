/** Runway's tasks (@runwayml/sdk 4.20.1): how one is begun, asked for, stopped and priced. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, LongService } from '../long.ts';
import { read } from './answers.ts';
import { PATHS, runwayNative } from './native.ts';

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
  const path = PATHS[job.kind];
  if (path === undefined) throw unsupported('kind');
  const body = job.native?.body ?? unified(job);
  return { method: 'POST', path, body: { ...body, model: job.wireName } };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function unified(job: Job): JsonObject {
  const { params, kind } = job;
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

function media({ kind, media: all }: Job): JsonObject {
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

function bound({ params, native }: Job): Amounts {
  const said = params.durationS ?? native?.body.duration;
  const seconds = typeof said === 'number' && said > 0 ? said : SECONDS_MAX;
  return { units: { video_ms: Math.ceil(seconds * MS_PER_S) } };
}

const place = (id: string): string => `/v1/tasks/${encodeURIComponent(id)}`;

export const runwayTasks: LongService = {
  id: 'tasks',
  models: ['video'],
  kinds: Object.keys(PATHS),
  start,
  started({ body }) {
    if (!isObject(body) || typeof body.id !== 'string') return null;
    return { accepted: { id: body.id, kept: {} } };
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
