/** Raw HTTP/1.1 client connections to 127.0.0.1. */
import type { Socket } from 'bun';
import type { Contestant } from './contestant.ts';
import { Framer, Outbox, statusOf } from './wire.ts';

const OPEN_TIMEOUT_MS = 10_000;
const EVIDENCE_CHARS = 200;

/** Callbacks of one connection; a job replaces them as it goes. */
export interface ConnEvents {
  /** An answer is complete. */
  answer(status: number): void;
  /** Payload bytes of an answer, chunk framing removed. */
  body?(data: Buffer): void;
  /** The other side closed. */
  closed?(midAnswer: boolean): void;
}

export class Conn {
  events: ConnEvents = { answer: () => undefined };
  /** The status of the answer that is being read. */
  status = 0;
  /** The start of the last body that was not a 200, for the report. */
  evidence = '';
  private socket: Socket<undefined> | null = null;
  private readonly outbox = new Outbox();
  private readonly framer = new Framer({
    head: (text) => {
      this.status = statusOf(text);
      if (this.status !== 200) this.evidence = '';
    },
    body: (data) => {
      if (this.status !== 200) this.evidence += data.toString('latin1', 0, EVIDENCE_CHARS);
      this.events.body?.(data);
    },
    end: () => this.events.answer(this.status),
  });

  static async open(port: number): Promise<Conn> {
    const conn = new Conn();
    const socket = Bun.connect<undefined>({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (s) => {
          s.setNoDelay(true);
        },
        data: (_s, bytes) => conn.framer.push(bytes),
        drain: (s) => conn.outbox.drain(s),
        close: () => conn.events.closed?.(!conn.framer.idle),
        error: () => conn.events.closed?.(!conn.framer.idle),
      },
    });
    conn.socket = await deadline(socket, OPEN_TIMEOUT_MS, 'connection did not open');
    return conn;
  }

  send(data: Buffer): void {
    if (this.socket) this.outbox.send(this.socket, data);
  }

  /** Leaves in order. */
  end(): void {
    this.events = { answer: () => undefined };
    this.socket?.end();
  }

  /** Leaves with a reset, as a killed program does. */
  reset(): void {
    this.events = { answer: () => undefined };
    this.socket?.terminate();
  }
}

/** The bytes of one POST to a contestant. */
export function requestBytes(to: Contestant, body: string, key?: string): Buffer {
  const headers: Record<string, string> = { ...to.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(
    `POST ${to.path} HTTP/1.1\r\nHost: 127.0.0.1:${to.port}\r\n${lines.join('')}` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export async function openMany(port: number, count: number): Promise<Conn[]> {
  return await Promise.all(Array.from({ length: count }, () => Conn.open(port)));
}

/** Fails loudly instead of waiting for ever. */
export async function deadline<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
