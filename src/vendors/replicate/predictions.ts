/** Replicate's predictions: how one is begun, asked for, stopped and priced. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, ListedPage, LongService, Reply } from '../long.ts';
import { read, started } from './answers.ts';
import { inputOf } from './input.ts';
import { faultsOf, findModel } from './models.ts';
import { replicateNative } from './native.ts';

const MS_PER_S = 1_000;
const LINK_LIFE_S = 3_600;
const UNREADABLE = 422;
/** How many pictures one call can ask for, by any name that models give it. */
const COUNTS = ['num_outputs', 'number_of_images', 'num_images'];

/** Inputs of models that are charged by the picture or the run, whatever these say. */
const FREE_OPTIONS = ['width', 'height', 'num_frames', 'video_length', 'fps', 'megapixels'];
/** What is advised for a data URL. */
const INLINE_BYTES_MAX = 256 * 1024;

/**
 * Where it is sent, by the model's name there: a deployment, a model by its name, or a version
 * (alone, or behind the name of its model).
 */
function place(wireName: string): { readonly path: string; readonly version?: string } {
  const parts = wireName.split('/').map(encodeURIComponent);
  if (parts[0] === 'deployments') {
    return { path: `/deployments/${parts.slice(1).join('/')}/predictions` };
  }
  if (parts.length === 2 && !wireName.includes(':')) {
    return { path: `/models/${parts.join('/')}/predictions` };
  }
  return { path: '/predictions', version: wireName.split(':').at(-1) ?? wireName };
}

function start(job: Job): Ask {
  const input = job.native === null ? inputOf(job) : nativeInput(job);
  const known = findModel(job.wireName);
  const wrong = known === null ? [] : faultsOf(known.schema, input);
  if (wrong.length > 0) {
    throw new Fault('invalid_request', {
      status: UNREADABLE,
      message: wrong.map((line) => `- input.${line}`).join('\n'),
      param: `input.${wrong[0]?.split(':')[0]}`,
    });
  }
  const { path, version } = place(job.wireName);
  const call: JsonObject =
    job.callbackUrl === null
      ? {}
      : { webhook: job.callbackUrl, webhook_events_filter: ['start', 'completed'] };
  const body = { ...(version === undefined ? {} : { version }), input, ...call };
  const headers = job.native?.headers;
  return { method: 'POST', path, body, ...(headers === undefined ? {} : { headers }) };
}

function nativeInput({ native }: Job): JsonObject {
  const input = native?.body.input;
  if (isObject(input)) return input;
  throw new Fault('invalid_request', {
    status: UNREADABLE,
    message: '- input: Field required',
    param: 'input',
  });
}

/** Official models by what they make, others by the run: how long one takes is not known before. */
function bound(job: Job): Amounts {
  const known = findModel(job.wireName);
  if (known?.schema.official !== true) return { units: { run: 1 } };
  if (known.schema.makes === 'video') return { units: { video: 1 } };
  const input = isObject(job.native?.body.input) ? job.native.body.input : job.options;
  const counts = COUNTS.map((name) => Number(input[name] ?? job.params.count ?? 1));
  return { units: { image: Math.max(...counts.map((count) => (count >= 1 ? count : 1))) } };
}

function listed({ body }: Reply, job: Job): ListedPage | null {
  if (!isObject(body) || !Array.isArray(body.results)) return null;
  const jobs = (body.results as readonly Json[]).flatMap((one) => {
    if (!isObject(one) || typeof one.id !== 'string') return [];
    const createdMs = Date.parse(String(one.created_at));
    if (Number.isNaN(createdMs)) return [];
    const ours = job.callbackUrl !== null && one.webhook === job.callbackUrl;
    return [{ task: { id: one.id, kept: {} }, createdMs, ours }];
  });
  // The next page has no number, only a link in this answer; the first has the newest hundred.
  return { jobs, more: false };
}

export const predictions: LongService = {
  id: 'predictions',
  models: ['video', 'image', 'audio', 'other'],
  kinds: ['text_to_image', 'image_to_image', 'text_to_video', 'image_to_video', 'prediction'],
  takes: ['outputFormat', 'outputCompression'],
  start,
  started,
  status: ({ id }) => {
    return { method: 'GET', path: `/predictions/${encodeURIComponent(id)}`, body: null };
  },
  read,
  cancel: {
    while: ['queued', 'running'],
    ask: ({ id }) => {
      return { method: 'POST', path: `/predictions/${encodeURIComponent(id)}/cancel`, body: null };
    },
  },
  find: { ask: () => ({ method: 'GET', path: '/predictions', body: null }), read: listed },
  // Its calls are signed with a secret of our account there, which is not asked for: a hint.
  callback: { id: (body) => (isObject(body) && typeof body.id === 'string' ? body.id : null) },
  // 3,000 questions a minute are allowed.
  pace: { firstMs: MS_PER_S, growth: 1.3, maxMs: 10 * MS_PER_S, gapMs: 25 },
  atOnce: { requests: 16, jobs: null },
  pricedOptions: [...COUNTS, ...FREE_OPTIONS],
  inline: { types: ['image', 'video', 'audio'], bytesMax: INLINE_BYTES_MAX },
  bound,
  linkLifeS: LINK_LIFE_S,
  hosts: ['stream.replicate.com'],
  native: replicateNative,
};
