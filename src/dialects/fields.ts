/** Reads fields of a body with a clear fault for what is not of the right kind. */
import { Fault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import type { Losses } from './losses.ts';
import type { Media } from './turn.ts';

export function wrong(param: string, why: string): Fault {
  return new Fault('invalid_request', { message: `${param} ${why}.`, param });
}

export function objectAt(value: Json | undefined, path: string): JsonObject {
  if (isObject(value)) return value;
  throw wrong(path, 'must be an object');
}

export function listAt(value: Json | undefined, path: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw wrong(path, 'must be an array');
}

export function textAt(value: Json | undefined, path: string): string {
  if (typeof value === 'string') return value;
  throw wrong(path, 'must be a string');
}

/** null where there is none. */
export function optionalText(value: Json | undefined, path: string): string | null {
  return value === undefined || value === null ? null : textAt(value, path);
}

export function optionalNumber(value: Json | undefined, path: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  throw wrong(path, 'must be a number');
}

export function optionalBoolean(value: Json | undefined, path: string): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'must be true or false');
}

export function textList(value: Json | undefined, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  return listAt(value, path).map((one, at) => textAt(one, `${path}[${at}]`));
}

/** Fields of `object` but those that are known, under their whole path; nulls say nothing. */
export function unknownFields(
  object: JsonObject,
  known: ReadonlySet<string>,
  path: string,
): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(object)) {
    if (known.has(key) || value === null) continue;
    found[path === '' ? key : `${path}.${key}`] = value;
  }
  return found;
}

/**
 * Arguments of a call as an object, for formats that carry no text there. What a model wrote as
 * something else is kept as text in a field, and said.
 */
export function argumentsObject(text: string, losses: Losses | null): JsonObject {
  if (text.trim() === '') return {};
  const value = parseJson(text);
  if (isObject(value)) return value;
  losses?.warn('arguments of a tool call that are no JSON object were put into raw_arguments');
  return { raw_arguments: text };
}

const DATA_URL = /^data:([^;,]*)(?:;[^;,]*)*;base64,/i;

/** A data: URL is inline, whatever field it came in. */
export function plainMedia(media: Media): Media {
  if (media.at !== 'url') return media;
  const match = DATA_URL.exec(media.url);
  if (match === null) return media;
  const mediaType = match[1] || (media.mediaType ?? 'application/octet-stream');
  return { at: 'inline', data: media.url.slice(match[0].length), mediaType };
}
