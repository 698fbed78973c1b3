/** POST /embeddings and /embeddings/multimodal: ark.md 1.4. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { countTokens } from '../tokens.ts';
import { embed } from '../vectors.ts';
import { type Answer, type Asked, idOf, nowS } from './asked.ts';
import { given, object, oneOf, text, texts } from './fields.ts';
import { invalid, missing, wrongFamily } from './refusal.ts';

const TEXTS_MAX = 256;
const PARTS_MAX = 64;
const TEXT_MODEL = 'doubao-embedding-large-text-250515';
const VISION_MODEL = 'doubao-embedding-vision-251215';
const IMAGE_TOKENS = 1_312;
const VIDEO_TOKENS = 5_248;
const TEXT_SIZES: readonly number[] = [512, 1024, 2048];
const VISION_SIZES: readonly number[] = [1024, 2048];
const DIMENSIONS_DEFAULT = 2048;
const SPARSE_MAX = 64;
const SPARSE_PLACES = 30_000;

function modelOf(model: string, family: RegExp, endpointModel: string): string {
  if (/^(ep-|sandbox-)/.test(model)) return endpointModel;
  if (!family.test(model)) throw wrongFamily(model);
  return model;
}

function sizeOf(body: JsonObject, sizes: readonly number[]): number {
  const size = given(body, 'dimensions') ?? DIMENSIONS_DEFAULT;
  if (typeof size === 'number' && sizes.includes(size)) return size;
  throw invalid('dimensions', `expected one of ${sizes.join(', ')}`);
}

function coded(vector: readonly number[], coding: string | undefined): Json {
  if (coding !== 'base64') return vector;
  return Buffer.from(new Float32Array(vector).buffer).toString('base64');
}

export function embedTexts(asked: Asked): Answer {
  const { body } = asked;
  const model = modelOf(text(body, 'model'), /embedding-(?!vision)/, TEXT_MODEL);
  const inputs = texts(body, 'input', TEXTS_MAX);
  const coding = oneOf(body, 'encoding_format', ['float', 'base64']);
  const size = sizeOf(body, TEXT_SIZES);
  const count = inputs.reduce((sum, input) => sum + countTokens(input), 0);
  const usage = { prompt_tokens: count, total_tokens: count };
  const data = inputs.map((input, index) => ({
    object: 'embedding',
    index,
    embedding: coded(embed(input, size), coding),
  }));
  const json = { id: idOf(asked), object: 'list', created: nowS(asked), model, data, usage };
  return { json, usage };
}

interface Seen {
  readonly words: string;
  readonly textTokens: number;
  readonly imageTokens: number;
}

function seePart(part: Json, at: string): Seen {
  if (!isObject(part) || typeof part.type !== 'string') throw missing(`${at}.type`);
  if (part.type === 'text') {
    if (typeof part.text !== 'string' || part.text === '') throw missing(`${at}.text`);
    return { words: part.text, textTokens: countTokens(part.text), imageTokens: 0 };
  }
  if (part.type !== 'image_url' && part.type !== 'video_url') {
    throw invalid(`${at}.type`, 'expected text, image_url or video_url');
  }
  const link = part[part.type];
  const url = isObject(link) ? link.url : undefined;
  if (typeof url !== 'string') throw missing(`${at}.${part.type}.url`);
  if (!/^(https?:\/\/.|data:[a-z]+\/)/.test(url)) throw invalid(`${at}.${part.type}.url`, 'no URL');
  const imageTokens = part.type === 'image_url' ? IMAGE_TOKENS : VIDEO_TOKENS;
  return { words: url.slice(0, 200), textTokens: 0, imageTokens };
}

/** The strongest words by place; a word counts as often as it stands there. */
function sparseOf(words: string): JsonObject[] {
  const counts = new Map<number, number>();
  for (const word of words.toLowerCase().match(/[\u3400-\u9fff]|[\p{L}\p{N}]+/gu) ?? []) {
    const place = Number(Bun.hash(word) % BigInt(SPARSE_PLACES));
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([left], [right]) => left - right).slice(0, SPARSE_MAX);
  return sorted.map(([index, count]) => ({ index, value: Math.log1p(count) }));
}

/** The whole input is one thing: `data` is one object, not a list. */
export function embedParts(asked: Asked): Answer {
  const { body } = asked;
  const model = modelOf(text(body, 'model'), /embedding-vision/, VISION_MODEL);
  const input = given(body, 'input');
  if (!Array.isArray(input))
    throw input === undefined ? missing('input') : invalid('input', 'expected an array');
  if (input.length === 0 || input.length > PARTS_MAX) {
    throw invalid('input', `expected 1 to ${PARTS_MAX} parts`);
  }
  const seen = input.map((part, at) => seePart(part, `input[${at}]`));
  const coding = oneOf(body, 'encoding_format', ['float', 'base64']);
  const size = sizeOf(body, VISION_SIZES);
  const sparse = oneOf(object(body, 'sparse_embedding') ?? {}, 'type', ['enabled', 'disabled']);
  const textTokens = seen.reduce((sum, part) => sum + part.textTokens, 0);
  const imageTokens = seen.reduce((sum, part) => sum + part.imageTokens, 0);
  if (sparse === 'enabled' && imageTokens > 0) {
    throw invalid('sparse_embedding', 'only allowed for text');
  }
  const words = seen.map((part) => part.words).join('\n');
  const count = textTokens + imageTokens;
  const usage = {
    prompt_tokens: count,
    total_tokens: count,
    prompt_tokens_details: { text_tokens: textTokens, image_tokens: imageTokens },
  };
  const data = {
    object: 'embedding',
    embedding: coded(embed(words, size), coding),
    ...(sparse === 'enabled' ? { sparse_embedding: sparseOf(words) } : {}),
  };
  const json = { id: idOf(asked), object: 'list', created: nowS(asked), model, data, usage };
  return { json, usage };
}
