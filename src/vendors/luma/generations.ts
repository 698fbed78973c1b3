/** Luma's generations: how a job is begun, asked for and priced. */

import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, ListedPage, LongService, Reply } from '../long.ts';
import { read } from './answers.ts';
import { lumaNative } from './native.ts';

const LISTED_MAX = 100;
const MS_PER_S = 1_000;

function start(job: Job): Ask {
  const call: JsonObject = job.callbackUrl === null ? {} : { callback_url: job.callbackUrl };
  if (job.native !== null) {
    const { callback_url: _, ...body } = job.native.body;
    const model: JsonObject = 'model' in body ? { model: job.wireName } : {};
    return { method: 'POST', path: job.native.path, body: { ...body, ...model, ...call } };
  }
  const { params, source } = job;
  for (const field of ['fps', 'seed', 'size', 'audio', 'mode', 'watermark', 'count'] as const) {
    if (params[field] !== undefined) {
      throw unsupported(`params.${field === 'count' ? 'n' : field}`);
    }
  }
  if (job.negativePrompt !== null && job.kind !== 'add_audio') throw unsupported('negative_prompt');
  const prompt: JsonObject = job.prompt === null ? {} : { prompt: job.prompt };
  if (job.kind === 'upscale' || job.kind === 'add_audio') {
    if (source === null)
      throw new Fault('invalid_request', {
        message: 'input.source_task is required.',
        param: 'input.source_task',
      });
    const what = job.kind === 'upscale' ? 'upscale' : 'audio';
    const resolution: JsonObject =
      params.resolution === undefined ? {} : { resolution: params.resolution };
    const negative: JsonObject =
      job.negativePrompt === null ? {} : { negative_prompt: job.negativePrompt };
    const body = { generation_type: what === 'audio' ? 'add_audio' : 'upscale_video' };
    const more = what === 'audio' ? { ...prompt, ...negative } : resolution;
    return {
      method: 'POST',
      path: `/generations/${encodeURIComponent(source.id)}/${what}`,
      body: { ...body, ...more, ...job.options, ...call },
    };
  }
  const isImage = job.kind.endsWith('_to_image');
  const body: Record<string, Json> = { model: job.wireName, ...prompt };
  if (params.aspectRatio !== undefined) body.aspect_ratio = params.aspectRatio;
  if (params.resolution !== undefined) {
    if (isImage) throw unsupported('params.resolution');
    body.resolution = params.resolution;
  }
  if (params.durationS !== undefined) body.duration = `${params.durationS}s`;
  if (params.loop !== undefined) body.loop = params.loop;
  if (isImage) Object.assign(body, imageRefs(job));
  else if (job.media.length > 0 || source !== null) body.keyframes = keyframes(job);
  const path = isImage ? '/generations/image' : '/generations/video';
  return { method: 'POST', path, body: { ...body, ...job.options, ...call } };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function keyframes({ media, source }: Job): JsonObject {
  const frames: Record<string, Json> = {};
  if (source !== null) frames.frame0 = { type: 'generation', id: source.id };
  for (const [index, { type, role, url }] of media.entries()) {
    const frame = role === 'first_frame' ? 'frame0' : role === 'last_frame' ? 'frame1' : null;
    if (type !== 'image' || frame === null) throw unsupported(`input.media[${index}].role`);
    frames[frame] = { type: 'image', url };
  }
  return frames;
}

function imageRefs({ media }: Job): JsonObject {
  const index = media.findIndex(({ type, role }) => type !== 'image' || role === 'mask');
  if (index >= 0) throw unsupported(`input.media[${index}].role`);
  return media.length === 0 ? {} : { image_ref: media.map(({ url }) => ({ url })) };
}

/** Priced by model, size and length; the answer names no amount. */
function bound({ kind, params, native }: Job): Amounts {
  const body = native?.body ?? {};
  if (kind.endsWith('_to_image')) return { units: { image: 1 } };
  const resolution = params.resolution ?? textOf(body.resolution) ?? '720p';
  const duration = params.durationS === undefined ? textOf(body.duration) : `${params.durationS}s`;
  return { units: { video: 1 }, traits: { resolution, duration: duration ?? '5s' } };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listed({ body }: Reply, job: Job): ListedPage | null {
  if (!isObject(body) || !Array.isArray(body.generations)) return null;
  const jobs = (body.generations as readonly Json[]).flatMap((one) => {
    if (!isObject(one) || typeof one.id !== 'string') return [];
    const request = isObject(one.request) ? one.request : {};
    const createdMs = Date.parse(String(one.created_at));
    if (Number.isNaN(createdMs)) return [];
    const ours = job.callbackUrl !== null && request.callback_url === job.callbackUrl;
    return { task: { id: one.id, kept: {} }, createdMs, ours };
  });
  return { jobs, more: body.has_more === true };
}

export const generations: LongService = {
  id: 'generations',
  models: ['video', 'image'],
  kinds: [
    'text_to_video',
    'image_to_video',
    'frames_to_video',
    'extend',
    'upscale',
    'add_audio',
  ].concat(['video_to_video', 'reframe', 'text_to_image', 'image_to_image']),
  start,
  started({ body }) {
    if (!isObject(body) || typeof body.id !== 'string') return null;
    return { accepted: { id: body.id, kept: {} } };
  },
  status: ({ id }) => {
    return { method: 'GET', path: `/generations/${encodeURIComponent(id)}`, body: null };
  },
  read,
  find: {
    ask: (_, page) => {
      const query = `limit=${LISTED_MAX}&offset=${page * LISTED_MAX}`;
      return { method: 'GET', path: `/generations?${query}`, body: null };
    },
    read: listed,
  },
  callback: { id: (body) => (isObject(body) && typeof body.id === 'string' ? body.id : null) },
  pace: { firstMs: 3 * MS_PER_S, growth: 1.3, maxMs: 30 * MS_PER_S, gapMs: 50 },
  atOnce: { requests: 8, jobs: null },
  bound,
  // How long links live is not published.
  linkLifeS: null,
  native: lumaNative,
};
