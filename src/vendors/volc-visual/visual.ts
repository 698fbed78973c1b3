/** Jobs of the visual service: one endpoint, told apart by Action and `req_key`. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, VendorTask } from '../job.ts';
import type { Amounts, Ask, LongService } from '../long.ts';
import { read, started } from './answers.ts';
import { visualNative } from './native.ts';
import { FPS, unified } from './unified.ts';

const VERSION = '2022-08-31';
const MS_PER_S = 1_000;
/** Of a picture that is answered at once; unverified how long the service itself lets it take. */
const WAIT_MS = 120 * MS_PER_S;
/** unverified: documents of single models say 4.7 MB. */
const INLINE_BYTES_MAX = 4_700_000;
const FRAMES = 121;
/** Speech may be as long. */
const SPEECH_S_MAX = 60;
/** Pictures that the service gives only while one waits for them. */
const AT_ONCE: ReadonlySet<string> = new Set([
  ...['byteedit_v2.0', 'high_aes', 'high_aes_general_v20', 'high_aes_general_v21_L'],
  ...['jimeng_high_aes_general_v21_L', 'jimeng_i2i_v30', 'img2img_comic_style'],
]);
/** Where the answer to each way of submitting is asked for. */
const ASKED_BY: Readonly<Record<string, string>> = Object.freeze({
  CVSync2AsyncSubmitTask: 'CVSync2AsyncGetResult',
  CVSubmitTask: 'CVGetResult',
});

function post(action: string, version: string, body: JsonObject): Ask {
  const query = new URLSearchParams({ Action: action, Version: version });
  return { method: 'POST', path: `/?${query}`, body };
}

interface Way {
  readonly action: string;
  readonly version: string;
}

/** By the caller's own query; else as its model is served. */
function wayOf({ native, wireName, kind }: Job): Way {
  if (native !== null) {
    const query = new URLSearchParams(native.path.slice(native.path.indexOf('?') + 1));
    return { action: query.get('Action') ?? '', version: query.get('Version') ?? VERSION };
  }
  if (AT_ONCE.has(wireName)) return { action: 'CVProcess', version: VERSION };
  const isAvatar = kind === 'avatar';
  return { action: isAvatar ? 'CVSubmitTask' : 'CVSync2AsyncSubmitTask', version: VERSION };
}

function start(job: Job): Ask {
  const { action, version } = wayOf(job);
  const { req_json: _, ...body } = job.native?.body ?? unified(job);
  // As links, whatever the caller wants: pictures in the answer itself would be polled whole.
  const ask = post(action, version, { ...body, req_key: job.wireName, return_url: true });
  return action === 'CVProcess' ? { ...ask, waitMs: WAIT_MS } : ask;
}

/** What has to be said again with each question. */
function keptOf(job: Job): JsonObject {
  const { action, version } = wayOf(job);
  return {
    action: ASKED_BY[action] ?? 'CVSync2AsyncGetResult',
    version,
    req_key: job.wireName,
    req_json: JSON.stringify({ ...wishes(job.native?.body ?? job.options), return_url: true }),
  };
}

/** How the result is to be marked: JSON in a string, which may come with the job. */
function wishes({ req_json: said }: JsonObject): JsonObject {
  if (typeof said !== 'string' || said === '') return {};
  try {
    const read: Json = JSON.parse(said);
    if (isObject(read)) return read;
  } catch {
    // Told below.
  }
  throw new Fault('invalid_request', {
    message: 'req_json must be a JSON object, written into a string.',
    param: 'req_json',
  });
}

function status({ id, kept }: VendorTask): Ask {
  const { action, version, ...more } = kept;
  return post(String(action), String(version), { ...more, task_id: id });
}

/** Videos by their length, pictures by the piece; the answer names no amount. */
function bound({ kind, native, params, options }: Job): Amounts {
  if (kind.endsWith('_to_image')) return { units: { image: 1 } };
  if (kind === 'avatar') return { units: { video_ms: SPEECH_S_MAX * MS_PER_S } };
  const said = Number((native?.body ?? options).frames ?? FRAMES);
  const frames = Number.isSafeInteger(said) && said > 1 ? said : FRAMES;
  const seconds = params.durationS ?? (frames - 1) / FPS;
  return { units: { video_ms: Math.ceil(seconds * MS_PER_S) } };
}

export const visual: LongService = {
  id: 'visual',
  models: ['image', 'video', 'other'],
  kinds: ['text_to_image', 'image_to_image', 'text_to_video', 'image_to_video'].concat([
    'frames_to_video',
    'avatar',
  ]),
  start,
  started: (reply, job) => started(reply, keptOf(job)),
  neverBegan: ['50500', '50501', '50520', '50521', '50522'],
  status,
  keptOf,
  read,
  // A job that failed is told with the status of its failure.
  readRefused: read,
  pace: { firstMs: 2 * MS_PER_S, growth: 1.2, maxMs: 15 * MS_PER_S, gapMs: 100 },
  // How many at once is a matter of the account; beyond, it says 50430.
  atOnce: { requests: 4, jobs: null },
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX, bare: true },
  bound,
  // An hour for videos, a day for pictures.
  linkLifeS: 3_600,
  native: visualNative,
};
