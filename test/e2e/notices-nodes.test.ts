/** Two nodes on one database, one of which dies: what both see is told by one of them, once. */
import { afterAll, describe, expect } from 'bun:test';
import { z } from 'zod';
import { needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, until } from './gateway.ts';

const RUN_MS = 90_000;
/** Each node looks every five seconds. */
const LOOKS_MS = 12_000;

let cluster: Cluster | undefined;
let receiver: ReturnType<typeof Bun.serve> | undefined;
afterAll(async () => {
  await receiver?.stop(true);
  await cleanUp();
  cluster?.dispose();
});

describe('two nodes', () => {
  needs('postgres')(
    'tell what both see once, also where one was killed',
    async () => {
      const told: { readonly id: string; readonly below: string }[] = [];
      const event = z.object({ id: z.string(), data: z.object({ below: z.string() }) });
      receiver = Bun.serve({
        port: 0,
        hostname: '127.0.0.1',
        async fetch(request) {
          const { id, data } = event.parse(await request.json());
          told.push({ id, below: data.below });
          return new Response();
        },
      });
      cluster = await startCluster();
      const env = {
        DATABASE_URL: await cluster.createDatabase(),
        GANGWAY_MASTER_KEY: Buffer.alloc(32, 3).toString('base64'),
      };
      const yaml = `
notices:
  webhooks: [{ url: "http://127.0.0.1:${receiver.port}/", events: [notice.balance_low] }]
outbound: { allowed_hosts: ["127.0.0.1:${receiver.port}"] }
log_level: silent
`;
      const start = (): Promise<Gateway> => startGateway({ data: makeFolder(), yaml, env });
      const first = await start();
      const second = await start();
      await first.cli('accounts', 'create', 'team', '--balance', '100');
      await first.cli('accounts', 'warn', 'team', '200');
      await until(() => told.length > 0, 'it is told', LOOKS_MS);
      await Bun.sleep(LOOKS_MS);
      expect(told.map(({ below }) => below)).toEqual(['200']);
      await first.kill();
      const third = await start();
      await third.cli('accounts', 'warn', 'team', '300');
      await until(() => told.length > 1, 'it is told again', 2 * LOOKS_MS);
      await Bun.sleep(LOOKS_MS);
      expect(told.map(({ below }) => below)).toEqual(['200', '300']);
      expect(new Set(told.map(({ id }) => id)).size).toBe(2);
      const listed = z.array(z.object({ type: z.string() }));
      const all = listed.parse(await second.cli('notices', 'list'));
      expect(all.filter(({ type }) => type === 'notice.balance_low')).toHaveLength(2);
    },
    RUN_MS,
  );
});
