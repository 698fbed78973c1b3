/** JSON pointers (RFC 6901). */
import type { Json } from './json.ts';

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const ARRAY_INDEX = /^(?:0|[1-9]\d*)$/;

/** A name as one step of a pointer, without the slash. */
export function pointerStep(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function isPointer(text: string): boolean {
  return POINTER.test(text);
}

function step(value: Json, key: string): Json | undefined {
  if (Array.isArray(value)) return ARRAY_INDEX.test(key) ? value[Number(key)] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as { readonly [key: string]: Json })[key];
}

/**
 * The value at `pointer`: '' is the whole, '/usage/0' goes down. Undefined where nothing stands
 * there or the pointer is not one; inherited members are never reached.
 */
export function readPointer(value: Json, pointer: string): Json | undefined {
  const parts = KNOWN.get(pointer) ?? readParts(pointer);
  if (parts === null) return undefined;
  let found: Json | undefined = value;
  for (const part of parts) {
    if (found === undefined) return undefined;
    found = step(found, part);
  }
  return found;
}

/** Pointers taken apart; they come from vendors' data, so there are few. */
const KNOWN = new Map<string, readonly string[] | null>();
const KNOWN_MAX = 1_000;

function readParts(pointer: string): readonly string[] | null {
  const parts = isPointer(pointer)
    ? pointer
        .split('/')
        .slice(1)
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    : null;
  if (KNOWN.size < KNOWN_MAX) KNOWN.set(pointer, parts);
  return parts;
}
