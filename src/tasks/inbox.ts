/** Files that callers hand in for jobs to come: kept a while, and fetched by a signed link. */
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { hashSecret, newName } from '../kit/ids.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Signer } from '../kit/signed.ts';
import type { Files, FileWriter, ResourceRow, Resources, Results } from '../storage/ports.ts';
import { MediaReader } from './media-facts.ts';

const ID_CHARS = 32;
const NAME_CHARS_MAX = 200;
const MIME_CHARS_MAX = 100;
/** Of one account. */
const FILES_MAX = 10_000;
const MEDIA = /^(image|video|audio)\//;

export interface InFile {
  readonly id: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly metadata: JsonObject;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** Where it is kept. */
  readonly key: string;
  /** Opens it without a key, as long as it is there. */
  readonly pass: string;
}

export interface More extends Pick<InFile, 'name' | 'metadata'> {
  /** Only what jobs are made of: pictures, videos, sounds. */
  readonly isMedia?: boolean;
  /** What its sender says that it is. */
  readonly mime?: string;
}

export interface InPage {
  readonly after: string | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
}

export interface Inbox {
  /** Faults: `body_too_large` where the account keeps too much; `unsupported_media_type`. */
  put(accountId: string, file: Blob, more: More): Promise<InFile>;
  /** Piece by piece, for what may be large. Faults as of `put`. */
  take(accountId: string, source: AsyncIterable<Uint8Array>, more: More): Promise<InFile>;
  /** The same bytes are the same file, so that a request sent twice stays one. */
  putOnce(accountId: string, file: Blob, more: More): Promise<InFile>;
  /** Fault: `resource_not_found`, for others' files as well. */
  find(accountId: string, id: string): Promise<InFile>;
  list(accountId: string, page: InPage): Promise<readonly InFile[]>;
  remove(accountId: string, id: string): Promise<void>;
  /** Opens it without a key. */
  passOf(accountId: string, id: string): string;
  /** null: no pass of ours, or for another file. Fault: `resource_not_found`. */
  look(pass: string, id: string): Promise<InFile | null>;
  /** As `look`, with its bytes. */
  open(pass: string, id: string): Promise<{ file: InFile; body: ReadableStream } | null>;
}

export interface InboxDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly files: Files;
  readonly results: Results;
  readonly resources: Resources;
  readonly signer: Signer;
  readonly settings: {
    readonly bytesMax: number;
    readonly accountBytesMax: number;
    readonly handedLifeMs: number;
  };
}

export function makeInbox(deps: InboxDeps): Inbox {
  const { clock, files, results, resources, signer } = deps;
  const passOf = (accountId: string, id: string): string => signer.sign(`in~${accountId}~${id}`);
  const read = (row: ResourceRow): InFile => ({
    ...(JSON.parse(row.body) as Omit<InFile, 'id' | 'createdMs' | 'expiresMs' | 'key' | 'pass'>),
    ...{ id: row.id, createdMs: row.createdMs, expiresMs: row.expiresMs },
    key: keyOf(row.accountId, row.id),
    pass: passOf(row.accountId, row.id),
  });

  async function find(accountId: string, id: string): Promise<InFile> {
    const row = await resources.find({ id, accountId, kind: 'upload' });
    if (row !== undefined && row.expiresMs > clock.nowMs()) return read(row);
    throw new Fault('resource_not_found', { message: 'There is no such file in this account.' });
  }

  async function look(pass: string, id: string): Promise<InFile | null> {
    const [kind, accountId = '', own] = signer.open(pass)?.split('~') ?? [];
    return kind === 'in' && own === id ? find(accountId, id) : null;
  }

  async function remove(accountId: string, id: string): Promise<void> {
    await find(accountId, id);
    await resources.remove(id);
    await files.remove(keyOf(accountId, id));
    await results.remove(keyOf(accountId, id));
  }

  const take: Inbox['take'] = async (accountId, source, more) =>
    read(await keep(newName(ID_CHARS), { accountId, source, more }, deps));

  const putOnce = makePutOnce({ find, read }, deps);
  return {
    take,
    find,
    remove,
    passOf,
    put: (accountId, file, more) =>
      take(accountId, file.stream(), { ...more, mime: more.mime ?? file.type }),
    putOnce,
    async list(accountId, page) {
      const nowMs = clock.nowMs();
      const rows = await resources.list({ ...page, accountId, kind: 'upload', nowMs });
      return rows.map(read);
    },
    look,
    async open(pass, id) {
      const file = await look(pass, id);
      const body = file === null ? null : await files.read(file.key);
      return file === null || body === null ? null : { file, body };
    },
  };
}

