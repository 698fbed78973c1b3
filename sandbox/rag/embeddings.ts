/** Embeddings in OpenAI's shape, with the limits and names of each vendor. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Bearer, bearerService } from '../chat.ts';
import { type Complaint, field, first, invalid, missing } from '../check.ts';
import { strangeMember } from '../complain.ts';
import type { Service } from '../service.ts';
import { type Speech, wholeSpeech } from '../speech.ts';
import { countTokens } from '../tokens.ts';
import { embed } from '../vectors.ts';
import { quantised, toBase64 } from './quantise.ts';

/** A model's sizes: the first is the default; with `free` every size up to the largest is. */
export interface Sizes {
  readonly model: RegExp;
  readonly sizes: readonly number[];
  readonly free?: boolean;
}

export interface EmbedStyle {
  readonly inputsMax: number;
  /** Of one input; a vendor that cuts longer ones has no limit. */
  readonly tokensMax: number;
  /** Of all inputs together. */
  readonly totalTokensMax: number;
  /** Inputs may be lists of tokens. */
  readonly takesTokens: boolean;
  /** Inputs may be objects such as `{text}` and `{image}`. */
  readonly takesObjects: boolean;
  /** The field that asks for a size, and the one that asks for a coding. */
  readonly sizeField: string;
  readonly codingField: string;
  readonly codings: readonly string[];
  /** The field that asks for a kind of numbers; a coding's where both are one. */
  readonly kindField: string;
  readonly sizes: readonly Sizes[];
  /** More fields; others are refused where this is not null. */
  readonly fields: readonly string[] | null;
  /** Fields whose values are of a list. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly usage: (tokens: number) => JsonObject;
}

export function embeddingService(vendor: Omit<Bearer, 'models'>, style: EmbedStyle): Service {
  return {
    ...bearerService(vendor),
    isStream: () => false,
    check: ({ body }) => checkEmbeddings(body, style),
    speak: ({ body }) => speakEmbeddings(body, style),
  };
}

function inputsOf(input: Json | undefined): readonly Json[] {
  if (!Array.isArray(input)) return input === undefined ? [] : [input];
  return input.length > 0 && input.every((one) => typeof one === 'number') ? [input] : input;
}

/** A list of tokens stands for the text of its numbers: the same tokens are the same text. */
function textOf(input: Json): string {
  if (typeof input === 'string') return input;
  if (Array.isArray(input)) return input.map((token) => `t${token}`).join(' ');
  if (!isObject(input)) return '';
  return String(input.text ?? input.image ?? input.content ?? '');
}

function tokensOf(input: Json): number {
  return Array.isArray(input) ? input.length : countTokens(textOf(input));
}

function isInput(input: Json, style: EmbedStyle): boolean {
  if (typeof input === 'string') return input !== '';
  if (Array.isArray(input)) {
    return style.takesTokens && input.length > 0 && input.every((one) => Number.isInteger(one));
  }
  return style.takesObjects && isObject(input) && textOf(input) !== '';
}

function checkEmbeddings(body: JsonObject, style: EmbedStyle): Complaint | null {
  const input = field(body, 'input');
  const inputs = inputsOf(input);
  return first([
    () => (typeof body.model === 'string' && body.model !== '' ? null : missing('model')),
    () => (input === undefined ? missing('input') : null),
    () => {
      if (inputs.length === 0) return invalid('input', 'input cannot be an empty array');
      if (inputs.length > style.inputsMax) {
        return invalid('input', `array too long, at most ${style.inputsMax} items`);
      }
      const odd = inputs.findIndex((one) => !isInput(one, style));
      return odd < 0 ? null : invalid('input', `'$.input[${odd}]' is invalid or empty`);
    },
    () => checkTokens(inputs, style),
    () => checkSize(body, style),
    () => checkCoding(body, style),
    () => checkEnums(body, style),
    () => {
      if (style.fields === null) return null;
      const own = ['model', 'input', style.sizeField, style.codingField];
      const known = [...own, ...style.fields, ...Object.keys(style.enums)];
      const strange = strangeMember(body, known);
      return strange === null ? null : invalid(strange, 'unknown parameter');
    },
  ]);
}

function checkTokens(inputs: readonly Json[], style: EmbedStyle): Complaint | null {
  const counts = inputs.map(tokensOf);
  const long = counts.find((count) => count > style.tokensMax);
  if (long !== undefined) {
    const limit = `This model's maximum context length is ${style.tokensMax} tokens`;
    return invalid('input', `${limit}, however you requested ${long} tokens`);
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total > style.totalTokensMax
    ? invalid('input', `at most ${style.totalTokensMax} tokens in one request, got ${total}`)
    : null;
}

const NO_SIZES: Sizes = { model: /^/, sizes: [1_024], free: true };

function sizesOf(body: JsonObject, style: EmbedStyle): Sizes {
  return style.sizes.find(({ model }) => model.test(String(body.model))) ?? NO_SIZES;
}

function checkSize(body: JsonObject, style: EmbedStyle): Complaint | null {
  const size = field(body, style.sizeField);
  if (size === undefined) return null;
  const { sizes, free } = sizesOf(body, style);
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1) {
    return invalid(style.sizeField, 'expected an integer above 0');
  }
  const fits = free === true ? size <= Math.max(...sizes) : sizes.includes(size);
  return fits ? null : invalid(style.sizeField, `expected one of ${sizes.join(', ')}, got ${size}`);
}

function checkCoding(body: JsonObject, { codingField, codings }: EmbedStyle): Complaint | null {
  const coding = field(body, codingField);
  return coding === undefined || codings.includes(String(coding))
    ? null
    : invalid(codingField, `expected one of ${codings.join(', ')}`);
}

function checkEnums(body: JsonObject, style: EmbedStyle): Complaint | null {
  for (const [name, values] of Object.entries(style.enums)) {
    const value = field(body, name);
    if (value !== undefined && !values.includes(String(value))) {
      return invalid(name, `expected one of ${values.join(', ')}`);
    }
  }
  return null;
}

function speakEmbeddings(body: JsonObject, style: EmbedStyle): Speech {
  const inputs = inputsOf(field(body, 'input'));
  const size = field(body, style.sizeField);
  const { sizes } = sizesOf(body, style);
  const dimensions = typeof size === 'number' ? size : sizes[0]!;
  const kind = String(field(body, style.kindField) ?? 'float');
  const isBase64 = body[style.codingField] === 'base64';
  const data = inputs.map((input, index) => {
    const vector = embed(textOf(input), dimensions);
    const numbers = kind === 'base64' ? vector : quantised(vector, kind);
    const embedding = isBase64 ? toBase64(numbers, kind) : numbers;
    return { object: 'embedding', index, embedding };
  });
  const usage = style.usage(inputs.reduce<number>((sum, input) => sum + tokensOf(input), 0));
  return wholeSpeech({ object: 'list', data, model: String(body.model), usage }, usage);
}
