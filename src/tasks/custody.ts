/** Takes results into our keeping before the vendor's link dies. */
import type { Clock } from '../kit/clock.ts';
import { type Guard, GuardError } from '../kit/guard.ts';
import type { Log } from '../kit/log.ts';
import type { Files, Results } from '../storage/ports.ts';
import type { Keep } from './deps.ts';
import type { KeptFile, TaskDoc, TaskOutput } from './doc.ts';
import { MediaReader } from './media-facts.ts';
import type { TaskRoutes } from './routes.ts';

export interface CustodySettings {
  /** Whether results that the vendor gives a link to are taken. Others always are. */
  readonly links: boolean;
  readonly bytesMax: number;
  readonly accountBytesMax: number;
  /** null: for ever. */
  readonly lifeMs: number | null;
  readonly connectMs: number;
  /** For one file. */
  readonly fetchMs: number;
}

export interface CustodyDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly guard: Guard;
  readonly files: Files;
  readonly results: Results;
  readonly routes: Pick<TaskRoutes, 'pinned'>;
  readonly settings: CustodySettings;
}

const TRIES = 4;
const PAUSE_MS = 500;
const REDIRECTS_MAX = 3;
const RENEW_EVERY_MS = 20_000;
const EXPIRED_ROWS_MAX = 100;

interface Place {
  readonly taskId: string;
  readonly accountId: string;
  readonly index: number;
  readonly trusted: readonly string[];
  readonly renew: () => Promise<boolean>;
}

/** It cannot be had, and trying again will not help. */
class Refused extends Error {}

export function makeKeep(deps: CustodyDeps): Keep {
  return async (task, renew) => {
    let { doc } = task;
    const base = deps.routes.pinned(task.upstream, doc.service)?.upstream.baseUrl;
    // Where the vendor is, its files may be, even where that is a private address.
    const trusted = base === undefined ? [] : [new URL(base).host];
    for (const [index, output] of doc.outputs.entries()) {
      if (output.file !== null || output.lost !== null) continue;
      if (!deps.settings.links && !isInline(output)) continue;
      const place = { taskId: task.id, accountId: task.accountId, index, trusted, renew };
      doc = replaceOutput(doc, index, await keepOne(output, place, deps));
    }
    return doc;
  };
}

function replaceOutput(doc: TaskDoc, index: number, output: TaskOutput): TaskDoc {
  return { ...doc, outputs: doc.outputs.map((one, at) => (at === index ? output : one)) };
}

/** It came in the vendor's answer, and is nowhere else. */
const isInline = ({ url }: TaskOutput): boolean => url.startsWith('data:');

/** What is in a file of ours is not kept in the row as well. */
const KEPT_URL = 'data:,';

/** Never throws: what cannot be kept says why, and stays where the vendor put it. */
async function keepOne(output: TaskOutput, place: Place, deps: CustodyDeps): Promise<TaskOutput> {
  let why = 'unreachable';
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const file = await copy(output, place, deps);
      return { ...output, url: isInline(output) ? KEPT_URL : output.url, file };
    } catch (error) {
      why = error instanceof Refused ? error.message : 'unreachable';
      deps.log.warn('a result could not be copied', { task: place.taskId, why, error });
      if (error instanceof Refused || error instanceof GuardError) break;
      await deps.clock.sleep(PAUSE_MS * 2 ** tries);
    }
  }
  return { ...output, lost: why };
}

async function copy(output: TaskOutput, place: Place, deps: CustodyDeps): Promise<KeptFile> {
  const { settings, clock } = deps;
  const used = await deps.results.bytesOf(place.accountId);
  const room = Math.min(settings.bytesMax, settings.accountBytesMax - used);
  if (room <= 0) throw new Refused('quota_exceeded');
  const abort = new AbortController();
  const takeBack = clock.after(settings.fetchMs, () => abort.abort());
  try {
    const source = await openSource(output, { place, deps, signal: abort.signal });
    const key = `${place.accountId}/${place.taskId}/${place.index}`;
    const nowMs = clock.nowMs();
    const expiresMs = settings.lifeMs === null ? null : nowMs + settings.lifeMs;
    const file = await store(source, { key, room, type: output.type, place, deps });
    const { taskId, accountId } = place;
    const row = { key, accountId, taskId, bytes: file.bytes, createdMs: nowMs, expiresMs };
    await deps.results.insert(row);
    return { key, ...file, expiresMs };
  } finally {
    takeBack();
  }
}

