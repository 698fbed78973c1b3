/**
 * Embeddings from a caller of this format to a vendor of any: untouched where the vendor speaks it
 * too and takes all texts at once; else through the form that is written anew for every vendor.
 */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { DIMENSIONS_MAX, readRequest as readEmbeddings } from '../embeddings/ask.ts';
import { openEmbeddings } from '../embeddings/exchange.ts';
import { optionalNumber, optionalText, textList, wrong } from '../fields.ts';
import { joinUsage } from '../join-usage.ts';
import { Losses } from '../losses.ts';
import { parseBody } from '../openai-chat/request.ts';
import type {
  ErrorReader,
  Exchange,
  ReadReply,
  WireRequest,
  WriteWish,
  Written,
} from '../shape.ts';
import { isErrorBody } from './reply.ts';
import { rewrite } from './rewrite.ts';

export const COHERE_EMBED = 'cohere-embed';

/** Only the vendor can do as these say. */
const OWN = ['max_tokens', 'priority', 'truncate'] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'texts', 'input_type', 'embedding_types', 'output_dimension'],
  ...OWN,
]);
/** Numbers as every vendor has them; others are rounded as each model's maker thinks fit. */
const PLAIN_KINDS: readonly string[] = ['float', 'base64'];
const KINDS: readonly string[] = [...PLAIN_KINDS, 'int8', 'uint8', 'binary', 'ubinary'];
const TEXTS_MAX = 2_048;
const FLOAT_BYTES = 4;

export function readEmbedRequest(text: string, bytes: number): WireRequest {
  const parsed = parseBody(text);
  const { body } = parsed;
  for (const [field, value] of Object.entries(body)) {
    if (KNOWN.has(field) || value === null) continue;
    throw wrong(field, 'is not taken here, where texts alone are embedded: remove it');
  }
  const texts = textList(body.texts, 'texts');
  if (texts.length === 0 || texts.length > TEXTS_MAX || texts.includes('')) {
    throw wrong('texts', `must be 1 to ${TEXTS_MAX} texts, none of them empty`);
  }
  if (textList(body.embedding_types, 'embedding_types').some((kind) => !KINDS.includes(kind))) {
    throw wrong('embedding_types', `must each be one of ${KINDS.join(', ')}`);
  }
  const { inputTokensBound, inputTokensGuess, model } = plainRequest(body, bytes);
  return {
    ...{ text, ...parsed, model, inputTokensBound, inputTokensGuess },
    ...{ stream: false, wantsUsage: false, outputTokensAsked: null, choices: 1 },
  };
}

/** The same in the form that is written for every vendor, which also judges its fields. */
function plainRequest(body: JsonObject, bytes: number): WireRequest {
  const dimensions = optionalNumber(body.output_dimension, 'output_dimension');
  const isSize = Number.isInteger(dimensions) && Number(dimensions) >= 1;
  if (dimensions !== null && !(isSize && dimensions <= DIMENSIONS_MAX)) {
    throw wrong('output_dimension', `must be a whole number from 1 to ${DIMENSIONS_MAX}`);
  }
  const role = optionalText(body.input_type, 'input_type');
  const asked: JsonObject = {
    model: body.model ?? null,
    input: body.texts ?? null,
    ...(dimensions === null ? {} : { dimensions }),
    ...(role === null ? {} : { input_type: role }),
  };
  return readEmbeddings(JSON.stringify(asked), bytes);
}

interface Asked {
  readonly request: WireRequest;
  readonly callId: string;
}

export function openCohereEmbeddings(asked: Asked, to: string): Exchange {
  return to === COHERE_EMBED ? openOwn(asked) : openPlain(asked, to);
}

function openOwn({ request }: Asked): Exchange {
  const texts = textList(request.body.texts, 'texts');
  return {
    write(_, wish) {
      const size = wish.inputsMax ?? texts.length;
      if (texts.length <= size) return rewrite(request, wish);
      const parts: string[] = [];
      for (let at = 0; at < texts.length; at += size) {
        const part = { ...request.body, model: wish.wireModel, texts: texts.slice(at, at + size) };
        parts.push(JSON.stringify(part));
      }
      const [text = '', ...rest] = parts;
      return { text, rest, dropped: [] };
    },
    readReply: (text, readError) => ({ body: bodyOf(text, readError), text, contentBytes: 0 }),
    joinReplies(several, readError) {
      const bodies = several.map((text) => bodyOf(text, readError));
      const usage = joinUsage(bodies);
      return { body: usage, text: JSON.stringify(join(bodies, texts, usage)), contentBytes: 0 };
    },
    watch: neverStreamed,
  };
}

