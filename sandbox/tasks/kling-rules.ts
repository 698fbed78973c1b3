/** What Kling demands of the bodies of each family. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';

export interface KlingRule {
  readonly path: string;
  /** One of each group must be there. A dot leads into an object. */
  readonly need: readonly (readonly string[])[];
  readonly models: RegExp | null;
}

/** Answers at once, with a session that lives for a day. */
export const FACES_PATH = '/v1/videos/identify-face';
const VIDEO = /^kling-v(1|1-5|1-6|2-master|2-1|2-1-master|2-5-turbo|2-6|3)$/;
const IMAGE = /^kling-v(1|1-5|2|2-new|2-1|3)$/;

export const KLING_FAMILIES: readonly KlingRule[] = [
  { path: '/v1/videos/text2video', need: [['prompt', 'multi_prompt']], models: VIDEO },
  { path: '/v1/videos/image2video', need: [['image', 'image_tail']], models: VIDEO },
  {
    path: '/v1/videos/multi-image2video',
    need: [['image_list'], ['prompt']],
    models: /^kling-v1-6$/,
  },
  { path: '/v1/videos/omni-video', need: [['prompt']], models: /^kling-(video-o1|v3-omni)$/ },
  {
    path: '/v1/videos/motion-control',
    need: [['image_url'], ['video_url'], ['character_orientation'], ['mode']],
    models: /^kling-v(2-6|3)$/,
  },
  { path: '/v1/videos/video-extend', need: [['video_id']], models: null },
  {
    path: '/v1/videos/lip-sync',
    need: [['input.video_id', 'input.video_url'], ['input.mode']],
    models: null,
  },
  { path: FACES_PATH, need: [['video_id', 'video_url']], models: null },
  {
    path: '/v1/videos/advanced-lip-sync',
    need: [['session_id'], ['face_choose']],
    models: null,
  },
  { path: '/v1/videos/effects', need: [['effect_scene'], ['input']], models: null },
  {
    path: '/v1/videos/avatar/image2video',
    need: [['image'], ['sound_file', 'audio_id']],
    models: null,
  },
  { path: '/v1/images/generations', need: [['prompt']], models: IMAGE },
  {
    path: '/v1/images/multi-image2image',
    need: [['subject_image_list']],
    models: /^kling-v2(-1)?$/,
  },
  {
    path: '/v1/images/editing/expand',
    need: [
      ['image'],
      ['up_expansion_ratio'],
      ['down_expansion_ratio'],
      ['left_expansion_ratio'],
      ['right_expansion_ratio'],
    ],
    models: null,
  },
  {
    path: '/v1/images/kolors-virtual-try-on',
    need: [['human_image']],
    models: /^kolors-virtual-try-on-v1(-5)?$/,
  },
];

const PROMPT_MAX = 2_500;
const IMAGES_MAX = 9;
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  mode: ['std', 'pro'],
  sound: ['on', 'off'],
  aspect_ratio: ['16:9', '9:16', '1:1', '4:3', '3:4', '3:2', '2:3', '21:9'],
  resolution: ['1k', '2k'],
  character_orientation: ['image', 'video'],
};
const PICTURES = ['image', 'image_tail', 'human_image', 'cloth_image'];

/** The first thing that is wrong. */
export function checkKling(body: JsonObject, rule: KlingRule): string | null {
  // It takes `model` for nothing and falls back to its first model: here that is found out.
  if ('model' in body) return 'model is not a field; model_name is';
  if (rule.models === null ? 'model_name' in body : !rule.models.test(String(body.model_name))) {
    return `model_name ${String(body.model_name)} is not supported`;
  }
  if (body.video_id !== undefined && body.video_url !== undefined) {
    return 'video_id and video_url can not both have a value';
  }
  const choices = body.face_choose;
  if (choices !== undefined && checkFaces(choices) !== null) return checkFaces(choices);
  const lacking = rule.need.find((group) => group.every((field) => at(body, field) === undefined));
  if (lacking !== undefined) return `${lacking.join(' or ')} can not be empty`;
  for (const [field, values] of Object.entries(ENUMS)) {
    const value = body[field];
    if (value !== undefined && !values.includes(String(value))) return `${field} is invalid`;
  }
  const { prompt, duration, n, callback_url: callback } = body;
  if (prompt !== undefined && String(prompt).length > PROMPT_MAX) return 'prompt is too long';
  if (duration !== undefined && !(typeof duration === 'string' && isSeconds(duration))) {
    return 'duration is invalid: a string of 3 to 15';
  }
  if (n !== undefined && !(typeof n === 'number' && n >= 1 && n <= IMAGES_MAX))
    return 'n is invalid';
  if (callback !== undefined && !/^https?:/.test(String(callback)))
    return 'callback_url is invalid';
  return PICTURES.map((field) => picture(body[field], field)).find((bad) => bad !== null) ?? null;
}

/** One face only, with a sound, which is cut and put in where the times say. */
function checkFaces(choices: Json): string | null {
  const [one, ...more] = Array.isArray(choices) ? (choices as readonly Json[]) : [];
  if (!isObject(one) || more.length > 0) return 'face_choose must be a list of one face';
  if (typeof one.face_id !== 'string') return 'face_choose.face_id can not be empty';
  const sounds = [one.audio_id, one.sound_file].filter((sound) => typeof sound === 'string');
  if (sounds.length !== 1) return 'one of audio_id and sound_file is needed';
  const times = ['sound_start_time', 'sound_end_time', 'sound_insert_time'];
  const wrong = times.find((name) => !Number.isInteger(one[name]));
  return wrong === undefined ? null : `face_choose.${wrong} must be a whole number`;
}

const isSeconds = (value: string): boolean => /^([3-9]|1[0-5])$/.test(value);

function at(body: JsonObject, field: string): Json | undefined {
  const [first = '', second] = field.split('.');
  const value = body[first];
  if (second === undefined) return value === '' ? undefined : value;
  return isObject(value) ? value[second] : undefined;
}

function picture(value: Json | undefined, field: string): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string') return `${field} is not a text`;
  return value.startsWith('data:') ? `${field} has a data: head; bare base64 is taken` : null;
}
