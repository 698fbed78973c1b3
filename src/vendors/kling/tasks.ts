/** Kling's jobs: one service, for all its families begin, are asked for and end alike. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, VendorTask } from '../job.ts';
import type { Ask, ListedPage, LongService, Reply } from '../long.ts';
import { bound } from './amounts.ts';
import { read, started } from './answers.ts';
import { bodyOf, jobFamily } from './body.ts';
import { FAMILIES, familyOf, KINDS } from './families.ts';
import { klingNative } from './native.ts';

const LISTED_MAX = 100;
const LINK_LIFE_S = 30 * 86_400;
const MS_PER_S = 1_000;
const INLINE_BYTES_MAX = 10 * 1024 * 1024;

function start(job: Job): Ask {
  const call: JsonObject = job.callbackUrl === null ? {} : { callback_url: job.callbackUrl };
  // Unique per account there, so it is ours: two callers may well choose the same.
  const body = { ...bodyOf(job), external_task_id: job.ownId, ...call };
  return { method: 'POST', path: jobFamily(job).path, body };
}

function status({ id, kept }: VendorTask): Ask {
  const { path } = familyOf(String(kept.kind)) ?? FAMILIES[0] ?? { path: '' };
  return { method: 'GET', path: `${path}/${encodeURIComponent(id)}`, body: null };
}

function listed({ body }: Reply, job: Job): ListedPage | null {
  if (!isObject(body) || !Array.isArray(body.data)) return null;
  const items = body.data as readonly Json[];
  const jobs = items.flatMap((one) => {
    if (!isObject(one) || typeof one.task_id !== 'string') return [];
    if (typeof one.created_at !== 'number') return [];
    const info = isObject(one.task_info) ? one.task_info : {};
    const task = { id: one.task_id, kept: { kind: job.kind } };
    return { task, createdMs: one.created_at, ours: info.external_task_id === job.ownId };
  });
  return { jobs, more: items.length === LISTED_MAX };
}

export const klingTasks: LongService = {
  id: 'tasks',
  models: ['video', 'image'],
  kinds: KINDS,
  start,
  started,
  status,
  keptOf: ({ kind }) => ({ kind }),
  read,
  find: {
    ask: (job, page) => {
      const query = `pageNum=${page + 1}&pageSize=${LISTED_MAX}`;
      return { method: 'GET', path: `${jobFamily(job).path}?${query}`, body: null };
    },
    read: listed,
  },
  // Unsigned, and not in the envelope that other answers have.
  callback: {
    id: (body) => (isObject(body) && typeof body.task_id === 'string' ? body.task_id : null),
  },
  pace: { firstMs: 5 * MS_PER_S, growth: 1.3, maxMs: 30 * MS_PER_S, gapMs: 50 },
  atOnce: { requests: 8, jobs: null },
  pricedOptions: ['mode', 'sound'],
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX, bare: true },
  bound,
  linkLifeS: LINK_LIFE_S,
  native: klingNative,
};
