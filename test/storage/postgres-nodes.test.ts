/** Several nodes on one PostgreSQL: schema, locks, leases, changes. */
import { afterAll, describe, expect } from 'bun:test';
import type { Store } from '../../src/storage/ports.ts';
import { needs } from '../needs.ts';
import {
  accountOf,
  auditGood,
  holdRow,
  keyRow,
  makePurse,
  settleRow,
  topUp,
} from '../suites/storage-rig.ts';
import { type Cluster, startCluster } from './postgres-cluster.ts';
import { makePostgresPlace } from './postgres-place.ts';

const test = needs('postgres');
const LONG_MS = 40_000;
const CHANGE_WAIT_MS = 1_000;

let starting: Promise<Cluster> | undefined;
const cluster = (): Promise<Cluster> => {
  starting ??= startCluster();
  return starting;
};
afterAll(async () => (await starting)?.dispose());

describe('the schema', () => {
  test('is made once by many that start at the same moment', async () => {
    const place = await makePostgresPlace(await cluster());
    const stores = await Promise.all(Array.from({ length: 6 }, () => place.open()));
    for (const store of stores) await store.ping();
    const made = await place.ask(
      'select name, count(*)::int as times from kysely_migration group by name',
    );
    expect(made.length).toBeGreaterThan(5);
    expect(made.every(({ times }) => times === 1)).toBeTrue();
    await place.dispose();
  });

  test('sorts ids by their bytes, whatever the language of the database', async () => {
    const place = await makePostgresPlace(await cluster());
    await place.open();
    const other = await place.ask(`select c.table_name, c.column_name
      from information_schema.columns c join information_schema.tables t using (table_name)
      where c.table_schema = 'public' and c.data_type = 'text' and t.table_type = 'BASE TABLE'
      and c.collation_name is distinct from 'C'`);
    expect(other).toEqual([]);
    await place.dispose();
  });

  test('of a newer Gangway is refused, with both versions', async () => {
    const place = await makePostgresPlace(await cluster());
    await place.open();
    await place.tamper(`insert into kysely_migration values ('9999-later', now()::text)`);
    for (const migrate of [true, false]) {
      await expect(place.open({ migrate })).rejects.toThrow(/9999-later.*newer Gangway.*\d{4}-\w+/);
    }
    await place.dispose();
  });

  test('that is not there is refused where nobody may make it', async () => {
    const place = await makePostgresPlace(await cluster());
    await expect(place.open({ migrate: false })).rejects.toThrow(
      /lacks 0001-first.*gangway migrate/,
    );
    await place.dispose();
  });
});

describe('many nodes at once', () => {
  test(
    'on the same few accounts: no deadlock, and the money is there once',
    async () => {
      const place = await makePostgresPlace(await cluster());
      const stores = await Promise.all(Array.from({ length: 4 }, () => place.open()));
      const [first] = stores as [Store, ...Store[]];
      const purses = await Promise.all(
        Array.from({ length: 6 }, (_, at) => makePurse(first, 400n, at % 2 === 0 ? 300n : null)),
      );
      for (const { accountId } of purses.slice(0, 2)) {
        const name = { scope: 'account', ownerId: accountId, period: 'total' } as const;
        const budget = { id: `budget_${accountId}`, accountId, ...name, createdMs: 1 };
        await first.budgets.set({ ...budget, unit: 'money', limit: 200n });
      }
      let charged = 0n;
      const work = async (store: Store, seed: number): Promise<void> => {
        const held = [];
        for (let at = 0; at < 40; at += 1) {
          const purse = purses[(seed * 7 + at * 5) % purses.length];
          if (purse === undefined) throw new Error('no purse');
          const row = holdRow(purse, 5n);
          held.push(
            store.ledger.hold(row).then(async (verdict) => {
              if (verdict !== 'held') return;
              charged += 4n;
              await store.ledger.settle(settleRow(row.id, 4n));
            }),
          );
          if (at % 9 === 0) held.push(store.ledger.enter(topUp(purse.accountId, 1n)));
          if (at % 4 === 0) await Bun.sleep(1);
        }
        await Promise.all(held);
      };
      await Promise.all(
        stores.flatMap((store, at) => [0, 1, 2].map((n) => work(store, at * 3 + n))),
      );
      const [seen] = await place.ask(`select deadlocks::int from pg_stat_database
        where datname = current_database()`);
      expect(seen).toEqual({ deadlocks: 0 });
      expect(charged).toBeGreaterThan(500n);
      const audit = await auditGood(first);
      expect(audit.chargedTotal).toBe(charged);
      await place.dispose();
    },
    LONG_MS,
  );

  test('500 holds over four of them with money for 100: exactly 100', async () => {
    const place = await makePostgresPlace(await cluster());
    const stores = await Promise.all(Array.from({ length: 4 }, () => place.open()));
    const purse = await makePurse(stores[0] as Store, 706n);
    const verdicts = await Promise.all(
      Array.from({ length: 500 }, (_, at) => stores[at % 4]?.ledger.hold(holdRow(purse, 7n))),
    );
    expect(verdicts.filter((verdict) => verdict === 'held').length).toBe(100);
    expect(await accountOf(stores[1] as Store, purse)).toEqual({ balance: 706n, held: 700n });
    await place.dispose();
  });

  test('two settle one call: one of them does', async () => {
    const place = await makePostgresPlace(await cluster());
    const [here, there] = [await place.open(), await place.open()];
    const purse = await makePurse(here, 1_000n);
    for (let times = 0; times < 20; times += 1) {
      const row = holdRow(purse, 10n);
      await here.ledger.hold(row);
      const verdicts = await Promise.all(
        [here, there].map((store) => store.ledger.settle(settleRow(row.id, 3n))),
      );
      expect(verdicts.toSorted()).toEqual(['already_settled', 'settled']);
    }
    expect(await accountOf(there, purse)).toEqual({ balance: 940n, held: 0n });
    await place.dispose();
  });
});

