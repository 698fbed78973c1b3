/** HTTP/1.1 framing on raw sockets: cheap enough to stay far below what is measured. */

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const CRLF_BYTES = 2;
const HEX = 16;

export interface FramerEvents {
  /** The head of a message is complete. */
  head?(text: string): void;
  /** Payload bytes, chunk framing removed. */
  body?(data: Buffer): void;
  /** The message is complete. */
  end(head: string): void;
}

type State = 'head' | 'length' | 'size' | 'chunk' | 'trailer';

/** Cuts a byte stream into messages. Lenient: it serves only peers that this bench started. */
export class Framer {
  private state: State = 'head';
  private kept: Buffer | null = null;
  private left = 0;
  private headText = '';
  private readonly events: FramerEvents;

  constructor(events: FramerEvents) {
    this.events = events;
  }

  /** True between two messages: nothing of the next one has been seen. */
  get idle(): boolean {
    return this.state === 'head' && this.kept === null;
  }

  push(input: Buffer): void {
    let data: Buffer | null = this.kept ? Buffer.concat([this.kept, input]) : input;
    this.kept = null;
    while (data && data.length > 0) data = this.step(data);
  }

  /** Consumes one part; answers the rest, or null when more bytes are needed. */
  private step(data: Buffer): Buffer | null {
    if (this.state === 'head') return this.readHead(data);
    if (this.state === 'size') return this.readSize(data);
    if (this.state === 'trailer') return this.readTrailer(data);
    return this.readPayload(data);
  }

  private readHead(data: Buffer): Buffer | null {
    const end = data.indexOf(HEAD_END);
    if (end < 0) return this.keep(data);
    this.headText = data.toString('latin1', 0, end);
    this.events.head?.(this.headText);
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.headText);
    if (length) {
      this.left = Number(length[1]);
      this.state = 'length';
      if (this.left === 0) this.finish();
    } else if (/\r\ntransfer-encoding: *chunked/i.test(this.headText)) {
      this.state = 'size';
    } else {
      this.finish();
    }
    return data.subarray(end + HEAD_END.length);
  }

  private readSize(data: Buffer): Buffer | null {
    const end = data.indexOf(LINE_END);
    if (end < 0) return this.keep(data);
    this.left = Number.parseInt(data.toString('latin1', 0, end), HEX);
    this.state = this.left === 0 ? 'trailer' : 'chunk';
    return data.subarray(end + CRLF_BYTES);
  }

  private readTrailer(data: Buffer): Buffer | null {
    const end = data.indexOf(LINE_END);
    if (end < 0) return this.keep(data);
    if (end === 0) this.finish();
    return data.subarray(end + CRLF_BYTES);
  }

  private readPayload(data: Buffer): Buffer | null {
    if (this.state === 'chunk' && this.left === 0) {
      if (data.length < CRLF_BYTES) return this.keep(data);
      this.state = 'size';
      return data.subarray(CRLF_BYTES);
    }
    const take = Math.min(this.left, data.length);
    this.left -= take;
    this.events.body?.(take === data.length ? data : data.subarray(0, take));
    if (this.left === 0 && this.state === 'length') this.finish();
    return data.subarray(take);
  }

  private keep(data: Buffer): null {
    this.kept = data;
    return null;
  }

  private finish(): void {
    this.state = 'head';
    this.events.end(this.headText);
  }
}

export const statusOf = (head: string): number => Number(head.slice(9, 12));

/** One HTTP chunk around a text. */
export function chunkOf(text: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(text).toString(HEX)}\r\n${text}\r\n`);
}

/** What a socket of Bun offers and this bench uses. */
interface Writable {
  write(data: Uint8Array): number;
}

/** Writes everything, now or when the socket drains; order is kept. */
export class Outbox {
  private rest: Buffer | null = null;

  send(socket: Writable, data: Buffer): void {
    if (this.rest) {
      this.rest = Buffer.concat([this.rest, data]);
      return;
    }
    const wrote = Math.max(0, socket.write(data));
    if (wrote < data.length) this.rest = data.subarray(wrote);
  }

  drain(socket: Writable): void {
    const rest = this.rest;
    this.rest = null;
    if (rest) this.send(socket, rest);
  }
}
