/** Pictures, sounds and files as addresses: `data:` ones carry their bytes. */
import { plainMedia } from './fields.ts';
import type { Media } from './turn.ts';

const DATA = 'data:';
const BASE64 = ';base64';
/** What a data address is that does not say. */
const PLAIN = 'text/plain';

/** A `data:` address is taken apart; any other stays where it is. */
export function readUrl(url: string): Media {
  const comma = url.startsWith(DATA) ? url.indexOf(',') : -1;
  if (comma < 0) return { at: 'url', url, mediaType: null };
  const head = url.slice(DATA.length, comma);
  const rest = url.slice(comma + 1);
  if (head.endsWith(BASE64)) {
    return { at: 'inline', data: rest, mediaType: head.slice(0, -BASE64.length) || PLAIN };
  }
  const bytes = Buffer.from(unescapeUrl(rest));
  return { at: 'inline', data: bytes.toString('base64'), mediaType: head || PLAIN };
}

function unescapeUrl(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** null: an id has no address. */
export function writeUrl(media: Media): string | null {
  if (media.at === 'url') return media.url;
  return media.at === 'inline' ? `${DATA}${media.mediaType}${BASE64},${media.data}` : null;
}

/** The words of a file that is nothing but words; null: it is more than that, or elsewhere. */
export function inlineText(media: Media): string | null {
  const plain = plainMedia(media);
  if (plain.at !== 'inline') return null;
  const type = plain.mediaType.split(';')[0] ?? '';
  if (!type.startsWith('text/') && type !== 'application/json') return null;
  return Buffer.from(plain.data, 'base64').toString('utf8');
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = Object.freeze({
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
});

/** `wav` -> `audio/wav`. */
export const audioType = (format: string): string => AUDIO_FORMATS[format] ?? `audio/${format}`;

/** `audio/mpeg` -> `mp3`. */
export function audioFormat(mediaType: string): string {
  for (const [format, type] of Object.entries(AUDIO_FORMATS)) {
    if (type === mediaType) return format;
  }
  return mediaType.replace(/^audio\/(x-)?/, '');
}
