/** Reads members of a body as Ark does: null is absent, a wrong type is refused by its name. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { invalid, missing } from './refusal.ts';

export function given(body: JsonObject, name: string): Json | undefined {
  return body[name] ?? undefined;
}

export function text(body: JsonObject, name: string): string {
  const value = given(body, name);
  if (value === undefined || value === '') throw missing(name);
  if (typeof value !== 'string') throw invalid(name, 'expected a string');
  return value;
}

export function flag(body: JsonObject, name: string, other: boolean): boolean {
  const value = given(body, name) ?? other;
  if (typeof value !== 'boolean') throw invalid(name, 'expected a boolean');
  return value;
}

export function oneOf<const Word extends string>(
  body: JsonObject,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const value = given(body, name);
  if (value === undefined) return undefined;
  const found = words.find((word) => word === value);
  if (found === undefined) throw invalid(name, `expected one of ${words.join(', ')}`);
  return found;
}

export interface Span {
  readonly low: number;
  readonly high: number;
  readonly whole?: boolean;
}

export function number(body: JsonObject, name: string, span: Span): number | undefined {
  const value = given(body, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || (span.whole === true && !Number.isInteger(value))) {
    throw invalid(name, span.whole === true ? 'expected an integer' : 'expected a number');
  }
  if (value < span.low || value > span.high) {
    throw invalid(name, `expected ${span.low} to ${span.high}, got ${value}`);
  }
  return value;
}

export function object(body: JsonObject, name: string): JsonObject | undefined {
  const value = given(body, name);
  if (value === undefined) return undefined;
  if (!isObject(value)) throw invalid(name, 'expected an object');
  return value;
}

/** A text, or a list of at most `most` texts that are not empty. */
export function texts(body: JsonObject, name: string, most: number): string[] {
  const value = given(body, name);
  if (value === undefined) throw missing(name);
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw invalid(name, 'empty array');
  if (list.length > most) throw invalid(name, `expected at most ${most} items`);
  return list.map((one, at) => {
    if (typeof one !== 'string' || one === '') {
      throw invalid(`${name}[${at}]`, 'expected a string that is not empty');
    }
    return one;
  });
}
