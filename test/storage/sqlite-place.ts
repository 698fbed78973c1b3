/** A folder of its own for each database. */
import { Database } from 'bun:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../src/storage/ports.ts';
import { openSqlite, type SyncPolicy } from '../../src/storage/sqlite/store.ts';
import type { StorePlace } from '../suites/storage-rig.ts';

export interface SqlitePlace extends StorePlace {
  readonly dir: string;
  readonly file: string;
}

export async function makeSqlitePlace(sync: SyncPolicy): Promise<SqlitePlace> {
  const dir = mkdtempSync(join(tmpdir(), 'gangway-store-'));
  const file = join(dir, 'gangway.sqlite');
  const opened: Store[] = [];
  return {
    dir,
    file,
    async open() {
      const store = await openSqlite({ dir, sync });
      opened.push(store);
      return store;
    },
    tamper(sql) {
      const db = new Database(file);
      db.run('pragma busy_timeout = 1000');
      db.run(sql);
      db.close();
    },
    async dispose() {
      for (const store of opened) await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}
