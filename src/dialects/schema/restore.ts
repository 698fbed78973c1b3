/** The way back from an answer under a rewritten schema. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { pointerStep } from '../../kit/pointer.ts';

export interface Restore {
  /** The rewritten schema. */
  readonly root: JsonObject;
  /** Pointers to its properties that became required: null there means that it is absent. */
  readonly optional: ReadonlySet<string>;
}

/** Removes nulls where they stand for absent properties, along the schema that was asked with. */
export function withoutNulls(value: Json, pointer: string, walk: Restore): Json {
  const schemas = schemasAt(pointer, walk.root, 0);
  if (Array.isArray(value)) {
    const inner = schemas.find(({ schema }) => isObject(schema.items));
    if (inner === undefined) return value;
    const items = value as readonly Json[];
    return items.map((item) => withoutNulls(item, `${inner.pointer}/items`, walk));
  }
  if (!isObject(value)) return value;
  const kept: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const places = schemas
      .filter(({ schema }) => isObject(schema.properties) && Object.hasOwn(schema.properties, name))
      .map((found) => `${found.pointer}/properties/${pointerStep(name)}`);
    const [first] = places;
    if (first === undefined) kept[name] = member;
    else if (member === null && places.every((place) => walk.optional.has(place))) continue;
    else kept[name] = withoutNulls(member, first, walk);
  }
  return kept;
}

interface Found {
  readonly pointer: string;
  readonly schema: JsonObject;
}

const HOPS_MAX = 20;

/** The schemas in force at a place: itself, what it refers to, its branches. */
function schemasAt(pointer: string, root: JsonObject, hops: number): readonly Found[] {
  const schema = lookUp(pointer, root);
  if (!isObject(schema) || hops > HOPS_MAX) return [];
  if (typeof schema.$ref === 'string' && schema.$ref.startsWith('#')) {
    return schemasAt(schema.$ref.slice(1), root, hops + 1);
  }
  const found: Found[] = [{ pointer, schema }];
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const branches = schema[key];
    if (!Array.isArray(branches)) continue;
    for (let at = 0; at < branches.length; at += 1) {
      found.push(...schemasAt(`${pointer}/${key}/${at}`, root, hops + 1));
    }
  }
  return found;
}

function lookUp(pointer: string, root: JsonObject): Json | undefined {
  let found: Json | undefined = root;
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(found)) found = (found as readonly Json[])[Number(key)];
    else found = isObject(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return found;
}
