/** Jobs of midjourney-proxy: imagine and what follows from it, at the mode of its prefix. */
import { Fault } from '../../kit/fault.ts';
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Amounts, Ask, LongService } from '../long.ts';
import { listed, read, started } from './answers.ts';
import { midjourneyNative } from './native.ts';

const MS_PER_S = 1_000;
/** unverified: no limit is named. */
const INLINE_BYTES_MAX = 10 * 1024 * 1024;
const MODES: readonly string[] = ['fast', 'relax', 'turbo'];

function start(job: Job): Ask {
  const call: JsonObject = job.callbackUrl === null ? {} : { notifyHook: job.callbackUrl };
  // What the caller keeps in `state` is his again where the task is shown.
  const own = { state: job.ownId, ...call };
  if (job.native === null) {
    const { path, body } = unified(job);
    return { method: 'POST', path, body: { ...body, ...job.options, ...own } };
  }
  const { notifyHook: _, ...body } = job.native.body;
  const content = contentOf(job, body);
  return { method: 'POST', path: `/mj${job.native.path}`, body: { ...body, ...content, ...own } };
}

/** "<task> U1": an id inside a text, which nobody else replaces. */
function contentOf({ source, native }: Job, { content }: JsonObject): JsonObject {
  if (native?.path.endsWith('/simple-change') !== true || source === null) return {};
  return { content: `${source.id} ${String(content).trim().split(/\s+/).slice(1).join(' ')}` };
}

function unified(job: Job): { readonly path: string; readonly body: JsonObject } {
  const { params, media, source } = job;
  for (const field of ['fps', 'audio', 'size', 'resolution', 'watermark', 'count'] as const) {
    if (params[field] !== undefined) {
      const name = field === 'count' ? 'n' : field;
      throw new Fault('unsupported_parameter', { param: `params.${name}` });
    }
  }
  const { mode } = params;
  if (mode !== undefined && !MODES.includes(mode)) {
    throw new Fault('unsupported_parameter', { param: 'params.mode' });
  }
  const submit = `/mj${mode === undefined ? '' : `-${mode}/mj`}/submit`;
  if (job.kind === 'action') {
    if (source === null)
      throw new Fault('invalid_request', {
        message: 'input.source_task is required.',
        param: 'input.source_task',
      });
    return { path: `${submit}/action`, body: { taskId: source.id } };
  }
  if (media.some(({ type, role }) => type !== 'image' || role === 'mask')) {
    throw new Fault('unsupported_parameter', { param: 'input.media' });
  }
  const urls = media.map(({ url }) => url);
  if (job.kind === 'image_to_video') {
    const [image, endImage] = urls;
    const ends: JsonObject = endImage === undefined ? {} : { endImage };
    const loop: JsonObject = params.loop === undefined ? {} : { loop: params.loop };
    const body = { prompt: job.prompt ?? '', image: image ?? '', ...ends, ...loop };
    return { path: `${submit}/video`, body };
  }
  if (job.kind !== 'text_to_image' && job.kind !== 'image_to_image') {
    throw new Fault('unsupported_parameter', {
      message: 'Work of this kind is asked for on the paths under /mj.',
      param: 'kind',
    });
  }
  return { path: `${submit}/imagine`, body: imagine(job, urls) };
}

/** Settings stand at the end of the prompt, addresses of pictures before it. */
function imagine({ prompt, negativePrompt, params }: Job, urls: readonly string[]): JsonObject {
  if (prompt === null)
    throw new Fault('invalid_request', {
      message: 'input.prompt is required.',
      param: 'input.prompt',
    });
  const words = [...urls.filter((url) => !url.startsWith('data:')), prompt];
  if (params.aspectRatio !== undefined) words.push(`--ar ${params.aspectRatio}`);
  if (params.seed !== undefined) words.push(`--seed ${params.seed}`);
  if (negativePrompt !== null) words.push(`--no ${negativePrompt}`);
  const inline: readonly Json[] = urls.filter((url) => url.startsWith('data:'));
  return { prompt: words.join(' '), ...(inline.length === 0 ? {} : { base64Array: inline }) };
}

/** By the piece of work, its action, and the mode in which it is done. */
function bound({ native, params, kind, prompt }: Job): Amounts {
  const path = native?.path ?? '';
  // What the prompt says of the mode counts before the path.
  const said = /--(fast|relax|turbo)\b/.exec(prompt ?? '')?.[1];
  const mode = said ?? /^-(\w+)\/mj/.exec(path)?.[1] ?? params.mode ?? 'default';
  const action = path.split('/').at(-1) || kind;
  return { units: { task: 1 }, traits: { action, mode } };
}

export const drawings: LongService = {
  id: 'drawings',
  models: ['image', 'video'],
  kinds: ['text_to_image', 'image_to_image', 'image_to_video', 'extend', 'describe'].concat([
    ...['blend', 'shorten', 'action', 'modal', 'edit', 'retexture', 'swap'],
  ]),
  start,
  started,
  status: ({ id }) => {
    return { method: 'GET', path: `/mj/task/${encodeURIComponent(id)}/fetch`, body: null };
  },
  read,
  cancel: {
    while: ['queued', 'running'],
    ask: ({ id }) => {
      return { method: 'POST', path: `/mj/task/${encodeURIComponent(id)}/cancel`, body: {} };
    },
  },
  find: { ask: () => ({ method: 'GET', path: '/mj/task/list', body: null }), read: listed },
  callback: {
    id: (body) => {
      const isTask = body !== null && typeof body === 'object' && 'id' in body;
      return isTask && typeof body.id === 'string' ? body.id : null;
    },
  },
  pace: { firstMs: 3 * MS_PER_S, growth: 1.2, maxMs: 15 * MS_PER_S, gapMs: 50 },
  atOnce: { requests: 8, jobs: null },
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX },
  bound,
  // Discord's signed links; unverified.
  linkLifeS: 86_400,
  native: midjourneyNative,
};
