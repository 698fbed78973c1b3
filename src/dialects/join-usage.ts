/** Several answers to the parts of one request, as one body for the meter. */
import { isObject, type Json, type JsonObject } from '../kit/json.ts';

/** Where vendors count. */
const COUNTED = ['usage', 'meta', 'usageMetadata'] as const;
const DEPTH_MAX = 4;

/** The sums of all numbers below the places where vendors count; nothing else of the answers. */
export function joinUsage(bodies: readonly Json[]): JsonObject {
  const joined: Record<string, Json> = {};
  for (const field of COUNTED) {
    const values = bodies.flatMap((body) => (isObject(body) ? (body[field] ?? []) : []));
    if (values.length > 0) joined[field] = addUp(values, DEPTH_MAX);
  }
  return joined;
}

function addUp(values: readonly Json[], depth: number): Json {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === values.length) return numbers.reduce((sum, value) => sum + value, 0);
  const objects = values.filter(isObject);
  if (objects.length === 0 || depth === 0) return null;
  const fields = new Set(objects.flatMap((object) => Object.keys(object)));
  return Object.fromEntries(
    [...fields].map((field) => {
      const inner = objects.flatMap((object) => object[field] ?? []);
      return [field, addUp(inner, depth - 1)];
    }),
  );
}
