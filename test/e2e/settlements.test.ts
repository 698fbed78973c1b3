/** Books that cannot be written while a call ends: the end waits, and is written once. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { audit, createKey, ledgerCalls, showAccount } from './books.ts';
import { sendChat } from './chat.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, until } from './gateway.ts';

/** Longer than SQLite itself waits for a lock. */
const LOCKED_MS = 7_000;
const RUN_MS = 60_000;

let gateway: Gateway;
let vendor: ReturnType<typeof Bun.serve>;
let data: string;
const arrived = Promise.withResolvers<void>();
const mayAnswer = Promise.withResolvers<void>();

beforeAll(async () => {
  vendor = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch() {
      arrived.resolve();
      await mayAnswer.promise;
      const message = { role: 'assistant', content: 'hi' };
      const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
      return Response.json({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage });
    },
  });
  data = join(makeFolder(), 'data');
  const yaml = `
vendors:
  openai-compatible:
    base_url: http://127.0.0.1:${vendor.port}/v1
    models: [{ id: mine, price: { input: "1000", output: "1000" } }]
log_level: silent
`;
  gateway = await startGateway({ data, yaml });
});
afterAll(async () => {
  await vendor.stop(true);
  await cleanUp();
});

async function metric(name: string): Promise<number> {
  const headers = { authorization: `Bearer ${gateway.operatorKey}` };
  const text = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  const line = text.split('\n').find((one) => one.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('an end that the books refuse', () => {
  test(
    'is kept, shown in the metrics, and written once with what the vendor counted',
    async () => {
      await gateway.cli('accounts', 'create', 'team', '--balance', '100');
      const { key } = await createKey(gateway, '--account', 'team');
      const calling = sendChat({ ...gateway, key, model: 'mine' });
      await arrived.promise;
      const db = new Database(join(data, 'gangway.sqlite'));
      db.run('begin immediate');
      mayAnswer.resolve();
      expect((await calling).status).toBe(200);
      await Bun.sleep(LOCKED_MS);
      expect(await metric('gangway_unsettled_calls')).toBe(1);
      expect(await metric('gangway_settlement_failures_total{event="refused"}')).toBeGreaterThan(0);
      db.run('rollback');
      db.close();
      await until(
        async () => ((await metric('gangway_unsettled_calls')) === 0 ? true : undefined),
        'the end is written',
        30_000,
      );
      expect(await ledgerCalls(gateway)).toMatchObject([
        { state: 'charged', charge: '0.01', inputTokens: 7, outputTokens: 3 },
      ]);
      expect(await showAccount(gateway, 'team')).toMatchObject({ balance: '99.99', held: '0' });
      expect(await audit(gateway)).toMatchObject({ balanced: true });
      expect(await metric('gangway_settlement_failures_total{event="dropped"}')).toBe(0);
    },
    RUN_MS,
  );
});
