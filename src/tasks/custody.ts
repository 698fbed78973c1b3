/** Takes results into our keeping before the vendor's link dies. */
import type { Clock } from '../kit/clock.ts';
import type { Guard } from '../kit/guard.ts';
import { newLetters } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import type { Files, FileWriter, ResultRow, Results } from '../storage/ports.ts';
import { inDeadlineOrder } from './deadlines.ts';
import type { Holding, Keep } from './deps.ts';
import type { KeptFile, TaskDoc, TaskOutput } from './doc.ts';
import { LeaseLost } from './hold-on.ts';
import { MediaReader } from './media-facts.ts';
import type { TaskRoutes } from './routes.ts';
import { NotKept, openSource, reasonOf, type Source } from './source.ts';

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
  /** For the next bytes of it. */
  readonly idleMs: number;
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
const CHECK_EVERY_MS = 20_000;
const EXPIRED_ROWS_MAX = 100;
const EXPIRED_ROUNDS_MAX = 50;
const NAME_CHARS = 10;

interface Place {
  readonly taskId: string;
  readonly accountId: string;
  readonly index: number;
  readonly trusted: readonly string[];
  readonly isHeld: () => Promise<boolean>;
}

export function makeKeep(given: CustodyDeps): Keep {
  const deps = { ...given, inTurn: makeTurns() };
  return async (task, holding) => {
    let { doc } = task;
    const base = deps.routes.pinned(task.upstream, doc.service)?.upstream.baseUrl;
    // Where the vendor is, its files may be, even where that is a private address.
    const trusted = base === undefined ? [] : [new URL(base).host];
    await clearLeft(task.id, doc, deps);
    let isRenewed = false;
    for (const index of inDeadlineOrder(doc.outputs)) {
      const place = { taskId: task.id, accountId: task.accountId, index, trusted };
      const keep = (output: TaskOutput) =>
        keepOne(output, { ...place, isHeld: holding.renew }, deps);
      const output = doc.outputs[index] as TaskOutput;
      if (!deps.settings.links && !isInline(output)) continue;
      let kept = await keep(output);
      if (kept.lost === 'link_dead' && !isRenewed) {
        isRenewed = true;
        doc = await withNewLinks(doc, holding);
        const again = doc.outputs[index] as TaskOutput;
        if (again.url !== output.url) kept = await keep(again);
      }
      doc = replaceOutput(doc, index, kept);
    }
    return doc;
  };
}

/** Links die; vendors that still have the file give another one when they are asked again. */
async function withNewLinks(doc: TaskDoc, holding: Holding): Promise<TaskDoc> {
  const fresh = await holding.relink();
  if (fresh?.length !== doc.outputs.length) return doc;
  const outputs = doc.outputs.map((one, at) => ({ ...one, url: fresh[at]?.url ?? one.url }));
  return { ...doc, outputs };
}

function replaceOutput(doc: TaskDoc, index: number, output: TaskOutput): TaskDoc {
  return { ...doc, outputs: doc.outputs.map((one, at) => (at === index ? output : one)) };
}

/** What a process that died left of this task: nobody else holds it, so nobody else needs it. */
async function clearLeft(taskId: string, { outputs }: TaskDoc, deps: CustodyDeps): Promise<void> {
  const known = new Set(outputs.map(({ file }) => file?.key));
  for (const { key } of await deps.results.ofTask(taskId)) {
    if (!known.has(key)) await removeOne(key, deps);
  }
}

/** It came in the vendor's answer, and is nowhere else. */
const isInline = ({ url }: TaskOutput): boolean => url.startsWith('data:');

/** What is in a file of ours is not kept in the row as well. */
const KEPT_URL = 'data:,';

