/** Watches a stream of this format on its way to a caller of the same, and changes nothing. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';
import { blockReason, bodyBytes, candidatesOf, errorOf } from './reply.ts';

export class ContentWatch implements StreamWatch {
  readonly #readError: ErrorReader;
  /** Candidate -> whether it has told its reason to stop. */
  readonly #finished = new Map<number, boolean>();
  #said = false;
  #blocked = false;
  failed: Error | null = null;
  readonly tail = null;
  usage: Json | null = null;
  contentBytes = 0;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get begun(): boolean {
    return this.#blocked || this.#finished.size > 0;
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
    const isWhole = [...this.#finished.values()].every((finished) => finished);
    return isWhole ? null : new Fault('vendor_cut');
  }

  #lookAt(event: ServerEvent): void {
    if (event.data === null) return;
    this.#said = true;
    const body = parseJson(event.data);
    const error = errorOf(body);
    if (error !== null) throw this.#readError(error);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    if (blockReason(body) !== null) this.#blocked = true;
    for (const { index, finishReason } of candidatesOf(body)) {
      const number = typeof index === 'number' ? index : 0;
      const isDone = this.#finished.get(number) === true || typeof finishReason === 'string';
      this.#finished.set(number, isDone);
    }
    this.contentBytes += bodyBytes(body);
    if (isObject(body.usageMetadata)) this.usage = body;
  }
}
