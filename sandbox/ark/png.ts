/** A real PNG of any size: two colours and a pattern that come from a text. */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
/** One bit a pixel, by palette: a large picture stays small. */
const BIT_DEPTH = 1;
const PALETTE = 3;
/** The pattern is a grid of this many fields each way. */
const FIELDS = 8;
const encoder = new TextEncoder();

function chunk(type: string, data: Uint8Array): Buffer {
  const typed = Buffer.concat([encoder.encode(type), data]);
  const made = Buffer.alloc(typed.length + 8);
  made.writeUInt32BE(data.length, 0);
  typed.copy(made, 4);
  made.writeUInt32BE(crc32(typed), typed.length + 4);
  return made;
}

export interface Picture {
  readonly prompt: string;
  readonly width: number;
  readonly height: number;
}

export function pngOf({ prompt, width, height }: Picture): Uint8Array {
  const hash = Bun.hash(prompt);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([BIT_DEPTH, PALETTE], 8);
  const colours = Buffer.alloc(8);
  colours.writeBigUInt64BE(hash, 0);
  const rowBytes = Math.ceil(width / 8);
  const pixels = Buffer.alloc((rowBytes + 1) * height);
  for (let y = 0; y < height; y += 1) {
    const start = y * (rowBytes + 1) + 1;
    const line = Math.floor((y * FIELDS) / height);
    for (let at = 0; at < rowBytes; at += 1) {
      const field = BigInt(line * FIELDS + Math.floor((at * FIELDS) / rowBytes));
      pixels[start + at] = ((hash >> field) & 1n) === 1n ? 0xff : 0;
    }
  }
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', colours.subarray(0, 6)),
    chunk('IDAT', deflateSync(pixels, { level: 1 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}
