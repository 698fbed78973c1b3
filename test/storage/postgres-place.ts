/** A database of its own for each place, in the cluster of the test file. */
import { SQL } from 'bun';
import { makeLog } from '../../src/kit/log.ts';
import type { Store } from '../../src/storage/ports.ts';
import { openPostgres, type PostgresOptions } from '../../src/storage/postgres/store.ts';
import type { StorePlace } from '../suites/storage-rig.ts';
import type { Cluster } from './postgres-cluster.ts';

export interface PostgresPlace extends StorePlace {
  readonly url: string;
  open(more?: Partial<PostgresOptions>): Promise<Store>;
  ask(sql: string): Promise<readonly Record<string, unknown>[]>;
}

export const silent = makeLog('silent', () => undefined);

export async function makePostgresPlace(cluster: Cluster): Promise<PostgresPlace> {
  const url = await cluster.createDatabase();
  const opened: Store[] = [];
  const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const db = new SQL(url, { max: 1 });
    try {
      return await db.unsafe(sql);
    } finally {
      await db.close();
    }
  };
  return {
    url,
    ask,
    async open(more = {}) {
      const base = { url, connectionsMax: 4, leaseMs: 15_000, migrate: true, log: silent };
      const store = await openPostgres({ ...base, ...more });
      opened.push(store);
      return store;
    },
    async tamper(sql) {
      await ask(sql);
    },
    async dispose() {
      for (const store of opened) await store.close();
    },
  };
}
