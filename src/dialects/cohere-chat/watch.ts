/** Watches a stream of this format on its way to a caller of the same, and changes nothing. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';
import { LAST_WORD } from './read-events.ts';
import { failureIn, isEmptyEnd, isErrorBody, messageBytes } from './reply.ts';

export class ChatWatch implements StreamWatch {
  readonly #readError: ErrorReader;
  #usage: Json = null;
  #said = false;
  #finished = false;
  begun = false;
  failed: Error | null = null;
  /** The end of a message is its last word: whoever leaves before it has left too early. */
  readonly tail = null;
  contentBytes = 0;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get usage(): Json | null {
    return isObject(this.#usage) ? { usage: this.#usage } : null;
  }

  look(events: Uint8Array): Uint8Array | null {
    if (this.failed !== null) throw this.failed;
    let good = '';
    for (const event of splitEvents(asBuffer(events).toString('utf8'))) {
      try {
        this.#lookAt(event);
      } catch (error) {
        this.failed =
          error instanceof Error ? error : new Fault('internal_error', { cause: error });
        if (good === '') throw this.failed;
        return Buffer.from(good);
      }
      good += event.raw;
    }
    return events;
  }

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    if (!this.begun) return new Fault(this.#said ? 'vendor_empty' : 'vendor_cut');
    return this.#finished ? null : new Fault('vendor_cut');
  }

  #lookAt(event: ServerEvent): void {
    if (event.data === null || event.data === LAST_WORD) return;
    this.#said = true;
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (event.name === 'error' || isErrorBody(body)) throw this.#readError(body);
    const delta = isObject(body.delta) ? body.delta : {};
    switch (body.type) {
      case 'content-start':
      case 'content-delta':
      case 'tool-plan-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
        this.begun = true;
        if (isObject(delta.message)) this.contentBytes += messageBytes(delta.message);
        return;
      case 'message-end':
        this.#stop(delta);
        return;
      default:
    }
  }

  #stop(delta: JsonObject): void {
    const failure = failureIn(delta);
    if (failure !== null) throw this.#readError(failure);
    this.#usage = delta.usage ?? null;
    // An end without a single word is a fault; the caller must not take it for an answer.
    if (!this.begun && isEmptyEnd(delta.finish_reason)) throw new Fault('vendor_empty');
    this.begun = true;
    this.#finished = true;
  }
}
