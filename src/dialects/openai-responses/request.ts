/** Reads a request for a response without rebuilding it. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { parseBody, shapeFault } from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

const ITEMS_MAX = 10_000;
/** No tokenizer makes more than one token of a byte; some make one of every digit. */
const BYTES_PER_TOKEN_BOUND = 1;
const BYTES_PER_TOKEN_GUESS = 4;
/** What an image, a sound or a file may cost in tokens, whatever its size on the wire. */
const MEDIA_TOKENS_BOUND = 16_384;
const MEDIA_TOKENS_GUESS = 1_024;

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Optional(Type.Union([type, Type.Null()]));

/** What Gangway itself relies on. Everything else is the vendor's to judge and passes untouched. */
const SHAPE = Compile(
  Type.Object({
    model: Type.String({ minLength: 1, maxLength: 256 }),
    input: Type.Union([
      Type.String(),
      Type.Array(Type.Object({}), { minItems: 1, maxItems: ITEMS_MAX }),
    ]),
    stream: nullable(Type.Boolean()),
    store: nullable(Type.Boolean()),
    previous_response_id: nullable(Type.String({ minLength: 1 })),
    max_output_tokens: nullable(Type.Integer({ minimum: 1 })),
    tools: nullable(Type.Array(Type.Object({ type: Type.String() }))),
    text: nullable(Type.Object({})),
  }),
);

export function readRequest(text: string, bytes: number): WireRequest {
  const { body, spans, open } = parseBody(text);
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const media = countMedia(text, body);
  const textBytes = Math.max(0, bytes - media.bytes);
  return {
    text,
    body: body as JsonObject,
    spans,
    open,
    model: body.model,
    stream: body.stream ?? false,
    wantsUsage: true,
    inputTokensBound:
      Math.ceil(textBytes / BYTES_PER_TOKEN_BOUND) + media.parts * MEDIA_TOKENS_BOUND,
    inputTokensGuess:
      Math.ceil(textBytes / BYTES_PER_TOKEN_GUESS) + media.parts * MEDIA_TOKENS_GUESS,
    outputTokensAsked: body.max_output_tokens ?? null,
    choices: 1,
  };
}

const MEDIA_PART = /"input_(?:image|audio|video|file)"/;
const MEDIA_TYPES: ReadonlySet<unknown> = new Set([
  'input_image',
  'input_audio',
  'input_video',
  'input_file',
]);

/** Parts that are not text, and the bytes of them that stand inline. */
function countMedia(text: string, body: JsonObject): { parts: number; bytes: number } {
  const sum = { parts: 0, bytes: 0 };
  if (!MEDIA_PART.test(text) || !Array.isArray(body.input)) return sum;
  for (const item of body.input as readonly JsonObject[]) {
    for (const list of [item.content, item.output]) {
      if (!Array.isArray(list)) continue;
      for (const part of list as readonly Json[]) {
        if (!isObject(part) || !MEDIA_TYPES.has(part.type)) continue;
        sum.parts += 1;
        sum.bytes += inlineBytes(part);
      }
    }
  }
  return sum;
}

function inlineBytes(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (!isObject(value)) return 0;
  let sum = 0;
  for (const inner of Object.values(value)) sum += inlineBytes(inner);
  return sum;
}
