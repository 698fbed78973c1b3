/** The one outbound client. It follows no redirect, so no credential reaches another host. */
import type { Clock } from './clock.ts';

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'POST' | 'GET' | 'DELETE' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal;
  /** Longest wait for a connection to a host that has not answered lately. */
  readonly connectMs: number;
  /** Whose certificate it must be, where the URL has an address; such connections are not kept. */
  readonly serverName?: string;
}

export interface OutboundReply {
  readonly status: number;
  header(name: string): string | null;
  /** The whole body. OutboundError `too_large` beyond `bytesMax`. */
  text(bytesMax: number): Promise<string>;
  /** The next bytes; null at the end. */
  read(): Promise<Uint8Array | null>;
  /** Lets go of what was not read. */
  close(): void;
}

/** `connect`: nothing was sent. `reset`: the connection broke. `aborted`: by our own signal. */
export type OutboundErrorKind = 'connect' | 'reset' | 'aborted' | 'too_large';

export class OutboundError extends Error {
  readonly kind: OutboundErrorKind;

  constructor(kind: OutboundErrorKind, cause: unknown) {
    super(`outbound request: ${kind}`, { cause });
    this.kind = kind;
  }
}

export type Outbound = (request: OutboundRequest) => Promise<OutboundReply>;

/** Codes of Bun's fetch for connections that never stood. */
const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ConnectionRefused',
  'FailedToOpenSocket',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'DNSException',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** A host that was reached within this time needs no probe. */
const REACHED_MS = 30_000;
const URLS_MAX = 1_000;

/** Bun's fetch behind the port. `direct`: no proxy stands between us and the vendors. */
export function makeOutbound(clock: Clock, direct: boolean): Outbound {
  if (!direct) return send;
  const reachedAtMs = new Map<string, number>();
  return (request) => {
    const nowMs = clock.tickMs();
    const reachedMs = reachedAtMs.get(request.url);
    if (reachedMs !== undefined && nowMs - reachedMs < REACHED_MS) return send(request);
    return sendProbed(request, clock).then((reply) => {
      if (reachedAtMs.size >= URLS_MAX) reachedAtMs.clear();
      reachedAtMs.set(request.url, nowMs);
      return reply;
    });
  };
}

async function send(request: OutboundRequest): Promise<OutboundReply> {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal: request.signal,
      redirect: 'manual',
      keepalive: request.serverName === undefined,
      ...(request.serverName === undefined ? {} : { tls: { serverName: request.serverName } }),
    });
    return new FetchReply(response, request.signal);
  } catch (error) {
    throw outboundError(error, request.signal);
  }
}

/**
 * Bun's fetch cannot tell a slow connection from a slow answer. A bare connection made beside it
 * can: where that does not stand in time, the request cannot have been sent either.
 */
async function sendProbed(request: OutboundRequest, clock: Clock): Promise<OutboundReply> {
  const url = new URL(request.url);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const connectLimit = Promise.withResolvers<never>();
  let stood = false;
  const takeBack = clock.after(request.connectMs, () => {
    if (!stood) connectLimit.reject(new OutboundError('connect', new Error('connect timed out')));
  });
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  Bun.connect({ hostname, port, socket: { open: (socket) => void socket.end(), data() {} } }).then(
    () => {
      stood = true;
    },
    () => {
      stood = true;
    },
  );
  try {
    return await Promise.race([send(request), connectLimit.promise]);
  } finally {
    stood = true;
    takeBack();
  }
}

/** What is used of a stream's reader; Bun and Node name its type differently. */
interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

class FetchReply implements OutboundReply {
  readonly status: number;
  readonly #response: Response;
  readonly #signal: AbortSignal;
  #reader: Reader | null = null;

  constructor(response: Response, signal: AbortSignal) {
    this.status = response.status;
    this.#response = response;
    this.#signal = signal;
  }

  header(name: string): string | null {
    return this.#response.headers.get(name);
  }

  async text(bytesMax: number): Promise<string> {
    const length = Number(this.header('content-length') ?? Number.NaN);
    if (length > bytesMax) {
      this.close();
      throw new OutboundError('too_large', null);
    }
    if (Number.isNaN(length)) return this.#readAll(bytesMax);
    try {
      return await this.#response.text();
    } catch (error) {
      throw outboundError(error, this.#signal);
    }
  }

  read(): Promise<Uint8Array | null> {
    this.#reader ??= this.#response.body?.getReader() ?? null;
    // Once for each piece of every stream: a plain chain costs half of an async function.
    return this.#reader?.read().then(readPiece, this.#fail) ?? Promise.resolve(null);
  }

  readonly #fail = (error: unknown): never => {
    throw outboundError(error, this.#signal);
  };

  close(): void {
    if (this.#reader === null) this.#response.body?.cancel().catch(() => undefined);
    else this.#reader.cancel().catch(() => undefined);
  }

  async #readAll(bytesMax: number): Promise<string> {
    const decoder = new TextDecoder();
    let bytes = 0;
    let text = '';
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        this.close();
        throw new OutboundError('too_large', null);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }
}

function readPiece(piece: Awaited<ReturnType<Reader['read']>>): Uint8Array | null {
  return piece.done ? null : (piece.value ?? null);
}

function outboundError(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error;
  if (signal.aborted) return new OutboundError('aborted', error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new OutboundError(CONNECT_CODES.has(code) ? 'connect' : 'reset', error);
}
