/** Items of the common turn as messages, and the files among them as documents. */
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { type Losses, warnOfMarks } from '../losses.ts';
import { inlineText, writeUrl } from '../media.ts';
import type { ContentPart, Item, MediaPart } from '../turn.ts';
import { writeCitation } from './citations.ts';
import { DIALECT, isPlan } from './marks.ts';

type Of<Type extends Item['type']> = Extract<Item, { type: Type }>;

export interface MessageWish {
  readonly losses: Losses;
  readonly isOwn: boolean;
  /** JSON cannot be asked for beside documents: files are told as words then. */
  readonly takesDocuments: boolean;
}

export interface Talk {
  readonly messages: readonly JsonObject[];
  readonly documents: readonly JsonObject[];
  /** Whether one of them shall be cited. */
  readonly cites: boolean;
}

export function writeTalk(items: readonly Item[], wish: MessageWish): Talk {
  return new TalkWriter(wish).write(items);
}

/** What one assistant message is gathered from. */
interface Gathered {
  readonly content: JsonObject[];
  readonly citations: JsonObject[];
  readonly calls: JsonObject[];
  plan: string;
  said: boolean;
}

class TalkWriter {
  readonly #wish: MessageWish;
  readonly #system: JsonObject[] = [];
  readonly #out: JsonObject[] = [];
  readonly #documents: JsonObject[] = [];
  readonly #ids = new Set<string>();
  #cites = false;
  #own: Gathered | null = null;
  /** What tools answered in pictures: it follows the last of the answers. */
  #shown: JsonObject[] = [];

  constructor(wish: MessageWish) {
    this.#wish = wish;
  }

  write(items: readonly Item[]): Talk {
    for (const item of items) this.#add(item);
    this.#close();
    this.#show();
    const system = this.#system.length === 0 ? [] : [said('system', this.#system)];
    const messages = [...system, ...this.#out];
    return { messages, documents: this.#documents, cites: this.#cites };
  }

  #add(item: Item): void {
    if (item.type === 'tool_result') {
      this.#close();
      this.#addResult(item);
      return;
    }
    this.#show();
    if (item.type !== 'message' || item.role === 'assistant') {
      this.#gather(item);
      return;
    }
    this.#close();
    this.#warnOf(item);
    const parts = item.content.flatMap((part) => this.#writePart(part));
    if (item.role === 'user') this.#out.push(said('user', parts));
    else this.#addSystem(parts);
  }

  #warnOf({ content, name }: Of<'message'>): void {
    const { losses } = this.#wish;
    if (name !== undefined) losses.warn('names of speakers cannot be said and were left out');
    if (content.some(({ cache }) => cache !== undefined)) warnOfMarks(plain(content), losses);
  }

  /** There is one, before all else. */
  #addSystem(parts: readonly JsonObject[]): void {
    const { losses } = this.#wish;
    if (this.#out.length > 0) losses.warn('a system message inside the talk was put before it');
    for (const part of parts) {
      if (part.type === 'text') this.#system.push(part);
      else losses.lose('images in a system message', 'this format takes only text there.');
    }
  }

  /** Words or thoughts after words begin a new message; plans and calls do not. */
  #gather(item: Exclude<Item, Of<'tool_result'>>): void {
    const isPlanned = item.type === 'reasoning' && isPlan(item.seal);
    const follows = (item.type === 'message' || item.type === 'reasoning') && !isPlanned;
    if (follows && this.#own?.said && this.#own.calls.length === 0) this.#close();
    this.#own ??= { content: [], citations: [], calls: [], plan: '', said: false };
    const own = this.#own;
    if (item.type === 'tool_call') own.calls.push(writeCall(item));
    else if (item.type === 'reasoning') this.#think(item, own);
    else {
      own.said = true;
      if (item.type === 'message') this.#speak(item, own);
      else if (item.text !== '') own.content.push({ type: 'text', text: item.text });
    }
  }

  /** Thoughts go back to where they came from; they are no proof, but words of that model. */
  #think({ text, seal }: Of<'reasoning'>, own: Gathered): void {
    if (text === '') return;
    if (seal?.dialect !== DIALECT) this.#wish.losses.warn('earlier thoughts were left out');
    else if (isPlan(seal)) own.plan += text;
    else own.content.push({ type: 'thinking', thinking: text });
  }

