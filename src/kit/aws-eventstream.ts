/**
 * AWS's binary event stream as server-sent events: each message is a prelude (its length, the
 * length of its headers, a CRC), headers, a payload, and a CRC over all of it.
 * smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-26.
 */
import { Fault } from './fault.ts';
import { asBuffer, EVENT_BYTES_MAX } from './sse.ts';

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const MESSAGE_BYTES_MIN = PRELUDE_BYTES + CRC_BYTES;
/** The kind of a header's value: text with two bytes of length before it. */
const TEXT = 7;
/** Bytes of the other kinds of values, by kind; those of kind 6 have a length of their own. */
const VALUE_BYTES: readonly number[] = Object.freeze([0, 0, 1, 2, 4, 8, -1, -1, 8, 16]);

/** Cuts after whole messages, as the cutter of server-sent events does after whole events. */
export class AwsEventCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** Text of whole events, or null where none has ended yet. Fault: `vendor_malformed`. */
  push(chunk: Uint8Array): Uint8Array | null {
    const bytes = this.#rest.length === 0 ? asBuffer(chunk) : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let out = '';
    while (bytes.length - at >= PRELUDE_BYTES) {
      const size = bytes.readUInt32BE(at);
      if (size < MESSAGE_BYTES_MIN || size > EVENT_BYTES_MAX) throw malformed();
      checkCrc(bytes.subarray(at, at + PRELUDE_BYTES));
      if (bytes.length - at < size) break;
      out += eventText(bytes.subarray(at, at + size));
      at += size;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    return out === '' ? null : Buffer.from(out);
  }

  /** What came after the last whole message. */
  rest(): Uint8Array {
    return this.#rest;
  }
}

const malformed = (): Fault => new Fault('vendor_malformed');

/** The last four bytes are the CRC of those before. */
function checkCrc(bytes: Buffer): void {
  const end = bytes.length - CRC_BYTES;
  if (Bun.hash.crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw malformed();
}

/** An exception becomes an event of the name `error`, in the shape that errors have elsewhere. */
function eventText(message: Buffer): string {
  checkCrc(message);
  const headersEnd = PRELUDE_BYTES + message.readUInt32BE(4);
  if (headersEnd > message.length - CRC_BYTES) throw malformed();
  const headers = readHeaders(message.subarray(PRELUDE_BYTES, headersEnd));
  const payload = message.toString('utf8', headersEnd, message.length - CRC_BYTES);
  if (/[\r\n]/.test(payload)) throw malformed();
  if (headers.get(':message-type') === 'event') {
    return `event: ${headers.get(':event-type') ?? ''}\ndata: ${payload}\n\n`;
  }
  const code = headers.get(':exception-type') ?? headers.get(':error-code') ?? 'exception';
  const words = headers.get(':error-message') ?? messageOf(payload);
  return `event: error\ndata: ${JSON.stringify({ error: { code, message: words } })}\n\n`;
}

function messageOf(payload: string): string {
  try {
    const { message } = JSON.parse(payload) as { message?: unknown };
    return typeof message === 'string' ? message : payload;
  } catch {
    return payload;
  }
}

/** Those with a text; other kinds are passed over. */
function readHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const take = (size: number): Buffer => {
    if (at + size > bytes.length) throw malformed();
    at += size;
    return bytes.subarray(at - size, at);
  };
  while (at < bytes.length) {
    const name = take(take(1).readUInt8(0)).toString('utf8');
    const kind = take(1).readUInt8(0);
    const fixed = VALUE_BYTES[kind];
    if (fixed === undefined) throw malformed();
    const value = take(fixed < 0 ? take(2).readUInt16BE(0) : fixed);
    if (kind === TEXT) headers.set(name, value.toString('utf8'));
  }
  return headers;
}
