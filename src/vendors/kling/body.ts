/** The body of a Kling job, out of what is wanted of any vendor or of its own format. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, JobMedia } from '../job.ts';
import { familyOf, type KlingFamily } from './families.ts';

function unsupported(param: string, message?: string): Fault {
  const words = message === undefined ? {} : { message };
  return new Fault('unsupported_parameter', { param, ...words });
}

const BY_RATIO = 'This model takes no size. Say aspect_ratio, such as 16:9.';

export function jobFamily({ kind }: Pick<Job, 'kind'>): KlingFamily {
  const family = familyOf(kind);
  if (family === undefined) throw unsupported('kind');
  return family;
}

/** What is sent, but for our own id and callback. */
export function bodyOf(job: Job): JsonObject {
  const family = jobFamily(job);
  const model: JsonObject = family.named ? { model_name: job.wireName } : {};
  const { callback_url: _, external_task_id: __, ...said } = job.native?.body ?? unified(job);
  return { ...withVideo(said, job), ...model };
}

/** A video that is built on is named by its own id, which its job's answer told us. */
function withVideo(body: JsonObject, { source, native, kind }: Job): JsonObject {
  const { buildsOn } = jobFamily({ kind });
  if (source === null) return body;
  // What faces were found in is known by its session.
  if (buildsOn === 'session_id') return { ...body, session_id: source.id };
  const { video } = source.kept;
  if (typeof video !== 'string') {
    throw new Fault('invalid_request', {
      message: 'That task has no video to build on (yet).',
      param: native === null ? 'input.source_task' : 'video_id',
    });
  }
  if (buildsOn === 'video_id') return { ...body, video_id: video };
  const input = isObject(body.input) ? body.input : {};
  return { ...body, input: { ...input, video_id: video } };
}

function unified(job: Job): JsonObject {
  const { params, kind } = job;
  const family = jobFamily(job);
  if (params.size !== undefined) throw unsupported('params.size', BY_RATIO);
  for (const field of ['fps', 'seed', 'loop'] as const) {
    if (params[field] !== undefined) throw unsupported(`params.${field}`);
  }
  const body: Record<string, Json> = { ...place(job) };
  if (job.prompt !== null && kind !== 'lip_sync') body.prompt = job.prompt;
  if (job.negativePrompt !== null) body.negative_prompt = job.negativePrompt;
  if (params.aspectRatio !== undefined) body.aspect_ratio = params.aspectRatio;
  if (params.mode !== undefined) body.mode = params.mode;
  if (params.durationS !== undefined) body.duration = String(params.durationS);
  if (params.audio !== undefined) body.sound = params.audio ? 'on' : 'off';
  if (params.watermark !== undefined) body.watermark_info = { enabled: params.watermark };
  if (params.resolution !== undefined || params.count !== undefined) {
    if (family.makes === 'video') throw unsupported('params.resolution or params.n');
    if (params.resolution !== undefined) body.resolution = params.resolution;
    if (params.count !== undefined) body.n = params.count;
  }
  return { ...body, ...job.options };
}

/** Which field a medium of each role stands in. */
const PLACES: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.freeze({
  image_to_video: { first_frame: 'image', last_frame: 'image_tail', mask: 'static_mask' },
  frames_to_video: { first_frame: 'image', last_frame: 'image_tail' },
  image_to_image: { first_frame: 'image', reference: 'image', base: 'image' },
  identify_face: { base: 'video_url' },
  motion_control: { first_frame: 'image_url', subject: 'image_url', driving: 'video_url' },
  avatar: { face: 'image', first_frame: 'image', audio: 'sound_file' },
  expand: { base: 'image', first_frame: 'image' },
  try_on: { subject: 'human_image', face: 'human_image', garment: 'cloth_image' },
});

function place({ kind, media }: Job): JsonObject {
  if (kind === 'reference_to_video') return { image_list: media.map(image('image')) };
  if (kind === 'reference_to_image') {
    return { subject_image_list: media.map(image('subject_image')) };
  }
  if (kind === 'omni_video') return { image_list: media.map(image('image_url')) };
  if (kind === 'lip_sync') return { input: lipSync(media) };
  if (kind === 'effects') return { input: { image: media[0]?.url ?? '', duration: '5' } };
  const fields: Record<string, Json> = {};
  for (const [index, { role, url }] of media.entries()) {
    const field = PLACES[kind]?.[role];
    if (field === undefined || field in fields) throw unsupported(`input.media[${index}].role`);
    fields[field] = bare(url);
  }
  return fields;
}

/** A data URL without its head: the vendor takes bare base64. */
const bare = (url: string): string => url.replace(/^data:[^,]*;base64,/, '');

function image(field: string) {
  return ({ type, url }: JobMedia, index: number): JsonObject => {
    if (type !== 'image') throw unsupported(`input.media[${index}].type`);
    return { [field]: bare(url) };
  };
}

function lipSync(media: readonly JobMedia[]): JsonObject {
  const video = media.find(({ type }) => type === 'video');
  const audio = media.find(({ type }) => type === 'audio');
  const sound: JsonObject =
    audio === undefined ? {} : { mode: 'audio2video', audio_type: 'url', audio_url: audio.url };
  return { ...(video === undefined ? {} : { video_url: video.url }), ...sound };
}
