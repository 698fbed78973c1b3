/** Parts of content, in both directions. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { wrong } from '../fields.ts';
import { audioFormat, audioType, readUrl, writeUrl } from '../media.ts';
import type { Omissions } from '../omissions.ts';
import {
  filled,
  leftOver,
  needObject,
  needText,
  noForm,
  pathOf,
  type Spot,
  takeSpots,
  takeText,
} from '../spots.ts';
import type { Citation, ContentPart, Media } from '../turn.ts';

const BREAKPOINT = 'prompt_cache_breakpoint';

export interface ReadParts {
  readonly content: ContentPart[];
  readonly refusal: string | null;
}

/** The field's text or parts; fields without a common form go to `others`. */
export function readContent(spot: Spot, field: string, others: Record<string, Json>): ReadParts {
  const value = spot.of[field] ?? null;
  if (typeof value === 'string') return { content: [{ type: 'text', text: value }], refusal: null };
  const content: ContentPart[] = [];
  let refusal: string | null = null;
  for (const part of takeSpots(spot, field)) {
    if (part.of.type === 'refusal') refusal = (refusal ?? '') + needText(part, 'refusal');
    else content.push(readPart(part, others));
  }
  return { content, refusal };
}

const FIELDS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  input_text: ['text'],
  output_text: ['text', 'annotations', 'logprobs'],
  text: ['text'],
  summary_text: ['text'],
  input_image: ['image_url', 'file_id', 'detail'],
  input_file: ['file_data', 'file_id', 'file_url', 'filename', 'detail'],
  input_audio: ['input_audio'],
  input_video: ['video_url', 'file_id', 'detail'],
});

function readPart(part: Spot, others: Record<string, Json>): ContentPart {
  const type = needText(part, 'type');
  const known = Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (known === undefined) {
    const kinds = 'input_text, input_image, input_file or input_audio';
    throw noForm(pathOf(part, 'type'), `send ${kinds}, not "${type}"`);
  }
  Object.assign(others, leftOver(part, new Set(['type', BREAKPOINT, ...known])));
  const cache = (part.of[BREAKPOINT] ?? null) === null ? {} : { cache: { ttl: null } };
  if (type.endsWith('text')) {
    const citations = readAnnotations(part.of.annotations);
    const cited = citations.length === 0 ? {} : { citations };
    return { type: 'text', text: needText(part, 'text'), ...cited, ...cache };
  }
  if (type === 'input_audio') {
    return { type: 'audio', media: readAudio(needObject(part, type)), ...cache };
  }
  const said = takeText(part, 'detail');
  const detail = said === null ? {} : { detail: said };
  if (type === 'input_file') {
    const name = takeText(part, 'filename');
    const filename = name === null ? {} : { filename: name };
    return { type: 'file', media: readFile(part), ...filename, ...detail, ...cache };
  }
  const kind = type === 'input_image' ? 'image' : 'video';
  return { type: kind, media: readMedia(part, `${kind}_url`), ...detail, ...cache };
}

function readMedia(part: Spot, field: string): Media {
  const url = takeText(part, field);
  if (url !== null) return readUrl(url);
  return { at: 'id', id: needText(part, 'file_id'), mediaType: null };
}

function readAudio(inner: Spot): Media {
  const data = needText(inner, 'data');
  if (data.startsWith('data:')) return readUrl(data);
  return { at: 'inline', data, mediaType: audioType(needText(inner, 'format')) };
}

function readFile(part: Spot): Media {
  const data = takeText(part, 'file_data');
  if (data?.startsWith('data:')) return readUrl(data);
  if (data !== null) return { at: 'inline', data, mediaType: 'application/pdf' };
  const url = takeText(part, 'file_url');
  if (url !== null) return readUrl(url);
  const id = takeText(part, 'file_id');
  if (id === null) throw wrong(part.path, 'needs file_data, file_url or file_id');
  return { at: 'id', id, mediaType: null };
}

/** Sources on the web; others have no form here. */
export function readAnnotations(annotations: Json | undefined): Citation[] {
  if (!Array.isArray(annotations)) return [];
  return (annotations as readonly JsonObject[]).flatMap((one) => readAnnotation(one) ?? []);
}

export function readAnnotation(annotation: Json): Citation | null {
  const of = annotation as JsonObject | null;
  if (of?.type !== 'url_citation') return null;
  const { url, title, start_index: start, end_index: end } = of;
  return {
    url: typeof url === 'string' ? url : null,
    title: typeof title === 'string' ? title : null,
    start: typeof start === 'number' ? start : null,
    end: typeof end === 'number' ? end : null,
    quote: null,
  };
}

/** One without an address has no form here. */
export function writeAnnotation({ url, title, start, end }: Citation): JsonObject[] {
  if (url === null) return [];
  const place = { start_index: start ?? 0, end_index: end ?? 0 };
  return [{ type: 'url_citation', url, title: title ?? url, ...place }];
}

export function writeOutputText(text: string, citations: readonly Citation[]): JsonObject {
  return {
    type: 'output_text',
    text,
    annotations: citations.flatMap(writeAnnotation),
    logprobs: [],
  };
}

/** For a vendor. */
export function writeContent(content: readonly ContentPart[], omissions: Omissions): Json {
  return content.map((part) => writePart(part, omissions));
}

function writePart(part: ContentPart, omissions: Omissions): JsonObject {
  if (part.cache !== undefined) {
    omissions.warn('Marks of what may be cached are not told to the model behind this call.');
  }
  if (part.type === 'text') return { type: 'input_text', text: part.text };
  const { media, detail } = part;
  const id = media.at === 'id' ? media.id : null;
  if (part.type === 'file') {
    const data = media.at === 'inline' ? writeUrl(media) : null;
    const url = media.at === 'url' ? media.url : null;
    const { filename } = part;
    return filled({
      ...{ type: 'input_file', file_id: id, file_url: url, file_data: data },
      ...{ filename, detail },
    });
  }
  if (part.type !== 'audio') {
    const url = writeUrl(media);
    return filled({
      ...{ type: `input_${part.type}`, file_id: id, [`${part.type}_url`]: url },
      detail,
    });
  }
  if (media.at !== 'inline') {
    throw noForm('input_audio', 'send the sound itself in base64, not where it is');
  }
  const { data, mediaType } = media;
  return { type: 'input_audio', input_audio: { data, format: audioFormat(mediaType) } };
}
