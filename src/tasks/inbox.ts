/** Files that callers hand in for jobs to come: kept a while, and fetched by a signed link. */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { newName } from '../kit/ids.ts';
import { isObject, type JsonObject, parseJson } from '../kit/json.ts';
import type { Signer } from '../kit/signed.ts';
import type { Files, Results } from '../storage/ports.ts';
import { MediaReader } from './media-facts.ts';

/** A job that was handed in meanwhile must still find it. */
const LIFE_MS = 24 * 3_600_000;
const ID_CHARS = 32;
const NAME_CHARS_MAX = 200;

export interface InFile {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly metadata: JsonObject;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** Opens it without a key, as long as it is there. */
  readonly pass: string;
}

export interface Inbox {
  /** Fault: `body_too_large` where the account keeps too much already. */
  put(accountId: string, file: Blob, more: More): Promise<InFile>;
  /** Fault: `resource_not_found`, for others' files as well. */
  find(accountId: string, id: string): Promise<InFile>;
  remove(accountId: string, id: string): Promise<void>;
  list(accountId: string, page: InPage): Promise<readonly InFile[]>;
  /** null: no pass of ours, or for another file. Fault: `resource_not_found`. */
  open(pass: string, id: string): Promise<{ file: InFile; body: ReadableStream } | null>;
}

export interface InPage {
  readonly after: string | null;
  readonly order: 'desc';
  readonly limit: number;
}

export interface InboxDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly files: Files;
  readonly results: Results;
  readonly signer: Signer;
  readonly settings: { readonly bytesMax: number; readonly accountBytesMax: number };
}

/** What it is counts before what it is called: many clients say nothing, or anything. */
function mimeOf(file: Blob, bytes: Uint8Array): string {
  const reader = new MediaReader();
  reader.push(bytes);
  const said = file.type === '' ? 'application/octet-stream' : file.type;
  return reader.facts().mime ?? said;
}

type More = Pick<InFile, 'name' | 'metadata'>;

export function makeInbox(deps: InboxDeps): Inbox {
  const { clock, files, results, signer } = deps;
  const passOf = (accountId: string, id: string): string => signer.sign(`in~${accountId}~${id}`);

  async function find(accountId: string, id: string): Promise<InFile> {
    const rows = (await results.ofTask(id)).filter((row) => row.accountId === accountId);
    const row = rows.find(({ key }) => key === `${accountId}/in/${id}/file`);
    const about = await files.read(`${accountId}/in/${id.replace(/\W/g, '')}/about`);
    const said = about === null ? null : parseJson(await Bun.readableStreamToText(about));
    const isThere = row !== undefined && (row.expiresMs ?? 0) > clock.nowMs();
    if (!isThere || !isObject(said)) {
      throw new Fault('resource_not_found', { message: 'There is no such file in this account.' });
    }
    return {
      ...(said as Pick<InFile, 'name' | 'mime' | 'sha256' | 'metadata'> & JsonObject),
      ...{ id, bytes: row.bytes, createdMs: row.createdMs, expiresMs: row.expiresMs ?? 0 },
      pass: passOf(accountId, id),
    };
  }

  return {
    async put(accountId, file, more) {
      const kept = await keep(accountId, { file, more }, deps);
      return { ...kept, pass: passOf(accountId, kept.id) };
    },
    find,
    async remove(accountId, id) {
      await find(accountId, id);
      for (const part of ['file', 'about']) {
        await files.remove(`${accountId}/in/${id}/${part}`);
        await results.remove(`${accountId}/in/${id}/${part}`);
      }
    },
    async list(accountId, { after, limit }) {
      const place = after === null ? {} : { after: `${accountId}/in/${after}/file` };
      const rows = await results.handedIn(accountId, { nowMs: clock.nowMs(), limit, ...place });
      // One of them may just have been thrown away.
      const found = rows.map(({ taskId }) => find(accountId, taskId).catch(() => null));
      return (await Promise.all(found)).filter((file) => file !== null);
    },
    async open(pass, id) {
      const [kind, accountId = '', own] = signer.open(pass)?.split('~') ?? [];
      if (kind !== 'in' || own !== id) return null;
      const file = await find(accountId, id);
      const body = await files.read(`${accountId}/in/${id}/file`);
      return body === null ? null : { file, body };
    },
  };
}

interface Handed {
  readonly file: Blob;
  readonly more: More;
}

async function keep(accountId: string, { file, more }: Handed, deps: InboxDeps) {
  await checkRoom(accountId, file.size, deps);
  const id = newName(ID_CHARS);
  const createdMs = deps.clock.nowMs();
  const expiresMs = createdMs + LIFE_MS;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const said = {
    name: more.name.slice(0, NAME_CHARS_MAX),
    metadata: more.metadata,
    mime: mimeOf(file, bytes),
    sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
  };
  const parts = { about: new TextEncoder().encode(JSON.stringify(said)), file: bytes };
  for (const [part, content] of Object.entries(parts)) {
    const key = `${accountId}/in/${id}/${part}`;
    const row = { key, accountId, taskId: id, bytes: content.length, createdMs, expiresMs };
    // The row first: what a crash leaves behind is found by its expiry.
    await deps.results.insert(row);
    await write(key, content, deps);
  }
  return { id, ...said, bytes: bytes.length, createdMs, expiresMs };
}

async function checkRoom(accountId: string, size: number, deps: InboxDeps): Promise<void> {
  const { bytesMax, accountBytesMax } = deps.settings;
  const room = accountBytesMax - (await deps.results.bytesOf(accountId));
  const most = Math.min(bytesMax, room);
  if (size <= most) return;
  throw new Fault('body_too_large', { message: `There is room for ${Math.max(0, most)} bytes.` });
}

async function write(key: string, content: Uint8Array, { files }: InboxDeps): Promise<void> {
  const writer = await files.create(key);
  try {
    await writer.write(content);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
