/** Reads a request for a response without rebuilding it. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import {
  inlineBytes,
  nullable,
  parseBody,
  shapeFault,
  sizeTokens,
} from '../openai-chat/request.ts';
import type { WireRequest } from '../shape.ts';

const ITEMS_MAX = 10_000;
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
    ...sizeTokens(textBytes, media.parts),
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
