/** Real pictures of any size, made on the spot, as PNG, JPEG or WebP. */
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import { pngOf } from '../ark/png.ts';

export interface Wanted {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly format: 'png' | 'jpeg' | 'webp';
}

const SIDE = 64;
const BLOCK = 8;
/** Categories of differences between neighbours: each a code of four bits that is its number. */
const CATEGORIES = 12;
const CODE_BITS = 4;
const SHORT_SIDE = 1_024;

/** What a request asked for, in any vendor's words; a small square where it does not say. */
export function wantedOf(request: JsonObject, seed: number): Wanted {
  const input = isObject(request.input) ? { ...request, ...request.input } : request;
  const { width, height, size, aspect_ratio: ratio, output_format: format } = input;
  const sides = /^(\d+)[x:](\d+)$/.exec(String(size ?? ''));
  const [, across, down] = /^(\d+):(\d+)$/.exec(String(ratio ?? '')) ?? [];
  const named = { jpeg: 'jpeg', jpg: 'jpeg', webp: 'webp' } as const;
  const kind = named[String(format) as keyof typeof named] ?? 'png';
  if (typeof width === 'number' && typeof height === 'number') {
    return { seed, width, height, format: kind };
  }
  if (sides !== null) {
    return { seed, width: Number(sides[1]), height: Number(sides[2]), format: kind };
  }
  if (across !== undefined && down !== undefined) {
    const unit = SHORT_SIDE / Math.min(Number(across), Number(down));
    const [w, h] = [Number(across), Number(down)].map((side) => Math.round(side * unit));
    return { seed, width: w ?? SIDE, height: h ?? SIDE, format: kind };
  }
  return { seed, width: SIDE, height: SIDE, format: kind };
}

export function makePicture(wanted: Wanted): { type: string; bytes: Uint8Array } {
  const { seed, width, height, format } = wanted;
  if (format === 'jpeg') return { type: 'image/jpeg', bytes: jpegOf(wanted) };
  if (format === 'webp') return { type: 'image/webp', bytes: webpOf(wanted) };
  const bytes = pngOf({ prompt: `picture ${seed}`, width, height });
  return { type: 'image/png', bytes };
}

/** Bits, the first of a byte its highest (JPEG) or its lowest (WebP). */
class Bits {
  readonly bytes: number[] = [];
  readonly #lowFirst: boolean;
  #byte = 0;
  #count = 0;

  constructor(lowFirst: boolean) {
    this.#lowFirst = lowFirst;
  }

  add(value: number, count: number): void {
    for (let at = 0; at < count; at += 1) {
      const bit = (value >> (this.#lowFirst ? at : count - 1 - at)) & 1;
      this.#byte |= bit << (this.#lowFirst ? this.#count : 7 - this.#count);
      this.#count += 1;
      if (this.#count === 8) this.#flush();
    }
  }

  end(filler: 0 | 1): number[] {
    while (this.#count > 0) this.add(filler, 1);
    return this.bytes;
  }

  #flush(): void {
    this.bytes.push(this.#byte);
    // In a JPEG this byte begins a marker, unless a zero follows it.
    if (this.#byte === 0xff && !this.#lowFirst) this.bytes.push(0);
    this.#byte = 0;
    this.#count = 0;
  }
}

function segment(marker: number, data: readonly number[]): number[] {
  const length = data.length + 2;
  return [0xff, marker, length >> 8, length & 255, ...data];
}

/** Baseline, grey, each block of one shade. */
function jpegOf({ seed, width, height }: Wanted): Uint8Array {
  const sides = [height >> 8, height & 255, width >> 8, width & 255];
  const counts = (at: number, count: number) =>
    Array.from({ length: 16 }, (_, index) => (index === at - 1 ? count : 0));
  const shades = Array.from({ length: CATEGORIES }, (_, index) => index);
  const head = [
    ...[0xff, 0xd8],
    ...segment(0xe0, [...Buffer.from('JFIF\0', 'latin1'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...new Array<number>(BLOCK * BLOCK).fill(BLOCK)]),
    ...segment(0xc0, [8, ...sides, 1, 1, 0x11, 0]),
    ...segment(0xc4, [0x00, ...counts(CODE_BITS, CATEGORIES), ...shades]),
    ...segment(0xc4, [0x10, ...counts(1, 1), 0]),
    ...segment(0xda, [1, 1, 0x00, 0, 63, 0]),
  ];
  const bits = new Bits(false);
  let before = 0;
  const columns = Math.ceil(width / BLOCK);
  for (let row = 0; row < Math.ceil(height / BLOCK); row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const shade = ((seed * 37 + (row >> 3) * 11 + (column >> 3) * 7) & 255) - 128;
      const step = shade - before;
      before = shade;
      const size = step === 0 ? 0 : 32 - Math.clz32(Math.abs(step));
      bits.add(size, CODE_BITS);
      bits.add(step < 0 ? step + 2 ** size - 1 : step, size);
      // Nothing but the shade.
      bits.add(0, 1);
    }
  }
  return Buffer.concat([Buffer.from(head), Buffer.from(bits.end(1)), Buffer.from([0xff, 0xd9])]);
}

/** Lossless, of one colour: no pixel needs a bit of its own. */
function webpOf({ seed, width, height }: Wanted): Uint8Array {
  const bits = new Bits(true);
  bits.add(0x2f, 8);
  bits.add(width - 1, 14);
  bits.add(height - 1, 14);
  // No alpha, version 0; no transform, no colour cache, one group of codes.
  bits.add(0, 4);
  bits.add(0, 3);
  for (const value of [seed & 255, (seed * 7) & 255, (seed * 13) & 255, 255]) {
    bits.add(0b101, 3);
    bits.add(value, 8);
  }
  bits.add(0b0001, 4);
  const data = bits.end(0);
  if (data.length % 2 === 1) data.push(0);
  const head = Buffer.alloc(20);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(data.length + 12, 4);
  head.write('WEBPVP8L', 8, 'latin1');
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, Buffer.from(data)]);
}