function bodyOf(text: string, readError: ErrorReader): JsonObject {
  const body = parseJson(text);
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  if (!isObject(body.embeddings ?? null)) throw new Fault('vendor_empty');
  return body;
}

/** In the order of the parts, each kind of numbers for itself. */
function join(bodies: readonly JsonObject[], texts: readonly string[], usage: JsonObject): Json {
  const [first] = bodies;
  const kinds = Object.keys(first?.embeddings as JsonObject);
  const vectorsOf = (kind: string): Json[] =>
    bodies.flatMap(({ embeddings }) => {
      const vectors = (embeddings as JsonObject)[kind];
      return Array.isArray(vectors) ? (vectors as readonly Json[]) : [];
    });
  const embeddings = Object.fromEntries(kinds.map((kind) => [kind, vectorsOf(kind)]));
  if (Object.values(embeddings).some(({ length }) => length !== texts.length)) {
    throw new Fault('vendor_malformed');
  }
  const counted = isObject(usage.meta ?? null) ? (usage.meta as JsonObject) : {};
  const meta = { ...(first?.meta as JsonObject), billed_units: counted.billed_units ?? null };
  return { ...first, embeddings, texts, meta };
}

function openPlain({ request, callId }: Asked, to: string): Exchange {
  const inner = plainRequest(request.body, Buffer.byteLength(request.text));
  const exchange = openEmbeddings(inner, to);
  const show = (read: ReadReply): ReadReply => {
    return { ...read, text: JSON.stringify(answer(read.text, request.body, callId)) };
  };
  const { joinReplies } = exchange;
  return {
    write(_, wish) {
      const losses = sayLosses(request.body, wish);
      const written = exchange.write(inner, wish);
      return { ...written, dropped: [...written.dropped, ...losses.dropped] };
    },
    readReply: (text, readError) => show(exchange.readReply(text, readError)),
    ...(joinReplies === undefined
      ? {}
      : { joinReplies: (texts, readError) => show(joinReplies(texts, readError)) }),
    watch: neverStreamed,
  };
}

function sayLosses(body: JsonObject, wish: WriteWish): Written {
  const losses = new Losses(wish);
  for (const field of OWN) {
    const value = body[field] ?? null;
    // What is done without being asked for need not be said.
    if (value === null || value === 'END' || value === 0) continue;
    losses.lose(field, 'only models behind the format that has this field take it.');
  }
  const strange = kindsOf(body).find((kind) => !PLAIN_KINDS.includes(kind));
  if (strange !== undefined) {
    losses.lose('embedding_types', `this model makes ${PLAIN_KINDS.join(' and ')} only.`);
  }
  return losses.written('');
}

function kindsOf({ embedding_types: kinds }: JsonObject): readonly string[] {
  const asked = textList(kinds, 'embedding_types');
  return asked.length === 0 ? ['float'] : asked;
}

/** The answer of that form, as a caller of this one gets it. */
function answer(text: string, asked: JsonObject, id: string): Json {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.data)) throw new Fault('vendor_malformed');
  const vectors = (body.data as readonly Json[]).map((one) =>
    isObject(one) ? numbersOf(one.embedding) : [],
  );
  const kinds = kindsOf(asked).filter((kind) => PLAIN_KINDS.includes(kind));
  const embeddings: Record<string, Json> = {};
  for (const kind of kinds.length === 0 ? ['float'] : kinds) {
    embeddings[kind] = kind === 'base64' ? vectors.map(toBase64) : vectors;
  }
  const usage = isObject(body.usage) ? body.usage : {};
  const billed_units = { input_tokens: usage.prompt_tokens ?? 0 };
  return {
    id,
    embeddings,
    texts: asked.texts ?? [],
    meta: { api_version: { version: '2' }, billed_units },
    response_type: 'embeddings_by_type',
  };
}

const numbersOf = (vector: Json | undefined): readonly number[] =>
  Array.isArray(vector) ? (vector as readonly number[]) : [];

/** Little-endian 32-bit floats. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  vector.forEach((number, at) => void bytes.writeFloatLE(number, at * FLOAT_BYTES));
  return bytes.toString('base64');
}

function neverStreamed(): never {
  throw new Error('embeddings are not streamed');
}
