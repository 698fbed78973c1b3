/** A database that goes away, at any statement: nothing is lost, nothing is done twice. */
import { afterAll, describe, expect } from 'bun:test';
import pg from 'pg';
import { Fault } from '../../src/kit/fault.ts';
import type { Ledger } from '../../src/storage/ports.ts';
import { PostgresLedger } from '../../src/storage/postgres/ledger.ts';
import { Tenure } from '../../src/storage/postgres/tenure.ts';
import { needs } from '../needs.ts';
import {
  accountOf,
  auditGood,
  holdRow,
  makePurse,
  type Purse,
  settleRow,
  topUp,
} from '../suites/storage-rig.ts';
import { type Cluster, startCluster } from './postgres-cluster.ts';
import { makePostgresPlace, silent } from './postgres-place.ts';

const test = needs('postgres');
const LONG_MS = 60_000;
/** A caller is told within this, whatever the database does. */
const TOLD_MS = 8_000;

let starting: Promise<Cluster> | undefined;
const cluster = (): Promise<Cluster> => {
  starting ??= startCluster();
  return starting;
};
afterAll(async () => (await starting)?.dispose());

/** Breaks the connection at one statement: before the server gets it, or after it answered. */
class Saboteur {
  statements = 0;
  failed = false;
  readonly #failAt: number;
  readonly #when: 'before' | 'after';

  constructor(failAt: number, when: 'before' | 'after') {
    this.#failAt = failAt;
    this.#when = when;
  }

  guard(pool: pg.Pool): pg.Pool {
    const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
    const guarded = async (): Promise<pg.PoolClient> => this.#guardClient(await connect());
    return new Proxy(pool, {
      get: (target, name) => (name === 'connect' ? guarded : Reflect.get(target, name, target)),
    });
  }

