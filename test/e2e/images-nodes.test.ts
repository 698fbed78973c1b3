/** Pictures from two gateways on one PostgreSQL: whichever works on a task, its caller hears. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import OpenAI from 'openai';
import { hasProgram, needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { createKey } from './books.ts';
import {
  cleanUp,
  type Gateway,
  makeFolder,
  runCli,
  startGateway,
  startSandbox,
} from './gateway.ts';
import { askedFor, fromBase64, JOB_MS, RUN_MS, sizeOf } from './images-place.ts';

const there = hasProgram('postgres');
const needful = needs('postgres');
const ROUNDS = 8;
const SIDES = 1_024;
let cluster: Cluster;
let sandbox: string;
let nodes: readonly Gateway[];
let env: Record<string, string>;
let key: string;

beforeAll(async () => {
  if (!there) return;
  cluster = await startCluster();
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  env = {
    DATABASE_URL: await cluster.createDatabase(),
    GANGWAY_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const vendors = {
    openai: { base_url: `${sandbox}/openai/v1`, key: 'sandbox-openai-key' },
    bfl: { base_url: `${sandbox}/bfl/v1`, key: 'sandbox-bfl-key' },
  };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10 }',
    `results: { dir: '${join(makeFolder(), 'results')}' }`,
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'limits: { requests_per_minute: 0 }',
    'log_level: warn',
  ].join('\n');
  const first = await startGateway({ env, yaml });
  nodes = [first, await startGateway({ env, yaml })];
  const books = { cli: (...words: string[]) => runOn(words) };
  await books.cli('accounts', 'create', 'payer', '--balance', '1000');
  key = (await createKey(books, '--account', 'payer')).key;
}, 60_000);
afterAll(async () => {
  await cleanUp();
  if (there) cluster.dispose();
});

async function runOn(words: readonly string[]): Promise<unknown> {
  const { code, out, err } = await runCli([...words, '--json'], { env });
  if (code !== 0) throw new Error(err + out);
  return JSON.parse(out);
}

describe('two nodes', () => {
  needful(
    'every caller gets its pictures, and soon, whichever of them did the work',
    async () => {
      const startedMs = performance.now();
      const asked = Array.from({ length: ROUNDS * 2 }, async (_, at) => {
        const baseURL = `${nodes[at % 2]?.url}/v1`;
        const client = new OpenAI({ apiKey: key, baseURL, maxRetries: 0 });
        const model = at < ROUNDS ? 'gpt-image-2.6-flare' : 'flux-pro-1.1';
        const size = `${SIDES}x${SIDES}` as const;
        const made = await client.images.generate({ model, prompt: `shared ${at}.`, size });
        return sizeOf(fromBase64(made.data?.[0]?.b64_json));
      });
      const sizes = await Promise.all(asked);
      expect(new Set(sizes)).toEqual(new Set([`${SIDES}x${SIDES}`]));
      expect(performance.now() - startedMs).toBeLessThan(12_000);
      expect(await askedFor(sandbox, 'shared')).toHaveLength(ROUNDS * 2);
      expect(await runOn(['audit'])).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
    },
    RUN_MS,
  );
});
