/**
 * AWS's binary event stream: a prelude with its CRC, headers, payload, and a CRC of it all.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { crc32 } from 'node:zlib';
import type { JsonObject } from '../../src/kit/json.ts';

const PRELUDE_BYTES = 8;
const CRC_BYTES = 4;
/** The type of a header's value: text. */
const TEXT = 7;

function headerBytes(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const head = Buffer.from([name.length, ...Buffer.from(name), TEXT, 0, 0]);
  head.writeUInt16BE(text.length, head.length - 2);
  return Buffer.concat([head, text]);
}

function message(headers: Readonly<Record<string, string>>, payload: JsonObject): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => headerBytes(name, value)),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const total = PRELUDE_BYTES + CRC_BYTES + head.length + body.length + CRC_BYTES;
  const bytes = Buffer.alloc(total);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(head.length, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, PRELUDE_BYTES)), PRELUDE_BYTES);
  head.copy(bytes, PRELUDE_BYTES + CRC_BYTES);
  body.copy(bytes, PRELUDE_BYTES + CRC_BYTES + head.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - CRC_BYTES)), total - CRC_BYTES);
  return bytes;
}

const JSON_TYPE = { ':content-type': 'application/json' };

export function eventBytes(type: string, payload: JsonObject): Buffer {
  return message({ ':event-type': type, ...JSON_TYPE, ':message-type': 'event' }, payload);
}

export function exceptionBytes(type: string, payload: JsonObject): Buffer {
  return message({ ':exception-type': type, ...JSON_TYPE, ':message-type': 'exception' }, payload);
}

/** A message whose last CRC is wrong. */
export function brokenBytes(): Buffer {
  const bytes = eventBytes('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'lost' } });
  bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 0xff;
  return bytes;
}
