/** A vendor that answers with the bytes it was given, cut as it is told. */
import { createServer, type Socket } from 'node:net';

/** How the bytes of a stream are written. */
export const CUTS = ['whole', 'events', 'bytes', 'characters', 'odd'] as const;
export type Cut = (typeof CUTS)[number];

/** Length of the pieces of an odd cut: no line, event or character has it. */
const ODD_BYTES = 7;
const FIRST_MS = 25;

export interface Replay {
  readonly url: string;
  stop(): void;
}

/** Answers the model `<name>-<cut>` with the stream of that name. */
export async function startReplay(streams: Readonly<Record<string, string>>): Promise<Replay> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    let got = '';
    socket.on('data', (data) => {
      got += data.toString('latin1');
      const asked = readModel(got);
      if (asked === null) return;
      got = '';
      const at = asked.lastIndexOf('-');
      void answer(socket, streams[asked.slice(0, at)] ?? '', asked.slice(at + 1));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The model of a request that has come in whole; null before. */
function readModel(text: string): string | null {
  const end = text.indexOf('\r\n\r\n');
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
  if (end < 0 || text.length < end + 4 + length) return null;
  return /"model":"([^"]+)"/.exec(text.slice(end))?.[1] ?? '';
}

async function answer(socket: Socket, stream: string, cut: string): Promise<void> {
  socket.write(
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n' +
      'transfer-encoding: chunked\r\n\r\n',
  );
  const blank = /\r?\n\r?\n/g;
  blank.lastIndex = stream.indexOf('"delta"');
  blank.test(stream);
  for (const part of [stream.slice(0, blank.lastIndex), stream.slice(blank.lastIndex)]) {
    for (const piece of cutBytes(Buffer.from(part), cut)) {
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write('\r\n');
      // Each piece is to be a read of its own at the other side.
      if (cut !== 'whole') await Bun.sleep(cut === 'events' ? 4 : 0);
    }
    // The first choice stands alone: until it came, another upstream could still answer.
    await Bun.sleep(FIRST_MS);
  }
  socket.end('0\r\n\r\n');
}

export function cutBytes(bytes: Buffer, cut: string): Buffer[] {
  if (cut === 'whole') return [bytes];
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = 1; at <= bytes.length; at += 1) {
    if (at < bytes.length && !isCut(bytes, { start, at, cut })) continue;
    pieces.push(bytes.subarray(start, at));
    start = at;
  }
  return pieces;
}

function isCut(
  bytes: Buffer,
  { start, at, cut }: { readonly start: number; readonly at: number; readonly cut: string },
): boolean {
  if (cut === 'bytes') return true;
  if (cut === 'odd') return at - start === ODD_BYTES;
  // Inside a character of more than one byte: after its first one.
  if (cut === 'characters') {
    return ((bytes[at] ?? 0) & 0xc0) === 0x80 && ((bytes[at - 1] ?? 0) & 0xc0) !== 0x80;
  }
  const before = bytes.subarray(Math.max(0, at - 4), at).toString('latin1');
  return before.endsWith('\n\n') || before.endsWith('\r\n\r\n');
}
