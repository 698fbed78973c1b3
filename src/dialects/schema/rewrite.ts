/**
 * Puts a caller's schema into what a vendor takes. What the result leaves open, the answer is
 * checked for afterwards; what it closes, the caller's schema allows as well. So an answer that
 * fits the result may still be refused, but none is lost that the vendor could have given.
 */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { pointerStep } from '../../kit/pointer.ts';
import { mergeAll } from './merge.ts';
import { withoutNulls } from './restore.ts';
import { objectionsTo } from './strict.ts';
import type { Subset } from './subsets.ts';

export interface Rewriting {
  readonly schema: JsonObject;
  /** What became of what, for people. */
  readonly notes: readonly string[];
  /** Some of it is left to our own check. */
  readonly looser: boolean;
  /** Whether the answer must be put back into the caller's shape. */
  readonly restores: boolean;
  /** The answer as the caller asked for it. */
  restore(answer: Json): Json;
}

/** Under this name stands a root that is no object. */
const WRAPPED = 'value';

interface Walk {
  readonly subset: Subset;
  readonly root: JsonObject;
  readonly notes: Set<string>;
  looser: boolean;
  /** Properties that became required: null there means that it is absent. */
  readonly optional: Set<string>;
  /** The rewritten schema cannot say it. */
  unsayable: boolean;
}

/** null: what the schema needs cannot be said in this subset. */
export function rewriteSchema(schema: JsonObject, subset: Subset): Rewriting | null {
  const notes = new Set<string>();
  const counts = { looser: false, optional: new Set<string>(), unsayable: false };
  const walk: Walk = { subset, root: schema, notes, ...counts };
  const body = rewrite(schema, { pointer: '', walk });
  if (walk.unsayable || !isObject(body)) return null;
  const wraps = subset.objectRoot && (body.type !== 'object' || body.anyOf !== undefined);
  const whole = wraps ? wrap(body, walk) : body;
  if (objectionsTo(whole, subset).length > 0) return null;
  return {
    schema: whole,
    notes: [...notes],
    looser: walk.looser,
    restores: wraps || walk.optional.size > 0,
    restore(answer) {
      const inner = wraps && isObject(answer) ? answer[WRAPPED] : answer;
      const value = inner === undefined ? answer : inner;
      const { optional } = walk;
      return optional.size === 0 ? value : withoutNulls(value, '', { root: body, optional });
    },
  };
}

interface Place {
  readonly pointer: string;
  readonly walk: Walk;
}

const under = ({ pointer, walk }: Place, ...keys: readonly (string | number)[]): Place => ({
  pointer: pointer + keys.map((key) => `/${pointerStep(String(key))}`).join(''),
  walk,
});

function note(place: Place, words: string): void {
  place.walk.notes.add(`schema ${place.pointer || '/'}: ${words}`);
}

/** Left to our own check. */
function loosen(place: Place, keyword: string): void {
  place.walk.looser = true;
  note(place, `${keyword} is checked here, not by the vendor`);
}

function wrap(body: JsonObject, walk: Walk): JsonObject {
  walk.notes.add(`schema /: the root was wrapped in an object as "${WRAPPED}"`);
  const { $defs, ...inner } = body;
  const moved = moveRefs(inner);
  const whole: JsonObject = {
    type: 'object',
    properties: { [WRAPPED]: moved },
    required: [WRAPPED],
    additionalProperties: false,
  };
  return $defs === undefined ? whole : { ...whole, $defs: moveRefs($defs) };
}

/** References to what now stands one level lower. */
function moveRefs(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(moveRefs);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== '$ref' || typeof inner !== 'string') return [key, moveRefs(inner)];
      const stays = inner.startsWith('#/$defs/') || !inner.startsWith('#');
      return [key, stays ? inner : `#/properties/${WRAPPED}${inner.slice(1)}`];
    }),
  );
}

