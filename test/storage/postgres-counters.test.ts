/** Counters in a real PostgreSQL: the same suites as in memory and in Redis. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { Pool } from 'pg';
import { systemClock } from '../../src/kit/clock.ts';
import { PostgresCounters } from '../../src/storage/postgres/counters.ts';
import { migratePostgres } from '../../src/storage/postgres/migrate.ts';
import { hasProgram, needs } from '../needs.ts';
import { leaksSuite, placesSuite, windowsSuite } from '../suites/counters-suite.ts';
import { sharedCountersSuite, storeClockSuite } from '../suites/shared-counters-suite.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { type Cluster, startCluster } from './postgres-cluster.ts';
import { silent } from './postgres-place.ts';

const there = hasProgram('postgres');
const needful = needs('postgres');
let cluster: Cluster;
let pool: Pool;
const opened: PostgresCounters[] = [];
let made = 0;

beforeAll(async () => {
  if (!there) return;
  cluster = await startCluster();
  const url = await cluster.createDatabase();
  pool = new Pool({ connectionString: url, max: 10 });
  pool.on('error', () => undefined);
  await migratePostgres(url, silent);
}, 60_000);
afterAll(async () => {
  for (const counters of opened) await counters.close();
  if (!there) return;
  await pool.end();
  cluster.dispose();
});

/** Names of their own for each test, for all of them share the tables. */
function open(prefix: string, clock: SimClock | null): PostgresCounters {
  const counters = new PostgresCounters({
    db: {
      query: (text, [name, ...rest]) => {
        const named = typeof name === 'string' ? [prefix + name, ...rest] : [name, ...rest];
        return pool.query(text, text === 'select 1' ? [] : named);
      },
    },
    clock: systemClock,
    nowMs: clock === null ? null : () => clock.nowMs(),
  });
  opened.push(counters);
  return counters;
}

function nextPrefix(): string {
  made += 1;
  return `test${made}:`;
}

const make = (clock: SimClock) => open(nextPrefix(), clock);
const slow = { runs: 8, timeoutMs: 60_000 };
if (there) {
  windowsSuite('postgres', make, slow);
  placesSuite('postgres', make);
  leaksSuite('postgres', make, slow);
}
sharedCountersSuite({
  name: 'postgres',
  test: needful,
  make(clock, count) {
    const prefix = nextPrefix();
    return Array.from({ length: count }, () => {
      const counters = open(prefix, clock);
      return { counters, renew: () => counters.renew() };
    });
  },
});
storeClockSuite({ name: 'postgres', test: needful }, () => open(nextPrefix(), null));

describe('postgres: what only a store across a wire does', () => {
  needful('what is over is swept, and nothing else', async () => {
    const clock = new SimClock();
    const counters = open(nextPrefix(), clock);
    const count = async (table: string) =>
      Number((await pool.query(`select count(*) from ${table}`)).rows[0]?.count);
    clock.jump(-1_000_000_000);
    await counters.take('old', { limit: 3, windowS: 60 }, 1);
    await counters.enter('old', 3);
    await counters.leak('old', { ratePerS: 1, burst: 2, nodelay: true });
    const before = [await count('counters'), await count('counter_slots')];
    clock.jump(1_000_000);
    const other = new PostgresCounters({
      db: pool,
      clock: systemClock,
      nowMs: () => clock.nowMs(),
    });
    opened.push(other);
    expect(await other.sweep()).toBe(4);
    const after = [await count('counters'), await count('counter_slots')];
    expect(after).toEqual([(before[0] ?? 0) - 3, (before[1] ?? 0) - 1]);
  });

  needful('a database that stands still is not waited for longer than a second', async () => {
    const counters = open(nextPrefix(), null);
    const client = await pool.connect();
    await counters.take('k', { limit: 3, windowS: 60 }, 1);
    await client.query('begin; lock table counters in access exclusive mode');
    const startedMs = Date.now();
    const asked = counters.take('k', { limit: 3, windowS: 60 }, 1);
    await expect(asked).rejects.toThrow('did not answer within 1000 ms');
    expect(Date.now() - startedMs).toBeLessThan(1_500);
    await client.query('rollback');
    client.release();
  });
});
