/** Where an answer's sentences come from: chunks and the segments that they support. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Citation } from '../turn.ts';
import { pick } from './wire.ts';

/** Offsets count bytes of UTF-8 here, and UTF-16 code units in the common form. */
function unitsAt(text: string, bytes: Json | undefined): number | null {
  if (typeof bytes !== 'number') return null;
  return Buffer.from(text).subarray(0, bytes).toString('utf8').length;
}

const bytesAt = (text: string, units: number): number => Buffer.byteLength(text.slice(0, units));

const words = (value: Json | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

const objects = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];

/** Citations of a candidate's text, from both places where they may stand. */
export function readCitations(candidate: JsonObject, text: string): Citation[] {
  const grounding = pick(candidate, 'groundingMetadata');
  const direct = pick(candidate, 'citationMetadata');
  return [
    ...(isObject(grounding) ? readGrounding(grounding, text) : []),
    ...(isObject(direct) ? objects(direct.citations).map((one) => readDirect(one, text)) : []),
  ];
}

function readDirect(citation: JsonObject, text: string): Citation {
  const start = citation.startIndex ?? (citation.endIndex === undefined ? undefined : 0);
  return {
    url: words(citation.uri),
    title: words(citation.title),
    start: unitsAt(text, start),
    end: unitsAt(text, citation.endIndex),
    quote: null,
  };
}

function readGrounding(grounding: JsonObject, text: string): Citation[] {
  const chunks = objects(grounding.groundingChunks);
  return objects(grounding.groundingSupports).flatMap((support) => {
    const segment = isObject(support.segment) ? support.segment : {};
    // A start of zero is left out.
    const start = segment.startIndex ?? (segment.endIndex === undefined ? undefined : 0);
    const place = {
      start: unitsAt(text, start),
      end: unitsAt(text, segment.endIndex),
      quote: words(segment.text),
    };
    const indices = Array.isArray(support.groundingChunkIndices)
      ? (support.groundingChunkIndices as readonly Json[])
      : [];
    return indices.flatMap((index) => {
      const chunk = typeof index === 'number' ? chunks[index] : undefined;
      const source = chunk?.web ?? chunk?.retrievedContext ?? chunk?.maps;
      if (!isObject(source)) return [];
      return [{ url: words(source.uri), title: words(source.title), ...place }];
    });
  });
}

/** null: there are none. `text`: the part that they are about; `part`: its number. */
export function writeGrounding(
  citations: readonly Citation[],
  text: string,
  part: number,
): { chunks: JsonObject[]; supports: (first: number) => JsonObject[] } {
  const chunks = citations.map(({ url, title }) => ({
    web: { ...(url === null ? {} : { uri: url }), ...(title === null ? {} : { title }) },
  }));
  const supports = (first: number): JsonObject[] =>
    citations.map(({ start, end, quote }, at) => ({
      segment: {
        ...(part === 0 ? {} : { partIndex: part }),
        ...(start === null ? {} : { startIndex: bytesAt(text, start) }),
        ...(end === null ? {} : { endIndex: bytesAt(text, end) }),
        ...(quote === null ? {} : { text: quote }),
      },
      groundingChunkIndices: [first + at],
    }));
  return { chunks, supports };
}
