/**
 * OpenAI's images, from its OpenAPI of 2026 (CreateImageRequest, EditImageBodyJsonParam) and what
 * npm openai 7.57 says of it. The pictures are in the answer, which takes as long as they do.
 * Edits are taken as JSON; forms are not imitated.
 */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { nowS } from '../clock.ts';
import type { Jobs } from './jobs.ts';
import { makePicture } from './pictures.ts';
import type { Ask, Told } from './server.ts';

export const OPENAI_IMAGES_PATH = '/openai/v1/images';
const KEY = 'sandbox-openai-key';
const PROMPT_CHARS_MAX = 32_000;
const IMAGES_MAX = 16;
const PIXELS = 1_024 * 1_024;
const AREA_USUAL = 1.5;
const STANDARD = ['1024x1024', '1536x1024', '1024x1536', 'auto'];
const INPUT_TOKENS = 323;
const TOKENS = { low: 272, medium: 1_056, high: 4_160, xhigh: 8_320, max: 16_640, auto: 1_056 };

interface Model {
  readonly name: RegExp;
  readonly anySize: boolean;
  readonly qualities: readonly string[];
  readonly fidelities: readonly string[];
}

const USUAL = ['low', 'medium', 'high', 'auto'];
const MODELS: readonly Model[] = [
  { name: /^gpt-image-1\.5$/, anySize: false, qualities: USUAL, fidelities: ['low', 'high'] },
  { name: /^gpt-image-1-mini$/, anySize: false, qualities: USUAL, fidelities: ['low'] },
  { name: /^gpt-image-2(-2026-04-21)?$/, anySize: true, qualities: USUAL, fidelities: [] },
  {
    name: /^gpt-image-2\.[56]-(sunburst|flare)(-2026-09-08)?$/,
    anySize: true,
    qualities: [...USUAL, 'xhigh', 'max'],
    fidelities: [],
  },
  { name: /^chatgpt-image-latest$/, anySize: false, qualities: USUAL, fidelities: ['low'] },
];
const FIELDS = ['model', 'prompt', 'n', 'size', 'quality', 'background', 'output_format'].concat([
  ...['output_compression', 'moderation', 'complexity', 'user', 'safety_identifier', 'stream'],
  'partial_images',
]);
const EDIT_FIELDS = [...FIELDS, 'images', 'mask', 'input_fidelity'];

class Refusal extends Error {
  readonly told: Told;

  constructor(told: Told) {
    super('refused');
    this.told = told;
  }
}

function say(
  status: number,
  code: string,
  words: { message: string; param?: string; type?: string },
) {
  const { message, param = null, type = 'invalid_request_error' } = words;
  return { status, body: { error: { message, type, param, code } } } satisfies Told;
}

function wrong(param: string, message: string, code = 'invalid_value'): Refusal {
  return new Refusal(say(400, code, { message, param }));
}

export function openaiImages(ask: Ask, jobs: Jobs): Told {
  const place = ask.path.slice(OPENAI_IMAGES_PATH.length);
  if (ask.key !== KEY) {
    const message = 'Incorrect API key provided.';
    return say(401, 'invalid_api_key', { message });
  }
  const isEdit = place === '/edits';
  if (ask.method !== 'POST' || (place !== '/generations' && !isEdit)) {
    return say(404, 'unknown_url', { message: `Unknown request URL: ${ask.method} ${ask.path}` });
  }
  try {
    return draw(ask, readOrder(ask.body, isEdit), jobs);
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.told;
    throw thrown;
  }
}

interface Order {
  readonly model: string;
  readonly prompt: string;
  readonly n: number;
  readonly width: number;
  readonly height: number;
  readonly quality: keyof typeof TOKENS;
  readonly format: 'png' | 'jpeg' | 'webp';
  readonly background: string;
  readonly inputs: number;
}

function readOrder(body: JsonObject, isEdit: boolean): Order {
  const known = isEdit ? EDIT_FIELDS : FIELDS;
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw wrong(unknown, `Unknown parameter: '${unknown}'.`, 'unknown_parameter');
  }
  const { model: name, prompt } = body;
  if (typeof name !== 'string') throw wrong('model', 'You must provide a model parameter.');
  const model = MODELS.find((one) => one.name.test(name));
  if (model === undefined) {
    const message = `The model '${name}' does not exist or you do not have access to it.`;
    throw new Refusal(say(404, 'model_not_found', { message, param: 'model' }));
  }
  if (typeof prompt !== 'string' || prompt === '') throw wrong('prompt', 'is required');
  if (prompt.length > PROMPT_CHARS_MAX) throw wrong('prompt', 'string_above_max_length');
  const format = oneOf(body, 'output_format', ['png', 'jpeg', 'webp']) ?? 'png';
  const background = oneOf(body, 'background', ['transparent', 'opaque', 'auto']) ?? 'auto';
  if (background === 'transparent' && format === 'jpeg') {
    throw wrong('background', 'Transparent background is not supported for JPEG output format');
  }
  const compression = whole(body, 'output_compression', [0, 100]);
  if (compression !== undefined && format === 'png' && compression < 100) {
    throw wrong('output_compression', 'Compression less than 100 is not supported for PNG');
  }
  oneOf(body, 'moderation', ['low', 'auto']);
  oneOf(body, 'complexity', ['low', 'medium', 'high']);
  oneOf(body, 'input_fidelity', model.fidelities);
  const quality = oneOf(body, 'quality', model.qualities) ?? 'auto';
  const sides = readSize(body, model);
  return {
    ...{ model: name, prompt, n: whole(body, 'n', [1, 10]) ?? 1, ...sides, background },
    quality: quality as keyof typeof TOKENS,
    format: format as Order['format'],
    inputs: isEdit ? readImages(body) : 0,
  };
}

