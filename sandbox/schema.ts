/**
 * A sensible instance of a JSON Schema (2020-12, the parts that vendors allow): types, enum, const,
 * anyOf, oneOf, allOf, $ref into the same document, formats, patterns, bounds, required. Not known:
 * if/then/else, not, patternProperties, dependent*, contains.
 */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import { arrayOf, numberOf, stringOf } from './schema-values.ts';

/** Words of the prompt that may fill fields of a fitting name. */
export interface Hints {
  readonly text: string;
  readonly quoted: readonly string[];
  readonly proper: readonly string[];
  readonly numbers: readonly number[];
}

export interface Place {
  readonly root: JsonObject;
  readonly hints: Hints;
  /** Name of the property that is being filled. */
  readonly name: string;
  readonly depth: number;
  /** Position in the array around it, so that items can differ. */
  readonly index: number;
}

export const NO_HINTS: Hints = { text: '', quoted: [], proper: [], numbers: [] };

/** Optional members are left out below this depth, so that recursive schemas end. */
const OPTIONAL_DEPTH_MAX = 6;
/** A schema that requires itself has no instance; here the sandbox gives up with null. */
const DEPTH_MAX = 40;
const REFS_MAX = 20;

/** An instance of `schema`, the same one for the same schema and hints. */
export function instanceOf(schema: Json, hints: Hints = NO_HINTS): Json {
  const root = isObject(schema) ? schema : {};
  return fill(schema, { root, hints, name: '', depth: 0, index: 0 });
}

export function fill(schema: Json | undefined, place: Place): Json {
  if (!isObject(schema)) return freeValue(place);
  if (place.depth > DEPTH_MAX) return null;
  const found = merged(schema, place);
  if (found.const !== undefined) return found.const;
  if (Array.isArray(found.enum) && found.enum.length > 0) {
    return found.enum[place.index % found.enum.length]!;
  }
  const branches = [found.anyOf, found.oneOf].find(Array.isArray);
  if (branches !== undefined && branches.length > 0) {
    const { anyOf: _any, oneOf: _one, ...rest } = found;
    return fill(merge(rest, pickBranch(branches, place)), deeper(place));
  }
  return ofType(found, typeOf(found, place), place);
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

function freeValue(place: Place): Json {
  return place.name === '' ? {} : stringOf({}, place);
}

/** Follows `$ref` and folds `allOf`; both members of a pair count, the later one wins. */
function merged(schema: JsonObject, place: Place): JsonObject {
  let found = schema;
  for (let hops = 0; typeof found.$ref === 'string' && hops < REFS_MAX; hops += 1) {
    const { $ref, ...rest } = found;
    found = merge(lookUp(place.root, String($ref)), rest);
  }
  if (!Array.isArray(found.allOf)) return found;
  const { allOf, ...rest } = found;
  let whole: JsonObject = rest;
  for (const part of allOf) if (isObject(part)) whole = merge(whole, merged(part, place));
  return whole;
}

function merge(one: JsonObject, other: JsonObject): JsonObject {
  const whole: Record<string, Json> = { ...one, ...other };
  if (isObject(one.properties) && isObject(other.properties)) {
    whole.properties = { ...one.properties, ...other.properties };
  }
  if (Array.isArray(one.required) && Array.isArray(other.required)) {
    whole.required = [...new Set([...one.required, ...other.required])];
  }
  return whole;
}

function lookUp(root: JsonObject, ref: string): JsonObject {
  if (!ref.startsWith('#')) return {};
  let found: Json = root;
  for (const step of ref.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    const inside: Json | undefined = Array.isArray(found)
      ? found[Number(key)]
      : isObject(found)
        ? found[key]
        : undefined;
    if (inside === undefined) return {};
    found = inside;
  }
  return isObject(found) ? found : {};
}

/** The first branch that is not null; deep down the first that cannot go deeper. */
function pickBranch(branches: readonly Json[], place: Place): JsonObject {
  const objects = branches.filter(isObject);
  const isNull = (branch: JsonObject): boolean => branch.type === 'null' || branch.const === null;
  const ends = (branch: JsonObject): boolean =>
    branch.$ref === undefined && branch.properties === undefined && branch.items === undefined;
  const shallow = objects.find((branch) => !isNull(branch)) ?? objects[0];
  if (place.depth <= OPTIONAL_DEPTH_MAX) return shallow ?? {};
  return objects.find(isNull) ?? objects.find(ends) ?? shallow ?? {};
}

function typeOf(schema: JsonObject, place: Place): string {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (Array.isArray(type) && type.length > 0) {
    const real = type.find((one) => one !== 'null');
    const deep = place.depth > OPTIONAL_DEPTH_MAX && type.includes('null');
    return deep || real === undefined ? 'null' : String(real);
  }
  if (schema.properties !== undefined || schema.required !== undefined) return 'object';
  if (schema.items !== undefined || schema.prefixItems !== undefined) return 'array';
  if (schema.minimum !== undefined || schema.maximum !== undefined) return 'number';
  return place.name === '' ? 'object' : 'string';
}

function ofType(schema: JsonObject, type: string, place: Place): Json {
  switch (type) {
    case 'object':
      return objectOf(schema, place);
    case 'array':
      return arrayOf(schema, place);
    case 'string':
      return stringOf(schema, place);
    case 'number':
    case 'integer':
      return numberOf(schema, type === 'integer', place);
    case 'boolean':
      return place.index % 2 === 0;
    default:
      return null;
  }
}

function objectOf(schema: JsonObject, place: Place): Json {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const names = new Set(required);
  if (place.depth <= OPTIONAL_DEPTH_MAX)
    for (const name of Object.keys(properties)) names.add(name);
  const made: Record<string, Json> = {};
  for (const name of names) made[name] = fill(properties[name], { ...deeper(place), name });
  const least = typeof schema.minProperties === 'number' ? schema.minProperties : 0;
  for (let count = 1; Object.keys(made).length < least; count += 1) {
    made[`key${count}`] = fill(schema.additionalProperties, { ...deeper(place), name: 'value' });
  }
  return made;
}