describe('a lease', () => {
  test(
    'that ends leaves its calls to the others; the node that comes back settles each once',
    async () => {
      const place = await makePostgresPlace(await cluster());
      const [lost, other] = [await place.open(), await place.open({ leaseMs: 600 })];
      const purse = await makePurse(lost, 100n);
      await lost.join(() => undefined);
      const [mine, theirs] = [holdRow(purse, 10n), holdRow(purse, 20n)];
      for (const row of [mine, theirs]) await lost.ledger.hold(row);
      const parked: number[] = [];
      await other.join((calls) => parked.push(calls));
      await Bun.sleep(500);
      // Its lease stands, so its calls are its own.
      expect(parked.every((calls) => calls === 0)).toBeTrue();
      expect(await other.ledger.parkOpen('x')).toBe(0);
      // As if this node had been stopped for longer than its lease.
      await place.tamper(
        'update nodes set lease_until_ms = 0 where lease_until_ms > started_ms + 9000',
      );
      const endMs = performance.now() + 3_000;
      while (!parked.includes(2) && performance.now() < endMs) await Bun.sleep(20);
      expect(parked).toContain(2);
      expect(await lost.calls.byId(mine.id)).toMatchObject({
        state: 'unknown',
        endReason: 'crash',
      });
      expect(await accountOf(lost, purse)).toEqual({ balance: 100n, held: 30n });
      // The operator resolves one in the meantime.
      expect(await other.ledger.settle(settleRow(theirs.id, 0n))).toBe('settled');
      expect(await lost.ledger.settle(settleRow(theirs.id, 15n))).toBe('already_settled');
      expect(await lost.ledger.settle(settleRow(mine.id, 9n))).toBe('settled');
      expect(await other.ledger.settle(settleRow(mine.id, 9n))).toBe('already_settled');
      expect(await accountOf(other, purse)).toEqual({ balance: 91n, held: 0n });
      await auditGood(other);
      await place.dispose();
    },
    LONG_MS,
  );

  test('is given back by a node that closes; what it left open is parked at once', async () => {
    const place = await makePostgresPlace(await cluster());
    const [goes, stays] = [await place.open(), await place.open()];
    const purse = await makePurse(stays, 100n);
    await goes.join(() => undefined);
    await goes.ledger.hold(holdRow(purse, 10n));
    expect(await stays.ledger.parkOpen('too early')).toBe(0);
    await goes.close();
    expect(await place.ask('select id from nodes')).toEqual([]);
    expect(await stays.ledger.parkOpen('it went')).toBe(1);
    await stays.close();
  });
});

describe('a change', () => {
  test('is told within a second by the writer of any table, and by hand-written SQL', async () => {
    const place = await makePostgresPlace(await cluster());
    const store = await place.open();
    const key = keyRow('default');
    await store.keys.insert([key]);
    await Bun.sleep(600);
    const writes = [
      `update keys set state = 'disabled' where id = '${key.id}'`,
      `insert into budgets values ('b', 'default', 'key', '${key.id}', 'day', 'money', 5, 1)`,
      `update accounts set unlimited = 0 where id = 'default'`,
    ];
    for (const write of writes) {
      const told = nextChange(store);
      await place.tamper(write);
      await told;
    }
    await place.dispose();
  });

  test('is told where nobody can listen, and heard again when one can', async () => {
    const place = await makePostgresPlace(await cluster());
    const [here, there] = [await place.open(), await place.open()];
    const key = keyRow('default');
    await here.keys.insert([key]);
    await Bun.sleep(600);
    const listeners = `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'gangway listens' and datname = current_database()`;
    expect((await place.ask(listeners)).length).toBe(2);
    const told = nextChange(here);
    await there.keys.setState(key.id, 'disabled');
    await told;
    await Bun.sleep(1_500);
    expect((await place.ask(listeners)).length).toBe(2);
    await place.dispose();
  });

  test('of what a call spends is not told: it would empty every cache each time', async () => {
    const place = await makePostgresPlace(await cluster());
    const store = await place.open();
    const purse = await makePurse(store, 100n, 90n);
    await Bun.sleep(600);
    const version = async () => (await place.ask('select version::int from changes'))[0]?.version;
    const before = await version();
    const row = holdRow(purse, 10n);
    await store.ledger.hold(row);
    await store.ledger.settle(settleRow(row.id, 10n));
    expect(await version()).toBe(before);
    await place.dispose();
  });
});

function nextChange(store: Store): Promise<void> {
  const told = Promise.withResolvers<void>();
  store.keys.onChange(told.resolve);
  const late = Bun.sleep(CHANGE_WAIT_MS).then(() => Promise.reject(new Error('nobody told')));
  return Promise.race([told.promise, late]);
}
