/** Parts of content as items of the common turn: of questions and of answers alike. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import { objectAt, optionalText, textAt, wrong } from '../fields.ts';
import { unpackSeal } from '../seals.ts';
import type { ContentPart, Item, Media, MediaPart, Seal } from '../turn.ts';
import { DIALECT, isNoSeal, pick, plainBase64 } from './wire.ts';

type Role = 'system' | 'user' | 'assistant';

/** Names and ids of calls, for the format may leave both ids out. */
export class CallBook {
  readonly #open: { readonly id: string; readonly name: string }[] = [];
  #count = 0;

  call(name: string, id: string | null): string {
    const known = id ?? `call_${this.#count}`;
    this.#count += 1;
    this.#open.push({ id: known, name });
    return known;
  }

  /** The id of the call that this answers: the first open one of the name where none is said. */
  answer(name: string, id: string | null): string {
    const at = this.#open.findIndex((one) => (id === null ? one.name === name : one.id === id));
    const found = at < 0 ? undefined : this.#open.splice(at, 1)[0];
    return found?.id ?? id ?? `call_of_${name}`;
  }
}

/** Parts in order; what stands together becomes one message. */
export class PartReader {
  readonly items: Item[] = [];
  readonly #role: Role;
  readonly #calls: CallBook;
  #content: ContentPart[] = [];

  constructor(role: Role, calls: CallBook) {
    this.#role = role;
    this.#calls = calls;
  }

  read(part: JsonObject, path: string): void {
    const sealed = optionalText(pick(part, 'thoughtSignature'), `${path}.thoughtSignature`);
    const text = pick(part, 'text');
    const call = pick(part, 'functionCall');
    const response = pick(part, 'functionResponse');
    if (call !== undefined) this.#call(objectAt(call, `${path}.functionCall`), path, sealed);
    else if (response !== undefined) this.#response(objectAt(response, path), path);
    else if (part.thought === true) this.#thought(text, path, sealed);
    else if (text !== undefined) this.#text(textAt(text, `${path}.text`), sealed);
    else if (sealed !== null && Object.keys(part).length === 1) this.#text('', sealed);
    else this.#content.push(readMedia(part, path));
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

  #text(text: string, sealed: string | null): void {
    const seal = sealed === null ? null : readSeal(sealed);
    this.#content.push({ type: 'text', text, ...(seal === null ? {} : { seal }) });
  }

  #thought(text: Json | undefined, path: string, sealed: string | null): void {
    const packed = sealed === null ? null : unpackSeal(sealed);
    const seal = packed?.seal ?? (sealed === null ? null : { dialect: DIALECT, value: sealed });
    const said = optionalText(text, `${path}.text`) ?? '';
    const words = said === '' && packed?.of === 'thoughts' ? this.#unsealed() : said;
    this.#push({ type: 'reasoning', text: words, seal, redacted: packed?.of === 'hidden' });
  }

  /** Thoughts that were streamed: their pieces come first, and last of all the seal of them all. */
  #unsealed(): string {
    let words = '';
    this.end();
    for (let last = this.items.at(-1); last?.type === 'reasoning'; last = this.items.at(-1)) {
      if (last.seal !== null) break;
      words = last.text + words;
      this.items.pop();
    }
    return words;
  }

  #call(call: JsonObject, path: string, sealed: string | null): void {
    const name = textAt(pick(call, 'name'), `${path}.functionCall.name`);
    const id = this.#calls.call(name, optionalText(call.id, `${path}.functionCall.id`));
    const args = JSON.stringify(call.args ?? {});
    const seal = sealed === null || isNoSeal(sealed) ? null : readSeal(sealed);
    this.#push({ type: 'tool_call', id, name, arguments: args, seal });
  }

  #response(response: JsonObject, path: string): void {
    const name = textAt(response.name, `${path}.functionResponse.name`);
    const id = optionalText(response.id, `${path}.functionResponse.id`);
    const { text, isError } = readResponse(response.response);
    const content: ContentPart[] = text === null ? [] : [{ type: 'text', text }];
    for (const one of Array.isArray(response.parts) ? (response.parts as readonly Json[]) : []) {
      content.push(readMedia(objectAt(one, `${path}.functionResponse.parts`), path));
    }
    const callId = this.#calls.answer(name, id);
    this.#push({ type: 'tool_result', callId, name, content, isError });
  }
}

function readSeal(sealed: string): Seal {
  return unpackSeal(sealed)?.seal ?? { dialect: DIALECT, value: sealed };
}

/** `output` and `error` alone are the format's own words for a result that is only a text. */
function readResponse(value: Json | undefined): { text: string | null; isError: boolean } {
  if (!isObject(value)) return { text: null, isError: false };
  const keys = Object.keys(value);
  if (keys.length === 0) return { text: null, isError: false };
  if (keys.length === 1 && typeof value.output === 'string') {
    return { text: value.output, isError: false };
  }
  if (keys.length === 1 && typeof value.error === 'string') {
    return { text: value.error, isError: true };
  }
  return { text: JSON.stringify(value), isError: false };
}

const MEDIA_FIELDS: ReadonlySet<string> = new Set([
  ...['inlineData', 'inline_data', 'fileData', 'file_data'],
]);

function readMedia(part: JsonObject, path: string): MediaPart {
  for (const key of Object.keys(part)) {
    if (!MEDIA_FIELDS.has(key)) throw wrong(`${path}.${key}`, 'has no common form');
  }
  const inline = pick(part, 'inlineData');
  if (inline !== undefined) {
    const data = objectAt(inline, `${path}.inlineData`);
    const mediaType = textAt(pick(data, 'mimeType'), `${path}.inlineData.mimeType`);
    const bytes = plainBase64(textAt(data.data, `${path}.inlineData.data`));
    return named(data, mediaType, { at: 'inline', data: bytes, mediaType });
  }
  const file = objectAt(pick(part, 'fileData'), `${path}.fileData`);
  const mediaType = optionalText(pick(file, 'mimeType'), `${path}.fileData.mimeType`);
  const uri = textAt(pick(file, 'fileUri'), `${path}.fileData.fileUri`);
  return named(
    file,
    mediaType,
    isUpload(uri) ? { at: 'id', id: uri, mediaType } : { at: 'url', url: uri, mediaType },
  );
}

/** Addresses that mean something only to the vendor's own file store. */
function isUpload(uri: string): boolean {
  return uri.startsWith('gs://') || /\/v1\w*\/files\//.test(uri) || !/^https?:/.test(uri);
}

function named(source: JsonObject, mediaType: string | null, media: Media): MediaPart {
  const filename = pick(source, 'displayName');
  const kind = /^(image|audio|video)\//.exec(mediaType ?? '')?.[1] ?? 'file';
  return {
    type: kind as MediaPart['type'],
    media,
    ...(typeof filename === 'string' ? { filename } : {}),
  };
}