  #guardClient(client: pg.PoolClient): pg.PoolClient {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    const sabotaged = async (...args: unknown[]): Promise<unknown> => {
      this.statements += 1;
      const fails = this.statements === this.#failAt;
      if (fails) this.failed = true;
      if (fails && this.#when === 'before') throw broken();
      const answer = await query(...args);
      if (fails) throw broken();
      return answer;
    };
    return new Proxy(client, {
      get: (target, name) => {
        if (name === 'query') return sabotaged;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
}

function broken(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** What a server does all day; every step must succeed, for the database comes back at once. */
async function dayOf(ledger: Ledger, purse: Purse, tag: string): Promise<void> {
  const [a, b] = ['a', 'b'].map((name) => holdRow(purse, 40n, { id: `call_${tag}${name}` }));
  if (a === undefined || b === undefined) throw new Error('two calls');
  expect(await Promise.all([ledger.hold(a), ledger.hold(b)])).toEqual(['held', 'held']);
  await ledger.enter(topUp(purse.accountId, 7n, `pay:${tag}`));
  await Promise.all([ledger.settle(settleRow(a.id, 25n)), ledger.settle(settleRow(b.id, 0n))]);
}

describe('a connection that breaks', () => {
  for (const when of ['before', 'after'] as const) {
    test(
      `at any statement, ${when} it is done: each thing is done once`,
      async () => {
        const place = await makePostgresPlace(await cluster());
        const store = await place.open();
        for (let failAt = 1; ; failAt += 1) {
          const purse = await makePurse(store, 100n, 90n);
          const { accountId } = purse;
          const name = { scope: 'account', ownerId: accountId, period: 'day' } as const;
          const budget = { id: `budget_${accountId}`, accountId, ...name, createdMs: 1 };
          await store.budgets.set({ ...budget, unit: 'tokens', limit: 500n });
          const pool = new pg.Pool({ connectionString: place.url, max: 4 });
          const saboteur = new Saboteur(failAt, when);
          const tenure = new Tenure({ pool, leaseMs: 15_000, log: silent });
          const deps = { url: place.url, pool: saboteur.guard(pool), tenure, log: silent };
          const ledger = new PostgresLedger(deps);
          await dayOf(ledger, purse, `${when}${failAt}`);
          await ledger.stop();
          await pool.end();
          await auditGood(store);
          const money = await accountOf(store, purse);
          expect([failAt, money]).toEqual([failAt, { balance: 82n, held: 0n }]);
          if (saboteur.failed) continue;
          expect(failAt).toBeGreaterThan(20);
          break;
        }
        await place.dispose();
      },
      LONG_MS,
    );
  }
});

/** A pool that, once a commit is done, says nothing of it and stays away until it is told back. */
class Vanishing {
  away = false;

  guard(pool: pg.Pool): pg.Pool {
    const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
    const guarded = async (): Promise<pg.PoolClient> => {
      if (this.away) throw broken();
      const client = await connect();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      const vanishing = async (...args: unknown[]): Promise<unknown> => {
        const answer = await query(...args);
        if (args[0] !== 'commit' || !this.armed) return answer;
        this.away = true;
        throw broken();
      };
      return new Proxy(client, {
        get: (target, name) => {
          if (name === 'query') return vanishing;
          const member: unknown = Reflect.get(target, name, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    };
    return new Proxy(pool, {
      get: (target, name) => (name === 'connect' ? guarded : Reflect.get(target, name, target)),
    });
  }

  armed = true;
}

describe('a commit that nobody hears of', () => {
  test(
    'whose caller was told 503 is released, and its money with it',
    async () => {
      const place = await makePostgresPlace(await cluster());
      const store = await place.open();
      const purse = await makePurse(store, 100n);
      const pool = new pg.Pool({ connectionString: place.url, max: 4 });
      const vanishing = new Vanishing();
      const tenure = new Tenure({ pool, leaseMs: 15_000, log: silent });
      const deps = { url: place.url, pool: vanishing.guard(pool), tenure, log: silent };
      const ledger = new PostgresLedger(deps);
      const row = holdRow(purse, 40n);
      await expect(ledger.hold(row)).rejects.toMatchObject({ code: 'storage_unavailable' });
      expect(await store.calls.byId(row.id)).toMatchObject({ state: 'open' });
      vanishing.armed = false;
      vanishing.away = false;
      const isOpen = async () => (await store.calls.byId(row.id))?.state === 'open';
      const endMs = performance.now() + 15_000;
      while ((await isOpen()) && performance.now() < endMs) await Bun.sleep(200);
      expect(await store.calls.byId(row.id)).toMatchObject({
        state: 'released',
        evidence: expect.stringContaining('no vendor was called'),
      });
      expect(await accountOf(store, purse)).toEqual({ balance: 100n, held: 0n });
      await ledger.stop();
      await pool.end();
      await auditGood(store);
      await place.dispose();
    },
    LONG_MS,
  );
});

describe('a server that is away', () => {
  test(
    'holds end in a 503 in bounded time, and settlements wait for it',
    async () => {
      const server = await cluster();
      const place = await makePostgresPlace(server);
      const store = await place.open();
      const purse = await makePurse(store, 1_000n);
      const open = Array.from({ length: 40 }, () => holdRow(purse, 10n));
      for (const verdict of await Promise.all(open.map((row) => store.ledger.hold(row)))) {
        expect(verdict).toBe('held');
      }
      server.stop();
      const startMs = performance.now();
      const settled = Promise.all(open.map((row) => store.ledger.settle(settleRow(row.id, 7n))));
      const refused = await Promise.allSettled(
        Array.from({ length: 30 }, () => store.ledger.hold(holdRow(purse, 1n))),
      );
      expect(performance.now() - startMs).toBeLessThan(TOLD_MS);
      for (const each of refused) {
        const reason: unknown = each.status === 'rejected' ? each.reason : each.value;
        expect(reason).toBeInstanceOf(Fault);
        expect(reason).toMatchObject({ code: 'storage_unavailable', status: 503 });
      }
      await expect(store.keys.byHash('0'.repeat(64))).rejects.toMatchObject({
        code: 'storage_unavailable',
      });
      await expect(store.ping()).rejects.toThrow();
      server.start();
      expect((await settled).every((verdict) => verdict === 'settled')).toBeTrue();
      expect(await store.keys.byHash('0'.repeat(64))).toBeUndefined();
      expect(await store.ledger.hold(holdRow(purse, 1n))).toBe('held');
      expect(await accountOf(store, purse)).toEqual({ balance: 720n, held: 1n });
      await auditGood(store);
      await place.dispose();
    },
    LONG_MS,
  );

  test(
    'restarted again and again under load: what was told is what is written',
    async () => {
      const server = await cluster();
      const place = await makePostgresPlace(server);
      const store = await place.open();
      const purse = await makePurse(store, 1_000_000n);
      let running = true;
      let charged = 0n;
      const settling: Promise<unknown>[] = [];
      const work = async (): Promise<void> => {
        while (running) {
          const row = holdRow(purse, 3n);
          const verdict = await store.ledger.hold(row).catch(() => 'away');
          if (verdict !== 'held') continue;
          charged += 2n;
          settling.push(store.ledger.settle(settleRow(row.id, 2n)));
          await Bun.sleep(1);
        }
      };
      const workers = Array.from({ length: 16 }, work);
      for (let times = 0; times < 3; times += 1) {
        await Bun.sleep(300);
        server.stop();
        await Bun.sleep(200);
        server.start();
      }
      await Bun.sleep(300);
      running = false;
      await Promise.all(workers);
      await Promise.all(settling);
      const { balance } = await accountOf(store, purse);
      expect(balance).toBe(1_000_000n - charged);
      expect(settling.length).toBeGreaterThan(200);
      await auditGood(store);
      await place.dispose();
    },
    LONG_MS,
  );
});
