/** POST /images/generations: sizes by model, groups, streams, links and base64: ark.md 1.5. */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { type Answer, type Asked, type Event, nowS } from './asked.ts';
import { flag, given, number, object, oneOf, text } from './fields.ts';
import { pngOf } from './png.ts';
import { invalid, missing, Refusal, unsupported, wrongFamily } from './refusal.ts';

interface Family {
  readonly name: RegExp;
  /** Squares by preset. */
  readonly presets: Readonly<Record<string, number>>;
  readonly size: string;
  readonly pixelsMin: number;
  readonly pixelsMax: number;
  /** Groups and streams. */
  readonly groups: boolean;
  /** seed and guidance_scale. */
  readonly seeds: boolean;
  readonly refsMin: number;
  readonly refsMax: number;
}

const SQUARES = { '1K': 1024, '1.5K': 1536, '2K': 2048, '3K': 3072, '4K': 4096 };

function presets(...names: readonly (keyof typeof SQUARES)[]): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, SQUARES[name]]));
}

const NEW = { seeds: false, groups: true, refsMin: 0, refsMax: 14, size: '2048x2048' };

/** The first that fits; an endpoint stands for Seedream 4.5. */
const FAMILIES: readonly Family[] = [
  {
    name: /seededit-3-0/,
    presets: {},
    size: 'adaptive',
    pixelsMin: 512 * 512,
    pixelsMax: 2048 * 2048,
    groups: false,
    seeds: true,
    refsMin: 1,
    refsMax: 1,
  },
  {
    name: /seedream-3-0/,
    presets: {},
    size: '1024x1024',
    pixelsMin: 512 * 512,
    pixelsMax: 2048 * 2048,
    groups: false,
    seeds: true,
    refsMin: 0,
    refsMax: 0,
  },
  {
    ...NEW,
    name: /seedream-4-0/,
    presets: presets('1K', '2K', '4K'),
    pixelsMin: 921_600,
    pixelsMax: 16_777_216,
  },
  {
    ...NEW,
    name: /seedream-5-0-(pro|flash)/,
    presets: presets('1K', '1.5K', '2K'),
    size: '2K',
    pixelsMin: 921_600,
    pixelsMax: 4_624_220,
    groups: false,
    refsMax: 10,
  },
  {
    ...NEW,
    name: /seedream-5-0/,
    presets: presets('2K', '3K', '4K'),
    pixelsMin: 3_686_400,
    pixelsMax: 16_777_216,
  },
  {
    ...NEW,
    name: /seedream-4-5|^ep-|^sandbox-/,
    presets: presets('2K', '4K'),
    pixelsMin: 3_686_400,
    pixelsMax: 16_777_216,
  },
];
const RATIO_MAX = 16;
const GROUP_MAX = 15;
const SEED_MAX = 2_147_483_647;
const PIXELS_A_TOKEN = 256;
const LINK_MS = 24 * 3_600_000;
const REFUSED = {
  code: 'OutputImageSensitiveContentDetected',
  message: 'The picture was refused.',
};

interface Size {
  readonly width: number;
  readonly height: number;
}

function readSize(body: JsonObject, family: Family): Size {
  const value = given(body, 'size') ?? family.size;
  if (typeof value !== 'string') throw invalid('size', 'expected a string');
  if (value === 'adaptive' && family.refsMin === 1) return { width: 1024, height: 1024 };
  const square = family.presets[value.toUpperCase()];
  if (square !== undefined) return { width: square, height: square };
  const found = /^(\d{2,5})x(\d{2,5})$/.exec(value);
  if (found === null) {
    const names = Object.keys(family.presets).map((name) => `'${name.toLowerCase()}'`);
    throw invalid('size', `size must be one of ${["'WIDTHxHEIGHT'", ...names].join(', ')}`);
  }
  const width = Number(found[1]);
  const height = Number(found[2]);
  const pixels = width * height;
  if (pixels < family.pixelsMin || pixels > family.pixelsMax) {
    throw invalid('size', `image size must be ${family.pixelsMin} to ${family.pixelsMax} pixels`);
  }
  if (Math.max(width / height, height / width) > RATIO_MAX) {
    throw invalid('size', `aspect ratio must be 1/${RATIO_MAX} to ${RATIO_MAX}`);
  }
  return { width, height };
}

function readRefs(body: JsonObject, family: Family): number {
  const value = given(body, 'image');
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (list.length < family.refsMin) throw missing('image');
  if (list.length > family.refsMax) throw invalid('image', `at most ${family.refsMax} images`);
  for (const [at, one] of list.entries()) {
    if (typeof one === 'string' && /^(https?:\/\/.|data:image\/[a-z]+;base64,.)/.test(one))
      continue;
    throw invalid(`image[${at}]`, 'expected a URL or data:image/<format>;base64,…');
  }
  return list.length;
}

