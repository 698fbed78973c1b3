/** Reads a request to generate content. The model and whether it streams stand in the path. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { optionalNumber, wrong } from '../fields.ts';
import { inlineBytes, parseBody, shapeFault, sizeTokens } from '../openai-chat/request.ts';
import type { Place, WireRequest } from '../shape.ts';
import { pick } from './wire.ts';

const CONTENTS_MAX = 100_000;
const CANDIDATES_MAX = 8;

/** What Gangway itself relies on. Everything else is the vendor's to judge and passes untouched. */
const SHAPE = Compile(
  Type.Object({
    contents: Type.Array(Type.Object({ parts: Type.Optional(Type.Array(Type.Object({}))) }), {
      minItems: 1,
      maxItems: CONTENTS_MAX,
    }),
  }),
);

export function readRequest(text: string, bytes: number, place: Place = {}): WireRequest {
  const { body, spans, open } = parseBody(text);
  if (!SHAPE.Check(body)) throw shapeFault(SHAPE, body);
  const config = pick(body, 'generationConfig') ?? {};
  if (!isObject(config)) throw wrong('generationConfig', 'must be an object');
  const choices = wholeOf(config, 'candidateCount', CANDIDATES_MAX) ?? 1;
  const asked = wholeOf(config, 'maxOutputTokens', Number.MAX_SAFE_INTEGER);
  const media = countMedia(text, body);
  return {
    text,
    body,
    spans,
    open,
    model: modelOf(place),
    stream: place.stream ?? false,
    // The stream of this format always tells its usage.
    wantsUsage: true,
    ...sizeTokens(Math.max(0, bytes - media.bytes), media.parts),
    outputTokensAsked: asked === null ? null : asked * choices,
    choices,
  };
}

function modelOf({ model = '' }: Place): string {
  if (model === '') throw wrong('model', 'must stand in the path: /v1beta/models/{model}:…');
  return model;
}

function wholeOf(config: JsonObject, name: string, max: number): number | null {
  const path = `generationConfig.${name}`;
  const value = optionalNumber(pick(config, name), path);
  if (value === null) return null;
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw wrong(path, `must be a whole number from 1 to ${max}`);
}

const MEDIA_PART = /"(?:inlineData|inline_data|fileData|file_data)"/;

/** Parts that are not text. Inline pictures and sounds do not count by their bytes; files do. */
function countMedia(text: string, body: JsonObject): { parts: number; bytes: number } {
  const sum = { parts: 0, bytes: 0 };
  if (!MEDIA_PART.test(text)) return sum;
  for (const content of body.contents as readonly JsonObject[]) {
    if (!Array.isArray(content.parts)) continue;
    for (const part of content.parts as readonly JsonObject[]) addMedia(part, sum);
  }
  return sum;
}

function addMedia(part: JsonObject, sum: { parts: number; bytes: number }): void {
  const inline = pick(part, 'inlineData');
  if (isObject(inline)) {
    sum.parts += 1;
    const type: Json | undefined = pick(inline, 'mimeType');
    const isFile = typeof type !== 'string' || !/^(?:image|audio|video)\//.test(type);
    if (!isFile) sum.bytes += inlineBytes(inline);
  }
  if (isObject(pick(part, 'fileData'))) sum.parts += 1;
  const response = pick(part, 'functionResponse');
  const inner = isObject(response) ? response.parts : undefined;
  if (!Array.isArray(inner)) return;
  for (const one of inner as readonly Json[]) if (isObject(one)) addMedia(one, sum);
}
