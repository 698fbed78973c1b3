/** The embedded store: one file, one connection, write-ahead log. */
import { Database } from 'bun:sqlite';
import { closeSync, fdatasync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { every } from '../../kit/clock.ts';
import { accessKeyQueries } from '../access-key-queries.ts';
import { appQueries } from '../app-queries.ts';
import { callQueries } from '../call-queries.ts';
import { endpointQueries } from '../endpoint-queries.ts';
import { migrate } from '../migrate.ts';
import type { Store } from '../ports.ts';
import { accountQueries, keyQueries } from '../queries.ts';
import { resultQueries } from '../result-queries.ts';
import type { Schema } from '../schema.ts';
import { taskQueries } from '../task-queries.ts';
import { deliveryQueries, webhookQueries } from '../webhook-queries.ts';
import { kyselyDialect } from './dialect.ts';
import { SqliteLedger } from './ledger.ts';

/**
 * When a commit counts as durable. `commit`: after the disk has it, so that it outlives a power
 * cut. `interval`: at once, and the disk has it within SYNC_INTERVAL_MS; it outlives the process.
 */
export type SyncPolicy = 'commit' | 'interval';

export interface SqliteOptions {
  readonly dir: string;
  readonly sync: SyncPolicy;
}

const FILE = 'gangway.sqlite';
const BUSY_TIMEOUT_MS = 5_000;
const SYNC_INTERVAL_MS = 100;
const CHANGE_POLL_MS = 300;
/** Pages after which SQLite folds the log back into the file. */
const CHECKPOINT_PAGES = 4_000;

/** Opens (and makes, and migrates) the store in `dir`. Throws where the disk refuses. */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const path = join(options.dir, FILE);
  const db = new Database(path, { create: true });
  db.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  db.run('pragma journal_mode = wal');
  db.run('pragma synchronous = normal');
  db.run('pragma foreign_keys = on');
  db.run(`pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const kysely = new Kysely<Schema>({ dialect: kyselyDialect(db) });
  await migrate(kysely, 'sqlite');
  const log = syncLog(`${path}-wal`, options.sync);
  const changes = watchChanges(db);
  const keys = keyQueries(kysely, changes);
  return {
    keys,
    apps: appQueries(kysely, changes),
    accessKeys: accessKeyQueries(kysely, changes),
    endpoints: endpointQueries(kysely, changes),
    accounts: accountQueries(kysely),
    calls: callQueries(kysely),
    tasks: taskQueries(kysely),
    results: resultQueries(kysely),
    webhooks: webhookQueries(kysely),
    deliveries: deliveryQueries(kysely),
    ledger: new SqliteLedger(db, log.committed),
    async ping() {
      db.query('select 1').get();
    },
    async close() {
      changes.stop();
      log.stop();
      db.close();
    },
  };
}

/**
 * Brings the write-ahead log to the disk from a worker thread, so that the event loop never waits
 * for the platter. SQLite itself (synchronous = normal) only does so at checkpoints.
 */
function syncLog(path: string, policy: SyncPolicy) {
  const file = openSync(path, 'r+');
  let dirty = false;
  const sync = (): Promise<void> =>
    new Promise((resolve, reject) => {
      fdatasync(file, (error) => (error === null ? resolve() : reject(error)));
    });
  const stopTimer =
    policy === 'commit'
      ? () => undefined
      : every(SYNC_INTERVAL_MS, () => {
          if (!dirty) return;
          dirty = false;
          sync().catch(() => {
            dirty = true;
          });
        });
  return {
    committed: (): Promise<void> | undefined => {
      if (policy === 'commit') return sync();
      dirty = true;
      return undefined;
    },
    stop(): void {
      stopTimer();
      closeSync(file);
    },
  };
}

/** Sees commits of other processes (the CLI) by SQLite's own counter, and our own at once. */
function watchChanges(db: Database) {
  const listeners = new Set<() => void>();
  const version = db.prepare<{ data_version: number }, []>('pragma data_version');
  let seen = version.get()?.data_version;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const stop = every(CHANGE_POLL_MS, () => {
    const now = version.get()?.data_version;
    if (now === seen) return;
    seen = now;
    tell();
  });
  return { tell, stop, listen: (listener: () => void) => void listeners.add(listener) };
}
