/** Where the words of an answer come from: spans of a text, each with its sources. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Citation } from '../turn.ts';

const words = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** Of the answer's text, and not of its thoughts or of its plan. */
export function isOfText({ type }: JsonObject): boolean {
  return type === undefined || type === null || type === 'TEXT_CONTENT';
}

/** One for each source. `text`: the block that they are about. */
export function readCitation(cited: JsonObject, text: string): Citation[] {
  const quote = words(cited.text);
  const place = { ...placeOf(cited, text, quote), quote };
  const sources = Array.isArray(cited.sources) ? (cited.sources as readonly Json[]) : [];
  const named = sources.filter(isObject).map((source) => ({ ...nameOf(source), ...place }));
  return named.length > 0 ? named : [{ url: null, title: null, ...place }];
}

function nameOf(source: JsonObject): Pick<Citation, 'url' | 'title'> {
  const shown = source.document ?? source.tool_output ?? null;
  const of = isObject(shown) ? shown : {};
  return { url: words(of.url), title: words(of.title) ?? words(source.id) };
}

/**
 * The documents do not say what the offsets count, and vendors in other languages count characters
 * where UTF-16 has two: the quoted words tell which.
 */
function placeOf(
  { start, end }: JsonObject,
  text: string,
  quote: string | null,
): Pick<Citation, 'start' | 'end'> {
  if (typeof start !== 'number' || typeof end !== 'number') return { start: null, end: null };
  if (quote === null || text.slice(start, end) === quote) return { start, end };
  const characters = Array.from(text);
  if (characters.slice(start, end).join('') !== quote) return { start, end };
  const from = characters.slice(0, start).join('').length;
  return { start: from, end: from + quote.length };
}

/** Clients want offsets and a document with texts: what is not known is the whole, or empty. */
export function writeCitation(citation: Citation, text: string, block: number): JsonObject {
  const { url, title, quote } = citation;
  const start = citation.start ?? 0;
  const end = citation.end ?? text.length;
  const id = title ?? url ?? `doc:${block}`;
  const document = { id, title: title ?? url ?? '', text: quote ?? '' };
  return {
    start,
    end,
    text: text.slice(start, end) || (quote ?? ''),
    sources: [{ type: 'document', id, document: url === null ? document : { ...document, url } }],
    content_index: block,
    type: 'TEXT_CONTENT',
  };
}
