/** Two clients for the sandbox's tests: one on fetch, one on a bare socket that sees every read. */
import net from 'node:net';
import { VENDORS } from '../../sandbox/vendors.ts';
import type { JsonObject } from '../../src/kit/json.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export const USER = [{ role: 'user', content: 'Hello there' }];

export function mount(vendor: string): { path: string; key: string } {
  const found = VENDORS.find(({ id }) => id === vendor)!;
  return { path: found.path, key: found.key ?? 'none' };
}

/** POST chat/completions at a vendor's mount; `body` as JSON, or as it is where a string. */
export async function post(
  url: string,
  vendor: string,
  { body, headers = {} }: { body: JsonObject | string; headers?: Record<string, string> },
): Promise<Answer> {
  const { path, key } = mount(vendor);
  const response = await fetch(`${url}${path}/chat/completions`, {
    method: 'POST',
    redirect: 'manual',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const { status } = response;
  return { status, headers: response.headers, text: await response.text() };
}

/** The JSON payloads of a stream; `[DONE]` stays a string. */
export function eventsOf(text: string): unknown[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((block) => block.split(/\r?\n/).filter((line) => line.startsWith('data: ')))
    .map((line) => (line === 'data: [DONE]' ? '[DONE]' : JSON.parse(line.slice(6))));
}

interface ChunkLike {
  readonly choices: readonly { delta: { content?: string | null }; finish_reason: string | null }[];
  readonly usage?: JsonObject | null;
}

/** Content, finish reason and usage of a healthy stream put together. */
export function joined(text: string): { content: string; finish: string | null; usage: unknown } {
  const events = eventsOf(text).filter((event) => event !== '[DONE]') as ChunkLike[];
  const choices = events.flatMap((event) => event.choices);
  return {
    content: choices.map(({ delta }) => delta.content ?? '').join(''),
    finish: choices.findLast(({ finish_reason: reason }) => reason !== null)?.finish_reason ?? null,
    usage: events.findLast(({ usage }) => usage !== undefined && usage !== null)?.usage ?? null,
  };
}

export interface RawCall {
  readonly socket: net.Socket;
  /** What each read of the socket gave. */
  readonly reads: Buffer[];
  /** How the connection ended: by a FIN, a reset, or not yet. */
  end: 'fin' | 'reset' | null;
  readonly over: Promise<void>;
}

/** The bytes of a chat request for a bare socket. */
export function requestBytes(vendor: string, body: JsonObject): string {
  const { path, key } = mount(vendor);
  const text = JSON.stringify(body);
  return (
    `POST ${path}/chat/completions HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer ${key}\r\n` +
    'content-type: application/json\r\nconnection: close\r\n' +
    `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  );
}

/** Opens a socket, sends `bytes` and keeps what comes. */
export function rawCall(url: string, bytes: string): RawCall {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
  let settle: () => void = () => {};
  const over = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const call: RawCall = { socket, reads: [], end: null, over };
  socket.on('data', (data: Buffer) => call.reads.push(data));
  socket.on('end', () => {
    call.end ??= 'fin';
  });
  socket.on('error', () => {
    call.end = 'reset';
  });
  socket.on('close', () => settle());
  return call;
}

export function textOf(call: RawCall): string {
  return Buffer.concat(call.reads).toString();
}

/** Waits until `ready` holds; fails after `waitMs`. */
export async function until(
  ready: () => boolean | Promise<boolean>,
  waitMs = 3_000,
): Promise<void> {
  for (const end = Date.now() + waitMs; !(await ready()); ) {
    if (Date.now() > end) throw new Error('it did not come to be in time');
    await Bun.sleep(5);
  }
}

interface CallsPage {
  readonly calls: readonly import('../../sandbox/calls.ts').Call[];
  readonly next: number;
  readonly last: number;
}

export async function callsOf(url: string, after = 0): Promise<CallsPage> {
  return (await (
    await fetch(`${url}/sandbox/calls?after=${after}&limit=10000`)
  ).json()) as CallsPage;
}
