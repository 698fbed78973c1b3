/** Reads a request for a message: what Gangway relies on, and the rules of its version. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { wrong } from '../fields.ts';
import {
  inlineBytes,
  nullable,
  parseBody,
  shapeFault,
  sizeTokens,
} from '../openai-chat/request.ts';
import type { Place, WireRequest } from '../shape.ts';

const MESSAGES_MAX = 100_000;

/** The version before the last: sampling settings are still taken. Also who names none. */
export const VERSION_SAMPLING = '2023-06-01';
export const VERSION_LATEST = '2026-10-21';
const VERSIONS: readonly string[] = ['2023-01-01', VERSION_SAMPLING, VERSION_LATEST];

const VERSION_HEADER = 'anthropic-version';
const PREVIEW_HEADER = 'anthropic-beta';

const ASKED = {
  model: Type.String({ minLength: 1, maxLength: 256 }),
  messages: Type.Array(
    Type.Object({
      role: Type.Union([Type.Literal('user'), Type.Literal('assistant'), Type.Literal('system')]),
      content: Type.Union([
        Type.String(),
        Type.Array(Type.Object({ type: Type.String({ minLength: 1 }) })),
      ]),
    }),
    { minItems: 1, maxItems: MESSAGES_MAX },
  ),
  stream: nullable(Type.Boolean()),
  tools: nullable(Type.Array(Type.Object({ name: Type.String({ minLength: 1 }) }))),
};

/** What Gangway itself relies on. Everything else is the vendor's to judge and passes untouched. */
const SHAPE = Compile(Type.Object({ ...ASKED, max_tokens: Type.Integer({ minimum: 1 }) }));
/** The same question, to be counted instead of answered. */
const COUNT_SHAPE = Compile(Type.Object(ASKED));

export function readRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  const { body, spans, open } = parseBody(text);
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const version = versionOf(place);
  if (version === VERSION_LATEST) refuseRetired(body);
  return {
    text,
    body,
    spans,
    open,
    model: body.model,
    stream: body.stream ?? false,
    // The stream of this format always ends with its usage.
    wantsUsage: true,
    ...sizeOf(body, text, bytes),
    outputTokensAsked: body.max_tokens,
    choices: 1,
    headers: headersOf(version, place),
  };
}

/** A question whose tokens are to be counted: nothing is written, so no most is asked. */
export function readCountRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  const { body, spans, open } = parseBody(text);
  if (!COUNT_SHAPE.Check(body)) throw shapeFault(COUNT_SHAPE, body);
  const version = versionOf(place);
  if (version === VERSION_LATEST) refuseRetired(body);
  return {
    text,
    body,
    spans,
    open,
    model: body.model,
    stream: false,
    wantsUsage: true,
    ...sizeOf(body, text, bytes),
    outputTokensAsked: 0,
    choices: 1,
    headers: headersOf(version, place),
  };
}

function versionOf({ version = VERSION_SAMPLING }: Place): string {
  if (VERSIONS.includes(version)) return version;
  throw wrong(VERSION_HEADER, `must be one of ${VERSIONS.join(', ')}`);
}

export function headersOf(version: string, { preview }: Place): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { [VERSION_HEADER]: version };
  if (preview !== undefined) headers[PREVIEW_HEADER] = preview;
  return headers;
}

const SAMPLING = ['temperature', 'top_p', 'top_k'];

/** What the latest version no longer takes. */
function refuseRetired(body: JsonObject): void {
  for (const field of SAMPLING) {
    if (body[field] === undefined) continue;
    const older = `or send anthropic-version: ${VERSION_SAMPLING}`;
    throw wrong(
      field,
      `is not taken under anthropic-version ${VERSION_LATEST}: remove it, ${older}`,
    );
  }
  for (const [at, message] of (body.messages as readonly JsonObject[]).entries()) {
    if (!Array.isArray(message.content)) continue;
    for (const [index, block] of (message.content as readonly JsonObject[]).entries()) {
      refuseRetiredBlock(message, block, `messages[${at}].content[${index}]`);
    }
  }
}

function refuseRetiredBlock(message: JsonObject, block: JsonObject, path: string): void {
  if (message.role === 'assistant' && block.type === 'document') {
    throw wrong(path, 'is a document, which no assistant message may hold: put it into a user one');
  }
  const { citations } = block;
  const cites = Array.isArray(citations) && citations.length > 0;
  if (message.role === 'user' && block.type === 'text' && cites) {
    throw wrong(`${path}.citations`, 'must be empty in a user message');
  }
}

const MEDIA_PART = /"type"\s*:\s*"(?:image|document)"/;

function sizeOf(body: JsonObject, text: string, bytes: number) {
  const sum = { parts: 0, bytes: 0 };
  if (MEDIA_PART.test(text)) {
    for (const message of body.messages as readonly JsonObject[]) countMedia(message.content, sum);
  }
  return sizeTokens(Math.max(0, bytes - sum.bytes), sum.parts);
}

/** Pictures do not count by their bytes; a document may hold as much text as it has bytes. */
function countMedia(content: Json | undefined, sum: { parts: number; bytes: number }): void {
  if (!Array.isArray(content)) return;
  for (const block of content as readonly Json[]) {
    if (!isObject(block)) continue;
    if (block.type === 'image' || block.type === 'document') sum.parts += 1;
    if (block.type === 'image') sum.bytes += inlineBytes(block);
    if (block.type === 'tool_result') countMedia(block.content, sum);
  }
}