function oneOf(body: JsonObject, name: string, among: readonly string[]): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && among.includes(value)) return value;
  const words = among.map((one) => `'${one}'`).join(', ');
  throw wrong(name, `Invalid value: '${String(value)}'. Supported values are: ${words}.`);
}

function whole(body: JsonObject, name: string, [low, high]: readonly [number, number]) {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw wrong(name, `Invalid type for '${name}': expected an integer.`, 'invalid_type');
  }
  if (value < low || value > high) throw wrong(name, `Expected a value from ${low} to ${high}.`);
  return value;
}

function readSize(body: JsonObject, { anySize }: Model): { width: number; height: number } {
  const size = body.size ?? 'auto';
  const found = /^(\d+)x(\d+)$/.exec(String(size));
  const [width, height] = [Number(found?.[1] ?? 1_024), Number(found?.[2] ?? 1_024)];
  if (STANDARD.includes(String(size))) return { width, height };
  const isRound = found !== null && width % 16 === 0 && height % 16 === 0;
  const isShape = Math.max(width / height, height / width) <= 3;
  const fits = Math.max(width, height) <= 3_840 && width * height <= 3_840 * 2_160;
  if (anySize && isRound && isShape && fits) return { width, height };
  throw wrong('size', `Invalid value: '${String(size)}'.`);
}

function readImages({ images, mask }: JsonObject): number {
  if (!Array.isArray(images) || images.length === 0) {
    throw wrong('images', "Missing required parameter: 'images'.", 'missing_required_parameter');
  }
  if (images.length > IMAGES_MAX) throw wrong('images', `At most ${IMAGES_MAX} images.`);
  for (const [index, one] of images.entries()) checkRef(one as Json, `images[${index}]`);
  if (mask !== undefined) checkRef(mask, 'mask');
  return images.length + (mask === undefined ? 0 : 1);
}

function checkRef(one: Json, param: string): void {
  const { image_url: url, file_id: file } = isObject(one) ? one : {};
  if ((url === undefined) === (file === undefined)) {
    throw wrong(param, 'Provide exactly one of image_url or file_id.');
  }
  const isUrl = /^(https?:\/\/.|data:image\/(png|jpeg|webp);base64,.)/.test(String(url));
  if (!isUrl) throw wrong(`${param}.image_url`, 'Invalid image.', 'invalid_image_file');
}

function draw({ body }: Ask, order: Order, jobs: Jobs): Told {
  const { prompt } = order;
  if (prompt.includes('sandbox-refuse')) return blocked('input');
  if (prompt.includes('sandbox-balance')) {
    const message = 'You exceeded your current quota, please check your plan and billing details.';
    return say(429, 'insufficient_quota', { message, type: 'insufficient_quota' });
  }
  if (prompt.includes('sandbox-busy')) {
    return say(429, 'rate_limit_exceeded', { message: 'Rate limit reached.', type: 'requests' });
  }
  const broken = say(500, 'server_error', { message: 'An error occurred.', type: 'server_error' });
  if (prompt.includes('sandbox-broken')) return broken;
  const { images: _, mask: __, ...kept } = body;
  const job = jobs.add('openai', crypto.randomUUID(), { ...kept, prompt, inputs: order.inputs });
  const afterMs = jobs.timeOf(job);
  // Something between the vendor and us gave up on it.
  if (prompt.includes('sandbox-lost-answer')) return { status: 502, body: null, afterMs };
  if (prompt.includes('sandbox-moderate')) return { ...blocked('output'), afterMs };
  if (prompt.includes('sandbox-fail')) return { ...broken, afterMs };
  const answer = { status: 200, body: answerOf(order, job.seed), afterMs };
  return prompt.includes('sandbox-no-answer') ? { ...answer, cut: true } : answer;
}

function blocked(stage: 'input' | 'output'): Told {
  const message =
    'Your request was rejected by the safety system. If you believe this is an error, contact us ' +
    'at help.openai.com and include the request ID. safety_violations=[violence].';
  const { status, body } = say(400, 'moderation_blocked', {
    message,
    type: 'image_generation_user_error',
  });
  const moderation_details = { moderation_stage: stage, categories: ['violence'] };
  return { status, body: { error: { ...body.error, moderation_details } } };
}

function answerOf(order: Order, seed: number): JsonObject {
  const { n, width, height, format, quality, inputs, prompt } = order;
  const data = Array.from({ length: n }, (_, index) => {
    const { bytes } = makePicture({ seed: seed + index, width, height, format });
    return { b64_json: Buffer.from(bytes).toString('base64') };
  });
  const area = (width * height) / PIXELS;
  // Beyond the standard sizes a larger picture costs less than its area: 4K about three times.
  const growth = area <= AREA_USUAL ? area : AREA_USUAL * Math.sqrt(area / AREA_USUAL);
  const each = Math.ceil(TOKENS[quality] * growth);
  const text_tokens = Math.ceil(prompt.length / 4);
  const image_tokens = inputs * INPUT_TOKENS;
  const [input_tokens, output_tokens] = [text_tokens + image_tokens, each * n];
  return {
    created: nowS(),
    background: order.background === 'transparent' ? 'transparent' : 'opaque',
    data,
    output_format: format,
    quality: quality === 'auto' ? 'medium' : quality,
    size: `${width}x${height}`,
    usage: {
      input_tokens,
      input_tokens_details: { text_tokens, image_tokens },
      output_tokens,
      output_tokens_details: { image_tokens: output_tokens, text_tokens: 0 },
      total_tokens: input_tokens + output_tokens,
    },
  };
}
