/** What a media file says of itself, read while it passes by. */
import { sidesOf } from './picture-facts.ts';

export interface MediaFacts {
  readonly mime: string | null;
  readonly durationMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
}

/** The frame of a JPEG may stand behind a small preview of it. */
const HEAD_BYTES = 64 * 1024;
const MAGIC_BYTES = 64;
/** An index of a video larger than this is not looked into. */
const INDEX_BYTES_MAX = 16 * 1024 * 1024;

const MAGIC: readonly (readonly [mime: string, at: number, text: string])[] = Object.freeze([
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
  ['audio/wav', 8, 'WAVE'],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/flac', 0, 'fLaC'],
  ['audio/mp4', 4, 'ftypM4A'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/mp4', 4, 'ftyp'],
  ['video/webm', 0, '\x1a\x45\xdf\xa3'],
  ['model/gltf-binary', 0, 'glTF'],
  ['application/zip', 0, 'PK\x03\x04'],
]);

export class MediaReader {
  #head: Buffer = Buffer.alloc(0);
  #index: Buffer | null = null;
  /** Bytes still to come of the box at hand, and whether they are wanted. */
  #left = 0;
  #isIndex = false;
  #pending: Buffer = Buffer.alloc(0);
  #isWalking = true;

  push(bytes: Uint8Array): void {
    if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    }
    if (this.#isWalking) this.#walk(Buffer.from(bytes));
  }

  facts(): MediaFacts {
    const head = this.#head.toString('latin1', 0, MAGIC_BYTES);
    const mime = MAGIC.find(([, at, text]) => head.startsWith(text, at))?.[0] ?? null;
    const none = { mime, durationMs: null, width: null, height: null };
    const sides = mime === null ? null : sidesOf(mime, this.#head);
    if (sides !== null) return { ...none, ...sides };
    if (mime === 'audio/wav' && this.#head.length >= 44) {
      const rate = this.#head.readUInt32LE(28);
      const bytes = this.#head.readUInt32LE(40);
      return { ...none, durationMs: rate === 0 ? null : Math.round((bytes / rate) * 1_000) };
    }
    return this.#index === null ? none : { ...none, ...readIndex(this.#index) };
  }

  /** From box to box of an MP4; of all of them only the index is kept. */
  #walk(bytes: Buffer): void {
    let rest: Buffer = Buffer.concat([this.#pending, bytes]);
    this.#pending = Buffer.alloc(0);
    while (rest.length > 0) {
      if (this.#left === 0) {
        if (rest.length < 16) {
          this.#pending = rest;
          return;
        }
        if (!this.#open(rest)) return;
        rest = rest.subarray(boxHead(rest));
        continue;
      }
      const part = rest.subarray(0, this.#left);
      if (this.#isIndex) this.#index = Buffer.concat([this.#index ?? Buffer.alloc(0), part]);
      this.#left -= part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** False where this is no MP4, or its last box has no end. */
  #open(rest: Buffer): boolean {
    const type = rest.toString('latin1', 4, 8);
    const short = rest.readUInt32BE(0);
    const size = short === 1 ? Number(rest.readBigUInt64BE(8)) : short;
    const body = size - boxHead(rest);
    this.#isIndex = type === 'moov' && body <= INDEX_BYTES_MAX;
    this.#isWalking = /^[a-zA-Z0-9 ]{4}$/.test(type) && body > 0;
    this.#left = body;
    return this.#isWalking;
  }
}

function boxHead(box: Buffer): number {
  return box.readUInt32BE(0) === 1 ? 16 : 8;
}

/** Length from mvhd, size from the largest tkhd. */
function readIndex(index: Buffer): Omit<MediaFacts, 'mime'> {
  const none = { durationMs: null, width: null, height: null };
  const movie = index.indexOf('mvhd', 0, 'latin1');
  if (movie < 0 || movie + 32 > index.length) return none;
  const isLong = index[movie + 4] === 1;
  const scale = index.readUInt32BE(movie + (isLong ? 24 : 16));
  const length = isLong
    ? Number(index.readBigUInt64BE(movie + 28))
    : index.readUInt32BE(movie + 20);
  let [width, height] = [0, 0];
  for (let at = index.indexOf('tkhd', 0, 'latin1'); at >= 0; ) {
    const sizes = at + (index[at + 4] === 1 ? 92 : 80);
    if (sizes + 8 <= index.length) {
      width = Math.max(width, index.readUInt32BE(sizes) >>> 16);
      height = Math.max(height, index.readUInt32BE(sizes + 4) >>> 16);
    }
    at = index.indexOf('tkhd', at + 4, 'latin1');
  }
  return {
    durationMs: scale === 0 ? null : Math.round((length / scale) * 1_000),
    width: width === 0 ? null : width,
    height: height === 0 ? null : height,
  };
}
