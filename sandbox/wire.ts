/**
 * HTTP/1.1 on raw sockets. A ready-made server hides what the sandbox must show: single writes,
 * resets, bytes the kernel took before a caller left. Here one call of `send` is one write.
 */
import type { Socket, TCPSocketListener } from 'bun';
import { pause } from './clock.ts';
import { RequestParser, type Step, type WireRequest } from './http-parse.ts';

export type { WireRequest } from './http-parse.ts';
export { BODY_BYTES_MAX } from './http-parse.ts';

/** Bytes of further requests kept while one is answered; more ends the connection. */
const PIPELINE_BYTES_MAX = 1024 * 1024;
/** How long bytes nobody wants are read after a refusal, so that the refusal arrives. */
const LINGER_MS = 300;

export type Headers = Readonly<Record<string, string>>;
export type Handler = (request: WireRequest, reply: Reply) => Promise<void>;

interface Peer {
  readonly connection: Connection;
}

const encoder = new TextEncoder();

/** One answer on the wire. Every sender resolves to false once the caller has left. */
export interface Reply {
  /** The caller closed or lost the connection, or `reset` was called. */
  readonly gone: boolean;
  /** Settles when `gone` turns true. */
  readonly left: Promise<void>;
  /** Called once, at once, when `gone` turns true while this answer is under way. */
  onLeft: (() => void) | null;
  /** Status line and headers; with `chunked` the body follows through `chunk`. */
  head(status: number, headers: Headers): Promise<boolean>;
  /** Head and body in one write, with Content-Length. */
  whole(status: number, headers: Headers, body: Uint8Array): Promise<boolean>;
  /** Raw bytes in one write; resolves when the kernel has taken them all. */
  send(bytes: Uint8Array): Promise<boolean>;
  /** Lets the connection end after this answer. */
  closeAfter(): void;
  /** Ends the connection with a TCP reset. */
  reset(): void;
}

/** Frames bytes as one chunk of a chunked body. */
export function frameChunk(bytes: Uint8Array): Uint8Array {
  const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const frame = new Uint8Array(size.length + bytes.length + 2);
  frame.set(size, 0);
  frame.set(bytes, size.length);
  frame.set([13, 10], size.length + bytes.length);
  return frame;
}

/** The end of a chunked body. */
export const LAST_CHUNK = encoder.encode('0\r\n\r\n');

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  302: 'Found',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

function headText(status: number, headers: Headers): string {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n`;
  for (const [name, value] of Object.entries(headers)) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

class Connection implements Reply {
  gone = false;
  onLeft: (() => void) | null = null;
  readonly left: Promise<void>;
  #tellLeft: () => void = () => {};
  readonly #socket: Socket<Peer>;
  readonly #handler: Handler;
  readonly #parser = new RequestParser();
  #unsent: Uint8Array | null = null;
  #sent: ((taken: boolean) => void) | null = null;
  #busy = false;
  #waitingBytes = 0;
  #discard = false;
  #close = false;

  constructor(socket: Socket<Peer>, handler: Handler) {
    this.#socket = socket;
    this.#handler = handler;
    this.left = new Promise((resolve) => {
      this.#tellLeft = resolve;
    });
  }

  onData(bytes: Uint8Array): void {
    if (this.#discard) return;
    this.#parser.push(bytes);
    if (!this.#busy) {
      this.#advance();
      return;
    }
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > PIPELINE_BYTES_MAX) this.reset();
  }

  onDrain(): void {
    const bytes = this.#unsent;
    if (bytes === null) return;
    const taken = Math.max(0, this.#socket.write(bytes));
    if (taken < bytes.length) {
      this.#unsent = bytes.subarray(taken);
      return;
    }
    this.#unsent = null;
    this.#settleSend(true);
  }

  onGone(): void {
    if (this.gone) return;
    this.gone = true;
    this.#unsent = null;
    this.onLeft?.();
    this.#tellLeft();
    this.#settleSend(false);
  }

  #settleSend(taken: boolean): void {
    const sent = this.#sent;
    this.#sent = null;
    sent?.(taken);
  }

  #advance(): void {
    while (!this.#busy && !this.gone) {
      const step: Step = this.#parser.next();
      if (step.kind === 'more') return;
      if (step.kind === 'continue') {
        void this.send(encoder.encode('HTTP/1.1 100 Continue\r\n\r\n'));
      } else if (step.kind === 'broken') {
        void this.#refuse(step.status, step.why);
        return;
      } else {
        this.#busy = true;
        this.#close = !step.request.keepAlive;
        void this.#answer(step.request);
      }
    }
  }

  async #answer(request: WireRequest): Promise<void> {
    try {
      await this.#handler(request, this);
    } catch (thrown) {
      process.stderr.write(`sandbox: a handler failed: ${Bun.inspect(thrown)}\n`);
      this.reset();
    }
    this.onLeft = null;
    this.#busy = false;
    this.#waitingBytes = 0;
    if (this.gone) return;
    if (this.#close) await this.#linger();
    else this.#advance();
  }

  async #refuse(status: number, why: string): Promise<void> {
    this.#busy = true;
    this.closeAfter();
    await this.whole(status, { 'content-type': 'text/plain' }, encoder.encode(`${why}\n`));
    await this.#linger();
  }

  /** Closing with unread bytes in the kernel would reset the connection and lose the answer. */
  async #linger(): Promise<void> {
    this.#discard = true;
    if (this.gone) return;
    this.#socket.shutdown();
    await pause(LINGER_MS);
    if (!this.gone) this.#socket.end();
  }

  head(status: number, headers: Headers): Promise<boolean> {
    return this.send(encoder.encode(headText(status, this.#withClose(headers))));
  }

  whole(status: number, headers: Headers, body: Uint8Array): Promise<boolean> {
    const sized = { ...this.#withClose(headers), 'content-length': String(body.length) };
    const head = encoder.encode(headText(status, sized));
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head, 0);
    bytes.set(body, head.length);
    return this.send(bytes);
  }

  #withClose(headers: Headers): Headers {
    return this.#close ? { ...headers, connection: 'close' } : headers;
  }

  send(bytes: Uint8Array): Promise<boolean> {
    if (this.gone) return Promise.resolve(false);
    const taken = Math.max(0, this.#socket.write(bytes));
    if (taken >= bytes.length) return Promise.resolve(true);
    this.#unsent = bytes.subarray(taken);
    return new Promise((resolve) => {
      this.#sent = resolve;
    });
  }

  closeAfter(): void {
    this.#close = true;
  }

  reset(): void {
    this.#socket.terminate();
    this.onGone();
  }
}

export interface WireServer {
  readonly port: number;
  /** Ends every connection at once. */
  stop(): void;
}

export interface WireOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly handler: Handler;
}

/** Listens and hands every whole request to `handler`; throws where the port is taken. */
export function listen(options: WireOptions): WireServer {
  const server: TCPSocketListener<Peer> = Bun.listen<Peer>({
    hostname: options.host,
    port: options.port,
    socket: {
      open(socket) {
        socket.setNoDelay(true);
        socket.data = { connection: new Connection(socket, options.handler) };
      },
      data: (socket, bytes) => socket.data.connection.onData(bytes),
      drain: (socket) => socket.data.connection.onDrain(),
      end: (socket) => socket.data.connection.onGone(),
      close: (socket) => socket.data.connection.onGone(),
      error: (socket) => socket.data?.connection.onGone(),
    },
  });
  return { port: server.port, stop: () => server.stop(true) };
}
