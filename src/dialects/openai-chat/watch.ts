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
  begun = false;
  usage: Json | null = null;
  contentBytes = 0;

  constructor(wantsUsage: boolean, readError: ErrorReader) {
    this.#wantsUsage = wantsUsage;
    this.#readError = readError;
  }

  look(events: Uint8Array): Uint8Array | null {
    const text = asBuffer(events).toString('latin1');
    if (this.#chose && this.#isPlain(text)) {
      this.contentBytes += searchContentBytes(text);
      return events;
    }
    return this.#lookClosely(events);
  }

  end(): Fault | null {
    if (!this.#chose) return new Fault(this.begun ? 'vendor_empty' : 'vendor_cut');
    return this.#done || this.#finished ? null : new Fault('vendor_cut');
  }

  /** Ordinary chunks of text and nothing else, of which nobody needs to know more. */
  #isPlain(text: string): boolean {
    return (
      text.startsWith(FIRST) &&
      text.endsWith(LAST) &&
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
      const passed = this.#lookAtEvent(event);
      if (passed !== event.raw) changed = true;
      out += passed;
    }
    if (!changed) return events;
    return out === '' ? null : Buffer.from(out);
  }

  /** The event's text for the caller; empty where it is kept back. */
  #lookAtEvent(event: ServerEvent): string {
    if (event.data === null) return event.raw;
    this.begun = true;
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

/** Bytes of generated text in plain chunks, found without parsing; escapes count as they stand. */
function searchContentBytes(text: string): number {
  let bytes = 0;
  let at = text.indexOf(CONTENT);
  while (at >= 0) {
    const next = text.indexOf(CONTENT, at + CONTENT.length);
    bytes += deltaBytes(text, at, next < 0 ? text.length : next);
    at = next;
  }
  return bytes;
}

const GENERATED = ['content":"', 'arguments":"', 'reasoning":"'] as const;

function deltaBytes(text: string, from: number, to: number): number {
  for (const field of GENERATED) {
    const at = text.indexOf(field, from);
    if (at < 0 || at >= to) continue;
    const start = at + field.length;
    let end = text.indexOf('"', start);
    while (end > 0 && text[end - 1] === '\\') end = text.indexOf('"', end + 1);
    if (end > start) return end - start;
  }
  return 0;
}
