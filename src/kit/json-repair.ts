/**
 * Mends the syntax of JSON that a model wrote: fences, prose around it, comments, commas, quotes,
 * raw newlines, Python's words. It never makes up a value and never guesses between two readings;
 * then the answer is null. One pass a starting place, of which there are few.
 */
import { type Json, parseJson } from './json.ts';
import { RepairReader, Unreadable } from './json-repair-reader.ts';

const REPAIR_CHARS_MAX = 16 * 1024 * 1024;
/** Braces in prose that are tried as the beginning. */
const STARTS_MAX = 16;

export type Repair =
  | 'fence'
  | 'prose'
  | 'comment'
  | 'trailing_comma'
  | 'missing_comma'
  | 'quotes'
  | 'unquoted_key'
  | 'raw_character'
  | 'escape'
  | 'python_word'
  | 'number'
  | 'truncated';

export interface Repaired {
  readonly text: string;
  readonly value: Json;
  /** What was mended, each once; empty where it was good JSON. */
  readonly did: readonly Repair[];
}

export interface RepairWish {
  /** Close what was cut off in the middle: what is not whole is left out. */
  readonly truncated?: boolean;
}

export function repairJson(text: string, wish: RepairWish = {}): Repaired | null {
  const plain = parseJson(text);
  if (plain !== undefined) return { text, value: plain, did: [] };
  if (text.length > REPAIR_CHARS_MAX) return null;
  const fenced = findFenced(text);
  if (fenced === 'several') return null;
  if (fenced !== null) {
    const inner = readWhole(fenced, wish);
    if (inner !== null) return withDid(inner, 'fence');
  }
  return readWhole(text.replace(/^\ufeff/, ''), wish) ?? readAmongProse(text, wish);
}

const withDid = (repaired: Repaired, ...more: Repair[]): Repaired => ({
  ...repaired,
  did: [...new Set([...more, ...repaired.did])],
});

const FENCE = /^[ \t]*```[^\n`]*$/gm;

/** What stands between the one pair of fences. */
function findFenced(text: string): string | null | 'several' {
  const marks = [...text.matchAll(FENCE)].slice(0, 3);
  if (marks.length > 2) return 'several';
  const [open, close] = marks;
  if (open === undefined) return null;
  const from = open.index + open[0].length;
  return close === undefined ? text.slice(from) : text.slice(from, close.index);
}

/** The text as one value with nothing but space and comments around it. */
function readWhole(text: string, wish: RepairWish): Repaired | null {
  try {
    const reader = new RepairReader(text, 0, wish.truncated === true);
    const out = reader.readValue();
    reader.skipSpace();
    return reader.at >= text.length ? finish(out, reader.did) : null;
  } catch (thrown) {
    if (thrown instanceof Unreadable) return null;
    throw thrown;
  }
}

function finish(text: string, did: ReadonlySet<Repair>): Repaired | null {
  const value = parseJson(text);
  return value === undefined ? null : { text, value, did: [...did] };
}

/** What is meant as JSON, unlike a {word} or a [word] of prose. */
const BEGINNING = /\{\s*(?:["'\u201c\u2018{[]|[\w$]+\s*:)|\[\s*["'\u201c\u2018{[\d-]/y;

/** The one object among prose, or, where there is none, the one list. */
function readAmongProse(text: string, wish: RepairWish): Repaired | null {
  const objects: Repaired[] = [];
  const lists: Repaired[] = [];
  let at = 0;
  for (let starts = 0; starts < STARTS_MAX; starts += 1) {
    const start = text.slice(at).search(/[{[]/);
    if (start < 0) break;
    at += start;
    const found = readFrom(text, at, wish);
    if (found === null) {
      // What is broken in a way that stays broken: a part of it would pass for the whole.
      BEGINNING.lastIndex = at;
      if (BEGINNING.test(text)) return null;
      at += 1;
      continue;
    }
    (text[at] === '{' ? objects : lists).push(found.repaired);
    at = found.end;
  }
  const [best, ...more] = objects.length > 0 ? objects : lists;
  if (best === undefined || more.length > 0) return null;
  return withDid(best, 'prose');
}

function readFrom(
  text: string,
  start: number,
  wish: RepairWish,
): { readonly repaired: Repaired; readonly end: number } | null {
  try {
    const reader = new RepairReader(text, start, wish.truncated === true);
    const repaired = finish(reader.readValue(), reader.did);
    return repaired === null ? null : { repaired, end: reader.at };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return null;
    throw thrown;
  }
}
