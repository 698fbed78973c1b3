/** Items of the common turn as parts of content. */
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { argumentsObject, plainMedia } from '../fields.ts';
import type { Losses } from '../losses.ts';
import { type PackedSeal, packSeal } from '../seals.ts';
import type { ContentPart, Item, MediaPart, Seal } from '../turn.ts';
import { DIALECT, NO_SEAL } from './wire.ts';

export type Part = Record<string, Json>;

type Of<Type extends Item['type']> = Extract<Item, { type: Type }>;

/** Only what is ours goes back to the vendor. */
function ownSeal(seal: Seal | null | undefined): Part {
  return seal?.dialect === DIALECT ? { thoughtSignature: seal.value } : {};
}

/** A caller carries any seal. */
export function carriedSeal(seal: Seal | null | undefined, of: PackedSeal['of']): Part {
  return seal ? { thoughtSignature: packSeal({ seal, of }, DIALECT) } : {};
}

export function writeContent(part: ContentPart, losses: Losses, isOwn: boolean): Part[] {
  if (part.cache !== undefined) losses.warn('marks of what to cache were left out');
  if (part.type !== 'text') return writeMedia(part, losses, isOwn);
  return [{ text: part.text, ...ownSeal(part.seal) }];
}

function writeMedia(part: MediaPart, losses: Losses, isOwn: boolean): Part[] {
  const media = plainMedia(part.media);
  if (part.detail !== undefined && part.detail !== 'auto') {
    losses.warn('the detail of an image cannot be asked for alone and was left out');
  }
  if (part.context !== undefined || part.cite === true) {
    losses.warn('citations of a file, and what was said of it, were left out');
  }
  if (media.at === 'inline') {
    return [{ inlineData: { mimeType: media.mediaType, data: media.data } }];
  }
  if (media.at === 'id' && !isOwn) {
    losses.lose(`${part.type} by id`, 'the file is known only where it was uploaded.');
    return [];
  }
  const fileUri = media.at === 'id' ? media.id : media.url;
  const { mediaType } = media;
  return [{ fileData: { fileUri, ...(mediaType === null ? {} : { mimeType: mediaType }) } }];
}

/** Thoughts as the vendor wants them back: with its own seal, or not at all. */
export function writeThoughts(item: Of<'reasoning'>, losses: Losses): Part[] {
  if (item.seal?.dialect === DIALECT) {
    return [{ text: item.text, thought: true, ...ownSeal(item.seal) }];
  }
  if (item.text !== '') losses.warn('thoughts without a seal of this format were left out');
  return [];
}

export function writeCall(item: Of<'tool_call'>, losses: Losses): Part {
  const args = argumentsObject(item.arguments, losses);
  return { functionCall: { id: item.id, name: item.name, args }, ...ownSeal(item.seal) };
}

/** `name`: of the call that it answers. */
export function writeResult(
  item: Of<'tool_result'> & { readonly name: string },
  losses: Losses,
  isOwn: boolean,
): Part {
  const texts = item.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  const media = item.content.flatMap((part) =>
    part.type === 'text' ? [] : writeContent(part, losses, isOwn),
  );
  return {
    functionResponse: {
      id: item.callId,
      name: item.name,
      response: writeResponse(texts, item.isError),
      ...(media.length === 0 ? {} : { parts: media }),
    },
  };
}

/** The format wants an object: a text that is one stands for itself, any other is its output. */
function writeResponse(texts: readonly string[], isError: boolean): JsonObject {
  const text = texts.join('\n');
  if (isError) return { error: text };
  if (texts.length === 0) return {};
  const value = parseJson(text);
  if (!isObject(value)) return { output: text };
  const [key, ...more] = Object.keys(value);
  const isWord = more.length === 0 && (key === 'output' || key === 'error' || key === undefined);
  return isWord ? { output: text } : value;
}

/** An item of an answer, as a caller gets it. */
export function showItem(item: Item): Part[] {
  switch (item.type) {
    case 'message':
      return item.content.flatMap((part): Part[] =>
        part.type === 'text'
          ? [{ text: part.text, ...carriedSeal(part.seal, 'thoughts') }]
          : showMedia(part),
      );
    case 'reasoning': {
      const of = item.redacted ? 'hidden' : 'thoughts';
      return [{ text: item.text, thought: true, ...carriedSeal(item.seal, of) }];
    }
    case 'tool_call':
      return [showCall(item)];
    default:
      return [];
  }
}

/** Of calls side by side the first one carries the seal. */
export function sealFirstCall(parts: readonly Part[]): void {
  const first = parts.find(({ functionCall }) => functionCall !== undefined);
  if (first !== undefined) first.thoughtSignature ??= NO_SEAL;
}

export function showCall(item: Of<'tool_call'>): Part {
  const args = argumentsObject(item.arguments, null);
  const functionCall = { id: item.id, name: item.name, args };
  return { functionCall, ...carriedSeal(item.seal, 'call') };
}

function showMedia({ media }: MediaPart): Part[] {
  return media.at === 'inline'
    ? [{ inlineData: { mimeType: media.mediaType, data: media.data } }]
    : [{ fileData: { fileUri: media.at === 'id' ? media.id : media.url } }];
}
