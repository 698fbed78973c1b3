/** Parts of a message's content, in both directions. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { wrong } from '../fields.ts';
import { type Losses, warnOfMarks } from '../losses.ts';
import { audioFormat, audioType, inlineText, readUrl, writeUrl } from '../media.ts';
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
import type { ContentPart, Media, MediaPart } from '../turn.ts';

export interface ReadParts {
  readonly content: ContentPart[];
  /** Of an assistant: thoughts and refusals that stand among the parts. */
  readonly thoughts: string;
  readonly refusal: string | null;
  readonly others: Record<string, Json>;
}

const BREAKPOINT = 'prompt_cache_breakpoint';

/** `content` as text or parts; nothing where it is null or absent. */
export function readContent(spot: Spot): ReadParts {
  const content: ContentPart[] = [];
  const others: Record<string, Json> = {};
  let thoughts = '';
  let refusal: string | null = null;
  const value = spot.of.content ?? null;
  if (typeof value === 'string') content.push({ type: 'text', text: value });
  else {
    for (const part of takeSpots(spot, 'content')) {
      if (part.of.type === 'thinking') thoughts += readThinking(part);
      else if (part.of.type === 'refusal') refusal = (refusal ?? '') + needText(part, 'refusal');
      else content.push(readPart(part, others));
    }
  }
  return { content, thoughts, refusal, others };
}

/** Some vendors put their thoughts among the parts. */
function readThinking(part: Spot): string {
  const { thinking } = part.of;
  if (typeof thinking === 'string') return thinking;
  return takeSpots(part, 'thinking')
    .map((inner) => takeText(inner, 'text') ?? '')
    .join('');
}

function readPart(part: Spot, others: Record<string, Json>): ContentPart {
  const type = needText(part, 'type');
  const cached = part.of[BREAKPOINT] === undefined ? {} : { cache: { ttl: null } };
  const keep = (known: readonly string[]): void => {
    Object.assign(others, leftOver(part, new Set(['type', BREAKPOINT, ...known])));
  };
  if (type === 'text') {
    keep(['text']);
    return { type: 'text', text: needText(part, 'text'), ...cached };
  }
  if (type === 'image_url' || type === 'video_url') {
    keep([type]);
    const inner = innerOf(part, type);
    Object.assign(others, leftOver(inner, new Set(['url', 'file_id', 'detail'])));
    const detail = takeText(inner, 'detail');
    const kind = type === 'image_url' ? 'image' : 'video';
    return { type: kind, media: readMedia(inner), ...(detail && { detail }), ...cached };
  }
  if (type === 'input_audio') {
    keep([type]);
    return { type: 'audio', media: readAudio(needObject(part, type)), ...cached };
  }
  if (type === 'file') {
    keep([type]);
    const inner = needObject(part, type);
    const filename = takeText(inner, 'filename');
    return { type, media: readFile(inner), ...(filename && { filename }), ...cached };
  }
  throw noForm(pathOf(part, 'type'), `send text, image_url, input_audio or file, not "${type}"`);
}

/** Some clients send the address alone where an object is due. */
function innerOf(part: Spot, field: string): Spot {
  const value = part.of[field];
  if (typeof value !== 'string') return needObject(part, field);
  return { of: { url: value }, path: pathOf(part, field) };
}

function readMedia(inner: Spot): Media {
  const id = takeText(inner, 'file_id');
  if (id !== null) return { at: 'id', id, mediaType: null };
  return readUrl(needText(inner, 'url'));
}

function readAudio(inner: Spot): Media {
  const data = takeText(inner, 'data');
  if (data === null) return readMedia(inner);
  if (data.startsWith('data:')) return readUrl(data);
  return { at: 'inline', data, mediaType: audioType(needText(inner, 'format')) };
}

function readFile(inner: Spot): Media {
  const data = takeText(inner, 'file_data');
  if (data !== null) {
    if (data.startsWith('data:')) return readUrl(data);
    return { at: 'inline', data, mediaType: 'application/pdf' };
  }
  const id = takeText(inner, 'file_id');
  if (id !== null) return { at: 'id', id, mediaType: null };
  const url = takeText(inner, 'file_url');
  if (url !== null) return { at: 'url', url, mediaType: null };
  throw wrong(inner.path, 'needs file_data or file_id');
}

/** How content is written: an id of a file is known only in the format where it was given. */
export interface PartWish {
  readonly losses: Losses;
  readonly isOwn: boolean;
}

/** Text alone is written as text, for not every vendor takes parts everywhere. */
export function writeContent(content: readonly ContentPart[], wish: PartWish): Json {
  warnOfMarks(content, wish.losses);
  const [first] = content;
  if (content.length === 1 && first?.type === 'text') return first.text;
  return content.flatMap((part) => writePart(part, wish));
}

function writePart(part: ContentPart, { losses, isOwn }: PartWish): JsonObject[] {
  if (part.type === 'text') return [{ type: 'text', text: part.text }];
  if (part.media.at === 'id' && !isOwn) {
    losses.lose(`${part.type} by id`, 'the file is known only where it was uploaded.');
    return [];
  }
  if (part.type === 'audio') return [{ type: 'input_audio', input_audio: writeAudio(part.media) }];
  if (part.type === 'file') {
    const words = isOwn ? null : inlineText(part.media);
    if (words !== null) return [{ type: 'text', text: titled(part, words) }];
    return [{ type: 'file', file: writeFile(part, losses) }];
  }
  const type = part.type === 'image' ? 'image_url' : 'video_url';
  const { media } = part;
  const id = media.at === 'id' ? media.id : null;
  return [{ type, [type]: filled({ file_id: id, url: writeUrl(media), detail: part.detail }) }];
}

/** A file of nothing but words is told as words: as a file most models here take only PDFs. */
const titled = ({ filename }: MediaPart, words: string): string =>
  filename === undefined ? words : `${filename}:\n${words}`;

function writeAudio(media: Media): JsonObject {
  if (media.at === 'id') return { file_id: media.id };
  if (media.at === 'url') return { url: media.url };
  return { data: media.data, format: audioFormat(media.mediaType) };
}

function writeFile(part: MediaPart, losses: Losses): JsonObject {
  const { media, filename } = part;
  if (media.at === 'id') return filled({ file_id: media.id, filename });
  if (media.at === 'inline') return filled({ file_data: writeUrl(media), filename });
  losses.warn('a file is handed over by its address, which not every model can fetch');
  return filled({ file_url: media.url, filename });
}
