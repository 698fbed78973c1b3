/** Copies of results from a server of the test's own into a folder of the test's own. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeMp4 } from '../../sandbox/tasks/mp4.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { makeOutbound } from '../../src/kit/fetch.ts';
import { makeGuard } from '../../src/kit/guard.ts';
import { makeLog } from '../../src/kit/log.ts';
import { makeDiskFiles } from '../../src/storage/files/disk.ts';
import type { Files } from '../../src/storage/ports.ts';
import { type CustodyDeps, type CustodySettings, makeKeep } from '../../src/tasks/custody.ts';
import type { Holding } from '../../src/tasks/deps.ts';
import type { TaskDoc, TaskOutput } from '../../src/tasks/doc.ts';
import type { LongService } from '../../src/vendors/long.ts';
import { makeSqlitePlace } from '../storage/sqlite-place.ts';
import { makePurse, nextName } from '../suites/storage-rig.ts';
import { ninth } from './ninth-vendor.ts';

export const FILM = makeMp4(1, 7);

export const SETTINGS: CustodySettings = Object.freeze({
  links: true,
  bytesMax: 1024 * 1024,
  accountBytesMax: 4 * 1024 * 1024,
  lifeMs: 3_600_000,
  connectMs: 1_000,
  fetchMs: 4_000,
  idleMs: 400,
});

export function output(url: string, more: Partial<TaskOutput> = {}): TaskOutput {
  return { type: 'video', role: 'main', url, file: null, lost: null, ...more };
}

export async function makeCustody(base: string, more: Partial<CustodySettings> = {}) {
  const place = await makeSqlitePlace('interval');
  const store = await place.open();
  const { accountId } = await makePurse(store, 0n);
  const dir = mkdtempSync(join(tmpdir(), 'gangway-kept-'));
  const logged: string[] = [];
  // Times are real here, but for the pauses between tries.
  const clock = { ...systemClock, sleep: () => systemClock.sleep(5) };
  const names: Record<string, readonly string[]> = { 'inside.test': ['10.0.0.7'] };
  const resolve = async (name: string) => names[name] ?? Promise.reject(new Error('ENOTFOUND'));
  const deps: CustodyDeps = {
    clock,
    log: makeLog('warn', (line) => logged.push(line)),
    guard: makeGuard(makeOutbound(systemClock, true), resolve, []),
    files: makeDiskFiles(dir),
    results: store.results,
    routes: {
      pinned: () => {
        const upstream = { id: 'ninth', vendor: ninth, baseUrl: base, credential: null };
        const service: LongService | undefined = ninth.long[0];
        if (service === undefined) return undefined;
        return { upstream: { ...upstream, priority: 0, weight: 1 }, service };
      },
    },
    settings: { ...SETTINGS, ...more },
  };
  const holding: Holding = { renew: async () => true, relink: async () => null };
  return {
    accountId,
    store,
    deps,
    dir,
    logged,
    /** What became of these outputs of a new task. */
    async keep(outputs: readonly TaskOutput[], wish: Wish = {}): Promise<readonly TaskOutput[]> {
      const { files = deps.files, taskId = nextName('task'), ...held } = wish;
      const doc = { service: 'dishes', outputs } as TaskDoc;
      const task = { id: taskId, accountId: wish.accountId ?? accountId, upstream: 'ninth', doc };
      return (await makeKeep({ ...deps, files })(task, { ...holding, ...held })).outputs;
    },
    /** Every file of the folder. */
    there: () =>
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1)),
    async dispose() {
      await place.dispose();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export type Custody = Awaited<ReturnType<typeof makeCustody>>;

interface Wish extends Partial<Holding> {
  readonly files?: Files;
  readonly taskId?: string;
  readonly accountId?: string;
}

/** A server that says only what it is told to, byte for byte, and then hangs up. */
export function sayRaw(text: string) {
  return Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket) {
        socket.write(text);
        socket.end();
      },
    },
  });
}
