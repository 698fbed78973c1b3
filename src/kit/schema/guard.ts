/** What a stranger's JSON Schema may be to be compiled, and the marks that bound its work. */
import { isObject, type Json, type JsonObject } from '../json.ts';
import { pointerStep } from '../pointer.ts';
import { PatternError, safePattern } from './pattern.ts';

export const SCHEMA_CHARS_MAX = 256 * 1024;
const SCHEMA_DEPTH_MAX = 64;
const SUBSCHEMAS_MAX = 10_000;
const REFS_MAX = 2_000;
const PATTERNS_MAX = 200;
const ENUM_VALUES_MAX = 10_000;

/** This schema cannot be used; `pointer` leads to the place in it. */
export class SchemaError extends Error {
  readonly pointer: string;
  constructor(pointer: string, why: string) {
    super(why);
    this.pointer = pointer;
  }
}

export type Draft = '2020-12' | '2019-09' | '7';

const DRAFTS: Readonly<Record<string, Draft>> = {
  'https://json-schema.org/draft/2020-12/schema': '2020-12',
  'https://json-schema.org/draft/2019-09/schema': '2019-09',
  'http://json-schema.org/draft-07/schema': '7',
  'https://json-schema.org/draft-07/schema': '7',
};

/** By `$schema`; without one the newest. */
export function draftOf(schema: JsonObject): Draft {
  const { $schema } = schema;
  if ($schema === undefined) return '2020-12';
  const draft = typeof $schema === 'string' ? DRAFTS[$schema.replace(/#$/, '')] : undefined;
  if (draft !== undefined) return draft;
  throw new SchemaError('/$schema', 'names a draft that is not known here: use 2020-12 or 7');
}

/** Marks a place that can send the check on over the same value again; see limit in compile.ts. */
export const STEP = 'x-gangway-step';

const MAPS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);
/** Data, not schemas: whatever stands there is left alone. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'example']);
/** Where the compiler is known to judge wrongly a clear no is better. */
const UNSURE: readonly string[] = ['$dynamicRef', '$recursiveRef'];
const BRANCHES: readonly string[] = [
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'not',
  'if',
  'dependentSchemas',
  'dependencies',
];
/** What a `$ref` of draft 7 leaves in force beside itself: places to refer to. */
const BESIDE_REF: ReadonlySet<string> = new Set(['$ref', '$defs', 'definitions']);

interface Walk {
  readonly draft: Draft;
  subschemas: number;
  refs: number;
  patterns: number;
  contains: boolean;
  unevaluatedItems: boolean;
}

/**
 * A copy that is safe to compile. Throws SchemaError for what is too large or too deep, refers to
 * other documents, or has patterns that cannot be run in bounded time. Keywords that nobody knows
 * are walked as schemas too, for a reference may lead there.
 */
export function guardSchema(schema: JsonObject, draft: Draft): JsonObject {
  const counts = { subschemas: 0, refs: 0, patterns: 0 };
  const walk: Walk = { draft, ...counts, contains: false, unevaluatedItems: false };
  const copy = copySchema(schema, { pointer: '', depth: 0, walk });
  return copy as JsonObject;
}

interface Place {
  readonly pointer: string;
  readonly depth: number;
  readonly walk: Walk;
}

const inside = (place: Place, key: string | number): Place => ({
  pointer: `${place.pointer}/${pointerStep(String(key))}`,
  depth: place.depth + 1,
  walk: place.walk,
});

function copySchema(schema: Json, place: Place): Json {
  if (place.depth > SCHEMA_DEPTH_MAX) {
    throw new SchemaError(place.pointer, `is nested more than ${SCHEMA_DEPTH_MAX} levels deep`);
  }
  if (Array.isArray(schema)) {
    return (schema as readonly Json[]).map((one, at) => copySchema(one, inside(place, at)));
  }
  if (!isObject(schema)) return schema;
  place.walk.subschemas += 1;
  if (place.walk.subschemas > SUBSCHEMAS_MAX) {
    throw new SchemaError('', `has more than ${SUBSCHEMAS_MAX} parts`);
  }
  checkKeywords(schema, place);
  const alone = place.walk.draft === '7' && typeof schema.$ref === 'string';
  const copy: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === STEP || (alone && !BESIDE_REF.has(key))) continue;
    set(copy, key, copyKeyword(key, value, inside(place, key)));
  }
  if (BRANCHES.some((key) => Object.hasOwn(schema, key))) copy[STEP] = true;
  // Without either the compiler leaves `if` out, and what it would have seen as well.
  const isHalf = copy.if !== undefined && !Object.hasOwn(copy, 'then');
  if (isHalf) set(copy, 'then', { [STEP]: true });
  return copy;
}

function copyKeyword(key: string, value: Json, place: Place): Json {
  if (DATA.has(key)) return value;
  if (!MAPS.has(key) || !isObject(value)) return copySchema(value, place);
  const copy: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(value)) {
    if (key === 'patternProperties') checkPattern(name, inside(place, name));
    set(copy, name, copySchema(schema, inside(place, name)));
  }
  return copy;
}

/** A member by any name, `__proto__` as well. */
function set(object: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true });
}

function checkKeywords(schema: JsonObject, place: Place): void {
  const { walk } = place;
  for (const key of UNSURE) {
    if (typeof schema[key] === 'string') {
      throw new SchemaError(`${place.pointer}/${key}`, 'is not supported: use $ref');
    }
  }
  walk.contains ||= Object.hasOwn(schema, 'contains');
  walk.unevaluatedItems ||= Object.hasOwn(schema, 'unevaluatedItems');
  if (walk.contains && walk.unevaluatedItems) {
    throw new SchemaError(place.pointer, 'contains is not supported beside unevaluatedItems');
  }
  if (typeof schema.$ref === 'string') checkRef(schema.$ref, inside(place, '$ref'));
  if (typeof schema.pattern === 'string') checkPattern(schema.pattern, inside(place, 'pattern'));
  if (Array.isArray(schema.enum) && schema.enum.length > ENUM_VALUES_MAX) {
    throw new SchemaError(`${place.pointer}/enum`, `has more than ${ENUM_VALUES_MAX} values`);
  }
}

/** Whether there is such a place the compiler finds out; here: none that holds data. */
function checkRef(ref: string, { pointer, walk }: Place): void {
  walk.refs += 1;
  if (walk.refs > REFS_MAX) throw new SchemaError(pointer, `is one of over ${REFS_MAX} references`);
  const steps = ref.slice(ref.indexOf('#') + 1).split('/');
  if (!ref.includes('#') || steps[0] !== '') return;
  for (const [at, step] of steps.entries()) {
    if (DATA.has(step) && !MAPS.has(steps[at - 1] ?? '')) {
      throw new SchemaError(pointer, `refers to a value (${step}), not to a schema`);
    }
  }
}

function checkPattern(source: string, { pointer, walk }: Place): void {
  walk.patterns += 1;
  if (walk.patterns > PATTERNS_MAX) {
    throw new SchemaError(pointer, `is one of over ${PATTERNS_MAX} patterns`);
  }
  try {
    safePattern(source);
  } catch (thrown) {
    if (thrown instanceof PatternError) throw new SchemaError(pointer, thrown.message);
    throw thrown;
  }
}
