/** A wish in our own words as the input of one model, by the names of that model's own fields. */
import { Fault } from '../../kit/fault.ts';
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import { findModel } from './models.ts';

/** What a field may be called, the likeliest first. */
const PROMPT = ['prompt'];
const NEGATIVE = ['negative_prompt', 'n_prompt'];
const RATIO = ['aspect_ratio'];
const COUNT = ['num_outputs'];
const SEED = ['seed'];
const FORMAT = ['output_format'];
const QUALITY = ['output_quality'];
const MASK = ['mask'];
const IMAGE = ['image', 'image_prompt', 'first_frame_image', 'image_path'];

/** Of models that are not known only the vendor's own fields can be sent, and the prompt. */
export function inputOf(job: Job): JsonObject {
  const { params, media, options } = job;
  const fields = findModel(job.wireName)?.schema.input ?? { prompt: null };
  const input: Record<string, Json> = {};
  const put = (value: Json | undefined, names: readonly string[], param: string): void => {
    if (value === undefined || value === null) return;
    const name = names.find((one) => Object.hasOwn(fields, one) && !Object.hasOwn(input, one));
    if (name === undefined) throw new Fault('unsupported_parameter', { param });
    input[name] = value;
  };
  put(job.prompt, PROMPT, 'input.prompt');
  put(job.negativePrompt, NEGATIVE, 'input.negative_prompt');
  put(params.aspectRatio, RATIO, 'params.aspect_ratio');
  put(params.count, COUNT, 'params.n');
  put(params.seed, SEED, 'params.seed');
  const { outputFormat: format, outputCompression: quality } = params;
  put(format === 'jpeg' ? 'jpg' : format, FORMAT, 'params.output_format');
  put(quality, QUALITY, 'params.output_compression');
  if (params.size !== undefined && Object.hasOwn(fields, 'size')) input.size = params.size;
  else if (params.size !== undefined) {
    const sides = /^(\d+)x(\d+)$/.exec(params.size);
    if (sides === null) throw new Fault('unsupported_parameter', { param: 'params.size' });
    put(Number(sides[1]), ['width'], 'params.size');
    put(Number(sides[2]), ['height'], 'params.size');
    // Elsewhere the width and height would be passed over.
    if (Object.hasOwn(fields, 'aspect_ratio')) input.aspect_ratio = 'custom';
  }
  for (const field of ['durationS', 'resolution', 'fps', 'audio', 'mode', 'loop'] as const) {
    if (params[field] === undefined) continue;
    throw new Fault('unsupported_parameter', { param: `params.${field.replace('S', '')}` });
  }
  if (params.watermark !== undefined) {
    put(params.watermark, ['apply_watermark'], 'params.watermark');
  }
  for (const [index, { type, role, url }] of media.entries()) {
    const param = `input.media[${index}]`;
    if (type !== 'image') throw new Fault('unsupported_parameter', { param });
    put(url, role === 'mask' ? MASK : IMAGE, param);
  }
  return { ...input, ...options };
}
