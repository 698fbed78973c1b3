/**
 * Follows a stream of events on its last steps to the caller: lifecycle events tell what is kept
 * here and under which id, and a stream that fails ends with an error and `response.failed`.
 */
import { isObject, type Json, type JsonObject, parseJson } from '../../kit/json.ts';
import { asBuffer, type ServerEvent, splitEvents } from '../../kit/sse.ts';

/** Fields of a response that are ours to say; null: it is the vendor's own. */
export type Shown = JsonObject | null;

/** A response that is complete, to be kept before its caller hears of it; answers what it says. */
export type Keep = (response: JsonObject) => Promise<Shown>;

const LIFECYCLE =
  /"type": ?"(?:error|response\.(?:created|queued|in_progress|completed|incomplete))"/;
const LAST = /^response\.(?:completed|incomplete)$/;
const SEQUENCE = '"sequence_number":';

export class ResponseTrail {
  readonly #shown: Shown;
  readonly #keep: Keep;
  #response: JsonObject = {};
  #sequence = -1;

  constructor(shown: Shown, keep: Keep) {
    this.#shown = shown;
    this.#keep = keep;
  }

  /** Bytes of whole events in; the same object out where nothing changes. */
  look(bytes: Uint8Array | string): Uint8Array | string | Promise<string> {
    const text = typeof bytes === 'string' ? bytes : asBuffer(bytes).toString('utf8');
    if (!LIFECYCLE.test(text)) {
      this.#count(text);
      return bytes;
    }
    return this.#rewrite(splitEvents(text));
  }

  async #rewrite(events: readonly ServerEvent[]): Promise<string> {
    let out = '';
    for (const event of events) {
      out += await this.#rewriteEvent(event);
      this.#count(event.raw);
    }
    return out;
  }

  async #rewriteEvent(event: ServerEvent): Promise<string> {
    const body = event.data === null ? undefined : parseJson(event.data);
    if (!isObject(body)) return event.raw;
    if (body.type === 'error') return this.#fail(body, event.name);
    if (!LIFECYCLE.test(event.raw) || !isObject(body.response)) return event.raw;
    this.#response = { ...body.response, ...this.#shown };
    const isLast = LAST.test(String(body.type));
    const shown = isLast ? await this.#keep(this.#response) : this.#shown;
    if (shown === null) return event.raw;
    return frame({ ...body, response: { ...body.response, ...shown } }, event.name);
  }

  /** The error takes its number in the stream, and the response fails with it. */
  #fail(body: JsonObject, name: string): string {
    const numbered = { ...body, sequence_number: this.#sequence + 1 };
    const { code = null, message = null } = isObject(body.error) ? body.error : body;
    const response = { ...this.#response, status: 'failed', error: { code, message } };
    const type = 'response.failed';
    const failed = { type, sequence_number: this.#sequence + 2, response };
    return frame(numbered, name) + frame(failed, name === '' ? '' : type);
  }

  #count(text: string): void {
    const at = text.lastIndexOf(SEQUENCE);
    const number = at < 0 ? Number.NaN : Number.parseInt(text.slice(at + SEQUENCE.length), 10);
    if (Number.isSafeInteger(number)) this.#sequence = number;
  }
}

/** Named where the stream names its events. */
function frame(body: JsonObject, name: string): string {
  const named = name === '' ? '' : `event: ${name}\n`;
  return `${named}data: ${JSON.stringify(body satisfies Json)}\n\n`;
}
