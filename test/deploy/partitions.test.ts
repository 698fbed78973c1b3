/** deploy/sql/partition-calls.sql on a real PostgreSQL: the books go on as before. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/storage/ports.ts';
import { hasProgram, needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { makePostgresPlace, type PostgresPlace } from '../storage/postgres-place.ts';
import { auditGood, holdRow, makePurse, type Purse, settleRow } from '../suites/storage-rig.ts';

const SQL = readFileSync(join(import.meta.dir, '../../deploy/sql/partition-calls.sql'), 'utf8');
const DAY_MS = 86_400_000;
const there = hasProgram('postgres');
const needful = needs('postgres');
let cluster: Cluster;
let place: PostgresPlace;
let store: Store;
let purse: Purse;

beforeAll(async () => {
  if (!there) return;
  cluster = await startCluster();
  place = await makePostgresPlace(cluster);
  store = await place.open();
  purse = await makePurse(store, null);
}, 60_000);
afterAll(async () => {
  if (!there) return;
  await place.dispose();
  cluster.dispose();
});

/** An id of that moment, as kit/ids.ts makes them. */
function idAt(ms: number): string {
  const random = crypto.randomUUID().replaceAll('-', '').slice(0, 20);
  return `call_${ms.toString(16).padStart(12, '0')}${random}`;
}

async function call(startedMs: number): Promise<string> {
  const id = idAt(startedMs);
  await store.ledger.hold(holdRow(purse, 10n, { id, startedMs }));
  expect(await store.ledger.settle(settleRow(id, 7n))).toBe('settled');
  return id;
}

async function tableOf(id: string): Promise<unknown> {
  const rows = await place.ask(`select tableoid::regclass::text as name from calls
    where id = '${id}'`);
  return rows[0]?.name;
}

/** Name of the partition of the month that is `months` away. */
function monthAhead(months: number): { name: string; ms: number } {
  const now = new Date();
  const date = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 5));
  return { name: `calls_${date.toISOString().slice(0, 7).replace('-', '_')}`, ms: date.getTime() };
}

describe('calls in months', () => {
  needful(
    'what was before stays, what comes goes to its month, the books balance',
    async () => {
      const before = [await call(Date.now() - 90 * DAY_MS), await call(Date.now())];
      await place.ask(SQL);
      for (const id of before) expect(await tableOf(id)).toBe('calls_before');
      const now = await call(Date.now());
      expect(await tableOf(now)).toBe('calls_before');
      for (const months of [1, 3]) {
        const { name, ms } = monthAhead(months);
        expect(await tableOf(await call(ms))).toBe(name);
      }
      expect(await tableOf(await call(monthAhead(9).ms))).toBe('calls_default');
      // Ended once, wherever it stands.
      const again = settleRow(now, 7n);
      expect(await store.ledger.settle(again)).toBe('already_settled');
      const audit = await auditGood(store);
      expect(audit.calls).toBe(6);
      expect((await store.calls.list({ limit: 10 })).length).toBe(6);
      expect((await store.calls.byId(now))?.charge).toBe(7n);
    },
    30_000,
  );

  needful(
    'more months are made once; a page of calls reads only its own months',
    async () => {
      const [first] = await place.ask('select gangway_next_months(5) as made');
      const [second] = await place.ask('select gangway_next_months(5) as made');
      expect([first?.made, second?.made]).toEqual([2, 0]);
      const id = idAt(monthAhead(2).ms);
      const plan = await place.ask(`explain select * from calls where account_id = 'a'
      and id > '${id}' and id < '${id}z' order by id desc limit 10`);
      const text = plan.map((row) => Object.values(row)[0]).join('\n');
      expect(text).toContain(monthAhead(2).name);
      expect(text).not.toContain('calls_before');
    },
    30_000,
  );

  needful(
    'every index is on every month',
    async () => {
      const indexes = await place.ask(`select tablename, count(*)::int as count from pg_indexes
      where tablename like 'calls%' group by tablename`);
      const counts = new Set(indexes.map(({ count }) => count));
      expect(counts.size).toBe(1);
      expect([...counts][0]).toBeGreaterThanOrEqual(2);
    },
    30_000,
  );
});
