/** An incremental reader of HTTP/1.1 requests, strict and bounded. Knows nothing about sockets. */

/** Request line and headers together. */
export const HEAD_BYTES_MAX = 64 * 1024;
/** Above it the body is not kept and the handler is told so. */
export const BODY_BYTES_MAX = 32 * 1024 * 1024;
/** A chunk-size line with its extensions, or one trailer line. */
const LINE_BYTES_MAX = 1024;

export interface WireRequest {
  readonly method: string;
  /** Path without the query, as sent. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; a repeated header keeps its last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  readonly tooLarge: boolean;
  readonly keepAlive: boolean;
}

/** What the parser wants next: `continue` asks for an interim 100 answer. */
export type Step =
  | { readonly kind: 'more' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'request'; readonly request: WireRequest }
  | { readonly kind: 'broken'; readonly status: number; readonly why: string };

type Head = Omit<WireRequest, 'body' | 'tooLarge'>;

const MORE: Step = { kind: 'more' };
const EMPTY = new Uint8Array(0);
const latin = new TextDecoder('latin1');

function broken(status: number, why: string): Step {
  return { kind: 'broken', status, why };
}

/** Feed bytes with `push`, then call `next` until it answers `more` or `broken`. */
export class RequestParser {
  #pending: Uint8Array = EMPTY;
  #head: Head | null = null;
  #parts: Uint8Array[] = [];
  #bodyBytes = 0;
  /** Bytes still to come of the body, or of the current chunk when `#chunked`. */
  #left = 0;
  #chunked = false;
  #chunkState: 'size' | 'data' | 'data-end' | 'trailer' = 'size';
  #wantsContinue = false;

  push(bytes: Uint8Array): void {
    this.#pending = this.#pending.length === 0 ? bytes.slice() : join([this.#pending, bytes]);
  }

  next(): Step {
    if (this.#head === null) {
      const step = this.#readHead();
      if (step !== null) return step;
    }
    if (this.#wantsContinue && this.#pending.length === 0) {
      this.#wantsContinue = false;
      return { kind: 'continue' };
    }
    return this.#chunked ? this.#readChunks() : this.#readSized();
  }

  #readHead(): Step | null {
    const end = indexOfBlankLine(this.#pending);
    if (end < 0) {
      return this.#pending.length > HEAD_BYTES_MAX ? broken(431, 'headers too large') : MORE;
    }
    if (end > HEAD_BYTES_MAX) return broken(431, 'headers too large');
    const head = readHead(latin.decode(this.#pending.subarray(0, end)));
    if (typeof head === 'string') return broken(400, head);
    this.#pending = this.#pending.subarray(end + 4);
    const length = head.headers.get('content-length');
    const coding = head.headers.get('transfer-encoding');
    if (length !== undefined && coding !== undefined) return broken(400, 'two body lengths');
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      return broken(501, 'unknown transfer-encoding');
    }
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return broken(400, 'bad length');
    this.#chunked = coding !== undefined;
    this.#chunkState = 'size';
    this.#left = Number(length ?? 0);
    this.#parts = [];
    this.#bodyBytes = 0;
    this.#wantsContinue = head.headers.get('expect')?.toLowerCase() === '100-continue';
    this.#head = head;
    // A body announced as too large is refused now: nobody has to send it first.
    return !this.#chunked && this.#left > BODY_BYTES_MAX ? this.#finish(true) : null;
  }

  #take(most: number): void {
    const bytes = this.#pending.subarray(0, most);
    this.#pending = this.#pending.length === bytes.length ? EMPTY : this.#pending.subarray(most);
    this.#parts.push(bytes);
    this.#bodyBytes += bytes.length;
    this.#left -= bytes.length;
  }

  #readSized(): Step {
    if (this.#left > 0 && this.#pending.length > 0) this.#take(this.#left);
    return this.#left > 0 ? MORE : this.#finish(false);
  }

  #readChunks(): Step {
    for (;;) {
      if (this.#chunkState === 'data') {
        if (this.#pending.length === 0) return MORE;
        this.#take(this.#left);
        if (this.#bodyBytes > BODY_BYTES_MAX) return this.#finish(true);
        if (this.#left > 0) return MORE;
        this.#chunkState = 'data-end';
      }
      const end = this.#pending.indexOf(10);
      if (end < 0) return this.#pending.length > LINE_BYTES_MAX ? broken(400, 'long line') : MORE;
      const line = latin.decode(this.#pending.subarray(0, end)).replace(/\r$/, '');
      this.#pending = this.#pending.subarray(end + 1);
      const step = this.#readChunkLine(line);
      if (step !== null) return step;
    }
  }

  #readChunkLine(line: string): Step | null {
    if (this.#chunkState === 'trailer') return line === '' ? this.#finish(false) : null;
    if (this.#chunkState === 'data-end') {
      if (line !== '') return broken(400, 'bad chunk end');
      this.#chunkState = 'size';
      return null;
    }
    const size = /^([0-9a-fA-F]{1,8})\s*(;.*)?$/.exec(line)?.[1];
    if (size === undefined) return broken(400, 'bad chunk size');
    this.#left = Number.parseInt(size, 16);
    this.#chunkState = this.#left === 0 ? 'trailer' : 'data';
    return null;
  }

  #finish(tooLarge: boolean): Step {
    const head = this.#head!;
    const body = tooLarge ? EMPTY : join(this.#parts);
    this.#head = null;
    this.#parts = [];
    const keepAlive = head.keepAlive && !tooLarge;
    return { kind: 'request', request: { ...head, body, tooLarge, keepAlive } };
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}

function indexOfBlankLine(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('\r\n\r\n');
}

function readHead(text: string): Head | string {
  const lines = text.split('\r\n');
  const line = /^([A-Z]{1,20}) (\/\S*) HTTP\/1\.([01])$/.exec(lines[0]!);
  if (line === null) return 'bad request line';
  const headers = new Map<string, string>();
  for (const entry of lines.slice(1)) {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(entry);
    if (field === null) return 'bad header';
    headers.set(field[1]!.toLowerCase(), field[2]!);
  }
  const target = line[2]!;
  const mark = target.indexOf('?');
  const connection = headers.get('connection')?.toLowerCase();
  return {
    method: line[1]!,
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers,
    keepAlive: line[3] === '1' ? connection !== 'close' : connection === 'keep-alive',
  };
}
