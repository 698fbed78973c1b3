/** A disk that fails at any statement leaves books that balance, and nobody is told a lie. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import type { Ledger } from '../../src/storage/ports.ts';
import { SqliteLedger } from '../../src/storage/sqlite/ledger.ts';
import { lockData } from '../../src/storage/sqlite/lock.ts';
import { openSqlite } from '../../src/storage/sqlite/store.ts';
import {
  accountOf,
  auditGood,
  holdRow,
  makePurse,
  type Purse,
  settleRow,
  topUp,
} from '../suites/storage-rig.ts';
import { makeSqlitePlace } from './sqlite-place.ts';

/** Counts what is run, and refuses one of it. */
class Saboteur {
  runs = 0;
  failed = false;
  readonly #failAt: number;

  constructor(failAt: number) {
    this.#failAt = failAt;
  }

  before(): void {
    this.runs += 1;
    if (this.runs !== this.#failAt) return;
    this.failed = true;
    throw new Error('disk I/O error');
  }
}

const RUNNERS: ReadonlySet<string | symbol> = new Set(['run', 'get', 'all', 'values']);

function guard<T extends object>(statement: T, saboteur: Saboteur): T {
  return new Proxy(statement, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (RUNNERS.has(name)) saboteur.before();
        return Reflect.apply(member, target, args);
      };
    },
  });
}

function sabotaged(file: string, saboteur: Saboteur): Database {
  const db = new Database(file);
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => guard(prepare(sql), saboteur)) as typeof db.prepare;
  return db;
}

interface Told {
  readonly held: boolean;
  readonly charged: boolean;
  readonly released: boolean;
  readonly entered: boolean;
}

/** What a server does all day, each step going on whatever became of the one before. */
async function dayOf(ledger: Ledger, purse: Purse, ids: readonly [string, string]): Promise<Told> {
  const good = (work: Promise<unknown>, wanted: unknown): Promise<boolean> =>
    work.then(
      (verdict) => verdict === wanted,
      () => false,
    );
  const [a, b] = ids.map((id) => holdRow(purse, 40n, { id }));
  if (a === undefined || b === undefined) throw new Error('two calls');
  const held = await Promise.all([good(ledger.hold(a), 'held'), good(ledger.hold(b), 'held')]);
  const entered = await good(ledger.enter(topUp(purse.accountId, 7n, `pay:${a.id}`)), true);
  const charged = await good(ledger.settle(settleRow(a.id, 25n)), 'settled');
  const released = await good(ledger.settle(settleRow(b.id, 0n)), 'settled');
  return { held: held.every(Boolean), charged, released, entered };
}

describe('a statement that fails', () => {
  test('whichever it is, is rolled back with its group', async () => {
    const place = await makeSqlitePlace('interval');
    const store = await place.open();
    for (let failAt = 1; ; failAt += 1) {
      const purse = await makePurse(store, 100n, 90n);
      const saboteur = new Saboteur(failAt);
      const db = sabotaged(place.file, saboteur);
      const ids = [`call_f${failAt}a`, `call_f${failAt}b`] as const;
      const ledger = new SqliteLedger(db, () => undefined);
      const told = await dayOf(ledger, purse, ids);
      db.close();
      await auditGood(store);
      const balance = 100n + (told.entered ? 7n : 0n) - (told.charged ? 25n : 0n);
      const open = [told.held && !told.charged, told.held && !told.released];
      const held = BigInt(open.filter(Boolean).length) * 40n;
      expect([failAt, await accountOf(store, purse)]).toEqual([failAt, { balance, held }]);
      expect((await store.calls.byId(ids[0])) === undefined).toBe(!told.held);
      if (saboteur.failed) continue;
      expect(told).toEqual({ held: true, charged: true, released: true, entered: true });
      expect(failAt).toBeGreaterThan(25);
      break;
    }
    await place.dispose();
  });

  test('a disk that does not take the log fails those who wait for it, and no others', async () => {
    const place = await makeSqlitePlace('interval');
    const store = await place.open();
    const purse = await makePurse(store, 100n);
    const db = new Database(place.file);
    let broken = true;
    const ledger = new SqliteLedger(db, () =>
      broken ? Promise.reject(new Error('no space left')) : undefined,
    );
    const row = holdRow(purse, 40n);
    expect(ledger.hold(row)).rejects.toThrow('no space left');
    await Bun.sleep(5);
    broken = false;
    // The commit may have reached the file: releasing it is right either way.
    expect(await ledger.settle(settleRow(row.id, 0n))).toBe('settled');
    expect(await accountOf(store, purse)).toEqual({ balance: 100n, held: 0n });
    await auditGood(store);
    db.close();
    await place.dispose();
  });

  test('a closed database does not answer a ping', async () => {
    const place = await makeSqlitePlace('interval');
    const store = await openSqlite({ dir: place.dir, sync: 'interval' });
    await store.close();
    expect(store.ping()).rejects.toThrow();
    await place.dispose();
  });
});

describe('the folder', () => {
  test('has one server; a second one is refused until the first lets go', async () => {
    const place = await makeSqlitePlace('interval');
    const unlock = lockData(place.dir);
    expect(() => lockData(place.dir)).toThrow('Another gangway serves');
    unlock();
    lockData(place.dir)();
    await place.dispose();
  });

  test('keeps what it was told over a reopening', async () => {
    const place = await makeSqlitePlace('commit');
    const first = await openSqlite({ dir: place.dir, sync: 'commit' });
    const purse = await makePurse(first, 10n);
    expect(await first.ledger.hold(holdRow(purse, 4n))).toBe('held');
    await first.close();
    const second = await place.open();
    expect(await accountOf(second, purse)).toEqual({ balance: 10n, held: 4n });
    await auditGood(second);
    await place.dispose();
  });
});