/** How many pictures of a group: as the prompt says ("3 pictures", "3 张"), else one. */
function readCount(body: JsonObject, family: Family, refs: number): number {
  const mode = oneOf(body, 'sequential_image_generation', ['disabled', 'auto']) ?? 'disabled';
  const options = object(body, 'sequential_image_generation_options') ?? {};
  const span = { low: 1, high: GROUP_MAX, whole: true };
  const most = number(options, 'max_images', span) ?? GROUP_MAX;
  if (mode === 'disabled') return 1;
  if (!family.groups)
    throw unsupported('sequential_image_generation', 'is not supported by the model');
  const asked = /(\d{1,2})\s*(?:pictures|images|frames|张|幅)/i.exec(String(body.prompt))?.[1];
  return Math.max(1, Math.min(Number(asked ?? 1), most, GROUP_MAX - refs));
}

interface Order {
  readonly model: string;
  readonly prompt: string;
  readonly size: Size;
  readonly count: number;
  readonly inline: boolean;
  readonly stream: boolean;
}

function readOrder(body: JsonObject): Order {
  const model = text(body, 'model');
  const family = FAMILIES.find(({ name }) => name.test(model));
  if (family === undefined) throw wrongFamily(model);
  const prompt = text(body, 'prompt');
  const seed = number(body, 'seed', { low: -1, high: SEED_MAX, whole: true });
  const guidance = number(body, 'guidance_scale', { low: 1, high: 10 });
  if (!family.seeds && seed !== undefined)
    throw unsupported('seed', 'is not supported by the model');
  if (!family.seeds && guidance !== undefined) {
    throw unsupported('guidance_scale', 'is not supported by the model');
  }
  for (const name of ['n', 'negative_prompt']) {
    if (given(body, name) !== undefined) throw unsupported(name, 'is not supported');
  }
  flag(body, 'watermark', true);
  const stream = flag(body, 'stream', false);
  if (stream && !family.groups) throw unsupported('stream', 'is not supported by the model');
  const inline = oneOf(body, 'response_format', ['url', 'b64_json']) === 'b64_json';
  const size = readSize(body, family);
  const count = readCount(body, family, readRefs(body, family));
  return {
    model: /^ep-/.test(model) ? 'doubao-seedream-4-5-251128' : model,
    prompt,
    size,
    count,
    inline,
    stream,
  };
}

/** Which pictures fail: the prompt names one ("fail 2"), for tests of a partial failure. */
function fails(order: Order, index: number): boolean {
  return new RegExp(`\\bfail(?: picture)? ${index + 1}\\b`, 'i').test(order.prompt);
}

function draw(asked: Asked, order: Order, index: number): JsonObject {
  const { width, height } = order.size;
  const picture = { prompt: `${order.prompt} #${index + 1}`, width, height };
  const size = `${width}x${height}`;
  if (order.inline) return { b64_json: Buffer.from(pngOf(picture)).toString('base64'), size };
  const id = asked.store.nextId('picture', asked.nowMs);
  asked.store.pictures.set(id, { ...picture, endsMs: asked.nowMs + LINK_MS });
  return { url: `${asked.origin}${PICTURES_PATH}${id}.png`, size };
}

/** Where pictures are fetched, without a key, as from an object store. */
export const PICTURES_PATH = '/ark/pictures/';

export function generateImages(asked: Asked): Answer {
  const order = readOrder(asked.body);
  const slots = Array.from({ length: order.count }, (_, index) =>
    fails(order, index) ? null : draw(asked, order, index),
  );
  const made = slots.filter((slot) => slot !== null).length;
  if (made === 0) {
    throw new Refusal({ status: 400, code: REFUSED.code, type: 'BadRequest' }, REFUSED.message);
  }
  const { width, height } = order.size;
  const tokens = Math.floor((made * width * height) / PIXELS_A_TOKEN);
  const usage = { generated_images: made, output_tokens: tokens, total_tokens: tokens };
  const { model } = order;
  const created = nowS(asked);
  if (order.stream) return { events: eventsOf({ model, created }, slots, usage) };
  const data: Json[] = slots.map((slot) => slot ?? { error: REFUSED });
  return { json: { model, created, data, usage }, usage };
}

function eventsOf(
  base: JsonObject,
  slots: readonly (JsonObject | null)[],
  usage: JsonObject,
): Event[] {
  const events: Event[] = slots.map((slot, index) => {
    const name = `image_generation.partial_${slot === null ? 'failed' : 'succeeded'}`;
    const rest = slot ?? { error: REFUSED };
    return { name, json: { type: name, ...base, image_index: index, ...rest } };
  });
  const name = 'image_generation.completed';
  return [...events, { name, json: { type: name, ...base, usage }, usage }];
}

/** The bytes behind a link; null where there are none, or no longer. */
export function pictureAt(asked: Pick<Asked, 'store' | 'nowMs'>, path: string): Uint8Array | null {
  const id = path.slice(PICTURES_PATH.length).replace(/\.png$/, '');
  const picture = asked.store.pictures.get(id);
  if (picture === undefined || picture.endsMs < asked.nowMs) return null;
  return pngOf(picture);
}
