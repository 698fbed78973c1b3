/** What everything here knows of the format: its id, its two spellings, its JSON schemas. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';

export const DIALECT = 'gemini-generate';

/**
 * What stands instead of a seal where another model made the call, for some models want one:
 * https://ai.google.dev/gemini-api/docs/thought-signatures
 */
export const NO_SEAL = 'skip_thought_signature_validator';

/** Some clients decode it and encode it again, in either alphabet. */
export const isNoSeal = (sealed: string): boolean => sealed.replaceAll('/', '_') === NO_SEAL;

/** Bytes may come in either alphabet of base64 here; everybody else knows only the one. */
export function plainBase64(text: string): string {
  return /[-_]/.test(text) ? text.replaceAll('-', '+').replaceAll('_', '/') : text;
}

/** The format is protobuf in JSON: each field may come as fooBar or as foo_bar. */
export function pick(object: JsonObject, name: string): Json | undefined {
  const value = object[name] ?? object[snake(name)];
  return value === null ? undefined : value;
}

const SNAKES = new Map<string, string>();

function snake(name: string): string {
  let known = SNAKES.get(name);
  if (known === undefined) {
    // Names come from our own code, so there are few.
    known = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    SNAKES.set(name, known);
  }
  return known;
}

/** foo_bar -> fooBar, of a caller's field. */
export function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Fields but those that are known, under their whole path in the first spelling. */
export function unknownOf(
  object: JsonObject,
  known: ReadonlySet<string>,
  path: string,
): Record<string, Json> {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(object)) {
    const name = camel(key);
    if (known.has(name) || value === null) continue;
    found[path === '' ? name : `${path}.${name}`] = value;
  }
  return found;
}

const SCHEMAS = ['items'];
const SCHEMA_LISTS = ['anyOf', 'prefixItems'];
const SCHEMA_MAPS = ['properties', '$defs'];
/** Counts that protobuf writes as text. */
const COUNTS = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'];

/** The format's own Schema (types in capitals, nullable) as JSON Schema. */
export function toJsonSchema(schema: JsonObject): JsonObject {
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    const name = camel(key);
    if (name === 'nullable' || name === 'propertyOrdering') continue;
    out[name] = convertField(name, value);
  }
  if (schema.nullable === true && typeof out.type === 'string') out.type = [out.type, 'null'];
  return out;
}

function convertField(name: string, value: Json): Json {
  if (name === 'type' && typeof value === 'string') return value.toLowerCase();
  if (COUNTS.includes(name) && typeof value === 'string') return Number(value);
  if (SCHEMAS.includes(name) && isObject(value)) return toJsonSchema(value);
  if (SCHEMA_LISTS.includes(name) && Array.isArray(value)) {
    return (value as readonly Json[]).map((one) => (isObject(one) ? toJsonSchema(one) : one));
  }
  if (SCHEMA_MAPS.includes(name) && isObject(value)) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, one]) => [key, isObject(one) ? toJsonSchema(one) : one]),
    );
  }
  return value;
}
