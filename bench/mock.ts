/** The mock vendor. It lives in the client's process so that a job can hold its hand. */
import type { Socket } from 'bun';
import {
  CHUNKS,
  CONTENT_CHUNKS,
  JSON_ANSWER,
  ROLE_CHUNK,
  STREAM_HEAD,
  STREAM_TAIL,
} from './payloads.ts';
import { nowUs } from './sys.ts';
import { Framer, Outbox } from './wire.ts';

const TICK_MS = 5;
const US_PER_MS = 1000;

/** How the mock answers from now on. */
export type MockMode =
  | { readonly kind: 'json' }
  /** Sends chunk n only when the job calls `release(n)`. */
  | { readonly kind: 'released' }
  /** Sends `chunks` content chunks, one every `everyMs` (0 = all at once), then the tail. */
  | { readonly kind: 'paced'; readonly everyMs: number; readonly chunks: number };

/** One stream that the mock is sending. */
export interface MockStream {
  sent: number;
  /** The tail was written. */
  finished: boolean;
  /** The connection went away first. */
  cut: boolean;
  cutAtUs: number;
  /** True once the job says that its client has left; chunks after it are counted apart. */
  clientLeft: boolean;
  sentAfterLeft: number;
}

interface Conn {
  framer: Framer | null;
  readonly outbox: Outbox;
  stream: MockStream | null;
}

interface Paced {
  readonly socket: Socket<Conn>;
  readonly stream: MockStream;
  dueUs: number;
}

export class Mock {
  mode: MockMode = { kind: 'json' };
  /** Requests answered since the start: proof that a contestant really called its vendor. */
  requests = 0;
  /** The last stream started. */
  last: MockStream | null = null;
  private readonly server;
  private readonly paced = new Set<Paced>();
  private lastSocket: Socket<Conn> | null = null;
  private ticker: ReturnType<typeof setInterval> | null = null;

  constructor() {
    this.server = Bun.listen<Conn>({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          const framer = new Framer({ end: () => this.answer(socket) });
          socket.data = { framer, outbox: new Outbox(), stream: null };
        },
        data: (socket, bytes) => socket.data.framer?.push(bytes),
        drain: (socket) => socket.data.outbox.drain(socket),
        close: (socket) => this.gone(socket),
        error: (socket) => this.gone(socket),
      },
    });
  }

  get port(): number {
    return this.server.port;
  }

  /** Streams that are open now. */
  get open(): number {
    return this.paced.size;
  }

  /** Writes chunk `n` of the last stream. */
  release(n: number): void {
    const socket = this.lastSocket;
    if (!socket || !this.last) return;
    this.last.sent++;
    socket.data.outbox.send(socket, CHUNKS[n % CONTENT_CHUNKS] as Buffer);
  }

  /** Ends the last stream in order. */
  releaseTail(): void {
    const socket = this.lastSocket;
    if (!socket || !this.last) return;
    this.last.finished = true;
    socket.data.stream = null;
    socket.data.outbox.send(socket, STREAM_TAIL);
  }

  /** Makes `last` mean the next stream only. */
  forget(): void {
    this.last = null;
  }

  stop(): void {
    if (this.ticker) clearInterval(this.ticker);
    this.server.stop(true);
  }

  private answer(socket: Socket<Conn>): void {
    this.requests++;
    const mode = this.mode;
    const { outbox } = socket.data;
    if (mode.kind === 'json') {
      outbox.send(socket, JSON_ANSWER);
      return;
    }
    const stream = newStream();
    this.last = stream;
    this.lastSocket = socket;
    socket.data.stream = stream;
    outbox.send(socket, Buffer.concat([STREAM_HEAD, ROLE_CHUNK]));
    if (mode.kind === 'released') {
      this.release(0);
      return;
    }
    this.startPaced(socket, stream);
  }

  private startPaced(socket: Socket<Conn>, stream: MockStream): void {
    this.ticker ??= setInterval(() => this.tick(), TICK_MS);
    const entry = { socket, stream, dueUs: nowUs() };
    this.paced.add(entry);
    this.advance(entry, entry.dueUs);
  }

  private tick(): void {
    if (this.paced.size === 0 && this.ticker) {
      clearInterval(this.ticker);
      this.ticker = null;
      return;
    }
    const now = nowUs();
    for (const entry of this.paced) {
      if (entry.stream.cut) this.paced.delete(entry);
      else if (entry.dueUs <= now) this.advance(entry, now);
    }
  }

  private advance(entry: Paced, now: number): void {
    const mode = this.mode;
    if (mode.kind !== 'paced') return;
    const { socket, stream } = entry;
    do {
      if (stream.sent >= mode.chunks) {
        stream.finished = true;
        socket.data.stream = null;
        this.paced.delete(entry);
        socket.data.outbox.send(socket, STREAM_TAIL);
        return;
      }
      socket.data.outbox.send(socket, CHUNKS[stream.sent % CONTENT_CHUNKS] as Buffer);
      stream.sent++;
      if (stream.clientLeft) stream.sentAfterLeft++;
      entry.dueUs += mode.everyMs * US_PER_MS;
    } while (entry.dueUs <= now);
  }

  private gone(socket: Socket<Conn>): void {
    const stream = socket.data.stream;
    socket.data.stream = null;
    if (!stream || stream.finished) return;
    stream.cut = true;
    stream.cutAtUs = nowUs();
  }
}

function newStream(): MockStream {
  return {
    sent: 0,
    finished: false,
    cut: false,
    cutAtUs: 0,
    clientLeft: false,
    sentAfterLeft: 0,
  };
}
