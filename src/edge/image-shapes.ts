/** What callers write to /v1/images, checked: JSON, or a form as OpenAI's clients send it. */
import { z } from 'zod';
import { Fault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import type { JobParams, TaskWish } from '../tasks/wish.ts';
import { jobParams } from './tasks.ts';

export interface ImageAsk {
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt: string | null;
  readonly media: TaskWish['media'];
  readonly params: JobParams;
  readonly options: JsonObject;
  /** null: the caller does not say. */
  readonly format: 'url' | 'b64_json' | null;
  readonly stream: boolean;
}

const TEXT_CHARS_MAX = 32_000;
const URL_CHARS_MAX = 32 * 1024 * 1024;
const IMAGES_MAX = 16;
const COUNT_MAX = 10;
const WORD_CHARS_MAX = 40;
const USER_CHARS_MAX = 512;

/** A field may be null, which is as if it was not there. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined);
const word = z.string().min(1).max(WORD_CHARS_MAX);
/** What the vendor does anyway where nothing is said. */
const choice = maybe(word.transform((said) => (said === 'auto' ? undefined : said)));
const url = z
  .string()
  .max(URL_CHARS_MAX)
  .regex(/^(https?:\/\/|data:|gw-(file|task):\/\/)/, 'must be a file, an https URL or a data URL');
const picture = z.union([
  url,
  z.strictObject({
    image_url: z.union([url, z.strictObject({ url }).transform((one) => one.url)]),
  }),
  z.strictObject({ type: z.literal('image_url'), image_url: url }),
]);
const pictures = maybe(z.union([picture.transform((one) => [one]), z.array(picture)]));

const shape = z.strictObject({
  model: z.string().min(1).max(256),
  prompt: z.string().min(1).max(TEXT_CHARS_MAX),
  negative_prompt: maybe(z.string().min(1).max(TEXT_CHARS_MAX)),
  image: pictures,
  images: pictures,
  mask: maybe(picture),
  // One is what every model makes, also those that take no number.
  n: maybe(
    z
      .number()
      .int()
      .min(1)
      .max(COUNT_MAX)
      .transform((n) => (n === 1 ? undefined : n)),
  ),
  size: choice,
  aspect_ratio: choice,
  resolution: choice,
  seed: maybe(z.number().int()),
  watermark: maybe(z.boolean()),
  quality: choice,
  background: choice,
  moderation: choice,
  complexity: choice,
  input_fidelity: choice,
  output_format: maybe(z.enum(['png', 'jpeg', 'webp'])),
  output_compression: maybe(z.number().int().min(0).max(100)),
  response_format: maybe(z.enum(['url', 'b64_json'])),
  stream: maybe(z.boolean()),
  partial_images: maybe(z.number().int().min(0).max(3)),
  user: maybe(z.string().min(1).max(USER_CHARS_MAX)),
  safety_identifier: maybe(z.string().min(1).max(USER_CHARS_MAX)),
  provider_options: maybe(z.record(z.string(), z.json())),
});

type Body = z.output<typeof shape>;

/** Fields of a form are texts, whatever they mean. */
const FORM_NUMBERS = ['n', 'seed', 'output_compression', 'partial_images'];
const FORM_FLAGS = ['stream', 'watermark'];

export function fromForm(fields: JsonObject): JsonObject {
  const body: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) {
    // One file is called image, several image[].
    const plain = name.replace(/\[\]$/, '');
    const isNumber = FORM_NUMBERS.includes(plain) && typeof value === 'string' && value !== '';
    if (isNumber && Number.isFinite(Number(value))) body[plain] = Number(value);
    else if (FORM_FLAGS.includes(plain) && /^(true|false)$/.test(String(value)))
      body[plain] = value === 'true';
    else if (plain === 'provider_options') body[plain] = parseJson(String(value)) ?? value;
    else body[plain] = value;
  }
  return body;
}

