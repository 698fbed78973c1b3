/** A job of the unified form in the fields of Luma's requests. */
import { Fault } from '../../kit/fault.ts';
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Job } from '../job.ts';
import type { Ask } from '../long.ts';

/** Made out of another video, which is given whole. */
const REMADE: Readonly<Record<string, readonly [path: string, type: string]>> = Object.freeze({
  video_to_video: ['/generations/video/modify', 'modify_video'],
  reframe: ['/generations/video/reframe', 'reframe_video'],
});

/** But for where the vendor may call back. */
export function unified(job: Job): Ask {
  const { params, source } = job;
  const known = REMADE[job.kind];
  if (known !== undefined) return remade(job, known);
  for (const field of ['fps', 'seed', 'size', 'audio', 'mode', 'watermark', 'count'] as const) {
    if (params[field] !== undefined) {
      throw unsupported(`params.${field === 'count' ? 'n' : field}`);
    }
  }
  if (job.negativePrompt !== null && job.kind !== 'add_audio') throw unsupported('negative_prompt');
  const prompt: JsonObject = job.prompt === null ? {} : { prompt: job.prompt };
  if (job.kind === 'upscale' || job.kind === 'add_audio') {
    if (source === null)
      throw new Fault('invalid_request', {
        message: 'input.source_task is required.',
        param: 'input.source_task',
      });
    const what = job.kind === 'upscale' ? 'upscale' : 'audio';
    const resolution: JsonObject =
      params.resolution === undefined ? {} : { resolution: params.resolution };
    const negative: JsonObject =
      job.negativePrompt === null ? {} : { negative_prompt: job.negativePrompt };
    const body = { generation_type: what === 'audio' ? 'add_audio' : 'upscale_video' };
    const more = what === 'audio' ? { ...prompt, ...negative } : resolution;
    return {
      method: 'POST',
      path: `/generations/${encodeURIComponent(source.id)}/${what}`,
      body: { ...body, ...more, ...job.options },
    };
  }
  const isImage = job.kind.endsWith('_to_image');
  const body: Record<string, Json> = { model: job.wireName, ...prompt };
  if (params.aspectRatio !== undefined) body.aspect_ratio = params.aspectRatio;
  if (params.resolution !== undefined) {
    if (isImage) throw unsupported('params.resolution');
    body.resolution = params.resolution;
  }
  if (params.durationS !== undefined) body.duration = `${params.durationS}s`;
  if (params.loop !== undefined) body.loop = params.loop;
  if (isImage) Object.assign(body, imageRefs(job));
  else if (job.media.length > 0 || source !== null) body.keyframes = keyframes(job);
  const path = isImage ? '/generations/image' : '/generations/video';
  return { method: 'POST', path, body: { ...body, ...job.options } };
}

function unsupported(param: string): Fault {
  return new Fault('unsupported_parameter', { param });
}

function remade(job: Job, [path, type]: readonly [string, string]): Ask {
  const { mode, aspectRatio, ...others } = job.params;
  const more = Object.keys(others)[0];
  if (more !== undefined) throw unsupported(`params.${more}`);
  const frame = job.media.find(({ role }) => role === 'first_frame');
  const video = job.media.find((one) => one.type === 'video');
  if (video === undefined) throw unsupported('input.media');
  const body = {
    ...{ model: job.wireName, generation_type: type, media: { url: video.url } },
    ...(job.prompt === null ? {} : { prompt: job.prompt }),
    ...(mode === undefined ? {} : { mode }),
    ...(aspectRatio === undefined ? {} : { aspect_ratio: aspectRatio }),
    ...(frame === undefined ? {} : { first_frame: { url: frame.url } }),
  };
  return { method: 'POST', path, body: { ...body, ...job.options } };
}

function keyframes({ media, source }: Job): JsonObject {
  const frames: Record<string, Json> = {};
  if (source !== null) frames.frame0 = { type: 'generation', id: source.id };
  for (const [index, { type, role, url }] of media.entries()) {
    const frame = role === 'first_frame' ? 'frame0' : role === 'last_frame' ? 'frame1' : null;
    if (type !== 'image' || frame === null) throw unsupported(`input.media[${index}].role`);
    frames[frame] = { type: 'image', url };
  }
  return frames;
}

function imageRefs({ media }: Job): JsonObject {
  const index = media.findIndex(({ type, role }) => type !== 'image' || role === 'mask');
  if (index >= 0) throw unsupported(`input.media[${index}].role`);
  return media.length === 0 ? {} : { image_ref: media.map(({ url }) => ({ url })) };
}