interface Looks {
  readonly find: Inbox['find'];
  readonly read: (row: ResourceRow) => InFile;
}

function makePutOnce({ find, read }: Looks, deps: InboxDeps): Inbox['putOnce'] {
  /** The same bytes twice at once are written once. */
  const busy = new Map<string, Promise<InFile>>();
  const once = async (id: string, { accountId, source, more }: Handed): Promise<InFile> => {
    const known = await find(accountId, id).catch(() => null);
    const lifeMs = (known?.expiresMs ?? 0) - deps.clock.nowMs();
    // One that would soon be gone is kept anew.
    if (known !== null && lifeMs > deps.settings.handedLifeMs / 2) return known;
    await deps.resources.remove(id);
    return read(await keep(id, { accountId, source, more }, deps));
  };
  return async (accountId, file, more) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const hash = new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
    const id = hashSecret(accountId + hash).slice(0, ID_CHARS);
    const source = new Blob([bytes]).stream();
    const all = { ...more, mime: more.mime ?? file.type };
    const work = busy.get(id) ?? once(id, { accountId, source, more: all });
    busy.set(id, work);
    return work.finally(() => busy.delete(id));
  };
}

function keyOf(accountId: string, id: string): string {
  return `${accountId}/in/${id}/file`;
}

interface Handed {
  readonly accountId: string;
  readonly source: AsyncIterable<Uint8Array>;
  readonly more: More;
}

async function keep(id: string, handed: Handed, deps: InboxDeps): Promise<ResourceRow> {
  const { accountId } = handed;
  const createdMs = deps.clock.nowMs();
  if ((await deps.resources.count(accountId, 'upload', createdMs)) >= FILES_MAX) {
    throw new Fault('invalid_request', {
      message: `This account has ${FILES_MAX} files, as many as it may. Delete some.`,
    });
  }
  const key = keyOf(accountId, id);
  const expiresMs = createdMs + deps.settings.handedLifeMs;
  const result = { key, accountId, taskId: id, bytes: 0, createdMs, expiresMs };
  const room = await roomOf(accountId, deps);
  // The row first: what a crash leaves behind is found by its expiry.
  await deps.results.insert(result);
  try {
    const { bytes, said } = await store(key, { ...handed, room }, deps);
    await deps.results.insert({ ...result, bytes });
    const body = JSON.stringify({ ...said, bytes });
    const base = { id, accountId, kind: 'upload', upstream: '' } as const;
    const row: ResourceRow = { ...base, body, createdMs, expiresMs };
    await deps.resources.insert(row);
    return row;
  } catch (error) {
    await deps.results.remove(key);
    throw error;
  }
}

async function roomOf(accountId: string, { settings, results }: InboxDeps): Promise<number> {
  const room = settings.accountBytesMax - (await results.bytesOf(accountId));
  return Math.max(0, Math.min(settings.bytesMax, room));
}

type Said = Pick<InFile, 'name' | 'metadata' | 'mime' | 'sha256'>;

interface Storing extends Handed {
  readonly room: number;
}

async function store(key: string, { source, more, room }: Storing, { files }: InboxDeps) {
  const hash = new Bun.CryptoHasher('sha256');
  const media = new MediaReader();
  const writer: FileWriter = await files.create(key);
  let bytes = 0;
  try {
    for await (const piece of source) {
      bytes += piece.length;
      if (bytes > room) {
        throw new Fault('body_too_large', { message: `There is room for ${room} bytes.` });
      }
      hash.update(piece);
      media.push(piece);
      await writer.write(piece);
    }
    const said: Said = {
      name: more.name.slice(0, NAME_CHARS_MAX),
      metadata: more.metadata,
      mime: mimeOf(media.facts().mime, more),
      sha256: hash.digest('hex'),
    };
    await writer.close();
    return { bytes, said };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** What it is counts before what it is called: many clients say nothing, or anything. */
function mimeOf(found: string | null, { isMedia, mime = '' }: More): string {
  const plain = mime.split(';')[0]?.trim().slice(0, MIME_CHARS_MAX) ?? '';
  if (isMedia !== true) return found ?? (plain === '' ? 'application/octet-stream' : plain);
  const [kind = ''] = MEDIA.exec(found ?? '') ?? [];
  const isAnother = MEDIA.test(plain) && !plain.startsWith(kind);
  if (found !== null && kind !== '' && !isAnother) return found;
  throw new Fault('unsupported_media_type', {
    message: isAnother
      ? `These bytes are ${found ?? 'nothing known here'}, and not ${plain}.`
      : 'These bytes are no picture, video or sound that is known here.',
  });
}
