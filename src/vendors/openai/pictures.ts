/** Pictures of GPT Image models: one request, whose answer is the pictures. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, JobParams } from '../job.ts';
import type { Ask, JobOutput, LongService, Reply, Started } from '../long.ts';
import { atMost, usedOf } from './amounts.ts';

/** Two minutes are usual for a hard prompt; ten pictures at once take longer. */
const WAIT_MS = 300_000;
const INLINE_BYTES_MAX = 50 * 1024 * 1024;
const NOT_PARAMS = ['durationS', 'aspectRatio', 'resolution', 'fps', 'seed'].concat([
  ...['audio', 'mode', 'loop', 'watermark'],
]) as (keyof JobParams)[];
const NAMES: Partial<Record<keyof JobParams, string>> = {
  durationS: 'duration',
  aspectRatio: 'aspect_ratio',
};
/** With these the answer would be another one than is read here. */
const NOT_OPTIONS = ['stream', 'partial_images', 'response_format', 'svg', 'frame_count'];
const FORMATS = ['png', 'jpeg', 'webp'];

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function bodyOf(job: Job): JsonObject {
  const { params, media, options, prompt } = job;
  for (const field of NOT_PARAMS) {
    if (params[field] !== undefined) throw unsupported(`params.${NAMES[field] ?? field}`);
  }
  if (job.negativePrompt !== null) throw unsupported('input.negative_prompt');
  if (prompt === null) {
    const message = 'input.prompt is required.';
    throw new Fault('invalid_request', { message, param: 'input.prompt' });
  }
  for (const name of NOT_OPTIONS) {
    if (name in options) throw unsupported(`provider_options.${name}`);
  }
  const said: Record<string, Json | undefined> = {
    n: params.count,
    size: params.size,
    quality: params.quality,
    background: params.background,
    output_format: params.outputFormat,
    output_compression: params.outputCompression,
    moderation: params.moderation,
    complexity: params.complexity,
    safety_identifier: params.endUser,
    input_fidelity: params.inputFidelity,
  };
  const fields = Object.entries(said).filter((entry): entry is [string, Json] => {
    return entry[1] !== undefined;
  });
  if (media.length === 0 && params.inputFidelity !== undefined) {
    throw unsupported('params.input_fidelity');
  }
  return { prompt, ...Object.fromEntries(fields), ...given(job), ...options };
}

/** Pictures to work from, and the mask over the first of them: links or data URLs. */
function given({ media }: Job): JsonObject {
  if (media.length === 0) return {};
  const images: Json[] = [];
  let mask: JsonObject = {};
  for (const [index, { type, role, url }] of media.entries()) {
    if (type !== 'image') throw unsupported(`input.media[${index}].type`);
    if (role !== 'mask') images.push({ image_url: url });
    else if ('mask' in mask) throw unsupported(`input.media[${index}].role`);
    else mask = { mask: { image_url: url } };
  }
  return { images, ...mask };
}

function start(job: Job): Ask {
  const path = job.media.length === 0 ? '/images/generations' : '/images/edits';
  return { method: 'POST', path, body: { ...bodyOf(job), model: job.wireName }, waitMs: WAIT_MS };
}

/** The answer has no id, so the job bears ours. */
function started({ body }: Reply, job: Job): Started | null {
  if (!isObject(body) || !Array.isArray(body.data)) return null;
  const asked = body.output_format ?? job.params.outputFormat ?? 'png';
  const format = FORMATS.includes(String(asked)) ? String(asked) : 'png';
  const outputs = (body.data as readonly Json[]).flatMap((one): JobOutput[] => {
    if (!isObject(one)) return [];
    const { b64_json: base64, url } = one;
    if (typeof base64 === 'string') return [output(`data:image/${format};base64,${base64}`)];
    return typeof url === 'string' ? [output(url)] : [];
  });
  if (outputs.length === 0) return null;
  const used = usedOf(body);
  const reading = { state: 'succeeded', outputs, ...(used === null ? {} : { used }) } as const;
  return { accepted: { id: job.ownId, kept: {} }, reading };
}

const output = (url: string): JobOutput => ({ type: 'image', role: 'main', url });

export const pictures: LongService = {
  id: 'pictures',
  models: ['image'],
  kinds: ['text_to_image', 'image_to_image'],
  takes: ['quality', 'background', 'outputFormat', 'outputCompression'].concat([
    ...['inputFidelity', 'moderation', 'complexity'],
  ]) as NonNullable<LongService['takes']>,
  start,
  started,
  neverBegan: ['server_error'],
  pace: { firstMs: 1_000, growth: 1, maxMs: 1_000, gapMs: 0 },
  atOnce: { requests: 8, jobs: null },
  bound: (job) => atMost(job, bodyOf(job)),
  linkLifeS: null,
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX },
};
