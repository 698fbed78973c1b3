/** What the runtime tests share: raw callers, a fake upstream, the pump of the edge, children. */
import { join } from 'node:path';

export const LOCALHOST = '127.0.0.1';
const CHILD_START_MS_MAX = 10_000;
const POLL_MS = 20;

/** A caller that speaks TCP: it sends what it is told, byte by byte, and reads or does not. */
export interface Caller {
  send(bytes: string): void;
  /** Leaves without a goodbye (RST). */
  leave(): void;
  resume(): void;
  /** Everything received so far, as latin1. */
  text(): string;
  receivedBytes(): number;
  isClosed(): boolean;
}

export interface CallerOptions {
  /** Never reads until `resume`. */
  readonly paused?: boolean;
  /** Keeps only the count: for big answers. */
  readonly countOnly?: boolean;
}

export async function call(port: number, bytes = '', options: CallerOptions = {}): Promise<Caller> {
  let text = '';
  let received = 0;
  let closed = false;
  const socket = await Bun.connect({
    hostname: LOCALHOST,
    port,
    socket: {
      open: (own) => {
        if (options.paused) own.pause();
        if (bytes) own.write(Buffer.from(bytes, 'latin1'));
      },
      data: (_, data) => {
        received += data.length;
        if (!options.countOnly) text += data.toString('latin1');
      },
      end: () => {
        closed = true;
      },
      close: () => {
        closed = true;
      },
      error: () => {
        closed = true;
      },
    },
  });
  return {
    send: (more) => void socket.write(Buffer.from(more, 'latin1')),
    leave: () => socket.terminate(),
    resume: () => socket.resume(),
    text: () => text,
    receivedBytes: () => received,
    isClosed: () => closed,
  };
}

export function makeGet(path = '/'): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

/** Waits until `isTrue`, at most `ms`; says whether it came true. */
export async function waitFor(isTrue: () => boolean, ms: number): Promise<boolean> {
  const endMs = performance.now() + ms;
  while (!isTrue()) {
    if (performance.now() > endMs) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

interface ByteSource {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
}

/** The controller of a `type: 'direct'` stream: a number when sent, a promise when it must wait. */
interface DirectController {
  write(bytes: Uint8Array | string): number | Promise<number>;
  flush(wait?: boolean): number | Promise<number>;
  close(error?: Error): void;
}

export interface DirectSource {
  pull(controller: DirectController): Promise<void>;
  cancel?(reason: unknown): void;
}

/** Bun's own kind of stream, which the constructor of the DOM types does not know. */
export function makeDirectStream(source: DirectSource): ReadableStream {
  return Reflect.construct(ReadableStream, [{ type: 'direct', ...source }]);
}

/** The pump as the edge does it: only what cannot be sent at once is waited for. */
export async function pump(from: ByteSource, to: DirectController, isGone: () => boolean) {
  while (!isGone()) {
    const { done, value } = await from.read();
    if (done) break;
    const sent = value && to.write(value);
    if (typeof sent === 'object') await sent;
  }
  if (!isGone()) to.close();
}

/** A proxy of one line: fetch, reader, direct stream, abort. `onRead` sees each chunk's size. */
export function serveProxy(upstream: string, onRead: (bytes: number) => void = () => {}) {
  return Bun.serve({
    hostname: LOCALHOST,
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const abort = new AbortController();
      request.signal.addEventListener('abort', () => abort.abort());
      const path = new URL(request.url).pathname;
      const answer = await fetch(upstream + path, { signal: abort.signal }).catch(() => null);
      const reader = answer?.body?.getReader();
      if (!reader) return new Response('upstream failed', { status: 502 });
      const source = {
        async read() {
          const chunk = await reader.read();
          onRead(chunk.value?.length ?? 0);
          return chunk;
        },
      };
      const body = makeDirectStream({
        pull: (to) => pump(source, to, () => abort.signal.aborted).catch(() => {}),
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
}

export interface Child {
  readonly port: number;
  /** What the child says of itself after a full collection. */
  readStats(): Promise<Stats>;
  stop(): void;
}

export interface Stats {
  readonly rssBytes: number;
  readonly sentChunks: number;
  readonly openStreams: number;
  readonly abortedStreams: number;
}

/** Starts `child.ts` as a process of its own, so that its memory is its own too. */
export async function startChild(
  role: 'proxy' | 'upstream',
  upstream = '',
  env: Readonly<Record<string, string | undefined>> = Bun.env,
): Promise<Child> {
  let port = 0;
  let answer: ((stats: Stats) => void) | null = null;
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'child.ts'), role, upstream], {
    env: { ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    ipc: (message: { port?: number; stats?: Stats }) => {
      if (message.port) port = message.port;
      if (message.stats) answer?.(message.stats);
    },
  });
  if (!(await waitFor(() => port > 0, CHILD_START_MS_MAX))) {
    child.kill('SIGKILL');
    throw new Error(`The ${role} child did not start`);
  }
  return {
    port,
    stop: () => child.kill('SIGKILL'),
    readStats: () =>
      new Promise((resolve) => {
        answer = resolve;
        child.send('stats');
      }),
  };
}
