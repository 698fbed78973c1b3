/** Luma's generations: how a job is begun, asked for and priced. */

import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, ListedPage, LongService, Reply } from '../long.ts';
import { read } from './answers.ts';
import { lumaNative } from './native.ts';
import { unified } from './unified.ts';

const LISTED_MAX = 100;
const MS_PER_S = 1_000;

function start(job: Job): Ask {
  const call: JsonObject = job.callbackUrl === null ? {} : { callback_url: job.callbackUrl };
  if (job.native !== null) {
    // Whoever wants to wait waits here: we ask for the end ourselves.
    const { callback_url: _, sync: __, sync_timeout: ___, ...body } = job.native.body;
    const model: JsonObject = 'model' in body ? { model: job.wireName } : {};
    return { method: 'POST', path: job.native.path, body: { ...body, ...model, ...call } };
  }
  const { method, path, body } = unified(job);
  return { method, path, body: { ...(isObject(body) ? body : {}), ...call } };
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
