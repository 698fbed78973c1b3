/** Ark's contents/generations/tasks: Seedance videos and Seed3D files. */

import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Ask, ListedPage, LongService, Reply } from '../long.ts';
import { bound, expiryTag } from './amounts.ts';
import { read } from './answers.ts';
import { arkNative } from './native.ts';

const PATH = '/contents/generations/tasks';
const ROLES: Readonly<Record<string, string>> = Object.freeze({
  first_frame: 'first_frame',
  last_frame: 'last_frame',
  reference: 'reference_image',
  subject: 'reference_image',
  base: 'reference_video',
  audio: 'reference_audio',
});
const LISTED_MAX = 100;
const LINK_LIFE_S = 86_400;
/** Of a picture as a data URL (docs/82379/1520757); of videos and sounds nothing is said. */
const INLINE_BYTES_MAX = 10 * 1024 * 1024;
const MS_PER_S = 1_000;

function start(job: Job): Ask {
  const call: JsonObject = job.callbackUrl === null ? {} : { callback_url: job.callbackUrl };
  const expiry = { execution_expires_after: askedExpiry(job) ?? expiryTag(job.ownId) };
  const { callback_url: _, ...body } = job.native?.body ?? unified(job);
  return {
    method: 'POST',
    path: PATH,
    body: { ...body, ...expiry, model: job.wireName, ...call },
  };
}

/** Ark's own Python clients say null for all that their user left unsaid. */
function askedExpiry({ native, options }: Job): Json {
  return (native?.body ?? options).execution_expires_after ?? null;
}

function unified(job: Job): JsonObject {
  const { params } = job;
  if (job.negativePrompt !== null) throw unsupported('input.negative_prompt');
  for (const field of ['fps', 'size', 'mode', 'loop', 'count'] as const) {
    if (params[field] !== undefined) throw unsupported(`params.${field}`);
  }
  const content: Json[] = job.prompt === null ? [] : [{ type: 'text', text: job.prompt }];
  for (const [index, { type, role, url }] of job.media.entries()) {
    const known = ROLES[role];
    if (known === undefined) throw unsupported(`input.media[${index}].role`);
    const what = `${type}_url`;
    content.push({ type: what, [what]: { url }, role: known });
  }
  if (content.length === 0)
    throw new Fault('invalid_request', {
      message: 'input.prompt or input.media is required.',
      param: 'input.prompt',
    });
  const body: Record<string, Json> = { content };
  if (params.resolution !== undefined) body.resolution = params.resolution;
  if (params.aspectRatio !== undefined) body.ratio = params.aspectRatio;
  if (params.durationS !== undefined) body.duration = params.durationS;
  if (params.seed !== undefined) body.seed = params.seed;
  if (params.audio !== undefined) body.generate_audio = params.audio;
  if (params.watermark !== undefined) body.watermark = params.watermark;
  return { ...body, ...job.options };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function listed({ body }: Reply, job: Job): ListedPage | null {
  if (!isObject(body) || !Array.isArray(body.items)) return null;
  const isMarked = askedExpiry(job) === null;
  const items = body.items as readonly Json[];
  const jobs = items.flatMap((one) => {
    if (!isObject(one) || typeof one.id !== 'string' || one.model !== job.wireName) return [];
    if (typeof one.created_at !== 'number') return [];
    const isTagged = one.execution_expires_after === expiryTag(job.ownId);
    const createdMs = one.created_at * MS_PER_S;
    return { task: { id: one.id, kept: {} }, createdMs, ours: isMarked && isTagged };
  });
  return { jobs, more: items.length === LISTED_MAX };
}

const place = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

export const arkTasks: LongService = {
  id: 'tasks',
  models: ['video', 'other'],
  kinds: ['text_to_video', 'image_to_video', 'frames_to_video', 'reference_to_video'].concat([
    'video_to_video',
    'image_to_3d',
  ]),
  start,
  started({ body }: Reply) {
    if (!isObject(body) || typeof body.id !== 'string') return null;
    return { accepted: { id: body.id, kept: {} } };
  },
  status: ({ id }) => ({ method: 'GET', path: place(id), body: null }),
  read,
  cancel: {
    while: ['queued'],
    ask: ({ id }) => ({ method: 'DELETE', path: place(id), body: null }),
  },
  find: {
    ask: (job, page) => {
      const query = `page_num=${page + 1}&page_size=${LISTED_MAX}`;
      const model = `filter.model=${encodeURIComponent(job.wireName)}`;
      return { method: 'GET', path: `${PATH}?${query}&${model}`, body: null };
    },
    read: listed,
  },
  // No signature is documented, so a call only says that it is time to ask.
  callback: { id: (body) => (isObject(body) && typeof body.id === 'string' ? body.id : null) },
  pace: { firstMs: 3 * MS_PER_S, growth: 1.3, maxMs: 30 * MS_PER_S, gapMs: 50 },
  atOnce: { requests: 8, jobs: null },
  pricedOptions: ['frames', 'service_tier'],
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX },
  bound,
  linkLifeS: LINK_LIFE_S,
  native: arkNative,
};
