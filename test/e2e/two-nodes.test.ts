/** Two gateways on one PostgreSQL and no Redis: limits and idempotency keys are shared. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { hasProgram, needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { ledgerCalls } from './books.ts';
import { cleanUp, type Gateway, runCli, startGateway, until } from './gateway.ts';

const there = hasProgram('postgres');
const needful = needs('postgres');
const KEYS = 10;
let cluster: Cluster;
let nodes: readonly [Gateway, Gateway];
let env: Record<string, string>;

beforeAll(async () => {
  if (!there) return;
  cluster = await startCluster();
  env = {
    DATABASE_URL: await cluster.createDatabase(),
    GANGWAY_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    GANGWAY_LIMITS_REQUESTS_PER_MINUTE: '20',
  };
  const first = await startGateway({ env });
  nodes = [first, await startGateway({ env })];
}, 60_000);
afterAll(async () => {
  await cleanUp();
  if (there) cluster.dispose();
});

const ask = (node: Gateway, more: Record<string, string> = {}): Promise<Response> =>
  fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${nodes[0].key}`,
      'content-type': 'application/json',
      ...more,
    },
    body: JSON.stringify({ model: 'sandbox-fast', messages: [{ role: 'user', content: 'hi' }] }),
  });

describe('two nodes', () => {
  needful(
    'one key at both at once is one call',
    async () => {
      const asked = Array.from({ length: KEYS * 2 }, async (_, at) => {
        const response = await ask(nodes[at % 2 === 0 ? 0 : 1], {
          'idempotency-key': `k${Math.floor(at / 2)}`,
        });
        return { status: response.status, text: await response.text() };
      });
      const answers = await Promise.all(asked);
      expect(answers.every(({ status }) => status === 200)).toBeTrue();
      for (let at = 0; at < KEYS; at += 1) {
        expect(answers[at * 2]?.text).toBe(answers[at * 2 + 1]?.text ?? '');
      }
      const books = {
        cli: (...words: string[]) => runOn(words),
      };
      await until(
        async () => (await ledgerCalls(books)).every(({ state }) => state === 'charged'),
        'all is settled',
      );
      expect((await ledgerCalls(books)).length).toBe(KEYS);
    },
    30_000,
  );

  needful(
    'together they let in what one may',
    async () => {
      const asked = Array.from({ length: 24 }, (_, at) => ask(nodes[at % 2 === 0 ? 0 : 1]));
      const statuses = (await Promise.all(asked)).map(({ status }) => status);
      // Repeated answers took nothing of the limit.
      expect(statuses.filter((status) => status === 200).length).toBe(20 - KEYS);
      expect(statuses.filter((status) => status === 429).length).toBe(24 - (20 - KEYS));
      const ready = await (await fetch(`${nodes[1].url}/readyz`)).json();
      expect(ready).toMatchObject({ status: 'ready', counters: 'ok' });
    },
    30_000,
  );
});

async function runOn(words: readonly string[]): Promise<unknown> {
  const { code, out, err } = await runCli([...words, '--json'], { env });
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}
