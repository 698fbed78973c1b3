/** Whether a schema stays within a subset, word by word: what callers are told who asked for it. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { pointerStep } from '../../kit/pointer.ts';
import type { Limits, Subset } from './subsets.ts';

/** Where in the schema, and what to mend. */
export interface Objection {
  readonly pointer: string;
  readonly message: string;
}

const OBJECTIONS_MAX = 20;

interface Walk {
  readonly subset: Subset;
  readonly found: Objection[];
  properties: number;
  chars: number;
  enumValues: number;
}

interface Place {
  readonly pointer: string;
  readonly levels: number;
  readonly walk: Walk;
}

/** Everything that the subset does not allow, the first twenty. Empty: it fits. */
export function objectionsTo(schema: JsonObject, subset: Subset): readonly Objection[] {
  const walk: Walk = { subset, found: [], properties: 0, chars: 0, enumValues: 0 };
  const place: Place = { pointer: '', levels: 0, walk };
  if (subset.objectRoot) {
    if (schema.anyOf !== undefined) object(place, 'must not have anyOf at the root');
    else if (schema.type !== 'object') object(place, 'must be of type "object" at the root');
  }
  look(schema, place);
  if (subset.limits !== undefined) lookAtSums(subset.limits, place);
  return walk.found.slice(0, OBJECTIONS_MAX);
}

function object(place: Place, message: string): void {
  if (place.walk.found.length < OBJECTIONS_MAX) {
    place.walk.found.push({ pointer: place.pointer, message });
  }
}

function under(place: Place, ...keys: readonly (string | number)[]): Place {
  const tail = keys.map((key) => `/${pointerStep(String(key))}`).join('');
  return { ...place, pointer: place.pointer + tail };
}

function lookAtSums(limits: Limits, place: Place): void {
  const { properties, chars, enumValues } = place.walk;
  if (properties > limits.properties) {
    object(place, `has ${properties} properties; ${limits.properties} are allowed`);
  }
  if (enumValues > limits.enumValues) {
    object(place, `has ${enumValues} enum values; ${limits.enumValues} are allowed`);
  }
  if (chars > limits.chars) {
    object(place, `has ${chars} characters of names and values; ${limits.chars} are allowed`);
  }
}

function look(schema: Json, place: Place): void {
  const { subset } = place.walk;
  if (!isObject(schema)) {
    object(place, 'must be a schema object');
    return;
  }
  for (const key of Object.keys(schema)) {
    if (!subset.keywords.has(key)) object(under(place, key), `"${key}" is not permitted`);
  }
  if (schema.$ref !== undefined) {
    lookAtRef(schema, place);
    return;
  }
  lookAtType(schema, place);
  lookAtValues(schema, place);
  lookAtDefinitions(schema, place);
  for (const [at, branch] of listOf(schema.anyOf).entries()) {
    look(branch, under(place, 'anyOf', at));
  }
}

const listOf = (value: Json | undefined): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

function typesOf(schema: JsonObject): readonly Json[] {
  return Array.isArray(schema.type) ? (schema.type as readonly Json[]) : [schema.type ?? null];
}

function lookAtRef(schema: JsonObject, place: Place): void {
  if (typeof schema.$ref !== 'string' || !schema.$ref.startsWith('#')) {
    object(under(place, '$ref'), 'must refer to a place in this schema, such as #/$defs/name');
  }
  if (Object.keys(schema).some((key) => key !== '$ref' && key !== '$defs')) {
    object(under(place, '$ref'), 'must stand alone: other keywords beside $ref are not permitted');
  }
  lookAtDefinitions(schema, place);
}

function lookAtDefinitions(schema: JsonObject, place: Place): void {
  for (const where of ['$defs', 'definitions']) {
    const definitions = schema[where];
    if (!isObject(definitions)) continue;
    for (const [name, inner] of Object.entries(definitions)) {
      place.walk.chars += name.length;
      look(inner, { ...under(place, where, name), levels: 0 });
    }
  }
}

function lookAtType(schema: JsonObject, place: Place): void {
  const types = typesOf(schema);
  const untyped = schema.type === undefined;
  if (untyped && ![schema.anyOf, schema.enum, schema.const].some((one) => one !== undefined)) {
    object(place, 'needs a "type"');
  }
  if (types.includes('object') || schema.properties !== undefined) lookAtObject(schema, place);
  if (!types.includes('array')) return;
  if (schema.items === undefined) object(place, 'an array needs "items"');
  else look(schema.items, deeper(under(place, 'items')));
  const { minItemsMax } = place.walk.subset;
  if (minItemsMax !== undefined && Number(schema.minItems ?? 0) > minItemsMax) {
    object(under(place, 'minItems'), `must be at most ${minItemsMax}`);
  }
}

function deeper(place: Place): Place {
  const most = place.walk.subset.limits?.levels;
  const levels = place.levels + 1;
  if (most !== undefined && levels > most) {
    object(place, `is nested more than ${most} levels deep`);
  }
  return { ...place, levels };
}

function lookAtObject(schema: JsonObject, place: Place): void {
  const { subset } = place.walk;
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = new Set(listOf(schema.required));
  if (subset.closed && schema.additionalProperties !== false) {
    object(place, '"additionalProperties" is required to be supplied and to be false');
  }
  if (subset.someRequired && required.size === 0) object(place, 'needs a required property');
  for (const [name, inner] of Object.entries(properties)) {
    place.walk.properties += 1;
    place.walk.chars += name.length;
    if (subset.complete && !required.has(name)) {
      object(
        under(place, 'required'),
        `must list every property; "${name}" is missing: make it required, with null as one of ` +
          'its types where it is optional',
      );
    }
    look(inner, deeper(under(place, 'properties', name)));
  }
  for (const name of required) {
    if (typeof name === 'string' && Object.hasOwn(properties, name)) continue;
    object(under(place, 'required'), `names ${JSON.stringify(name)}, which is no property`);
  }
}

function lookAtValues(schema: JsonObject, place: Place): void {
  const { subset, ...walk } = place.walk;
  const values = listOf(schema.enum);
  const texts = [...values, ...(schema.const === undefined ? [] : [schema.const])].filter(
    (value) => typeof value === 'string',
  );
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  place.walk.enumValues = walk.enumValues + values.length;
  place.walk.chars = walk.chars + chars;
  const long = subset.limits?.longEnum;
  if (long !== undefined && values.length > long.values && chars > long.chars) {
    object(under(place, 'enum'), `has ${chars} characters in all; ${long.chars} are allowed`);
  }
  const { format } = schema;
  if (subset.formats !== undefined && typeof format === 'string' && !subset.formats.has(format)) {
    object(under(place, 'format'), `"${format}" is not permitted`);
  }
}
