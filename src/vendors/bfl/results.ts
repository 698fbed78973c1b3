/** Flux: how a picture is asked for, awaited and priced. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, LongService, Reading, Reply, Started } from '../long.ts';
import { bflNative } from './native.ts';

const MS_PER_S = 1_000;
const LINK_LIFE_S = 600;
/** unverified: no limit of its own is named. */
const INLINE_BYTES_MAX = 10 * 1024 * 1024;
const PIXELS_PER_MEGAPIXEL = 1_048_576;
const SIDE_DEFAULT = 1_024;
/** Jobs of one key at once. */
const JOBS_MAX = 24;
const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  Pending: 'running',
  Ready: 'succeeded',
  Error: 'failed',
  Failed: 'failed',
  'Request Moderated': 'failed',
  'Content Moderated': 'failed',
  'Task not found': 'lost',
});
const NOT_PARAMS = [
  'durationS',
  'resolution',
  'fps',
  'audio',
  'mode',
  'loop',
  'watermark',
] as const;

function start(job: Job): Ask {
  const path = `/${encodeURIComponent(job.wireName)}`;
  if (job.native !== null) {
    const { webhook_url: _, webhook_secret: __, ...body } = job.native.body;
    return { method: 'POST', path, body };
  }
  const { params, media } = job;
  for (const field of NOT_PARAMS) {
    if (params[field] !== undefined) throw unsupported(`params.${field.replace('S', '')}`);
  }
  if (job.negativePrompt !== null) throw unsupported('input.negative_prompt');
  if ((params.count ?? 1) !== 1) throw unsupported('params.n');
  const body: Record<string, Json> = {};
  if (job.prompt !== null) body.prompt = job.prompt;
  if (params.seed !== undefined) body.seed = params.seed;
  if (params.outputFormat !== undefined) body.output_format = params.outputFormat;
  Object.assign(body, shapeOf(job));
  const takesMany = /kontext|flux-2/.test(job.wireName);
  for (const [index, { type, role, url }] of media.entries()) {
    const isMask = role === 'mask' && job.wireName.endsWith('-fill');
    if (type !== 'image' || (role === 'mask' && !isMask))
      throw unsupported(`input.media[${index}]`);
    const many = index === 0 ? 'input_image' : `input_image_${index + 1}`;
    const one = /-(fill|expand)$/.test(job.wireName) ? 'image' : 'image_prompt';
    const name = isMask ? 'mask' : takesMany ? many : one;
    if (Object.hasOwn(body, name)) throw unsupported(`input.media[${index}]`);
    // It takes base64 without the head of a data URL.
    body[name] = url.replace(/^data:[^,]*;base64,/, '');
  }
  return { method: 'POST', path, body: { ...body, ...job.options } };
}

/** By its sides, or by a ratio: each model takes one of the two and passes over the other. */
function shapeOf({ params, wireName }: Job): JsonObject {
  const { size, aspectRatio } = params;
  const isByRatio = /ultra|kontext/.test(wireName);
  if (aspectRatio !== undefined && !isByRatio) throw unsupported('params.aspect_ratio');
  if (aspectRatio !== undefined) return { aspect_ratio: aspectRatio };
  if (size === undefined) return {};
  const sides = /^(\d+)x(\d+)$/.exec(size);
  // unverified: that fill, expand, canny and depth keep the size of what they are given.
  if (isByRatio) {
    const message = 'This model takes no size. Say aspect_ratio, such as 16:9.';
    throw new Fault('unsupported_parameter', { param: 'params.size', message });
  }
  if (sides === null || /-1\.0-/.test(wireName)) throw unsupported('params.size');
  return { width: Number(sides[1]), height: Number(sides[2]) };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

/** The address to poll is kept: on the global host only it leads to the right region. */
function started({ body }: Reply): Started | null {
  if (!isObject(body) || typeof body.id !== 'string') return null;
  const url = typeof body.polling_url === 'string' ? body.polling_url : null;
  return { accepted: { id: body.id, kept: url === null ? {} : { url } } };
}

function read({ body }: Reply): Reading | null {
  if (!isObject(body) || typeof body.status !== 'string') return null;
  // A word that is not known yet is no end.
  const state = STATES[body.status] ?? 'running';
  const progress = typeof body.progress === 'number' ? Math.round(body.progress * 100) : null;
  const seen = { state, detail: body.status, ...(progress === null ? {} : { progress }) };
  if (state === 'failed') {
    const isModerated = body.status.endsWith('Moderated');
    const message = reasonOf(body) ?? body.status;
    const cause = isModerated ? 'caller' : 'down';
    return { ...seen, error: { code: body.status, message, cause } };
  }
  const sample = isObject(body.result) ? body.result.sample : null;
  if (state !== 'succeeded' || typeof sample !== 'string') return seen;
  return { ...seen, outputs: [{ type: 'image', role: 'main', url: sample }] };
}

function reasonOf({ details }: JsonObject): string | null {
  if (typeof details === 'string') return details;
  const reasons = isObject(details) ? details['Moderation Reasons'] : null;
  return Array.isArray(reasons) && reasons.length > 0 ? reasons.join(', ') : null;
}

/** FLUX.2 is charged by begun megapixels, the first dearer than the rest; older ones by image. */
function bound({ wireName, params, native, options }: Job): Amounts {
  if (!wireName.startsWith('flux-2')) return { units: { image: 1 } };
  const [w, h] = (params.size ?? '').split('x').map(Number);
  const said = native?.body ?? options;
  const width = Number(said.width ?? w) || SIDE_DEFAULT;
  const height = Number(said.height ?? h) || SIDE_DEFAULT;
  const megapixels = Math.max(1, Math.ceil((width * height) / PIXELS_PER_MEGAPIXEL));
  return { units: { image: 1, more_megapixels: megapixels - 1 } };
}

export const results: LongService = {
  id: 'results',
  models: ['image'],
  kinds: ['text_to_image', 'image_to_image'],
  takes: ['outputFormat'],
  start,
  started,
  status({ id, kept }) {
    const own = `/get_result?id=${encodeURIComponent(id)}`;
    return { method: 'GET', path: typeof kept.url === 'string' ? kept.url : own, body: null };
  },
  read,
  pace: { firstMs: MS_PER_S, growth: 1.2, maxMs: 5 * MS_PER_S, gapMs: 25 },
  atOnce: { requests: 8, jobs: JOBS_MAX },
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX, bare: true },
  bound,
  linkLifeS: LINK_LIFE_S,
  hosts: ['*.bfl.ai'],
  native: bflNative,
};