type Source = AsyncIterable<Uint8Array>;

interface Opening {
  readonly place: Place;
  readonly deps: CustodyDeps;
  readonly signal: AbortSignal;
}

async function openSource(output: TaskOutput, { place, deps, signal }: Opening): Promise<Source> {
  const { url } = output;
  if (isInline(output)) return dataSource(output.url);
  const reply = await deps.guard.send({
    url,
    method: 'GET',
    headers: { 'accept-encoding': 'identity' },
    body: null,
    signal,
    connectMs: deps.settings.connectMs,
    trusted: place.trusted,
    redirectsMax: REDIRECTS_MAX,
  });
  if (reply.status === 403 || reply.status === 404 || reply.status === 410) {
    reply.close();
    throw new Refused('link_dead');
  }
  if (reply.status !== 200) {
    reply.close();
    throw new Error(`status ${reply.status}`);
  }
  return {
    async *[Symbol.asyncIterator]() {
      for (let bytes = await reply.read(); bytes !== null; bytes = await reply.read()) yield bytes;
    },
  };
}

async function* dataSource(url: string): AsyncGenerator<Uint8Array> {
  const comma = url.indexOf(',');
  const isBase64 = url.slice(0, comma).endsWith(';base64');
  yield Buffer.from(url.slice(comma + 1), isBase64 ? 'base64' : 'utf8');
}

interface Storing {
  readonly key: string;
  readonly room: number;
  readonly type: TaskOutput['type'];
  readonly place: Place;
  readonly deps: CustodyDeps;
}

/** Piece by piece: no file is ever whole in memory. */
async function store(source: Source, into: Storing): Promise<Omit<KeptFile, 'key' | 'expiresMs'>> {
  const { deps, room, place, type } = into;
  const writer = await deps.files.create(into.key);
  const hash = new Bun.CryptoHasher('sha256');
  const media = new MediaReader();
  let bytes = 0;
  let renewedMs = deps.clock.nowMs();
  try {
    for await (const piece of source) {
      bytes += piece.length;
      if (bytes > room)
        throw new Refused(room < deps.settings.bytesMax ? 'quota_exceeded' : 'too_large');
      hash.update(piece);
      media.push(piece);
      await writer.write(piece);
      if (deps.clock.nowMs() - renewedMs > RENEW_EVERY_MS) {
        if (!(await place.renew())) throw new Error('the task was taken over');
        renewedMs = deps.clock.nowMs();
      }
    }
    const { mime, ...facts } = media.facts();
    if (bytes === 0) throw new Error('an empty file');
    if (!fits(type, mime)) throw new Refused('wrong_type');
    await writer.close();
    const known = mime ?? 'application/octet-stream';
    return { bytes, mime: known, sha256: hash.digest('hex'), ...facts };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** A page that says "forbidden" is no video. */
function fits(type: TaskOutput['type'], mime: string | null): boolean {
  return type === 'file' || mime?.startsWith(`${type}/`) === true;
}

/** Removes what has expired; answers how many. */
export async function expireResults(deps: Pick<CustodyDeps, 'clock' | 'files' | 'results'>) {
  const rows = await deps.results.expired(deps.clock.nowMs(), EXPIRED_ROWS_MAX);
  for (const row of rows) {
    await deps.files.remove(row.key);
    await deps.results.remove(row.key);
  }
  return rows.length;
}

/** Removes all that is kept of a task. */
export async function discardResults(
  taskId: string,
  deps: Pick<CustodyDeps, 'files' | 'results'>,
): Promise<void> {
  for (const row of await deps.results.ofTask(taskId)) {
    await deps.files.remove(row.key);
    await deps.results.remove(row.key);
  }
}
