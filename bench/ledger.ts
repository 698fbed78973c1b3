/**
 * Hold and settle, as fast as the books take them: one account, so many callers at once, each
 * waiting for its hold and its settlement before the next call.
 *
 *   bun bench/ledger.ts [postgres://user:password@host:port/database]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLog } from '../src/kit/log.ts';
import type { HoldRow, SettleRow, Store } from '../src/storage/ports.ts';
import { openPostgres } from '../src/storage/postgres/store.ts';
import { openSqlite } from '../src/storage/sqlite/store.ts';

const RUN_MS = 3_000;
const WARM_MS = 500;
const CALLERS = [1, 64, 512];
/** Stores on one PostgreSQL, each with connections of its own, as many nodes would be. */
const NODES = [4, 64];

const log = makeLog('silent', () => undefined);
let made = 0;

function rows(accountId: string): { readonly hold: HoldRow; readonly settle: SettleRow } {
  made += 1;
  const id = `call_${process.pid}_${made}`;
  const hold: HoldRow = {
    id,
    accountId,
    keyId: 'key_bench',
    keyBudgeted: false,
    requestId: `req_${made}`,
    service: 'chat',
    model: 'model',
    endpoint: null,
    stream: false,
    amount: 1_000n,
    tokens: 500,
    priceId: 'price',
    startedMs: Date.now(),
  };
  const quantities = {
    inputTokens: 100,
    outputTokens: 50,
    cachedInputTokens: 0,
    reasoningTokens: 0,
  };
  const settle: SettleRow = {
    id,
    state: 'charged',
    charge: 900n,
    quantities,
    usageSource: 'vendor',
    endReason: 'complete',
    fault: null,
    upstream: 'upstream',
    wireModel: 'model',
    priceId: 'price',
    attempts: '[]',
    queuedMs: 1,
    firstByteMs: 2,
    totalMs: 3,
    evidence: null,
  };
  return { hold, settle };
}

interface Load {
  readonly stores: readonly Store[];
  readonly accountId: string;
  readonly callers: number;
}

async function drive({ stores, accountId, callers }: Load) {
  const begunMs = performance.now();
  const isWarm = (): boolean => performance.now() - begunMs > WARM_MS;
  const times: number[] = [];
  const work = async (store: Store): Promise<void> => {
    while (performance.now() - begunMs < WARM_MS + RUN_MS) {
      const { hold, settle } = rows(accountId);
      const startMs = performance.now();
      await store.ledger.hold(hold);
      const heldMs = performance.now() - startMs;
      await store.ledger.settle(settle);
      if (isWarm()) times.push(heldMs);
    }
  };
  await Promise.all(
    Array.from({ length: callers }, (_, at) => work(stores[at % stores.length] as Store)),
  );
  times.sort((a, b) => a - b);
  const at = (part: number): string => (times[Math.floor(times.length * part)] ?? 0).toFixed(1);
  const perS = Math.round(times.length / (RUN_MS / 1_000));
  return `${String(perS).padStart(7)} calls/s   hold p50 ${at(0.5)} ms   p99 ${at(0.99)} ms`;
}

async function makeAccount(store: Store): Promise<string> {
  const id = `bench_${Date.now()}`;
  await store.accounts.insert({ id, name: id, unlimited: false, createdMs: 1 });
  await store.ledger.enter({
    cause: `topup:${id}`,
    from: 'funding',
    to: id,
    amount: 10n ** 17n,
    atMs: 1,
  });
  return id;
}

async function bench(name: string, stores: readonly Store[], callers: readonly number[]) {
  const accountId = await makeAccount(stores[0] as Store);
  for (const count of callers) {
    const line = await drive({ stores, accountId, callers: count });
    console.log(`${name.padEnd(28)} ${String(count).padStart(4)} callers ${line}`);
  }
  for (const store of stores) await store.close();
}

for (const sync of ['interval', 'commit'] as const) {
  const dir = mkdtempSync(join(tmpdir(), 'gangway-bench-'));
  await bench(`sqlite, ${sync}`, [await openSqlite({ dir, sync })], CALLERS);
  rmSync(dir, { recursive: true });
}
const url = process.argv[2];
if (url !== undefined) {
  const open = () => openPostgres({ url, connectionsMax: 1, leaseMs: 15_000, migrate: true, log });
  await bench('postgres, 1 node', [await open()], CALLERS);
  for (const nodes of NODES) {
    const stores = [];
    for (let at = 0; at < nodes; at += 1) stores.push(await open());
    await bench(`postgres, ${nodes} nodes`, stores, [nodes, 512]);
  }
}
