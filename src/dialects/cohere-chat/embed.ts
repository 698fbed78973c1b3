/** Embeddings in this format: asked in the form that is written anew for every vendor's. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { readRequest as readEmbeddings } from '../embeddings/ask.ts';
import { optionalNumber, optionalText, textList, wrong } from '../fields.ts';
import { parseBody } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'texts', 'input_type', 'embedding_types', 'output_dimension', 'truncate'],
]);
/** Other numbers are rounded as each model's maker thinks fit, which nobody else can do. */
const KINDS: readonly string[] = ['float', 'base64'];
const TEXTS_MAX = 2_048;
const FLOAT_BYTES = 4;

/** What the answer needs to know of its question. */
export interface EmbedShape {
  readonly texts: readonly string[];
  readonly kinds: readonly string[];
}

export interface EmbedRequest extends EmbedShape {
  readonly request: WireRequest;
}

export function readEmbedRequest(text: string, bytes: number): EmbedRequest {
  const { body } = parseBody(text);
  for (const [field, value] of Object.entries(body)) {
    if (KNOWN.has(field) || value === null) continue;
    throw wrong(field, 'is not taken here, where texts alone are embedded: remove it');
  }
  const texts = textList(body.texts, 'texts');
  if (texts.length === 0 || texts.length > TEXTS_MAX || texts.includes('')) {
    throw wrong('texts', `must be 1 to ${TEXTS_MAX} texts, none of them empty`);
  }
  const kinds = textList(body.embedding_types, 'embedding_types');
  const strange = kinds.find((kind) => !KINDS.includes(kind));
  if (strange !== undefined) {
    throw wrong('embedding_types', `must be ${KINDS.join(' or ')}: round to ${strange} yourself`);
  }
  const dimensions = optionalNumber(body.output_dimension, 'output_dimension');
  const role = optionalText(body.input_type, 'input_type');
  const truncate = optionalText(body.truncate, 'truncate');
  const asked: JsonObject = {
    model: body.model ?? null,
    input: texts,
    ...(dimensions === null ? {} : { dimensions }),
    ...(role === null ? {} : { input_type: role }),
    // What most do by themselves need not be said.
    ...(truncate === null || truncate === 'END' ? {} : { truncate }),
  };
  const request = readEmbeddings(JSON.stringify(asked), bytes);
  return { request, texts, kinds: kinds.length === 0 ? ['float'] : kinds };
}

/** The answer of that form, as a caller of this one gets it. */
export function writeEmbeddings(text: string, { texts, kinds }: EmbedShape, id: string): string {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.data)) throw new Fault('vendor_malformed');
  const vectors = (body.data as readonly Json[]).map((one) =>
    isObject(one) ? numbersOf(one.embedding) : [],
  );
  const usage = isObject(body.usage) ? body.usage : {};
  return JSON.stringify({
    id,
    embeddings: Object.fromEntries(
      kinds.map((kind) => [kind, vectors.map(writers[kind] ?? plain)]),
    ),
    texts,
    meta: {
      api_version: { version: '2' },
      billed_units: { input_tokens: usage.prompt_tokens ?? 0 },
    },
    response_type: 'embeddings_by_type',
  });
}

const numbersOf = (vector: Json | undefined): readonly number[] =>
  Array.isArray(vector) ? (vector as readonly number[]) : [];

const plain = (vector: readonly number[]): Json => vector;

const writers: Readonly<Record<string, (vector: readonly number[]) => Json>> = {
  float: plain,
  base64(vector) {
    const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
    vector.forEach((number, at) => void bytes.writeFloatLE(number, at * FLOAT_BYTES));
    return bytes.toString('base64');
  },
};