function wrong(code: 'invalid_request' | 'unsupported_parameter', param: string, why: string) {
  return new Fault(code, { message: `${param}: ${why}`, param });
}

/** Files that are kept somewhere by an id are not here. */
function refuseFileIds(body: JsonObject): void {
  for (const name of ['image', 'images', 'mask']) {
    const given: readonly (Json | undefined)[] = [body[name]].flat();
    if (!given.some((one) => isObject(one) && 'file_id' in one)) continue;
    const why = 'file_id is not taken. Give the picture as a file, an https URL or a data URL.';
    throw wrong('unsupported_parameter', name, why);
  }
}

export function readImageAsk(body: JsonObject, isEdit: boolean): ImageAsk {
  refuseFileIds(body);
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw explain(parsed.error.issues[0], body);
  const { data } = parsed;
  if ((data.partial_images ?? 0) > 0) {
    const why = 'unfinished pictures are not passed on. Leave it out, or say 0.';
    throw wrong('unsupported_parameter', 'partial_images', why);
  }
  if (data.stream === true && data.response_format === 'url') {
    const why = 'a stream carries its pictures as base64. Leave it out, or stream.';
    throw wrong('unsupported_parameter', 'response_format', why);
  }
  const media = mediaOf(data);
  if (isEdit && media.length === 0) throw wrong('invalid_request', 'image', 'is required.');
  return {
    model: data.model,
    prompt: data.prompt,
    negativePrompt: data.negative_prompt ?? null,
    media,
    params: paramsOf(data),
    options: data.provider_options ?? {},
    format: data.response_format ?? null,
    stream: data.stream ?? false,
  };
}

function explain(issue: z.core.$ZodIssue | undefined, body: JsonObject): Fault {
  if (issue?.code === 'unrecognized_keys' && issue.path.length === 0) {
    const [name = 'body'] = issue.keys;
    const why = 'is not taken here. Fields of a vendor of its own go into provider_options.';
    return wrong('unsupported_parameter', name.slice(0, 100), why);
  }
  const param = issue?.path.map(String).join('.') || 'body';
  const isMissing = issue?.path.length === 1 && (body[param] ?? null) === null;
  return wrong('invalid_request', param, isMissing ? 'is required.' : (issue?.message ?? ''));
}

function urlOf(one: z.output<typeof picture>): string {
  return typeof one === 'string' ? one : one.image_url;
}

function mediaOf({ image = [], images = [], mask }: Body): ImageAsk['media'] {
  const given = [...image, ...images];
  if (given.length > IMAGES_MAX) {
    throw wrong('invalid_request', 'image', `at most ${IMAGES_MAX} pictures.`);
  }
  const all = given.map((one) => ({ type: 'image', role: 'reference', url: urlOf(one) }) as const);
  if (mask === undefined) return all;
  return [...all, { type: 'image', role: 'mask', url: urlOf(mask) }];
}

function paramsOf(data: Body): JobParams {
  const { n, size, aspect_ratio, resolution, seed, watermark, quality, background } = data;
  const { moderation, complexity, input_fidelity, output_format, output_compression } = data;
  return jobParams({
    ...{ n, size, aspect_ratio, resolution, seed, watermark, quality, background },
    ...{ moderation, complexity, input_fidelity, output_format, output_compression },
    user: data.safety_identifier ?? data.user,
  });
}

/** A fault of the task in the words of this door: `params.size` is `size` here. */
export function inWordsOfImages(fault: Fault, { media }: ImageAsk): Fault {
  const { param } = fault.detail;
  if (param === undefined) return fault;
  return new Fault(fault.code, { ...fault.detail, param: fieldOf(param, media) });
}

function fieldOf(param: string, media: ImageAsk['media']): string {
  if (param === 'kind') return 'model';
  const at = /^input\.media(?:\[(\d+)\])?/.exec(param);
  if (at === null) return param.replace(/^(params|input)\./, '');
  return media[Number(at[1] ?? 0)]?.role === 'mask' ? 'mask' : 'image';
}
