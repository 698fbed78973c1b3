/** Complaints whose words are the vendor's own, and the checks that several formats share. */
import { isObject, type Json, type JsonObject } from '../src/kit/json.ts';
import type { Complaint } from './check.ts';

/** A refusal in exactly these words. */
export function wrong(param: string, detail: string): Complaint {
  return { kind: 'invalid', param, detail };
}

/** Members of `value` that are not in `known`; the first of them. */
export function strangeMember(value: JsonObject, known: readonly string[]): string | null {
  return Object.keys(value).find((name) => !known.includes(name)) ?? null;
}

/** Objects of a list, and nothing for what is no list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function numberOr(value: Json | undefined, other: number | null): number | null {
  return typeof value === 'number' ? value : other;
}

export function textOr(value: Json | undefined, other = ''): string {
  return typeof value === 'string' ? value : other;
}
