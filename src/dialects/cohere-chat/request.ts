/** Reads a request for a chat: what Gangway relies on. */
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

const MESSAGES_MAX = 10_000;
const DOCUMENTS_MAX = 10_000;

const ROLES = ['system', 'user', 'assistant', 'tool'].map((role) => Type.Literal(role));

/** What Gangway itself relies on. Everything else is the vendor's to judge and passes untouched. */
const SHAPE = Compile(
  Type.Object({
    model: Type.String({ minLength: 1, maxLength: 256 }),
    messages: Type.Array(Type.Object({ role: Type.Union(ROLES) }), {
      minItems: 1,
      maxItems: MESSAGES_MAX,
    }),
    stream: nullable(Type.Boolean()),
    max_tokens: nullable(Type.Integer({ minimum: 1 })),
    tools: nullable(Type.Array(Type.Object({ type: Type.String() }))),
    documents: nullable(Type.Array(Type.Unknown(), { maxItems: DOCUMENTS_MAX })),
    response_format: nullable(Type.Object({ type: Type.String() })),
  }),
);

export function readRequest(text: string, bytes: number): WireRequest {
  const { body, spans, open } = parseBody(text);
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const media = countImages(text, body.messages as readonly JsonObject[]);
  return {
    text,
    body: body as JsonObject,
    spans,
    open,
    model: body.model,
    stream: body.stream ?? false,
    // The last event of a stream always has the usage.
    wantsUsage: true,
    ...sizeTokens(Math.max(0, bytes - media.bytes), media.parts),
    outputTokensAsked: body.max_tokens ?? null,
    choices: 1,
  };
}

const IMAGE_PART = /"image_url"/;

/** Pictures do not count by their bytes. */
function countImages(text: string, messages: readonly JsonObject[]) {
  const sum = { parts: 0, bytes: 0 };
  if (!IMAGE_PART.test(text)) return sum;
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue;
    for (const part of content as readonly Json[]) {
      if (!isObject(part) || part.type !== 'image_url') continue;
      sum.parts += 1;
      sum.bytes += inlineBytes(part);
    }
  }
  return sum;
}
