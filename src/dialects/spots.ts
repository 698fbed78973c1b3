/** Reads the fields of a request, and says which one is wrong and what it must be. */
import type { Fault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../kit/json.ts';
import { wrong } from './fields.ts';

/** A place in a request that is read by hand: the object, and the path of it for people. */
export interface Spot {
  readonly of: JsonObject;
  /** Such as `messages[0]`; empty for the body. */
  readonly path: string;
}

export const pathOf = (spot: Spot, field: string): string =>
  spot.path === '' ? field : `${spot.path}.${field}`;

/** For what has no common form and changes the meaning. */
export function noForm(param: string, mend: string): Fault {
  return wrong(param, `cannot be carried to the format of the model behind this call: ${mend}`);
}

export function takeText(spot: Spot, field: string): string | null {
  const value = spot.of[field] ?? null;
  if (value === null || typeof value === 'string') return value;
  throw wrong(pathOf(spot, field), 'must be a string');
}

export function needText(spot: Spot, field: string): string {
  const value = takeText(spot, field);
  if (value === null) throw wrong(pathOf(spot, field), 'is required');
  return value;
}

export function takeNumber(spot: Spot, field: string): number | null {
  const value = spot.of[field] ?? null;
  if (value === null || typeof value === 'number') return value;
  throw wrong(pathOf(spot, field), 'must be a number');
}

export function takeFlag(spot: Spot, field: string): boolean | null {
  const value = spot.of[field] ?? null;
  if (value === null || typeof value === 'boolean') return value;
  throw wrong(pathOf(spot, field), 'must be true or false');
}

export function takeObject(spot: Spot, field: string): JsonObject | null {
  const value = spot.of[field] ?? null;
  if (value === null || isObject(value)) return value;
  throw wrong(pathOf(spot, field), 'must be an object');
}

export function needObject(spot: Spot, field: string): Spot {
  const value = takeObject(spot, field);
  if (value === null) throw wrong(pathOf(spot, field), 'is required');
  return { of: value, path: pathOf(spot, field) };
}

/** The objects of a list, each with its path; empty where there is none. */
export function takeSpots(spot: Spot, field: string): readonly Spot[] {
  const value = spot.of[field] ?? null;
  if (value === null) return [];
  if (!Array.isArray(value)) throw wrong(pathOf(spot, field), 'must be an array');
  return (value as readonly Json[]).map((member, index) => {
    const path = `${pathOf(spot, field)}[${index}]`;
    if (!isObject(member)) throw wrong(path, 'must be an object');
    return { of: member, path };
  });
}

export function takeTexts(spot: Spot, field: string): readonly string[] {
  const value = spot.of[field] ?? null;
  if (value === null) return [];
  const list = typeof value === 'string' ? [value] : value;
  if (Array.isArray(list) && list.every((member) => typeof member === 'string')) {
    return list as readonly string[];
  }
  throw wrong(pathOf(spot, field), 'must be a string or an array of strings');
}

/** Fields beside those that were read, by path: what is null says nothing. */
export function leftOver(spot: Spot, known: ReadonlySet<string>): Record<string, Json> {
  const rest: Record<string, Json> = {};
  for (const [field, value] of Object.entries(spot.of)) {
    if (value !== null && !known.has(field)) rest[pathOf(spot, field)] = value;
  }
  return rest;
}

/** The same without what is null or undefined. */
export function filled(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  const out: Record<string, Json> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined) out[field] = value;
  }
  return out;
}
