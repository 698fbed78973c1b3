/** Several schemas that must all fit, as one that says the same; where that can be said. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';

const HOPS_MAX = 20;

type Merge = (one: Json, other: Json) => Json | null;

const larger: Merge = (one, other) => Math.max(Number(one), Number(other));
const smaller: Merge = (one, other) => Math.min(Number(one), Number(other));

/** Keyword -> what both together say; null: it cannot be said in one. */
const MERGES: Readonly<Record<string, Merge>> = {
  properties: mergeProperties,
  required: (one, other) =>
    Array.isArray(one) && Array.isArray(other) ? [...new Set([...one, ...other])] : null,
  enum: (one, other) => {
    if (!Array.isArray(one) || !Array.isArray(other)) return null;
    const texts = new Set(other.map((value) => JSON.stringify(value)));
    return one.filter((value) => texts.has(JSON.stringify(value)));
  },
  type: mergeTypes,
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  title: (one) => one,
  description: (one, other) => `${String(one)} ${String(other)}`,
  $defs: (one, other) => (isObject(one) && isObject(other) ? { ...one, ...other } : null),
};

/** null: there is no such schema. References into `root` are followed. */
export function mergeAll(
  base: JsonObject,
  parts: readonly Json[],
  root: JsonObject,
): JsonObject | null {
  let whole: JsonObject | null = base;
  for (const part of parts) {
    const found = resolve(part, root);
    if (found === null || whole === null) return null;
    // Each part of allOf closes its own names only, so what is closed cannot be joined to others.
    const { allOf, ...rest } = found;
    const flat: JsonObject | null = Array.isArray(allOf)
      ? mergeAll(rest, allOf as readonly Json[], root)
      : rest;
    whole = flat === null ? null : mergeTwo(whole, flat);
  }
  return whole;
}

function resolve(part: Json, root: JsonObject): JsonObject | null {
  let found: Json | undefined = part;
  for (let hops = 0; hops < HOPS_MAX; hops += 1) {
    if (!isObject(found)) return null;
    const { $ref } = found;
    if ($ref === undefined) return found;
    const name = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(String($ref));
    const where = name?.[1] === undefined ? undefined : root[name[1]];
    if (Object.keys(found).length > 1 || !isObject(where)) return null;
    const key = (name?.[2] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
    found = Object.hasOwn(where, key) ? where[key] : undefined;
  }
  return null;
}

function mergeTwo(one: JsonObject, other: JsonObject): JsonObject | null {
  if (closesOthersNames(one, other) || closesOthersNames(other, one)) return null;
  const whole: Record<string, Json> = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const there = whole[key];
    if (there === undefined || same(there, value)) {
      whole[key] = value;
      continue;
    }
    const merged = MERGES[key]?.(there, value) ?? null;
    if (merged === null) return null;
    whole[key] = merged;
  }
  return whole;
}

const same = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other);

/** It forbids names that it does not know itself, and the other has such names. */
function closesOthersNames(one: JsonObject, other: JsonObject): boolean {
  if (one.additionalProperties === undefined || one.additionalProperties === true) return false;
  const known = isObject(one.properties) ? one.properties : {};
  const names = isObject(other.properties) ? Object.keys(other.properties) : [];
  return names.some((name) => !Object.hasOwn(known, name));
}

function mergeProperties(one: Json, other: Json): Json | null {
  if (!isObject(one) || !isObject(other)) return null;
  const whole: Record<string, Json> = { ...one };
  for (const [name, schema] of Object.entries(other)) {
    const there = whole[name];
    if (there === undefined || same(there, schema)) {
      whole[name] = schema;
      continue;
    }
    const merged = isObject(there) && isObject(schema) ? mergeTwo(there, schema) : null;
    if (merged === null) return null;
    whole[name] = merged;
  }
  return whole;
}

function mergeTypes(one: Json, other: Json): Json | null {
  const mine: readonly Json[] = Array.isArray(one) ? one : [one];
  const theirs: readonly Json[] = Array.isArray(other) ? other : [other];
  const both = mine.filter(
    (type) => theirs.includes(type) || (type === 'integer' && theirs.includes('number')),
  );
  const [first] = both;
  if (first === undefined) {
    return mine.includes('number') && theirs.includes('integer') ? 'integer' : null;
  }
  return both.length === 1 ? first : both;
}
