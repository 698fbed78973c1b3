/**
 * Seals of other formats, which a client hands on when its user changes the model: vendors of this
 * one take them for broken. Thoughts go with them; a call stays, with the word for no seal.
 */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { SEAL_START, unpackSeal } from '../seals.ts';
import type { WireRequest } from '../shape.ts';
import { NO_SEAL, pick } from './wire.ts';

/** The contents without them; null: there are none, as is the case for almost all. */
export function withoutForeign({ body, text }: WireRequest): readonly Json[] | null {
  if (!text.includes(SEAL_START)) return null;
  const contents = body.contents as readonly Json[];
  const kept = contents.map(stripped);
  return kept.every((one, at) => one === contents[at]) ? null : kept.filter(hasParts);
}

function stripped(content: Json): Json {
  if (!isObject(content) || !Array.isArray(content.parts)) return content;
  const all = content.parts as readonly Json[];
  const parts = all.flatMap((part): readonly Json[] => (isForeign(part) ? unsealed(part) : [part]));
  return all.some(isForeign) ? { ...content, parts } : content;
}

function isForeign(part: Json): part is JsonObject {
  const sealed = isObject(part) ? pick(part, 'thoughtSignature') : undefined;
  return typeof sealed === 'string' && unpackSeal(sealed) !== null;
}

function unsealed(part: JsonObject): readonly Json[] {
  const { thoughtSignature: _seal, thought_signature: _same, ...rest } = part;
  if (pick(part, 'functionCall') !== undefined) return [{ ...rest, thoughtSignature: NO_SEAL }];
  return part.thought === true || rest.text === '' ? [] : [rest];
}

const hasParts = (content: Json): boolean =>
  !isObject(content) || !Array.isArray(content.parts) || content.parts.length > 0;