/** Words for people: no answer is judged by them. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'examples', 'example', 'deprecated', 'readOnly'],
  ...['writeOnly', '$comment', '$schema', '$id', 'propertyOrdering'],
]);

function rewrite(schema: Json, place: Place): Json {
  if (schema === true) return {};
  if (!isObject(schema)) {
    place.walk.unsayable = true;
    return {};
  }
  const plain = withPlainKeywords(schema, place);
  if (typeof plain.$ref === 'string') return rewriteRef(plain, place);
  const out: Record<string, Json> = {};
  for (const [key, value] of Object.entries(plain)) {
    const kept = rewriteKeyword(key, value, place);
    if (kept !== undefined) out[key] = kept;
  }
  if (plain.properties !== undefined || typesOf(plain).includes('object')) shapeObject(out, place);
  return out;
}

const typesOf = ({ type }: JsonObject): readonly Json[] =>
  Array.isArray(type) ? (type as readonly Json[]) : [type ?? null];

/** One way of saying each thing: no `nullable`, `const`, `oneOf`, `allOf`, `definitions`. */
function withPlainKeywords(schema: JsonObject, place: Place): JsonObject {
  const { subset } = place.walk;
  let plain: Record<string, Json> = { ...schema };
  if (plain.nullable === true && typeof plain.type === 'string') plain.type = [plain.type, 'null'];
  delete plain.nullable;
  if (isObject(plain.definitions)) {
    plain.$defs = { ...plain.definitions, ...(isObject(plain.$defs) ? plain.$defs : {}) };
    delete plain.definitions;
  }
  if (Array.isArray(plain.allOf) && !subset.keywords.has('allOf')) {
    const { allOf, ...rest } = plain;
    const merged = mergeAll(rest, allOf as readonly Json[], place.walk.root);
    if (merged === null) loosen(place, 'allOf');
    else note(place, 'allOf was merged into one');
    plain = { ...(merged ?? rest) };
  }
  if (plain.const !== undefined && !subset.keywords.has('const')) {
    plain.enum = [plain.const];
    delete plain.const;
    note(place, 'const became enum');
  }
  if (Array.isArray(plain.oneOf) && plain.anyOf === undefined) {
    plain.anyOf = plain.oneOf;
    delete plain.oneOf;
    if (areApart(plain.anyOf as readonly Json[])) note(place, 'oneOf became anyOf');
    else loosen(place, 'that no more than one of oneOf fits');
  }
  return plain;
}

/** No value fits two of them: they differ in type, or in a member with one value each. */
function areApart(branches: readonly Json[]): boolean {
  const objects = branches.filter(isObject);
  if (objects.length < branches.length) return false;
  const types = objects.map(({ type }) => (typeof type === 'string' ? type : ''));
  const isTyped = types.every((type) => type !== '' && type !== 'number');
  if (isTyped && new Set(types).size === types.length) return true;
  const names = isObject(objects[0]?.properties) ? Object.keys(objects[0].properties) : [];
  return names.some((name) => {
    const marks = objects.map((branch) => markOf(branch, name));
    return marks.every((mark) => mark !== null) && new Set(marks).size === marks.length;
  });
}

function markOf(branch: JsonObject, name: string): string | null {
  const { properties, required } = branch;
  if (!isObject(properties) || !Array.isArray(required) || !required.includes(name)) return null;
  const property = properties[name];
  if (!isObject(property)) return null;
  const { const: only, enum: some } = property;
  if (only !== undefined) return JSON.stringify(only);
  return Array.isArray(some) && some.length === 1 ? JSON.stringify(some[0]) : null;
}

