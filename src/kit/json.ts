/** JSON as data, and a scanner that finds top-level fields in JSON text without rebuilding it. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a top-level field stands in the text; offsets are UTF-16 code units, ends exclusive. */
export interface Span {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export type Scan =
  | { readonly ok: true; readonly spans: readonly Span[]; readonly open: number }
  | { readonly ok: false; readonly why: 'shape' | 'depth' };

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const COLON = 58;
const COMMA = 44;

/** Index just after the string whose opening quote is at `start`, or -1 where it never ends. */
function stringEnd(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return -1;
    let slashes = at;
    while (text.charCodeAt(slashes - 1) === BACKSLASH) slashes -= 1;
    if ((at - slashes) % 2 === 0) return at + 1;
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/**
 * Finds the top-level fields of a JSON object and refuses nesting deeper than `depthMax`. It trusts
 * the text to be JSON (call JSON.parse as well); on text that is not, it still ends and stays in
 * bounds. Strings are jumped over natively, so a long prompt costs next to nothing.
 */
export function scanObject(text: string, depthMax: number): Scan {
  const end = text.length;
  let at = 0;
  while (at < end && isSpace(text.charCodeAt(at))) at += 1;
  if (text.charCodeAt(at) !== OPEN_BRACE) return { ok: false, why: 'shape' };
  const open = at;
  const spans: Span[] = [];
  let depth = 1;
  let key: string | null = null;
  let keyStart = -1;
  let valueStart = -1;
  let valueEnd = -1;
  at += 1;
  while (at < end && depth > 0) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      at += 1;
      continue;
    }
    if (
      depth === 1 &&
      key !== null &&
      valueStart >= 0 &&
      (code === COMMA || code === CLOSE_BRACE)
    ) {
      spans.push({ key, keyStart, valueStart, valueEnd });
      key = null;
      valueStart = -1;
      if (code === COMMA) {
        at += 1;
        continue;
      }
    }
    const start = at;
    if (code === QUOTE) {
      at = stringEnd(text, at);
      if (at < 0) return { ok: false, why: 'shape' };
      if (depth === 1 && key === null) {
        key = keyText(text.slice(start, at));
        if (key === null) return { ok: false, why: 'shape' };
        keyStart = start;
        continue;
      }
    } else {
      if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
      else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
      if (depth > depthMax) return { ok: false, why: 'depth' };
      at += 1;
      if (depth === 1 && code === COLON && valueStart < 0) continue;
    }
    if (key !== null && (depth > 1 || code !== COLON)) {
      if (valueStart < 0) valueStart = start;
      if (depth === 1) valueEnd = at;
    }
  }
  return depth === 0 ? { ok: true, spans, open } : { ok: false, why: 'shape' };
}

function keyText(quoted: string): string | null {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}

/** JSON.parse that answers undefined for what is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
