/** What compose.yaml describes, as processes: three gateways killed one by one under load. */
import { afterAll, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { audit, ledgerCalls, vendorCalls } from '../e2e/books.ts';
import { makeCertificate } from '../e2e/certificate.ts';
import {
  cleanUp,
  keepYaml,
  launch,
  makeFolder,
  ROOT,
  runCli,
  startSandbox,
  until,
} from '../e2e/gateway.ts';
import { vendorsYaml } from '../e2e/own-vendor.ts';
import { findNginx, needs } from '../needs.ts';
import { startCluster } from '../storage/postgres-cluster.ts';
import { makeRedisPlace } from '../storage/redis-place.ts';

const GATEWAYS = 3;
const WORKERS = 8;
const KILLS = 8;
const KILL_EVERY_MS = 1_000;
const LEASE_MS = 1_500;
const TRIES_MAX = 6;
const MODEL = 'sandbox-stream-6x8';

afterAll(cleanUp);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** deploy/nginx.conf with other places. */
async function startNginx(ports: readonly number[]) {
  const folder = makeFolder();
  const { cert, key } = makeCertificate(folder, 'localhost');
  const [plain, secure] = [await freePort(), await freePort()];
  let text = await Bun.file(join(ROOT, 'deploy/nginx.conf')).text();
  ports.forEach((port, at) => {
    text = text.replace(`gateway${at + 1}:8420`, `127.0.0.1:${port}`);
  });
  text = text
    .replace('/etc/nginx/tls/gangway.crt', cert)
    .replace('/etc/nginx/tls/gangway.key', key)
    .replace('listen 80;', `listen 127.0.0.1:${plain};`)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${secure} ssl;`);
  const conf = join(folder, 'nginx.conf');
  writeFileSync(conf, text);
  const globals = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;`;
  const { child } = launch([findNginx() ?? 'nginx', '-p', folder, '-c', conf, '-g', globals]);
  const url = `https://127.0.0.1:${secure}`;
  await until(
    () =>
      fetch(`${url}/healthz`, { tls: { rejectUnauthorized: false } }).then(
        () => true,
        () => false,
      ),
    'nginx answers',
    10_000,
  );
  const stop = async (): Promise<void> => {
    // Killed outright it would leave its workers behind.
    child.kill('SIGTERM');
    await child.exited;
  };
  return { url, stop };
}

/** Environment and settings that all nodes have, with secrets by reference as in compose.yaml. */
async function makeInstallation() {
  const cluster = await startCluster();
  const redis = await makeRedisPlace();
  const sandbox = await startSandbox();
  const folder = makeFolder();
  const keep = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return `file:${join(folder, name)}`;
  };
  const env = {
    DATABASE_URL: keep('database_url', await cluster.createDatabase()),
    GANGWAY_STORAGE_REDIS_URL: keep('redis_url', redis.url),
    GANGWAY_MASTER_KEY: keep('master_key', Buffer.alloc(32, 5).toString('base64')),
    GANGWAY_STORAGE_MIGRATE: 'off',
    GANGWAY_STORAGE_LEASE_MS: String(LEASE_MS),
    GANGWAY_SERVER_TRUSTED_PROXIES: '127.0.0.1',
  };
  const models = [{ id: 'm', wire: MODEL, price: ['10', '30'] as const, outputTokensMax: 200 }];
  const limits = 'limits: { requests_per_minute: 100000, concurrency: 100 }\n';
  const rest = `${limits}idempotency: { wait_ms: 500 }\nretry: { count: 0 }\n`;
  const config = keepYaml(vendorsYaml([{ name: 'v', url: sandbox.url, models }], rest));
  const cli = async (...words: string[]): Promise<unknown> => {
    const { code, out, err } = await runCli([...words, '--config', config, '--json'], { env });
    if (code !== 0) throw new Error(err);
    return JSON.parse(out);
  };
  const serve = (port: number, data: string) => {
    const words = ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--config', config];
    return launch([process.execPath, join(ROOT, 'src/main.ts'), ...words, '--json'], { env });
  };
  const dispose = async (): Promise<void> => {
    await redis.dispose();
    cluster.dispose();
  };
  return { cli, serve, dispose, sandboxUrl: sandbox.url };
}

interface Outcome {
  readonly call: string | null;
  readonly seen: readonly string[];
}