  #speak(item: Of<'message'>, own: Gathered): void {
    this.#warnOf(item);
    for (const part of item.content) {
      if (part.type !== 'text') {
        const field = `${part.type} in a message of assistant`;
        this.#wish.losses.lose(field, 'this format takes only text there.');
        continue;
      }
      const block = own.content.length;
      const cited = this.#wish.isOwn ? (part.citations ?? []) : [];
      own.citations.push(...cited.map((one) => writeCitation(one, part.text, block)));
      own.content.push({ type: 'text', text: part.text });
    }
  }

  #close(): void {
    const own = this.#own;
    this.#own = null;
    if (own === null) return;
    const { content, citations, calls, plan } = own;
    // Nothing but thoughts that nobody takes back, or words that are none.
    if (calls.length === 0 && content.every(({ text }) => text === '')) return;
    this.#out.push({
      role: 'assistant',
      ...(content.length === 0 ? {} : { content: flat(content) }),
      ...(plan === '' ? {} : { tool_plan: plan }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...(citations.length === 0 ? {} : { citations }),
    });
  }

  #addResult(item: Of<'tool_result'>): void {
    const { losses } = this.#wish;
    if (item.isError) losses.warn('that a tool failed is told by its words alone');
    const content: JsonObject[] = [];
    for (const part of item.content) {
      if (part.type === 'text') content.push({ type: 'text', text: part.text });
      else if (part.type === 'file') content.push(...this.#writeResultFile(part));
      else {
        this.#shown.push(...this.#writePart(part));
        losses.warn('what a tool answered beside text was put into a message of the user');
      }
    }
    const written = content.length === 0 ? '' : flat(content);
    this.#out.push({ role: 'tool', tool_call_id: item.callId, content: written });
  }

  #writeResultFile(part: MediaPart): JsonObject[] {
    const document = this.#documentOf(part);
    return document === null ? [] : [{ type: 'document', document }];
  }

  #show(): void {
    if (this.#shown.length > 0) this.#out.push(said('user', this.#shown));
    this.#shown = [];
  }

  #writePart(part: ContentPart): JsonObject[] {
    const { losses } = this.#wish;
    switch (part.type) {
      case 'text':
        return [{ type: 'text', text: part.text }];
      case 'image': {
        const url = writeUrl(part.media);
        if (url === null) {
          losses.lose('image by id', 'the file is known only where it was uploaded.');
          return [];
        }
        const { detail } = part;
        const image = { url, ...(detail === undefined ? {} : { detail }) };
        return [{ type: 'image_url', image_url: image }];
      }
      case 'file':
        return this.#writeFile(part);
      default:
        losses.lose(`${part.type} content`, `this format has no ${part.type}.`);
        return [];
    }
  }

  #writeFile(part: MediaPart): JsonObject[] {
    const document = this.#documentOf(part);
    if (document === null) return [];
    if (!this.#wish.takesDocuments) return [{ type: 'text', text: inlineText(part.media) ?? '' }];
    if (part.cite === true) this.#cites = true;
    this.#documents.push(document);
    return [];
  }

  /** null: lost. What was an object as a document is one again. */
  #documentOf(part: MediaPart): JsonObject | null {
    const text = inlineText(part.media);
    if (text === null) {
      this.#wish.losses.lose('file content', 'this format takes files of plain text only.');
      return null;
    }
    const { filename, context } = part;
    const isFree = filename !== undefined && !this.#ids.has(filename);
    if (filename !== undefined) this.#ids.add(filename);
    const value = parseJson(text);
    const data: Json = isObject(value)
      ? value
      : { ...(filename === undefined ? {} : { title: filename }), text };
    const told = context === undefined ? data : { ...(data as JsonObject), context };
    return { ...(isFree ? { id: filename } : {}), data: told };
  }
}

/** The marks of parts alone: what is said of files can be said here. */
function plain(content: readonly ContentPart[]): ContentPart[] {
  return content.map(({ cache }) => ({ type: 'text', text: '', ...(cache && { cache }) }));
}

function said(role: 'system' | 'user', parts: readonly JsonObject[]): JsonObject {
  return { role, content: parts.length === 0 ? '' : flat(parts) };
}

/** One text is written as text, for not every model takes blocks everywhere. */
function flat(parts: readonly JsonObject[]): Json {
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? (only.text ?? '') : parts;
}

export function writeCall({ id, name, arguments: written }: Of<'tool_call'>): JsonObject {
  return { id, type: 'function', function: { name, arguments: written === '' ? '{}' : written } };
}
