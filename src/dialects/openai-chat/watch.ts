/** Watches a stream of chunks on its way to the caller, and passes on what it need not change. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';
import { isErrorBody, replyContentBytes } from './reply.ts';

const DONE = '[DONE]';

export class ChatWatch implements StreamWatch {
  readonly #wantsUsage: boolean;
  readonly #readError: ErrorReader;
  #done = false;
  #finished = false;
  #chose = false;
  #said = false;
  failed: Error | null = null;
  readonly tail = null;
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

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    if (!this.#chose) return new Fault(this.#said ? 'vendor_empty' : 'vendor_cut');
    return this.#done || this.#finished ? null : new Fault('vendor_cut');
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
