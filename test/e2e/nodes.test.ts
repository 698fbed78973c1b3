/** Two gateways on one PostgreSQL, one of them killed again and again under load. */
import { afterAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import {
  audit,
  createKey,
  ledgerCalls,
  nanos,
  showAccount,
  vendorCalls,
  vendorStats,
} from './books.ts';
import { faultCode, readAll, sendChat, tell } from './chat.ts';
import {
  cleanUp,
  type Gateway,
  type GatewayOptions,
  makeFolder,
  runCli,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';

const test = needs('postgres');
const KILLS = 8;
const WORKERS = 12;
const LOAD_MS_MAX = 500;
const LEASE_MS = 1_500;
const RUN_MS = 90_000;
const BALANCE = '100';
const PRICE = ['10', '30'] as const;
const MODELS = [
  { id: 'quick', wire: 'compatible-chat' },
  { id: 'stream', wire: 'sandbox-stream-6x8' },
  { id: 'cut', wire: 'sandbox-cut-middle' },
].map((model) => ({ ...model, price: PRICE, outputTokensMax: 200 }));
const REST = 'retry: { delay_ms: 5 }\nlimits: { requests_per_minute: 0 }\nlog_level: error\n';

let cluster: Cluster | undefined;
afterAll(async () => {
  await cleanUp();
  cluster?.dispose();
});

interface Pair {
  readonly options: readonly GatewayOptions[];
  readonly nodes: Gateway[];
  readonly sandbox: string;
  readonly url: string;
}

/** Both start at the same moment, on a database that is empty. */
async function startPair(): Promise<Pair> {
  cluster ??= await startCluster();
  const url = await cluster.createDatabase();
  const { url: sandbox } = await startSandbox('--pause-ms', '3');
  const yaml = vendorsYaml([{ name: 'one', url: sandbox, models: MODELS }], REST);
  const env = { DATABASE_URL: url, GANGWAY_STORAGE_LEASE_MS: String(LEASE_MS) };
  const options = [0, 1].map(() => ({ data: join(makeFolder(), 'data'), yaml, env }));
  const nodes = await Promise.all(options.map((each) => startGateway(each)));
  return { options, nodes, sandbox, url };
}

interface Load {
  readonly answered: Set<string>;
  running: boolean;
}

/** Calls the one, then the other; where a node is away the next call goes elsewhere. */
async function work(load: Load, pair: Pair, key: string): Promise<void> {
  for (let at = 0; load.running; at += 1) {
    const url = pair.nodes[at % 2]?.url ?? '';
    const model = MODELS[at % MODELS.length]?.id ?? 'quick';
    const stream = at % 3 > 0;
    try {
      const response = await sendChat({ url, key, model, stream });
      const { text, broken } = await readAll(response);
      const id = response.headers.get('x-gangway-call');
      const whole = !broken && response.status === 200 && (!stream || tell(text).done);
      if (whole && id !== null) load.answered.add(id);
    } catch {
      await Bun.sleep(2);
    }
  }
}

describe(`two nodes, ${KILLS} kills`, () => {
  test(
    'no call is lost or charged twice, and the survivor parks what the dead one held',
    async () => {
      const pair = await startPair();
      const [first] = pair.nodes as [Gateway, Gateway];
      expect(pair.nodes.filter(({ key }) => key !== '').length).toBe(1);
      await first.cli('accounts', 'create', 'payer', '--balance', BALANCE);
      const { key } = await createKey(first, '--account', 'payer');
      const load: Load = { answered: new Set(), running: true };
      const workers = Array.from({ length: WORKERS }, () => work(load, pair, key));
      for (let kill = 0; kill < KILLS; kill += 1) {
        await Bun.sleep(100 + ((kill * 197) % LOAD_MS_MAX));
        await pair.nodes[kill % 2]?.kill();
        const options = pair.options[kill % 2];
        pair.nodes[kill % 2] = await startGateway(options);
      }
      load.running = false;
      await Promise.all(workers);
      const [node] = pair.nodes as [Gateway, Gateway];
      const quiet = async () => (await vendorStats(pair.sandbox)).open === 0;
      await until(quiet, 'the vendor is at rest');
      const parked = async () => (await audit(node)).open_holds === 0;
      await until(parked, 'the holds of dead nodes are parked', 5 * LEASE_MS);
      const books = await audit(node);
      expect(books).toMatchObject({ balanced: true, problems: [], sum: '0' });
      expect(books.unknown).toBeGreaterThan(0);
      const ledger = await ledgerCalls(node);
      const byId = new Map(ledger.map((call) => [call.id, call]));
      expect(byId.size).toBe(ledger.length);
      const vendor = await vendorCalls(pair.sandbox);
      expect(vendor.length).toBeGreaterThan(100);
      expect(vendor.filter((call) => !byId.has(call.client_request_id ?? ''))).toEqual([]);
      for (const id of load.answered) {
        expect(['charged', 'unknown']).toContain(byId.get(id)?.state ?? 'missing');
      }
      const spent = ledger.reduce((sum, call) => sum + nanos(call.charge), 0n);
      const payer = await showAccount(node, 'payer');
      expect(nanos(payer.balance)).toBe(nanos(BALANCE) - spent);
      for (const each of pair.nodes) expect(await each.stop()).toBe(0);
      expect((await runCli(['audit'], { env: pair.options[0]?.env ?? {} })).code).toBe(0);
    },
    RUN_MS,
  );
});

describe('PostgreSQL restarted under load', () => {
  test(
    'callers see answers and 503, never another fault; the books are whole',
    async () => {
      const pair = await startPair();
      const [node] = pair.nodes as [Gateway, Gateway];
      await node.cli('accounts', 'create', 'payer', '--balance', BALANCE);
      const { key } = await createKey(node, '--account', 'payer');
      const seen = new Map<string, number>();
      let running = true;
      const call = async (at: number): Promise<void> => {
        for (; running; ) {
          const url = pair.nodes[at % 2]?.url ?? '';
          const response = await sendChat({ url, key, model: 'quick' });
          const text = await response.text();
          const kind = response.status === 200 ? '200' : `${response.status} ${faultCode(text)}`;
          seen.set(kind, (seen.get(kind) ?? 0) + 1);
        }
      };
      const workers = Array.from({ length: WORKERS }, (_, at) => call(at));
      await Bun.sleep(1_000);
      for (let times = 0; times < 2; times += 1) {
        cluster?.stop();
        // Longer than a caller is made to wait.
        await Bun.sleep(4_500);
        expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
        cluster?.start();
        await Bun.sleep(1_000);
      }
      running = false;
      await Promise.all(workers);
      expect([...seen.keys()].toSorted()).toEqual(['200', '503 storage_unavailable']);
      await until(async () => (await audit(node)).open_holds === 0, 'all is settled', 20_000);
      const books = await audit(node);
      expect(books).toMatchObject({ balanced: true, problems: [], sum: '0', unknown: 0 });
      const ledger = await ledgerCalls(node);
      const known = new Set(ledger.map(({ id }) => id));
      const vendor = await vendorCalls(pair.sandbox);
      expect(vendor.filter((each) => !known.has(each.client_request_id ?? ''))).toEqual([]);
      expect(books.charged).toBe(vendor.length);
      for (const each of pair.nodes) expect(await each.stop()).toBe(0);
    },
    RUN_MS,
  );
});

const budgets = z.array(z.object({ spent: z.string(), held: z.string(), left: z.string() }));

describe('two nodes, one set of books', () => {
  test(
    'a key that one command disables is refused by both within a second; budgets bind both',
    async () => {
      const pair = await startPair();
      const [first] = pair.nodes as [Gateway, Gateway];
      const { key, id } = await createKey(first);
      const ask = async (node: Gateway) => {
        const response = await sendChat({ url: node.url, key, model: 'quick' });
        return { status: response.status, text: await response.text() };
      };
      for (const node of pair.nodes) expect((await ask(node)).status).toBe(200);
      await first.cli('budgets', 'set', '--key', id, '--per', 'day', '0.0075');
      const stops = async (node: Gateway) => (await ask(node)).status === 402;
      await until(() => stops(first), 'the first node refuses', 10_000);
      for (const node of pair.nodes) {
        const { text } = await ask(node);
        expect(faultCode(text)).toBe('budget_exceeded');
        expect(text).toMatch(/budget of 0\.0075 for this day.*starts anew at 20\d\d-/);
      }
      const [budget] = budgets.parse(await first.cli('budgets', 'list', '--key', id));
      expect(nanos(budget?.spent ?? '9')).toBeLessThanOrEqual(nanos('0.0075'));
      await first.cli('keys', 'disable', id);
      const refused = async () =>
        (await Promise.all(pair.nodes.map(ask))).every(({ status }) => status === 401);
      await until(refused, 'both refuse the key', 1_000);
      for (const node of pair.nodes) expect(await node.stop()).toBe(0);
    },
    RUN_MS,
  );
});
