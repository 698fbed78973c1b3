/** What a media file says of itself, read while it passes by. */
import { sidesOf } from './picture-facts.ts';

export interface MediaFacts {
  readonly mime: string | null;
  readonly durationMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
}

/** The frame of a JPEG may stand behind a small preview of it; less goes before a WAV's sound. */
const HEAD_BYTES = 64 * 1024;
const MAGIC_BYTES = 64;
/** So far a file is looked at for being a text. */
const TEXT_BYTES = 512;
/** An index of a video larger than this is not looked into. */
const INDEX_BYTES_MAX = 16 * 1024 * 1024;
/** Of an mvhd, as far as it is read. */
const MOVIE_BYTES = 36;
const WAV_CHUNKS_AT = 12;

const MAGIC: readonly (readonly [mime: string, at: number, text: string])[] = Object.freeze([
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['image/avif', 4, 'ftypavif'],
  ['image/heic', 4, 'ftypheic'],
  ['image/bmp', 0, 'BM'],
  ['video/x-msvideo', 8, 'AVI '],
  ['audio/wav', 8, 'WAVE'],
  ['audio/mpeg', 0, 'ID3'],
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/mpeg', 0, '\xff\xf3'],
  ['audio/mpeg', 0, '\xff\xf2'],
  ['audio/mpeg', 0, '\xff\xfa'],
  ['audio/aac', 0, '\xff\xf1'],
  ['audio/aac', 0, '\xff\xf9'],
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
  #bytes = 0;
  readonly #index: Buffer[] = [];
  /** Bytes still to come of the box at hand, and whether they are wanted. */
  #left = 0;
  #isIndex = false;
  #pending: Buffer = Buffer.alloc(0);
  #isWalking = true;

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, bytes.subarray(0, HEAD_BYTES - this.#head.length)]);
    }
    if (this.#isWalking) this.#walk(Buffer.from(bytes));
  }

  /** `said`: what the server calls it, which counts where the bytes say nothing. */
  facts(said: string | null = null): MediaFacts {
    const head = this.#head.toString('latin1', 0, MAGIC_BYTES);
    const known = MAGIC.find(([, at, text]) => head.startsWith(text, at))?.[0] ?? null;
    const mime = mimeOf(known, isText(this.#head) ? null : said);
    const none = { mime, durationMs: null, width: null, height: null };
    const sides = mime === null ? null : sidesOf(mime, this.#head);
    if (sides !== null) return { ...none, ...sides };
    if (known === 'audio/wav') return { ...none, durationMs: wavMs(this.#head, this.#bytes) };
    if (this.#index.length === 0) return none;
    return { ...none, ...readIndex(Buffer.concat(this.#index)) };
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
      if (this.#isIndex) this.#index.push(part);
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

/** Boxes for films hold sound alone as well, which only the server says. */
function mimeOf(known: string | null, said: string | null): string | null {
  const isBox = known === 'video/mp4' || known === 'video/webm';
  return isBox && said?.startsWith('audio/') === true ? said : (known ?? said);
}

/** All ones: not known; nought: told elsewhere. */
function isOpen(length: number): boolean {
  return length === 0 || length === 0xffffffff || length > Number.MAX_SAFE_INTEGER;
}

/** Of a text nobody believes that it is a film, whatever its server says. */
function isText(head: Buffer): boolean {
  return /^[\s\x20-\x7e\x80-\xff]*$/.test(head.toString('latin1', 0, TEXT_BYTES));
}

/** By the rate of its format and the bytes of its data, as many as there are. */
function wavMs(head: Buffer, bytes: number): number | null {
  let rate = 0;
  for (let at = WAV_CHUNKS_AT; at + 8 <= head.length; ) {
    const type = head.toString('latin1', at, at + 4);
    const size = head.readUInt32LE(at + 4);
    if (type === 'fmt ' && at + 20 <= head.length) rate = head.readUInt32LE(at + 16);
    if (type === 'data') {
      const there = Math.min(size, Math.max(0, bytes - at - 8));
      return rate === 0 ? null : Math.round((there / rate) * 1_000);
    }
    at += 8 + size + (size % 2);
  }
  return null;
}

/** Length from mvhd, size from the largest tkhd. */
function readIndex(index: Buffer): Omit<MediaFacts, 'mime'> {
  const none = { durationMs: null, width: null, height: null };
  const movie = index.indexOf('mvhd', 0, 'latin1');
  if (movie < 0 || movie + MOVIE_BYTES > index.length) return none;
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
    // A film that was written as it was made does not know its own length.
    durationMs: scale === 0 || isOpen(length) ? null : Math.round((length / scale) * 1_000),
    width: width === 0 ? null : width,
    height: height === 0 ? null : height,
  };
}
