/** Opening many streams at once, and watching over them. */
import { Conn, deadline, requestBytes } from './client.ts';
import type { Contestant } from './contestant.ts';
import { streamBody } from './payloads.ts';

const OPENERS = 50;
const FIRST_CONTENT_MS = 20_000;
const FIRST_CONTENT = Buffer.from('token ');

/** One stream as its caller sees it. */
export interface Watched {
  readonly conn: Conn;
  /** Deliveries with content in them. */
  deliveries: number;
  /** Why it failed, if it did. */
  failure: string;
  ended: boolean;
}

/** Starts a stream; resolves at its first content, its end or its failure. */
export async function openStream(to: Contestant, request: Buffer): Promise<Watched> {
  let conn: Conn;
  try {
    conn = await Conn.open(to.port);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { conn: new Conn(), deliveries: 0, failure, ended: true };
  }
  const watched: Watched = { conn, deliveries: 0, failure: '', ended: false };
  const begun = new Promise<void>((resolve) => {
    conn.events = {
      body: (data) => {
        if (!data.includes(FIRST_CONTENT)) return;
        watched.deliveries++;
        if (watched.deliveries === 1) resolve();
      },
      answer: (status) => {
        watched.ended = true;
        if (status !== 200) watched.failure = `answered ${status}: ${conn.evidence}`;
        resolve();
      },
      closed: () => {
        if (!watched.ended) watched.failure = 'connection closed';
        watched.ended = true;
        resolve();
      },
    };
    conn.send(request);
  });
  await deadline(begun, FIRST_CONTENT_MS, 'no content').catch((error: Error) => {
    watched.failure = error.message;
    watched.ended = true;
    conn.reset();
  });
  return watched;
}

/** Opens streams until there are `count`, fifty at a time. */
export async function openStreams(to: Contestant, into: Watched[], count: number): Promise<void> {
  const request = requestBytes(to, streamBody(to.model), to.abortKey);
  let begun = into.length;
  const opener = async () => {
    while (begun < count) {
      begun++;
      into.push(await openStream(to, request));
    }
  };
  await Promise.all(Array.from({ length: OPENERS }, opener));
}

export function failuresOf(streams: readonly Watched[], leastDeliveries: number): string[] {
  return streams
    .filter((one) => one.failure || one.ended || one.deliveries < leastDeliveries)
    .map((one) => one.failure || (one.ended ? 'ended early' : `${one.deliveries} deliveries`));
}
