/** Items of the common turn as blocks of content. */
import type { Json, JsonObject } from '../../kit/json.ts';
import { argumentsObject, plainMedia } from '../fields.ts';
import type { Losses } from '../losses.ts';
import { packSeal } from '../seals.ts';
import type { CacheMark, Citation, ContentPart, Item, MediaPart, Seal } from '../turn.ts';
import { DIALECT } from './blocks.ts';

export type Block = Record<string, Json>;

const cacheOf = (cache: CacheMark | undefined): JsonObject =>
  cache === undefined ? {} : { cache_control: writeCache(cache) };

export function writeCache({ ttl }: CacheMark): JsonObject {
  return { type: 'ephemeral', ...(ttl === null ? {} : { ttl }) };
}

/** Citations of earlier answers prove nothing to the vendor any more, and some it cannot take. */
export function writePart(part: ContentPart, losses: Losses, isOwn: boolean): Block[] {
  if (part.type === 'text') {
    // An empty text is refused.
    if (part.text === '') return [];
    return [{ type: 'text', text: part.text, ...cacheOf(part.cache) }];
  }
  if (part.type === 'audio' || part.type === 'video') {
    losses.lose(`${part.type} content`, `this format has no ${part.type}.`);
    return [];
  }
  if (part.detail !== undefined && part.detail !== 'auto') {
    losses.warn('the detail of images cannot be asked for and was left out');
  }
  return part.type === 'image' ? writeImage(part, losses, isOwn) : writeFile(part, losses, isOwn);
}

function foreignId(part: MediaPart, losses: Losses): Block[] {
  losses.lose(`${part.type} by id`, 'the file is known only where it was uploaded.');
  return [];
}

function writeImage(part: MediaPart, losses: Losses, isOwn: boolean): Block[] {
  const media = plainMedia(part.media);
  if (media.at === 'id' && !isOwn) return foreignId(part, losses);
  const source: JsonObject =
    media.at === 'inline'
      ? { type: 'base64', media_type: media.mediaType, data: media.data }
      : media.at === 'url'
        ? { type: 'url', url: media.url }
        : { type: 'file', file_id: media.id };
  return [{ type: 'image', source, ...cacheOf(part.cache) }];
}

function writeFile(part: MediaPart, losses: Losses, isOwn: boolean): Block[] {
  const media = plainMedia(part.media);
  if (media.at === 'id' && !isOwn) return foreignId(part, losses);
  const more: JsonObject = {
    ...(part.filename === undefined ? {} : { title: part.filename }),
    ...(part.context === undefined ? {} : { context: part.context }),
    ...(part.cite === true ? { citations: { enabled: true } } : {}),
    ...cacheOf(part.cache),
  };
  const document = (source: JsonObject): Block[] => [{ type: 'document', source, ...more }];
  if (media.at === 'url') return document({ type: 'url', url: media.url });
  if (media.at === 'id') return document({ type: 'file', file_id: media.id });
  if (media.mediaType === 'application/pdf') {
    return document({ type: 'base64', media_type: media.mediaType, data: media.data });
  }
  if (media.mediaType.startsWith('text/') || media.mediaType === 'application/json') {
    const data = Buffer.from(media.data, 'base64').toString('utf8');
    return document({ type: 'text', media_type: 'text/plain', data });
  }
  losses.lose(`file of type ${media.mediaType}`, 'this format takes PDF and text.');
  return [];
}

type Spoken = Extract<Item, { type: 'reasoning' | 'tool_call' | 'tool_result' }>;

/** `losses`: null in an answer, which a caller gets and no vendor. */
export function writeCall(
  item: Extract<Spoken, { type: 'tool_call' }>,
  losses: Losses | null,
): Block {
  return {
    type: 'tool_use',
    id: item.id,
    name: item.name,
    input: argumentsObject(item.arguments, losses),
    ...cacheOf(item.cache),
  };
}

export function writeResult(
  item: Extract<Spoken, { type: 'tool_result' }>,
  losses: Losses,
  isOwn: boolean,
): Block {
  const content = item.content.flatMap((part) => writePart(part, losses, isOwn));
  const [only] = content;
  const isPlain = content.length === 1 && only?.type === 'text' && only.cache_control === undefined;
  return {
    type: 'tool_result',
    tool_use_id: item.callId,
    ...(content.length === 0 ? {} : { content: isPlain ? (only.text as string) : content }),
    ...(item.isError ? { is_error: true } : {}),
    ...cacheOf(item.cache),
  };
}

/** Thoughts as the vendor wants them back: with its own seal, or not at all. */
export function writeThoughts(
  item: Extract<Spoken, { type: 'reasoning' }>,
  losses: Losses,
): Block[] {
  const { seal } = item;
  if (seal?.dialect !== DIALECT) {
    if (item.text !== '') losses.warn('thoughts without a seal of this format were left out');
    return [];
  }
  if (item.redacted) return [{ type: 'redacted_thinking', data: seal.value }];
  return [{ type: 'thinking', thinking: item.text, signature: seal.value }];
}

/** Thoughts as a caller gets them: whatever seal they have travels in the place of its own. */
export function showThoughts(item: Extract<Spoken, { type: 'reasoning' }>): Block {
  const { seal, redacted, text } = item;
  if (redacted && seal !== null) return { type: 'redacted_thinking', data: hidden(seal) };
  return { type: 'thinking', thinking: text, signature: shown(seal) };
}

export const hidden = (seal: Seal): string => packSeal({ seal, of: 'hidden' }, DIALECT);
export const shown = (seal: Seal | null): string =>
  seal === null ? '' : packSeal({ seal, of: 'thoughts' }, DIALECT);
/** This format proves no calls, so the seal of one travels in thoughts that stand before it. */
export const ofCall = (seal: Seal): string => packSeal({ seal, of: 'call' }, DIALECT);

export function writeCitation({ url, title, quote }: Citation): JsonObject {
  if (url !== null) {
    return {
      type: 'web_search_result_location',
      url,
      title,
      cited_text: quote ?? '',
      encrypted_index: '',
    };
  }
  return {
    type: 'char_location',
    cited_text: quote ?? '',
    document_index: 0,
    document_title: title,
    file_id: null,
    start_char_index: 0,
    end_char_index: 0,
  };
}
