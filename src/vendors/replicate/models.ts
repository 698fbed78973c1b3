/**
 * What is known of models there (npm all-the-public-replicate-models 1.352.0, January 2025). Of
 * others the vendor itself checks the input.
 */
import type { Json, JsonObject } from '../../kit/json.ts';
import { community } from './community.ts';
import type { Field, Models, Schema } from './fields.ts';
import { flux } from './flux.ts';
import { makers } from './makers.ts';
import { stability } from './stability.ts';

const MODELS: Models = { ...stability, ...community, ...flux, ...makers };

export interface Named {
  readonly name: string;
  readonly schema: Schema;
}

/** By owner/name, owner/name:version or version. */
export function findModel(ref: string): Named | null {
  const [head = '', tail] = ref.split(':');
  const named = Object.hasOwn(MODELS, head) ? MODELS[head] : undefined;
  if (named !== undefined) {
    return tail === undefined || tail === named.version ? { name: head, schema: named } : null;
  }
  const found = Object.entries(MODELS).find(([, { version }]) => version === ref);
  return found === undefined ? null : { name: found[0], schema: found[1] };
}

/** What is wrong with an input, a line each, as the vendor says it. */
export function faultsOf(schema: Schema, input: JsonObject): readonly string[] {
  return Object.entries(schema.input).flatMap(([name, field]) => {
    const value = input[name] ?? null;
    if (value === null) return field.isNeeded === true ? [`${name}: Field required`] : [];
    const wrong = faultOf(field, value);
    return wrong === null ? [] : [`${name}: ${wrong}`];
  });
}

/** Lenient where the vendor is: numbers and flags may be written as text. */
function faultOf({ type, range, among, isFile }: Field, value: Json): string | null {
  if (type === 'string') {
    if (typeof value !== 'string') return 'Input should be a valid string';
    if (isFile === true && value !== '' && !/^(https?:|data:)/.test(value)) {
      return 'Does not match format uri';
    }
    return among === undefined || among.includes(value) ? null : `Must be one of ${words(among)}`;
  }
  if (type === 'boolean') {
    const isFlag = [true, false, 'true', 'false', 0, 1].includes(value as boolean);
    return isFlag ? null : 'Input should be a valid boolean';
  }
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof read !== 'number' || !Number.isFinite(read)) return `Input should be a valid ${type}`;
  if (type === 'integer' && !Number.isInteger(read)) return 'Input should be a valid integer';
  if (among !== undefined && !among.includes(read)) return `Must be one of ${words(among)}`;
  if (range === undefined) return null;
  if (read < range[0]) return `Must be greater than or equal to ${range[0]}`;
  return read > range[1] ? `Must be less than or equal to ${range[1]}` : null;
}

function words(among: readonly (string | number)[]): string {
  return among.map((one) => JSON.stringify(one)).join(', ');
}

/** The schema as the vendor publishes it with a version. */
export function openApi({ input, many }: Schema): JsonObject {
  const properties: Record<string, Json> = {};
  for (const [name, { type, isFile, range, among }] of Object.entries(input)) {
    properties[name] = {
      type,
      ...(isFile === true ? { format: 'uri' } : {}),
      ...(range === undefined ? {} : { minimum: range[0], maximum: range[1] }),
      ...(among === undefined ? {} : { enum: [...among] }),
    };
  }
  const required = Object.keys(input).filter((name) => input[name]?.isNeeded === true);
  const file = { type: 'string', format: 'uri' };
  const Output = many === true ? { type: 'array', items: file, title: 'Output' } : file;
  return {
    openapi: '3.0.2',
    info: { title: 'Cog', version: '0.1.0' },
    paths: {},
    components: { schemas: { Input: { type: 'object', properties, required }, Output } },
  };
}
