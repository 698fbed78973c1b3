/** Small real files made on the spot. */
import { crc32, deflateSync } from 'node:zlib';

const SIDE = 64;
const RATE_HZ = 16_000;

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A pattern of `seed`'s own; a small square unless told otherwise. */
export function makePng(seed: number, width = SIDE, height = SIDE): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * (1 + width * 3) + 1 + x * 3;
      rows.set([(seed + x * 4) & 255, (seed * 7 + y * 4) & 255, (seed * 13 + x + y) & 255], at);
    }
  }
  const magic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ];
  return new Uint8Array(Buffer.concat([magic, ...parts]));
}

/** A tone, 16 bit mono. */
export function makeWav(seconds: number, seed: number): Uint8Array {
  const count = Math.round(seconds * RATE_HZ);
  const bytes = Buffer.alloc(44 + count * 2);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(36 + count * 2, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE_HZ, 24);
  bytes.writeUInt32LE(RATE_HZ * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(count * 2, 40);
  const pitchHz = 220 + (seed % 440);
  for (let at = 0; at < count; at += 1) {
    const value = Math.sin((2 * Math.PI * pitchHz * at) / RATE_HZ) * 12_000;
    bytes.writeInt16LE(Math.round(value), 44 + at * 2);
  }
  return new Uint8Array(bytes);
}
