/** Where a result is copied from: the vendor's link, or the answer itself. */
import type { OutboundReply } from '../kit/fetch.ts';
import { type Guard, GuardError } from '../kit/guard.ts';

const REDIRECTS_MAX = 3;
/** What stores say of a link whose time is over, or that never was. */
const DEAD: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

export type Why =
  | 'quota_exceeded'
  | 'too_large'
  | 'link_dead'
  | 'wrong_type'
  | 'truncated'
  | 'too_slow'
  | 'address_refused'
  | 'storage_failed'
  | 'unreachable';

/** Why there is no copy. `isFinal`: trying again will not help. */
export class NotKept extends Error {
  readonly why: Why;
  readonly isFinal: boolean;

  constructor(why: Why, more: { readonly isFinal?: boolean; readonly cause?: unknown } = {}) {
    super(`not kept: ${why}`, { cause: more.cause });
    this.why = why;
    this.isFinal = more.isFinal === true;
  }
}

export function reasonOf(error: unknown): Pick<NotKept, 'why' | 'isFinal'> {
  if (error instanceof NotKept) return error;
  // A name that is not known now may be known in a moment; all else stays as it is.
  const isRefused = error instanceof GuardError && error.reason !== 'unknown_name';
  return isRefused
    ? { why: 'address_refused', isFinal: true }
    : { why: 'unreachable', isFinal: false };
}

export interface Source {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** What was promised; null: nothing was said. */
  readonly bytes: number | null;
  readonly mime: string | null;
  close(): void;
}

export interface Opening {
  readonly guard: Guard;
  readonly settings: { readonly connectMs: number };
  readonly trusted: readonly string[];
  readonly signal: AbortSignal;
}

export async function openSource(url: string, opening: Opening): Promise<Source> {
  if (url.startsWith('data:')) return dataSource(url);
  const reply = await opening.guard.send({
    url,
    method: 'GET',
    headers: { 'accept-encoding': 'identity' },
    body: null,
    signal: opening.signal,
    connectMs: opening.settings.connectMs,
    trusted: opening.trusted,
    redirectsMax: REDIRECTS_MAX,
  });
  if (reply.status !== 200) {
    reply.close();
    const cause = new Error(`status ${reply.status}`);
    throw new NotKept(DEAD.has(reply.status) ? 'link_dead' : 'unreachable', {
      isFinal: DEAD.has(reply.status),
      cause,
    });
  }
  return {
    pieces: piecesOf(reply),
    bytes: lengthOf(reply),
    mime: reply.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? null,
    close: () => reply.close(),
  };
}

/** Of what was packed for the way only the packed length is said. */
function lengthOf(reply: OutboundReply): number | null {
  const packed = reply.header('content-encoding') ?? 'identity';
  const length = reply.header('content-length') ?? '';
  return packed === 'identity' && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

async function* piecesOf(reply: OutboundReply): AsyncGenerator<Uint8Array> {
  for (let bytes = await reply.read(); bytes !== null; bytes = await reply.read()) yield bytes;
}

function dataSource(url: string): Source {
  const comma = url.indexOf(',');
  const head = url.slice('data:'.length, comma);
  const bytes = Buffer.from(url.slice(comma + 1), head.endsWith(';base64') ? 'base64' : 'utf8');
  const pieces = (async function* () {
    yield bytes;
  })();
  const mime = head.split(';')[0]?.toLowerCase() ?? '';
  return { pieces, bytes: bytes.length, mime: mime === '' ? null : mime, close: () => undefined };
}