/** Asks under one key until there is an answer, or none will come. */
async function askOnce(url: string, secret: string): Promise<Outcome> {
  const key = crypto.randomUUID();
  const seen: string[] = [];
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${secret}`,
          'content-type': 'application/json',
          'idempotency-key': key,
          // By this the books know which calls one key made.
          'x-request-id': key,
        },
        body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }),
        tls: { rejectUnauthorized: false },
      });
      await response.text();
      seen.push(String(response.status));
      if (response.status === 200) return { call: response.headers.get('x-gangway-call'), seen };
    } catch {
      seen.push('broken');
    }
    await Bun.sleep(150);
  }
  return { call: null, seen };
}

/** Three gateways behind nginx; `kill` ends one for good and starts it anew. */
async function startNodes({ serve }: Pick<Installation, 'serve'>) {
  const ports = await Promise.all(Array.from({ length: GATEWAYS }, freePort));
  const data = ports.map(() => join(makeFolder(), 'data'));
  const start = (at: number) => serve(ports[at] ?? 0, data[at] ?? '');
  const first = start(0);
  await until(() => first.out().includes('\n'), 'the first one is ready', 20_000);
  const { key } = JSON.parse(first.out()) as { key: string };
  const nodes = [first, start(1), start(2)];
  await until(() => nodes.every(({ out }) => out().includes('\n')), 'all are ready', 20_000);
  const nginx = await startNginx(ports);
  return {
    key,
    url: nginx.url,
    async kill(at: number) {
      nodes[at]?.child.kill('SIGKILL');
      await nodes[at]?.child.exited;
      nodes[at] = start(at);
    },
    async stop() {
      for (const { child } of nodes) child.kill('SIGTERM');
      await Promise.all([nginx.stop(), ...nodes.map(({ child }) => child.exited)]);
    },
  };
}

async function killUnderLoad(nodes: Awaited<ReturnType<typeof startNodes>>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let stopped = false;
  const workers = Array.from({ length: WORKERS }, async () => {
    while (!stopped) outcomes.push(await askOnce(nodes.url, nodes.key));
  });
  for (let kills = 0; kills < KILLS; kills += 1) {
    await Bun.sleep(KILL_EVERY_MS);
    await nodes.kill(kills % GATEWAYS);
  }
  stopped = true;
  await Promise.all(workers);
  return outcomes;
}

needs(
  'postgres',
  'redis-server',
  'nginx',
  'openssl',
)(
  'gateways killed under load: no call is lost, none is made or charged twice',
  async () => {
    const installation = await makeInstallation();
    const { cli, dispose, sandboxUrl } = installation;
    try {
      await cli('migrate');
      const nodes = await startNodes(installation);
      try {
        const outcomes = await killUnderLoad(nodes);
        // Those that live find what the dead left open.
        await until(
          async () => (await ledgerCalls({ cli })).every(({ state }) => state !== 'open'),
          'every call has an end',
          15_000,
        );
        await audit({ cli });
        judge(outcomes, await ledgerCalls({ cli }), (await vendorCalls(sandboxUrl)).length);
      } finally {
        await nodes.stop();
      }
    } finally {
      await dispose();
    }
  },
  90_000,
);

type Installation = Awaited<ReturnType<typeof makeInstallation>>;
type Calls = Awaited<ReturnType<typeof ledgerCalls>>;

function judge(outcomes: readonly Outcome[], calls: Calls, asked: number): void {
  const answered = outcomes.flatMap(({ call }) => call ?? []);
  expect(answered.length).toBeGreaterThan(WORKERS * 3);
  expect(outcomes.some(({ seen }) => seen.length > 1)).toBeTrue();
  const paid = calls.filter(({ state }) => state === 'charged' || state === 'unknown');
  // One key, one call: whatever was sent again was not carried out again.
  expect(new Set(paid.map(({ requestId }) => requestId)).size).toBe(paid.length);
  expect(new Set(answered).size).toBe(answered.length);
  expect(asked).toBeLessThanOrEqual(calls.length);
  const known = new Set(paid.map(({ id }) => id));
  expect(answered.filter((id) => !known.has(id))).toEqual([]);
  // A call that was answered and not settled is unknown, and not one more.
  const charged = paid.filter(({ state }) => state === 'charged').length;
  expect(charged).toBeGreaterThan(answered.length - KILLS * WORKERS);
}