/** A reference stands alone; what else is said there is left to our own check. */
function rewriteRef(schema: JsonObject, place: Place): JsonObject {
  for (const key of Object.keys(schema)) {
    if (key !== '$ref' && key !== '$defs' && !ANNOTATIONS.has(key)) loosen(place, key);
  }
  const ref = String(schema.$ref).replace(/^#\/definitions\//, '#/$defs/');
  if (schema.$defs === undefined) return { $ref: ref };
  return { $ref: ref, $defs: rewriteMap(schema.$defs, under(place, '$defs')) };
}

/** undefined: it is left out. */
function rewriteKeyword(key: string, value: Json, place: Place): Json | undefined {
  const { subset } = place.walk;
  if (key === 'properties' || key === '$defs') return rewriteMap(value, under(place, key));
  if (key === 'items' && !Array.isArray(value)) return rewrite(value, under(place, key));
  if ((key === 'anyOf' || key === 'allOf' || key === 'prefixItems') && subset.keywords.has(key)) {
    const branches = Array.isArray(value) ? (value as readonly Json[]) : [];
    return branches.map((one, at) => rewrite(one, under(place, key, at)));
  }
  // Of objects; see shapeObject.
  if (key === 'additionalProperties') return value;
  if (!subset.keywords.has(key)) {
    if (!ANNOTATIONS.has(key)) loosen(place, key);
    return undefined;
  }
  if (key === 'format' && subset.formats?.has(String(value)) === false) {
    loosen(place, `format ${String(value)}`);
    return undefined;
  }
  const least = subset.minItemsMax;
  if (key === 'minItems' && least !== undefined && Number(value) > least) {
    loosen(place, `minItems ${Number(value)}`);
    return least;
  }
  return value;
}

function rewriteMap(value: Json, place: Place): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, rewrite(inner, under(place, name))]),
  );
}

function shapeObject(out: Record<string, Json>, place: Place): void {
  const { subset } = place.walk;
  const properties = isObject(out.properties) ? out.properties : {};
  const more = out.additionalProperties;
  if (subset.closed && more !== false) {
    // Free names cannot be said; with names of its own the object may do without others.
    if (Object.keys(properties).length === 0) place.walk.unsayable = true;
    else note(place, 'only the properties that it names are made');
    out.additionalProperties = false;
    out.properties = properties;
  } else if (isObject(more)) {
    out.additionalProperties = rewrite(more, under(place, 'additionalProperties'));
  }
  const lacks = !Array.isArray(out.required) || out.required.length === 0;
  if (subset.someRequired && lacks) {
    if (Object.keys(properties).length === 0) place.walk.unsayable = true;
    complete(out, properties, place);
  } else if (subset.complete) complete(out, properties, place);
}

function complete(out: Record<string, Json>, properties: JsonObject, place: Place): void {
  const required = new Set(Array.isArray(out.required) ? (out.required as readonly Json[]) : []);
  const made: Record<string, Json> = {};
  for (const [name, inner] of Object.entries(properties)) {
    if (required.has(name) || !isObject(inner)) {
      made[name] = inner;
      continue;
    }
    made[name] = nullable(inner);
    place.walk.optional.add(`${place.pointer}/properties/${pointerStep(name)}`);
    note(under(place, 'properties', name), 'optional: asked for as null, and removed again');
  }
  out.properties = made;
  // A required name that is no property may be anything: the vendor cannot be told.
  for (const name of required) {
    if (!Object.hasOwn(properties, String(name))) place.walk.unsayable = true;
  }
  out.required = Object.keys(properties);
}

function nullable(schema: JsonObject): JsonObject {
  const { type, anyOf } = schema;
  if (Array.isArray(anyOf) && type === undefined) {
    const branches = anyOf as readonly Json[];
    const has = branches.some((branch) => isObject(branch) && typesOf(branch).includes('null'));
    return has ? schema : { ...schema, anyOf: [...branches, { type: 'null' }] };
  }
  if (schema.enum !== undefined || schema.const !== undefined || type === undefined) {
    return { anyOf: [schema, { type: 'null' }] };
  }
  const types = typesOf(schema);
  return types.includes('null') ? schema : { ...schema, type: [...types, 'null'] };
}
