/** Watches a stream of events on its way to the caller, untouched. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';
import type { ErrorReader, StreamWatch } from '../shape.ts';

const DONE = '[DONE]';
/** Kinds that say nothing of what the model wrote. */
const PREAMBLE = /^response\.(?:created|queued|in_progress)$/;
const LAST = /^response\.(?:completed|incomplete)$/;
const DELTA = /\.delta$/;

export class ResponsesWatch implements StreamWatch {
  readonly #readError: ErrorReader;
  #done = false;
  #begun = false;
  #said = false;
  readonly tail = null;
  failed: Error | null = null;
  usage: Json | null = null;
  contentBytes = 0;

  constructor(readError: ErrorReader) {
    this.#readError = readError;
  }

  get begun(): boolean {
    return this.#begun;
  }

  look(events: Uint8Array): Uint8Array | null {
    if (this.failed !== null) throw this.failed;
    const text = asBuffer(events).toString('utf8');
    let good = '';
    for (const event of splitEvents(text)) {
      try {
        this.#lookAtEvent(event);
        good += event.raw;
      } catch (thrown) {
        this.failed = toError(thrown);
        // What is good goes first; the fault follows it.
        if (good === '') throw this.failed;
        return Buffer.from(good);
      }
    }
    return events;
  }

  end(): Fault | null {
    if (this.failed !== null) throw this.failed;
    if (this.#done) return null;
    return new Fault(this.#said && !this.#begun ? 'vendor_empty' : 'vendor_cut');
  }

  #lookAtEvent(event: ServerEvent): void {
    if (event.data === null || event.data.startsWith(DONE)) return;
    const body = parseJson(event.data);
    if (!isObject(body)) throw new Fault('vendor_malformed');
    this.#said = true;
    const type = typeof body.type === 'string' ? body.type : event.name;
    throwFailure(type, body, this.#readError);
    if (!PREAMBLE.test(type)) this.#begun = true;
    if (DELTA.test(type) && typeof body.delta === 'string') {
      this.contentBytes += Buffer.byteLength(body.delta);
    }
    if (!LAST.test(type)) return;
    this.#done = true;
    if (isObject(body.response) && isObject(body.response.usage)) this.usage = body.response;
  }
}

/** Throws what an event of a failure stands for. */
export function throwFailure(type: string, body: JsonObject, readError: ErrorReader): void {
  if (type === 'response.failed') {
    const response = isObject(body.response) ? body.response : {};
    throw readError({ error: response.error ?? null });
  }
  // Some say it flat, some nested.
  if (type === 'error') throw readError(isObject(body.error) ? body : { error: body });
  if (isObject(body.error) && body.response === undefined) throw readError(body);
}

const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Fault('internal_error', { cause: thrown });
