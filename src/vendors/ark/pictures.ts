/** Seedream and SeedEdit on Ark: one request, whose answer is the pictures. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, JobParams } from '../job.ts';
import type { Amounts, Ask, JobOutput, LongService, Reply, Started } from '../long.ts';

const PATH = '/images/generations';
const WAIT_MS = 300_000;
const INLINE_BYTES_MAX = 10 * 1024 * 1024;
const LINK_LIFE_S = 86_400;
/** Of a group, references included. */
const GROUP_MAX = 15;
const NOT_PARAMS = Object.freeze({
  durationS: 'duration',
  aspectRatio: 'aspect_ratio',
  fps: 'fps',
  audio: 'audio',
  mode: 'mode',
  loop: 'loop',
} satisfies Partial<Record<keyof JobParams, string>>);
/** With these the answer would be another one than is read here. */
const NOT_OPTIONS = ['stream', 'response_format', 'layer_decomposition'];

function unsupported(param: string, message?: string): Fault {
  return new Fault('unsupported_parameter', {
    param,
    ...(message === undefined ? {} : { message }),
  });
}

function start(job: Job): Ask {
  const { params, options } = job;
  for (const [field, name] of Object.entries(NOT_PARAMS)) {
    if (params[field as keyof typeof NOT_PARAMS] !== undefined) throw unsupported(`params.${name}`);
  }
  if ((params.count ?? 1) !== 1) {
    const message =
      'This model makes one picture a request, or a group: ' +
      'provider_options.sequential_image_generation.';
    throw unsupported('params.n', message);
  }
  if (job.negativePrompt !== null) throw unsupported('input.negative_prompt');
  if (params.size !== undefined && params.resolution !== undefined) {
    throw unsupported('params.resolution', 'Say size or resolution, not both.');
  }
  for (const name of NOT_OPTIONS) {
    if (name in options) throw unsupported(`provider_options.${name}`);
  }
  // By the documents of 4.x, which do not say whether it is refused or passed over.
  const isOlder = /seedream-[34]-|seededit-/.test(job.wireName);
  if (isOlder && params.outputFormat !== undefined) throw unsupported('params.output_format');
  if (isOlder && params.background !== undefined) throw unsupported('params.background');
  const size = params.size ?? params.resolution;
  const body: JsonObject = {
    ...(job.prompt === null ? {} : { prompt: job.prompt }),
    ...(size === undefined ? {} : { size }),
    ...(params.seed === undefined ? {} : { seed: params.seed }),
    ...(params.watermark === undefined ? {} : { watermark: params.watermark }),
    ...(params.outputFormat === undefined ? {} : { output_format: params.outputFormat }),
    ...(params.background === undefined ? {} : { background: params.background }),
    ...given(job),
  };
  const whole = { ...body, ...options, model: job.wireName, response_format: 'url' };
  return { method: 'POST', path: PATH, body: whole, waitMs: WAIT_MS };
}

function given({ media, wireName }: Job): JsonObject {
  const index = media.findIndex(({ type, role }) => type !== 'image' || role === 'mask');
  if (index >= 0) throw unsupported(`input.media[${index}].role`);
  const urls = media.map(({ url }) => url);
  if (urls.length === 0) return {};
  return { image: urls.length === 1 || /seededit/.test(wireName) ? (urls[0] ?? '') : urls };
}

/** The answer has no id, so the job bears ours. Refused pictures stand among the others. */
function started({ body }: Reply, job: Job): Started | null {
  if (!isObject(body) || !Array.isArray(body.data)) return null;
  const items = body.data as readonly Json[];
  const outputs = items.flatMap((one): JobOutput[] => {
    if (!isObject(one) || typeof one.url !== 'string') return [];
    return [{ type: 'image', role: 'main', url: one.url }];
  });
  if (outputs.length === 0) return refused(items);
  const used = usedOf(body);
  const reading = { state: 'succeeded', outputs, ...(used === null ? {} : { used }) } as const;
  return { accepted: { id: job.ownId, kept: {} }, reading };
}

function refused(items: readonly Json[]): Started | null {
  const [first] = items;
  if (!isObject(first) || !isObject(first.error)) return null;
  const { code, message } = first.error;
  const isRefusal = /^(Input|Output|Sensitive|ContentSecurity)/.test(String(code));
  return {
    refused: {
      code: typeof code === 'string' ? code : null,
      message: typeof message === 'string' ? message : 'No picture was made.',
      cause: isRefusal ? 'caller' : 'down',
    },
  };
}

function usedOf({ usage }: JsonObject): Amounts | null {
  const image = isObject(usage) ? usage.generated_images : undefined;
  if (typeof image !== 'number' || !Number.isSafeInteger(image) || image < 0) return null;
  return { units: { image } };
}

function bound({ options, media }: Job): Amounts {
  if (options.sequential_image_generation !== 'auto') return { units: { image: 1 } };
  const group = options.sequential_image_generation_options;
  const most = Number(isObject(group) ? group.max_images : Number.NaN);
  const room = Math.max(1, GROUP_MAX - media.length);
  return { units: { image: most >= 1 && most < room ? Math.ceil(most) : room } };
}

export const arkPictures: LongService = {
  id: 'pictures',
  models: ['image'],
  kinds: ['text_to_image', 'image_to_image'],
  takes: ['outputFormat', 'background'],
  start,
  started,
  neverBegan: ['InternalServiceError'],
  pace: { firstMs: 1_000, growth: 1, maxMs: 1_000, gapMs: 0 },
  atOnce: { requests: 8, jobs: null },
  bound,
  linkLifeS: LINK_LIFE_S,
  inline: { types: ['image'], bytesMax: INLINE_BYTES_MAX },
};
