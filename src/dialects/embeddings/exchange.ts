/**
 * Embeddings from a caller of OpenAI's format to a vendor of any: untouched where the vendor speaks
 * it too and takes all inputs at once; else written anew, split over as many requests as it wants.
 */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { editFields, type FieldEdit } from '../../kit/splice.ts';
import { joinUsage } from '../join-usage.ts';
import { isErrorBody } from '../openai-chat/reply.ts';
import type {
  ErrorReader,
  Exchange,
  ReadReply,
  WireRequest,
  WriteWish,
  Written,
} from '../shape.ts';
import { type EmbedAsk, type Input, readAsk } from './ask.ts';
import { EMBED_FORMATS, type EmbedFormat } from './formats.ts';

export const EMBEDDINGS = 'openai-embeddings';
const FLOAT_BYTES = 4;

export function openEmbeddings(request: WireRequest, to: string): Exchange {
  const format = EMBED_FORMATS.get(to);
  if (format === undefined) throw new Error(`no way from ${EMBEDDINGS} to ${to}`);
  const ask = readAsk(request);
  let untouched = false;
  const read = (texts: readonly string[], readError: ErrorReader): ReadReply => {
    const bodies = texts.map((text) => bodyOf(text, readError));
    const vectors = bodies.flatMap((body) => format.read(body) ?? []);
    if (vectors.length === 0) throw new Fault('vendor_empty');
    if (vectors.length !== ask.inputs.length || vectors.includes(null)) {
      throw new Fault('vendor_malformed');
    }
    const [first] = bodies;
    if (untouched) return { body: first ?? null, text: texts[0] ?? '', contentBytes: 0 };
    const usage = joinUsage(bodies);
    // Where the vendor does not count, what stands in the books is an estimate, and so is this.
    const tokens = tokensOf(usage) ?? request.inputTokensGuess;
    const text = JSON.stringify(reply(vectors, { ask, model: modelOf(first, request), tokens }));
    return { body: usage, text, contentBytes: 0 };
  };
  return {
    write(_, wish) {
      untouched = isUntouched(ask, format, wish);
      return untouched ? passOn(request, wish) : writeAnew(ask, format, wish);
    },
    readReply: (text, readError) => read([text], readError),
    joinReplies: read,
    watch() {
      throw new Error('embeddings are not streamed');
    },
  };
}

function isUntouched(ask: EmbedAsk, format: EmbedFormat, wish: WriteWish): boolean {
  const fits = ask.inputs.length <= (wish.inputsMax ?? Number.POSITIVE_INFINITY);
  return format.id === EMBEDDINGS && fits && ask.role === null;
}

function passOn(request: WireRequest, wish: WriteWish): Written {
  const edits = new Map<string, FieldEdit>();
  if (request.model !== wish.wireModel) edits.set('model', { value: wish.wireModel });
  return { text: editFields(request, edits), dropped: [] };
}

function writeAnew(ask: EmbedAsk, format: EmbedFormat, wish: WriteWish): Written {
  if (!format.takesTokens && ask.inputs.some((input) => typeof input !== 'string')) {
    throw new Fault('unsupported_parameter', {
      message: 'input: this model takes text, not token ids. Send the text itself.',
      param: 'input',
    });
  }
  const others = format.passes ? ask.others : {};
  const [text = '', ...rest] = cut(ask.inputs, wish.inputsMax ?? ask.inputs.length).map((part) =>
    JSON.stringify({ ...others, ...format.write(ask, part, wish.wireModel) }),
  );
  const unsaid = format.passes ? [] : Object.keys(ask.others);
  const warnings = unsaid.map((field) => `${field} is not passed on: the vendor has no such field`);
  return { text, rest, dropped: [], warnings };
}

function cut(inputs: readonly Input[], size: number): readonly (readonly Input[])[] {
  const parts: (readonly Input[])[] = [];
  for (let at = 0; at < inputs.length; at += size) parts.push(inputs.slice(at, at + size));
  return parts;
}

function bodyOf(text: string, readError: ErrorReader): Json {
  const body = parseJson(text);
  if (!isObject(body)) throw new Fault('vendor_malformed');
  if (isErrorBody(body)) throw readError(body);
  return body;
}

function modelOf(body: Json | undefined, request: WireRequest): string {
  const named = isObject(body) ? body.model : undefined;
  return typeof named === 'string' ? named : request.model;
}

interface Told {
  readonly ask: EmbedAsk;
  readonly model: string;
  readonly tokens: number;
}

function reply(vectors: readonly Json[], { ask, model, tokens }: Told): JsonObject {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: ask.encoding === 'base64' ? toBase64(vector) : fromBase64(vector),
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** Wherever the vendor counts its input; null where it does not count. */
function tokensOf({ usage, meta, usageMetadata }: JsonObject): number | null {
  const billed = isObject(meta) && isObject(meta.billed_units) ? meta.billed_units : null;
  const places = [
    isObject(usage) ? (usage.prompt_tokens ?? usage.total_tokens) : null,
    billed?.input_tokens,
    isObject(usageMetadata) ? usageMetadata.promptTokenCount : null,
  ];
  const found = places.find((value) => typeof value === 'number');
  return typeof found === 'number' ? found : null;
}

/** Little-endian 32-bit floats, as OpenAI's clients decode them. */
function toBase64(vector: Json): Json {
  if (typeof vector === 'string') return vector;
  const numbers = vector as readonly number[];
  const bytes = Buffer.alloc(numbers.length * FLOAT_BYTES);
  numbers.forEach((number, at) => void bytes.writeFloatLE(number, at * FLOAT_BYTES));
  return bytes.toString('base64');
}

function fromBase64(vector: Json): Json {
  if (typeof vector !== 'string') return vector;
  const bytes = Buffer.from(vector, 'base64');
  const count = Math.floor(bytes.length / FLOAT_BYTES);
  return Array.from({ length: count }, (_, at) => bytes.readFloatLE(at * FLOAT_BYTES));
}