/** What cannot be kept says why, and stays where the vendor put it. Throws only a LeaseLost. */
async function keepOne(output: TaskOutput, place: Place, deps: Keeping): Promise<TaskOutput> {
  const endMs = deps.clock.tickMs() + deps.settings.fetchMs;
  let why = 'unreachable';
  for (let tries = 0; tries < TRIES; tries += 1) {
    try {
      const file = await copy(output, place, deps);
      return { ...output, url: isInline(output) ? KEPT_URL : output.url, file };
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      const reason = reasonOf(error);
      why = reason.why;
      deps.log.warn('a result could not be copied', { task: place.taskId, why, error });
      if (reason.isFinal || deps.clock.tickMs() > endMs) break;
      await deps.clock.sleep(PAUSE_MS * 2 ** tries);
    }
  }
  return { ...output, lost: why };
}

async function copy(output: TaskOutput, place: Place, deps: Keeping): Promise<KeptFile> {
  const { settings, clock } = deps;
  const watch = watchOver(deps);
  try {
    const { signal } = watch;
    const source = await openSource(output.url, { ...deps, trusted: place.trusted, signal });
    const { taskId, accountId, index } = place;
    // No other copy of it has this name: whoever gives up takes nothing of another's away.
    const key = `${accountId}/${taskId}/${index}-${newLetters(NAME_CHARS)}`;
    const createdMs = clock.nowMs();
    // The row first: what a crash leaves behind is found by its expiry.
    const untilMs = createdMs + 2 * settings.fetchMs;
    const row = { key, accountId, taskId, bytes: source.bytes ?? 0, createdMs };
    try {
      await reserve({ ...row, expiresMs: untilMs }, deps);
      const file = await store(source, { key, type: output.type, watch, place, deps });
      if (!(await place.isHeld())) throw new LeaseLost(taskId);
      const expiresMs = settings.lifeMs === null ? null : clock.nowMs() + settings.lifeMs;
      await reserve({ ...row, bytes: file.bytes, expiresMs }, deps);
      return { key, ...file, expiresMs };
    } catch (error) {
      source.close();
      await removeOne(key, deps).catch((cause: unknown) => {
        deps.log.warn('what was copied in part stays until it expires', { key, error: cause });
      });
      throw error;
    }
  } catch (error) {
    throw watch.isSlow() ? new NotKept('too_slow', { cause: error }) : error;
  } finally {
    watch.stop();
  }
}

interface Watch {
  readonly signal: AbortSignal;
  /** Something came. */
  beat(): void;
  readonly isSlow: () => boolean;
  stop(): void;
}

/** Ends a copy that takes too long, or of which nothing more comes. */
function watchOver({ clock, settings }: Pick<CustodyDeps, 'clock' | 'settings'>): Watch {
  const abort = new AbortController();
  let heardMs = clock.tickMs();
  const endMs = heardMs + settings.fetchMs;
  const look = (): void => {
    const nextMs = Math.min(endMs, heardMs + settings.idleMs);
    const leftMs = nextMs - clock.tickMs();
    if (leftMs <= 0) abort.abort();
    else takeBack = clock.after(leftMs, look);
  };
  let takeBack = clock.after(Math.min(settings.fetchMs, settings.idleMs), look);
  return {
    signal: abort.signal,
    beat() {
      heardMs = clock.tickMs();
    },
    isSlow: () => abort.signal.aborted,
    stop: () => takeBack(),
  };
}

type Turns = (accountId: string, work: () => Promise<void>) => Promise<void>;

interface Keeping extends CustodyDeps {
  readonly inTurn: Turns;
}

/** One after the other for one account, so that twins do not both give way. */
function makeTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return async (accountId, work) => {
    const mine = (last.get(accountId) ?? Promise.resolve()).then(work);
    const quiet = mine.catch(() => undefined);
    last.set(accountId, quiet);
    try {
      await mine;
    } finally {
      if (last.get(accountId) === quiet) last.delete(accountId);
    }
  };
}

