/** A job of the unified form in the fields of the visual service. */
import { Fault } from '../../kit/fault.ts';
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';

export const FPS = 24;

export function unified(job: Job): JsonObject {
  const { params, media } = job;
  for (const field of ['fps', 'audio', 'loop', 'mode', 'watermark', 'count'] as const) {
    const name = field === 'count' ? 'n' : field;
    if (params[field] !== undefined) throw unsupported(`params.${name}`);
  }
  if (job.kind.endsWith('_to_image')) {
    // Pictures have a width and a height, and nothing else that shapes them.
    if (params.aspectRatio !== undefined) throw unsupported('params.aspect_ratio');
    if (params.resolution !== undefined) throw unsupported('params.resolution');
  }
  const body: Record<string, Json> = {};
  if (job.prompt !== null) body.prompt = job.prompt;
  if (job.negativePrompt !== null) body.negative_prompt = job.negativePrompt;
  if (params.seed !== undefined) body.seed = params.seed;
  if (params.aspectRatio !== undefined) body.aspect_ratio = params.aspectRatio;
  if (params.durationS !== undefined) body.frames = Math.round(params.durationS * FPS) + 1;
  if (params.resolution !== undefined) body.output_resolution = resolution(params.resolution);
  const size = /^(\d+)x(\d+)$/.exec(params.size ?? '');
  if (params.size !== undefined && size === null) throw unsupported('params.size');
  if (size !== null) Object.assign(body, { width: Number(size[1]), height: Number(size[2]) });
  if (job.kind === 'avatar') return { ...body, ...avatar(job), ...job.options };
  const index = media.findIndex(({ type, role }) => type !== 'image' || role === 'mask');
  if (index >= 0) throw unsupported(`input.media[${index}].role`);
  if (media.length > 0) Object.assign(body, pictures(media.map(({ url }) => url)));
  return { ...body, ...job.options };
}

/** Addresses, or all of them as base64. */
function pictures(urls: readonly string[]): JsonObject {
  const inline = urls.filter((url) => url.startsWith('data:'));
  if (inline.length === 0) return { image_urls: urls };
  if (inline.length < urls.length) {
    throw new Fault('invalid_request', {
      message: 'Give all pictures as https addresses or all as data URLs.',
      param: 'input.media',
    });
  }
  return { binary_data_base64: inline.map((url) => url.slice(url.indexOf(',') + 1)) };
}

function avatar({ media }: Job): JsonObject {
  const face = media.find(({ type }) => type === 'image');
  const speech = media.find(({ type }) => type === 'audio');
  if (face === undefined || speech === undefined) {
    throw new Fault('invalid_request', {
      message: 'A picture and an audio file are required.',
      param: 'input.media',
    });
  }
  return { image_url: face.url, audio_url: speech.url };
}

function resolution(word: string): number {
  const lines = /^(720|1080)p$/.exec(word)?.[1];
  if (lines === undefined) throw unsupported('params.resolution');
  return Number(lines);
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}
