/**
 * Watches a stream of chunks on its way to the caller. Most chunks are only searched, never
 * parsed: what is searched for cannot stand inside a JSON string, where quotes are escaped.
 */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';
import { isErrorBody, replyContentBytes } from './reply.ts';

const FIRST = 'data: {"';
const LAST = '}\n\n';
const DONE = '[DONE]';
const USAGE = /"usage"\s*:\s*\{/;
const CONTENT = '"delta":{';

export class ChatWatch implements StreamWatch {
  readonly #wantsUsage: boolean;
  readonly #readError: ErrorReader;
  #done = false;
  #finished = false;
  #chose = false;
  #said = false;
  failed: Error | null = null;
  usage: Json | null = null;
  contentBytes = 0;

  constructor(wantsUsage: boolean, readError: ErrorReader) {
    this.#wantsUsage = wantsUsage;
    this.#readError = readError;
  }

  get begun(): boolean {
    return this.#chose;
  }

  look(events: Uint8Array): Uint8Array | null {
    if (this.failed !== null) throw this.failed;
    const text = asBuffer(events).toString('latin1');
    if (this.#chose && this.#isPlain(text)) {
      this.contentBytes += searchContentBytes(text);
      return events;
    }
    return this.#lookClosely(events);
  }

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    if (!this.#chose) return new Fault(this.#said ? 'vendor_empty' : 'vendor_cut');
    return this.#done || this.#finished ? null : new Fault('vendor_cut');
  }

  /** Ordinary chunks of text and nothing else, of which nobody needs to know more. */
  #isPlain(text: string): boolean {
    return (
      text.endsWith(LAST) &&
      areCompact(text) &&
      !text.includes('"finish_reason":"') &&
      !text.includes('"error"') &&
      !text.includes(DONE) &&
      (!text.includes('"usage"') || !USAGE.test(text))
    );
  }

  #lookClosely(events: Uint8Array): Uint8Array | null {
    const text = asBuffer(events).toString('utf8');
    let changed = false;
    let out = '';
    for (const event of splitEvents(text)) {
      const passed = this.#tryEvent(event, out !== '');
      if (passed !== event.raw) changed = true;
      if (passed === null) break;
      out += passed;
    }
    if (!changed) return events;
    return out === '' ? null : Buffer.from(out);
  }

  /** null at an error that comes after what the caller may still have: that goes first. */
  #tryEvent(event: ServerEvent, follows: boolean): string | null {
    try {
      return this.#lookAtEvent(event);
    } catch (error) {
      this.failed = toError(error);
      if (follows) return null;
      throw error;
    }
  }

  /** The event's text for the caller; empty where it is kept back. */
  #lookAtEvent(event: ServerEvent): string {
    if (event.data === null) return event.raw;
    this.#said = true;
    if (event.data.startsWith(DONE)) {
      // An end without a single choice is a fault; the caller must not take it for an answer.
      if (!this.#chose) throw new Fault('vendor_empty');
      this.#done = true;
      return event.raw;
    }
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (isErrorBody(body) || event.name === 'error') throw this.#readError(body);
    return this.#lookAtChunk(event, body);
  }

  #lookAtChunk(event: ServerEvent, body: JsonObject): string {
    const choices = Array.isArray(body.choices) ? (body.choices as readonly Json[]) : [];
    if (choices.length > 0) this.#chose = true;
    for (const choice of choices) {
      if (isObject(choice) && typeof choice.finish_reason === 'string') this.#finished = true;
    }
    this.contentBytes += replyContentBytes(body);
    if (!isObject(body.usage)) return event.raw;
    this.usage = body;
    if (this.#wantsUsage) return event.raw;
    if (choices.length === 0) return '';
    const { usage: _hidden, ...shown } = body;
    return `data: ${JSON.stringify(shown)}\n\n`;
  }
}

const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Fault('internal_error', { cause: thrown });

/** One line of data each, in JSON without space: so nothing hangs on where the bytes are cut. */
function areCompact(text: string): boolean {
  let at = 0;
  while (at < text.length) {
    if (!text.startsWith(FIRST, at)) return false;
    const end = text.indexOf(LAST, at);
    const next = text.indexOf('\n\n', at);
    if (end < 0 || next !== end + 1) return false;
    at = end + LAST.length;
  }
  return text.includes(CONTENT);
}

/** The ends of `content`, `reasoning_content` and the like; a name inside a string has escapes. */
const GENERATED = ['content":"', 'arguments":"', 'reasoning":"', 'refusal":"'] as const;

/** Bytes of generated text in plain chunks, found without parsing; escapes count as they stand. */
function searchContentBytes(text: string): number {
  let bytes = 0;
  for (const field of GENERATED) {
    let at = text.indexOf(field);
    while (at >= 0) {
      const start = at + field.length;
      const end = stringEnd(text, start);
      bytes += end - start;
      at = text.indexOf(field, end);
    }
  }
  return bytes;
}

/** Where the string that began before `start` ends. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start);
  while (end > start && text[end - 1] === '\\') {
    let slashes = end - 1;
    while (slashes > start && text[slashes - 1] === '\\') slashes -= 1;
    if ((end - slashes) % 2 === 0) break;
    end = text.indexOf('"', end + 1);
  }
  return end < start ? text.length : end;
}