/** Counts it as the account's, then looks whether that is too much: other nodes see it at once. */
function reserve(row: ResultRow, { results, settings, inTurn }: Keeping): Promise<void> {
  if (row.bytes > settings.bytesMax) throw new NotKept('too_large', { isFinal: true });
  return inTurn(row.accountId, async () => {
    await results.insert(row);
    if ((await results.bytesOf(row.accountId)) <= settings.accountBytesMax) return;
    await results.remove(row.key);
    throw new NotKept('quota_exceeded', { isFinal: true });
  });
}

interface Storing {
  readonly key: string;
  readonly type: TaskOutput['type'];
  readonly watch: Watch;
  readonly place: Place;
  readonly deps: CustodyDeps;
}

/** Piece by piece: no file is ever whole in memory. */
async function store(source: Source, into: Storing): Promise<Omit<KeptFile, 'key' | 'expiresMs'>> {
  const { deps, type } = into;
  const writer = await written(deps.files.create(into.key));
  try {
    const hash = new Bun.CryptoHasher('sha256');
    const media = new MediaReader();
    const bytes = await pour(source, { ...into, writer, hash, media });
    if (source.bytes !== null && source.bytes !== bytes) throw new NotKept('truncated');
    const { mime, ...facts } = media.facts(source.mime);
    if (!fits(type, mime)) throw new NotKept('wrong_type', { isFinal: true });
    await written(writer.close());
    const known = mime ?? 'application/octet-stream';
    return { bytes, mime: known, sha256: hash.digest('hex'), ...facts };
  } catch (error) {
    await writer.abort().catch(() => undefined);
    throw error;
  }
}

interface Pouring extends Storing {
  readonly writer: FileWriter;
  readonly hash: Bun.CryptoHasher;
  readonly media: MediaReader;
}

async function pour(source: Source, into: Pouring): Promise<number> {
  const { deps, place, watch } = into;
  const { bytesMax, accountBytesMax } = deps.settings;
  const others = (await deps.results.bytesOf(place.accountId)) - (source.bytes ?? 0);
  let bytes = 0;
  let checkedMs = deps.clock.nowMs();
  for await (const piece of source.pieces) {
    watch.beat();
    bytes += piece.length;
    if (bytes > bytesMax) throw new NotKept('too_large', { isFinal: true });
    if (others + bytes > accountBytesMax) throw new NotKept('quota_exceeded', { isFinal: true });
    into.hash.update(piece);
    into.media.push(piece);
    await written(into.writer.write(piece));
    if (deps.clock.nowMs() - checkedMs > CHECK_EVERY_MS) {
      if (!(await place.isHeld())) throw new LeaseLost(place.taskId);
      checkedMs = deps.clock.nowMs();
    }
  }
  if (bytes === 0) throw new NotKept('truncated');
  return bytes;
}

/** A disk that is full, or a store that refuses us, is no fault of the vendor's. */
async function written<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new NotKept('storage_failed', { cause });
  }
}

/** A page that says "forbidden" is no video. */
function fits(type: TaskOutput['type'], mime: string | null): boolean {
  return type === 'file' || mime?.startsWith(`${type}/`) === true;
}

type Removing = Pick<CustodyDeps, 'files' | 'results'>;

async function removeOne(key: string, { files, results }: Removing): Promise<void> {
  await files.remove(key);
  await results.remove(key);
}

/** Removes what has expired; answers how many. */
export async function expireResults(deps: Removing & Pick<CustodyDeps, 'clock'>): Promise<number> {
  let removed = 0;
  for (let rounds = 0; rounds < EXPIRED_ROUNDS_MAX; rounds += 1) {
    const rows = await deps.results.expired(deps.clock.nowMs(), EXPIRED_ROWS_MAX);
    for (const { key } of rows) await removeOne(key, deps);
    removed += rows.length;
    if (rows.length < EXPIRED_ROWS_MAX) break;
  }
  return removed;
}

/** Removes all that is kept of a task. */
export async function discardResults(taskId: string, deps: Removing): Promise<void> {
  for (const { key } of await deps.results.ofTask(taskId)) await removeOne(key, deps);
}
