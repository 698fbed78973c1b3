/** The query of a signed request: taken apart, and written in the one way that is signed. */
import { Fault } from '../kit/fault.ts';

export type Pair = readonly [name: string, value: string];

/** Names and values decoded; `+` is a space, as the Python client writes it. */
export function readPairs(query: string): readonly Pair[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      const name = at < 0 ? part : part.slice(0, at);
      return [decode(name), at < 0 ? '' : decode(part.slice(at + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    throw new Fault('invalid_request', { message: 'The query is not valid percent-encoding.' });
  }
}

/** Everything but letters, digits and -_.~ in UTF-8, upper-case. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

interface Written {
  readonly raw: string;
  readonly name: string;
  readonly value: string;
}

/** Sorted by encoded name as documented; and, where it differs, by raw name as one client does. */
export function canonicalQueries(pairs: readonly Pair[]): readonly string[] {
  const written = pairs.map(([raw, value]) => ({ raw, name: encode(raw), value: encode(value) }));
  const byName = join(written, (entry) => entry.name);
  const byRaw = join(written, (entry) => entry.raw);
  return byName === byRaw ? [byName] : [byName, byRaw];
}

function join(written: readonly Written[], keyOf: (entry: Written) => string): string {
  return [...written]
    .sort((a, b) => compare(keyOf(a), keyOf(b)) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
