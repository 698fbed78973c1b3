/** Blocks of content as items of the common turn: of questions and of answers alike. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { listAt, objectAt, optionalBoolean, optionalText, textAt, wrong } from '../fields.ts';
import { unpackSeal } from '../seals.ts';
import type { CacheMark, Citation, ContentPart, Item, Media, MediaPart, Seal } from '../turn.ts';

export const DIALECT = 'anthropic-messages';

type Role = 'system' | 'user' | 'assistant';

/** Blocks in order; what stands together becomes one message. */
export class BlockReader {
  readonly items: Item[] = [];
  readonly #role: Role;
  #content: ContentPart[] = [];
  #callSeal: Seal | null = null;

  constructor(role: Role) {
    this.#role = role;
  }

  read(block: JsonObject, path: string): void {
    switch (block.type) {
      case 'text':
        this.#content.push(readText(block, path));
        return;
      case 'image':
      case 'document':
        this.#content.push(readMedia(block, path));
        return;
      case 'thinking':
        this.#thinking(textAt(block.thinking, `${path}.thinking`), block.signature);
        return;
      case 'redacted_thinking':
        this.#redacted(textAt(block.data, `${path}.data`));
        return;
      case 'tool_use':
        this.#push(this.#call(block, path));
        return;
      case 'tool_result':
        this.#push(readResult(block, path));
        return;
      default:
        throw wrong(path, `is of type ${String(block.type)}, which has no common form`);
    }
  }

  end(): readonly Item[] {
    if (this.#content.length > 0) {
      this.items.push({ type: 'message', role: this.#role, content: this.#content });
    }
    this.#content = [];
    return this.items;
  }

  #push(item: Item): void {
    this.end();
    this.items.push(item);
  }

  #thinking(text: string, signature: Json | undefined): void {
    const value = typeof signature === 'string' ? signature : '';
    const packed = unpackSeal(value);
    if (packed?.of === 'call') {
      this.#callSeal = packed.seal;
      return;
    }
    const own = value === '' ? null : { dialect: DIALECT, value };
    this.#push({ type: 'reasoning', text, seal: packed?.seal ?? own, redacted: false });
  }

  #redacted(data: string): void {
    const seal = unpackSeal(data)?.seal ?? { dialect: DIALECT, value: data };
    this.#push({ type: 'reasoning', text: '', seal, redacted: true });
  }

  #call(block: JsonObject, path: string): Item {
    const seal = this.#callSeal;
    this.#callSeal = null;
    const cache = readCache(block.cache_control);
    return {
      type: 'tool_call',
      id: textAt(block.id, `${path}.id`),
      name: textAt(block.name, `${path}.name`),
      arguments: JSON.stringify(block.input ?? {}),
      seal,
      ...(cache === null ? {} : { cache }),
    };
  }
}

export function readCache(mark: Json | undefined): CacheMark | null {
  if (!isObject(mark)) return null;
  return { ttl: typeof mark.ttl === 'string' ? mark.ttl : null };
}

function readText(block: JsonObject, path: string): ContentPart {
  const text = textAt(block.text, `${path}.text`);
  const cache = readCache(block.cache_control);
  const citations = Array.isArray(block.citations)
    ? (block.citations as readonly Json[]).flatMap((one) => readCitation(one) ?? [])
    : [];
  return {
    type: 'text',
    text,
    ...(citations.length === 0 ? {} : { citations }),
    ...(cache === null ? {} : { cache }),
  };
}

/** Where in a document it stands is lost: the common form says only what was quoted of whom. */
export function readCitation(value: Json): Citation | null {
  if (!isObject(value)) return null;
  const text = (field: Json | undefined): string | null =>
    typeof field === 'string' && field !== '' ? field : null;
  return {
    url: text(value.url) ?? text(value.source),
    title: text(value.title) ?? text(value.document_title),
    start: null,
    end: null,
    quote: text(value.cited_text),
  };
}

function readMedia(block: JsonObject, path: string): MediaPart {
  const type = block.type === 'image' ? 'image' : 'file';
  const filename = optionalText(block.title, `${path}.title`);
  const context = optionalText(block.context, `${path}.context`);
  const cites = isObject(block.citations) && block.citations.enabled === true;
  const cache = readCache(block.cache_control);
  return {
    type,
    media: readSource(objectAt(block.source, `${path}.source`), `${path}.source`),
    ...(filename === null ? {} : { filename }),
    ...(context === null ? {} : { context }),
    ...(cites ? { cite: true } : {}),
    ...(cache === null ? {} : { cache }),
  };
}

function readSource(source: JsonObject, path: string): Media {
  switch (source.type) {
    case 'base64':
      return {
        at: 'inline',
        data: textAt(source.data, `${path}.data`),
        mediaType: textAt(source.media_type, `${path}.media_type`),
      };
    case 'url':
      return { at: 'url', url: textAt(source.url, `${path}.url`), mediaType: null };
    case 'file':
      return { at: 'id', id: textAt(source.file_id, `${path}.file_id`), mediaType: null };
    case 'text':
      return plainText(textAt(source.data, `${path}.data`));
    case 'content':
      return plainText(joinTexts(source.content, `${path}.content`));
    default:
      throw wrong(`${path}.type`, 'must be base64, url, file, text or content');
  }
}

function plainText(text: string): Media {
  return { at: 'inline', data: Buffer.from(text).toString('base64'), mediaType: 'text/plain' };
}

function joinTexts(content: Json | undefined, path: string): string {
  if (typeof content === 'string') return content;
  return listAt(content, path)
    .map((one, at) => {
      const block = objectAt(one, `${path}[${at}]`);
      if (block.type === 'text') return textAt(block.text, `${path}[${at}].text`);
      throw wrong(`${path}[${at}]`, 'must be text: nothing else has a common form in a document');
    })
    .join('\n\n');
}

function readResult(block: JsonObject, path: string): Item {
  const cache = readCache(block.cache_control);
  return {
    type: 'tool_result',
    callId: textAt(block.tool_use_id, `${path}.tool_use_id`),
    name: null,
    content: readParts(block.content, `${path}.content`),
    isError: optionalBoolean(block.is_error, `${path}.is_error`) ?? false,
    ...(cache === null ? {} : { cache }),
  };
}

/** A text, or blocks of text and media. */
export function readParts(content: Json | undefined, path: string): readonly ContentPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return listAt(content, path).map((one, at): ContentPart => {
    const block = objectAt(one, `${path}[${at}]`);
    if (block.type === 'text') return readText(block, `${path}[${at}]`);
    if (block.type === 'image' || block.type === 'document')
      return readMedia(block, `${path}[${at}]`);
    throw wrong(`${path}[${at}]`, `is of type ${String(block.type)}, which has no common form`);
  });
}
