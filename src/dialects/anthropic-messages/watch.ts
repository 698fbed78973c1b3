/** Watches a stream of this format on its way to a caller of the same, and changes nothing. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';
import { mergeUsage } from './read-events.ts';
import { blockBytes, isErrorBody } from './reply.ts';

/** For a vendor that tells its reason to stop and then leaves without the last word. */
const MESSAGE_STOP = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');

export class MessageWatch implements StreamWatch {
  readonly #readError: ErrorReader;
  #usage: JsonObject = {};
  #said = false;
  #finished = false;
  #stopped = false;
  begun = false;
  failed: Error | null = null;
  contentBytes = 0;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get usage(): Json | null {
    return typeof this.#usage.output_tokens === 'number' ? { usage: this.#usage } : null;
  }

  get tail(): Uint8Array | null {
    return this.#stopped ? null : MESSAGE_STOP;
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
    return this.#finished || this.#stopped ? null : new Fault('vendor_cut');
  }

  #lookAt(event: ServerEvent): void {
    if (event.data === null) return;
    this.#said = true;
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (event.name === 'error' || isErrorBody(body)) throw this.#readError(body);
    switch (body.type) {
      case 'message_start':
        if (isObject(body.message)) this.#usage = mergeUsage(this.#usage, body.message.usage);
        return;
      case 'content_block_start':
        this.begun = true;
        this.contentBytes += blockBytes(body.content_block ?? null);
        return;
      case 'content_block_delta':
        this.contentBytes += blockBytes(body.delta ?? null);
        return;
      case 'message_delta':
        this.#usage = mergeUsage(this.#usage, body.usage);
        if (isObject(body.delta) && typeof body.delta.stop_reason === 'string') {
          this.begun = true;
          this.#finished = true;
        }
        return;
      case 'message_stop':
        // An end without a single block is a fault; the caller must not take it for an answer.
        if (!this.begun) throw new Fault('vendor_empty');
        this.#stopped = true;
        return;
      default:
    }
  }
}
