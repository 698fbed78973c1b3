/** Items of the common turn as blocks of content. */
import type { JsonObject } from '../../kit/json.ts';
import { argumentsObject } from '../fields.ts';
import { type Losses, warnOfMarks } from '../losses.ts';
import { filled } from '../spots.ts';
import type { ContentPart, Item, MediaPart } from '../turn.ts';

export const CONVERSE = 'bedrock-converse';

const IMAGES: Readonly<Record<string, string>> = Object.freeze({
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
});
const DOCUMENTS: Readonly<Record<string, string>> = Object.freeze({
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/markdown': 'md',
});
/** A document must have a name, of few kinds of characters. */
const NAME_DEFAULT = 'document';

/** Blank texts are refused, so they are left out. */
export function writeParts(parts: readonly ContentPart[], losses: Losses): JsonObject[] {
  warnOfMarks(parts, losses);
  return parts.flatMap((part): JsonObject[] => {
    if (part.type !== 'text') return writeMedia(part, losses);
    return part.text.trim() === '' ? [] : [{ text: part.text }];
  });
}

function writeMedia(part: MediaPart, losses: Losses): JsonObject[] {
  const { media } = part;
  if (media.at !== 'inline') {
    losses.lose(`${part.type} by address`, 'this format takes the bytes themselves, in base64.');
    return [];
  }
  const source = { bytes: media.data };
  const image = IMAGES[media.mediaType];
  if (part.type === 'image' && image !== undefined) return [{ image: { format: image, source } }];
  const document = DOCUMENTS[media.mediaType];
  if (part.type === 'file' && document !== undefined) {
    const stem = (part.filename ?? NAME_DEFAULT).replace(/\.[^.]*$/, '');
    const name = stem.replaceAll(/[^A-Za-z0-9 ()[\]-]/g, '-').trim() || NAME_DEFAULT;
    return [{ document: { format: document, name, source } }];
  }
  losses.lose(`${part.type} of type ${media.mediaType}`, 'this format does not take that.');
  return [];
}

/** One item's blocks, in the turn of its role. */
export function writeItem(item: Exclude<Item, { type: 'message' }>, losses: Losses): JsonObject[] {
  switch (item.type) {
    case 'reasoning':
      return writeThoughts(item, losses);
    case 'tool_call': {
      const input = argumentsObject(item.arguments, losses);
      return [{ toolUse: { toolUseId: item.id, name: item.name, input } }];
    }
    case 'tool_result': {
      const parts = writeParts(item.content, losses);
      const content = parts.length === 0 ? [{ text: '(nothing)' }] : parts;
      const status = item.isError ? 'error' : null;
      return [{ toolResult: filled({ toolUseId: item.callId, content, status }) }];
    }
    default:
      return item.text.trim() === '' ? [] : [{ text: item.text }];
  }
}

/** Thoughts go back with a seal of this format, or not at all. */
function writeThoughts(item: Extract<Item, { type: 'reasoning' }>, losses: Losses): JsonObject[] {
  if (item.seal?.dialect !== CONVERSE) {
    if (item.text !== '') losses.warn('earlier thoughts were left out');
    return [];
  }
  const { value } = item.seal;
  if (item.redacted) return [{ reasoningContent: { redactedContent: value } }];
  return [{ reasoningContent: { reasoningText: { text: item.text, signature: value } } }];
}
