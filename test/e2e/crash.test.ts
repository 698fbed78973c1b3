/** kill -9 at fifty random moments under load: what reached the vendor is not lost or doubled. */
import { afterAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import {
  audit,
  createKey,
  type LedgerCall,
  ledgerCalls,
  nanos,
  showAccount,
  type VendorCall,
  vendorCalls,
  vendorStats,
} from './books.ts';
import { readAll, sendChat, tell } from './chat.ts';
import {
  cleanUp,
  type Gateway,
  launchGateway,
  makeFolder,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';

const KILLS = 50;
const WORKERS = 12;
/** Some kills hit the start itself, while it replays what the last one left. */
const AT_START_EVERY = 8;
const LOAD_MS_MAX = 250;
const START_MS_MAX = 300;
const BALANCE = '100';
const PRICE = ['10', '30'] as const;
const RUN_MS = 90_000;

const seed = Number(Bun.env.GANGWAY_TEST_SEED ?? Date.now() % 1_000_000);

/** Mulberry32. */
function makeRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MODELS = [
  { id: 'quick', wire: 'compatible-chat' },
  { id: 'stream', wire: 'sandbox-stream-6x8' },
  { id: 'once', wire: 'sandbox-500-once' },
  { id: 'cut', wire: 'sandbox-cut-middle' },
  { id: 'refused', wire: 'sandbox-400' },
].map((model) => ({ ...model, price: PRICE, outputTokensMax: 200 }));
const REST = `
retry: { delay_ms: 5 }
breaker: { failures: 100000 }
limits: { requests_per_minute: 0 }
log_level: error
`;

interface Load {
  /** Ids of calls whose whole answer reached the caller. */
  readonly answered: Set<string>;
  running: boolean;
  url: string | null;
}

/** Calls and calls, and takes what comes; where no gateway stands it waits for one. */
async function work(load: Load, key: string, random: () => number): Promise<void> {
  while (load.running) {
    const { url } = load;
    if (url === null) {
      await Bun.sleep(2);
      continue;
    }
    const model = MODELS[Math.floor(random() * MODELS.length)]?.id ?? 'quick';
    const stream = random() < 0.6;
    try {
      const response = await sendChat({ url, key, model, stream });
      const { text, broken } = await readAll(response);
      const id = response.headers.get('x-gangway-call');
      const whole = !broken && response.status === 200 && (!stream || tell(text).done);
      if (whole && id !== null) load.answered.add(id);
    } catch {
      // The gateway was killed under this call.
      if (load.url === url) await Bun.sleep(2);
    }
  }
}

interface Aftermath {
  readonly ledger: readonly LedgerCall[];
  readonly vendor: readonly VendorCall[];
  readonly answered: ReadonlySet<string>;
  readonly books: Awaited<ReturnType<typeof audit>>;
  readonly account: Awaited<ReturnType<typeof showAccount>>;
}

async function killAgainAndAgain(): Promise<Aftermath> {
  const random = makeRandom(seed);
  const { url: sandbox } = await startSandbox('--pause-ms', '3');
  const yaml = vendorsYaml([{ name: 'one', url: sandbox, models: MODELS }], REST);
  const data = join(makeFolder(), 'data');
  let gateway: Gateway = await startGateway({ data, yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', BALANCE);
  const { key } = await createKey(gateway, '--account', 'payer');
  const load: Load = { answered: new Set(), running: true, url: gateway.url };
  const workers = Array.from({ length: WORKERS }, () => work(load, key, random));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    await Bun.sleep(random() * LOAD_MS_MAX);
    load.url = null;
    if (kill % AT_START_EVERY === 0) {
      await gateway.kill();
      const starting = launchGateway({ data, yaml });
      await Bun.sleep(random() * START_MS_MAX);
      starting.child.kill('SIGKILL');
      await starting.child.exited;
      kill += 1;
    } else await gateway.kill();
    gateway = await startGateway({ data, yaml });
    load.url = gateway.url;
  }
  load.running = false;
  await Promise.all(workers);
  await until(async () => (await vendorStats(sandbox)).open === 0, 'the vendor is at rest');
  await until(async () => (await audit(gateway)).open_holds === 0, 'no hold is open');
  const books = await audit(gateway);
  const ledger = await ledgerCalls(gateway);
  const account = await showAccount(gateway, 'payer');
  const vendor = await vendorCalls(sandbox);
  expect(await gateway.stop()).toBe(0);
  return { ledger, vendor, answered: load.answered, books, account };
}

let made: Promise<Aftermath> | undefined;
const aftermath = (): Promise<Aftermath> => {
  made ??= killAgainAndAgain();
  return made;
};

afterAll(cleanUp);

describe(`killed ${KILLS} times under load, GANGWAY_TEST_SEED=${seed}`, () => {
  test(
    'the books balance and no hold is left open',
    async () => {
      const { books, ledger, account } = await aftermath();
      expect(books.problems).toEqual([]);
      expect(books).toMatchObject({ balanced: true, open_holds: 0, sum: '0' });
      expect(books.calls).toBe(ledger.length);
      expect(books.calls).toBeGreaterThan(500);
      expect(books.unknown).toBeGreaterThan(0);
      const spent = ledger.reduce((sum, call) => sum + nanos(call.charge), 0n);
      expect(nanos(account.balance)).toBe(nanos(BALANCE) - spent);
      const parked = ledger.filter(({ state }) => state === 'unknown');
      const held = parked.reduce((sum, call) => sum + nanos(call.hold), 0n);
      expect(nanos(account.held)).toBe(held);
    },
    RUN_MS,
  );

  test('every call that reached the vendor is in the ledger, once', async () => {
    const { ledger, vendor } = await aftermath();
    const ids = ledger.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const known = new Set(ids);
    const missing = vendor.filter(({ client_request_id: id }) => id === null || !known.has(id));
    expect(missing).toEqual([]);
    expect(vendor.length).toBeGreaterThan(500);
  });

  test('every answered call is in the ledger, charged or parked with evidence', async () => {
    const { ledger, answered } = await aftermath();
    const byId = new Map(ledger.map((call) => [call.id, call]));
    expect(answered.size).toBeGreaterThan(200);
    for (const id of answered) {
      const call = byId.get(id);
      expect(['charged', 'unknown']).toContain(call?.state ?? 'missing');
      if (call?.state === 'unknown') expect(call.evidence).not.toBeNull();
    }
  });

  test('no call is charged twice, or with another amount than its own', async () => {
    const { ledger, vendor } = await aftermath();
    const usages = new Map(vendor.map((call) => [call.client_request_id, call.usage]));
    let charged = 0;
    for (const call of ledger) {
      const cost = BigInt(call.inputTokens) * 10_000n + BigInt(call.outputTokens) * 30_000n;
      expect([call.id, nanos(call.charge)]).toEqual([call.id, cost]);
      if (call.state !== 'charged') expect(cost).toBe(0n);
      if (call.state === 'unknown') expect(call.endReason).toBe('crash');
      if (call.usageSource !== 'vendor') continue;
      charged += 1;
      const usage = usages.get(call.id);
      expect([call.inputTokens, call.outputTokens]).toEqual([
        usage?.prompt_tokens ?? -1,
        usage?.completion_tokens ?? -1,
      ]);
    }
    expect(charged).toBeGreaterThan(200);
  });

  test('what a crash left unknown was under way at one of the crashes', async () => {
    const { ledger } = await aftermath();
    const parked = ledger.filter(({ state }) => state === 'unknown');
    // No more than every worker's one call at each kill.
    expect(parked.length).toBeLessThanOrEqual(KILLS * WORKERS);
  });
});
