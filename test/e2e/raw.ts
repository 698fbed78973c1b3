/**
 * Chat calls on bare sockets: as many at once as are asked for (`bun test` itself carries 256
 * requests, whatever the environment says), read only when told to.
 */
import { connect, type Socket } from 'node:net';

export interface RawWish {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly content?: string;
}

export interface RawCall {
  readonly socket: Socket;
  /** The status, as soon as it is there; 0 where the connection ended before. */
  readonly status: Promise<number>;
  /** The whole body without its chunk sizes, at the end. */
  readonly text: Promise<string>;
  /** Bytes of body and head so far. */
  readonly got: () => number;
  /** The end of what came so far. */
  readonly tail: () => string;
}

const TAIL_BYTES = 2_000;
const LF = 10;

/** Takes `size CRLF bytes CRLF …` apart. */
function dechunk(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf(LF, at);
    const size = Number.parseInt(body.toString('latin1', at, line), 16);
    if (line < 0 || !(size > 0)) break;
    pieces.push(body.subarray(line + 1, line + 1 + size));
    at = line + 1 + size + 2;
  }
  return Buffer.concat(pieces);
}

function bodyOf(answer: Buffer): string {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return '';
  const head = answer.toString('latin1', 0, end).toLowerCase();
  const body = answer.subarray(end + 4);
  return (head.includes('transfer-encoding: chunked') ? dechunk(body) : body).toString('utf8');
}

/** Streams a chat answer. `keep: false` for endless ones, whose text nobody wants. */
export function rawChat(wish: RawWish, { keep = true } = {}): RawCall {
  const { hostname, port } = new URL(wish.url);
  const messages = [{ role: 'user', content: wish.content ?? 'Say hello' }];
  const body = Buffer.from(JSON.stringify({ model: wish.model, messages, stream: true }));
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: gangway\r\nconnection: close\r\n` +
        `authorization: Bearer ${wish.key}\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
  });
  const pieces: Buffer[] = [];
  let got = 0;
  let tail = '';
  const status = Promise.withResolvers<number>();
  const text = Promise.withResolvers<string>();
  socket.on('data', (data: Buffer) => {
    if (got === 0) status.resolve(Number(data.toString('latin1', 9, 12)));
    got += data.length;
    if (keep) pieces.push(data);
    tail = (tail + data.toString('latin1')).slice(-TAIL_BYTES);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    status.resolve(0);
    text.resolve(bodyOf(Buffer.concat(pieces)));
  });
  return {
    socket,
    status: status.promise,
    text: text.promise,
    got: () => got,
    tail: () => tail,
  };
}
