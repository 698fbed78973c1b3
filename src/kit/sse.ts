/** Server-sent events as bytes: where whole events end, and what one event says. */
import { Fault } from './fault.ts';

/** Longest event that is carried; some vendors send lines of 200 KB. */
export const EVENT_BYTES_MAX = 16 * 1024 * 1024;

const LF = 10;
const CR = 13;
/** An empty line in its spellings; LF CR LF also ends CR LF CR LF. */
const BOUNDARIES: readonly Buffer[] = Object.freeze(
  ['\n\n', '\n\r\n', '\r\r'].map((text) => Buffer.from(text)),
);
/** An empty line may stand across two chunks: this much of both is looked at. */
const SEAM_BYTES = 3;

/** View of the same memory, with Buffer's native searches. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Index just after the last empty line, 0 where there is none. */
function lastBoundary(bytes: Buffer): number {
  let end = 0;
  for (const boundary of BOUNDARIES) {
    const at = bytes.lastIndexOf(boundary);
    if (at >= 0) end = Math.max(end, at + boundary.length);
  }
  return end;
}

/**
 * Cuts a byte stream after whole events. A chunk that ends with an event goes through as it came,
 * without a copy; only an unfinished tail is kept, up to EVENT_BYTES_MAX.
 */
export class EventCutter {
  #tail: Buffer[] = [];
  #tailBytes = 0;

  /** Bytes of whole events, or null where none has ended yet. Fault: `vendor_malformed`. */
  push(chunk: Uint8Array): Uint8Array | null {
    const size = chunk.length;
    if (this.#tailBytes === 0 && endsEvent(chunk, size)) return chunk;
    const bytes = asBuffer(chunk);
    const end = lastBoundary(bytes) || this.#seamBoundary(bytes);
    if (end === 0) {
      this.#keep(bytes);
      return null;
    }
    const whole =
      this.#tailBytes === 0 ? bytes.subarray(0, end) : this.#join(bytes.subarray(0, end));
    this.#tail = [];
    this.#tailBytes = 0;
    if (end < size) this.#keep(bytes.subarray(end));
    return whole;
  }

  /** What came after the last whole event. */
  rest(): Uint8Array {
    return Buffer.concat(this.#tail);
  }

  #keep(bytes: Buffer): void {
    this.#tailBytes += bytes.length;
    if (this.#tailBytes > EVENT_BYTES_MAX) {
      throw new Fault('vendor_malformed', {
        message: `The vendor sent an event of more than ${EVENT_BYTES_MAX} bytes.`,
      });
    }
    this.#tail.push(bytes);
  }

  #join(last: Buffer): Buffer {
    return Buffer.concat([...this.#tail, last]);
  }

  #seamBoundary(bytes: Buffer): number {
    if (this.#tailBytes === 0) return 0;
    let before = Buffer.alloc(0);
    for (let i = this.#tail.length - 1; i >= 0 && before.length < SEAM_BYTES; i -= 1) {
      before = Buffer.concat([this.#tail[i] ?? before, before]);
    }
    before = before.subarray(-SEAM_BYTES);
    const seam = Buffer.concat([before, bytes.subarray(0, SEAM_BYTES)]);
    return Math.max(0, lastBoundary(seam) - before.length);
  }
}

function endsEvent(bytes: Uint8Array, size: number): boolean {
  if (size < 2 || bytes[size - 1] !== LF) return false;
  const before = bytes[size - 2];
  return before === LF || (before === CR && bytes[size - 3] === LF);
}

export interface ServerEvent {
  /** The `event:` field; empty where there is none. */
  readonly name: string;
  /** The `data:` lines, joined by line feeds; null where the event has none (a comment). */
  readonly data: string | null;
  /** The event's own text, its empty line included. */
  readonly raw: string;
}

const PLAIN = 'data: ';
const END = '\n\n';

/** Splits text of whole events by the rules of the WHATWG. */
export function splitEvents(text: string): ServerEvent[] {
  const plain = plainEvent(text);
  if (plain !== null) return [plain];
  const events: ServerEvent[] = [];
  // A CR before an LF is half of one line end, never a line end of its own.
  const boundary = /(?:\r?\n|\r(?!\n)){2,}/g;
  let from = 0;
  for (;;) {
    const match = boundary.exec(text);
    const to = match === null ? text.length : match.index + match[0].length;
    if (to > from) events.push(readEvent(text.slice(from, to)));
    if (match === null) return events;
    from = to;
  }
}

/** Most pieces of a stream are one event of one line; null where this is not one. */
function plainEvent(text: string): ServerEvent | null {
  const end = text.length - END.length;
  const plain = text.startsWith(PLAIN) && text.indexOf('\n') === end && text.endsWith(END);
  if (!plain || text.includes('\r')) return null;
  return { name: '', data: text.slice(PLAIN.length, end), raw: text };
}

function readEvent(raw: string): ServerEvent {
  let name = '';
  let data: string | null = null;
  for (const line of raw.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const field = line.slice(0, colon);
    const value = line.charCodeAt(colon + 1) === 32 ? line.slice(colon + 2) : line.slice(colon + 1);
    if (field === 'data') data = data === null ? value : `${data}\n${value}`;
    else if (field === 'event') name = value;
  }
  return { name, data, raw };
}
