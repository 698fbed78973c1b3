/** Watches a stream of pictures: each comes in an event of its own, the count in the last. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';

const DONE = '[DONE]';
const MADE = 'image_generation.partial_succeeded';
const FAILED = 'image_generation.partial_failed';
const COMPLETED = 'image_generation.completed';

export class PictureWatch implements StreamWatch {
  readonly #readError: ErrorReader;
  #made = 0;
  #completed = false;
  begun = false;
  failed: Error | null = null;
  readonly tail = null;
  /** What was made so far, so that a cut stream is charged for what the caller has. */
  usage: Json | null = null;
  readonly contentBytes = 0;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  look(events: Uint8Array): Uint8Array | null {
    if (this.failed !== null) throw this.failed;
    let out = '';
    for (const event of splitEvents(asBuffer(events).toString('utf8'))) {
      try {
        this.#lookAt(event);
      } catch (thrown) {
        this.failed = thrown instanceof Error ? thrown : new Fault('internal_error');
        if (out === '') throw this.failed;
        return Buffer.from(out);
      }
      out += event.raw;
    }
    return events;
  }

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    return this.#completed ? null : new Fault('vendor_cut');
  }

  #lookAt(event: ServerEvent): void {
    if (event.data === null || event.data.startsWith(DONE)) return;
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    switch (body.type) {
      case MADE:
        this.#count();
        return;
      // One picture of several: the others come, and it is not charged.
      case FAILED:
        this.begun = true;
        return;
      case COMPLETED:
        this.begun = true;
        this.#completed = true;
        if (isObject(body.usage)) this.usage = body;
        return;
      default:
        if (isObject(body.error)) throw this.#readError(body);
    }
  }

  #count(): void {
    this.begun = true;
    this.#made += 1;
    this.usage = { usage: { generated_images: this.#made } };
  }
}
