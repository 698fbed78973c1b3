/** Several gateways that share their limits in a real Redis, and what callers see without it. */
import { afterAll, describe, expect } from 'bun:test';
import { needs } from '../needs.ts';
import { makeRedisPlace } from '../storage/redis-place.ts';
import { audit, settledCalls } from './books.ts';
import { cleanUp, type Gateway, startGateway, until } from './gateway.ts';

afterAll(cleanUp);
const needful = needs('redis-server');

const STRICT = '/api/doubao/v1/chat/completions';
const BODY = JSON.stringify({
  model: 'sandbox-fast',
  messages: [{ role: 'user', content: 'hi' }],
  stream: false,
});

interface Seen {
  readonly status: number;
  readonly code: string | undefined;
  readonly mark: string | null;
  readonly retryAfter: string | null;
}

async function ask(gateway: Gateway, key: string, path = '/v1/chat/completions'): Promise<Seen> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: BODY,
  });
  const { code } = (await response.json()) as { code?: string };
  const { status, headers } = response;
  const mark = headers.get('x-gangway-limits');
  return { status, code, mark, retryAfter: headers.get('retry-after') };
}

async function ready(gateway: Gateway): Promise<{ status: number; counters: string }> {
  const response = await fetch(`${gateway.url}/readyz`);
  const { counters } = (await response.json()) as { counters: string };
  return { status: response.status, counters };
}

describe('limits in Redis', () => {
  needful(
    'two gateways let in together what one may',
    async () => {
      const redis = await makeRedisPlace();
      const env = { REDIS_URL: redis.url };
      const [a, b] = await Promise.all([startGateway({ env }), startGateway({ env })]);
      const asked = await Promise.all(
        [a, b, a, b, a, b, a, b].map((gateway) => ask(gateway, gateway.key, STRICT)),
      );
      // One address, one bucket: the burst of five and one more.
      expect(asked.filter(({ status }) => status === 200).length).toBe(6);
      expect(asked.filter(({ code }) => code === 'address_limit_exceeded').length).toBe(2);
      expect(await ready(a)).toEqual({ status: 200, counters: 'ok' });
      await Promise.all([a.stop(), b.stop()]);
      await redis.dispose();
    },
    60_000,
  );

  needful(
    'without Redis calls are refused with words, and go on when it is back',
    async () => {
      const redis = await makeRedisPlace();
      const gateway = await startGateway({ env: { GANGWAY_STORAGE_REDIS_URL: redis.url } });
      expect((await ask(gateway, gateway.key)).status).toBe(200);
      await redis.kill();
      const refused = await ask(gateway, gateway.key);
      expect(refused).toMatchObject({ status: 503, code: 'counters_unavailable', retryAfter: '1' });
      expect(await ready(gateway)).toEqual({ status: 503, counters: 'unavailable' });
      const calls = (await gateway.cli('usage', 'calls')) as unknown[];
      expect(calls.length).toBe(1);
      await redis.start();
      await until(
        async () => (await ask(gateway, gateway.key)).status === 200,
        'calls pass again',
        10_000,
      );
      expect(await ready(gateway)).toEqual({ status: 200, counters: 'ok' });
      await gateway.stop();
      await redis.dispose();
    },
    60_000,
  );

  needful(
    'fail_open: calls pass, limits hold on each node, answers are marked',
    async () => {
      const redis = await makeRedisPlace();
      await redis.kill();
      const yaml = 'limits: { fail_open: true, requests_per_minute: 3 }\n';
      const gateway = await startGateway({ env: { REDIS_URL: redis.url }, yaml });
      const asked = [];
      for (let times = 0; times < 4; times += 1) asked.push(await ask(gateway, gateway.key));
      expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
      expect(asked.map(({ mark }) => mark)).toEqual(['local', 'local', 'local', 'local']);
      expect(await ready(gateway)).toEqual({ status: 200, counters: 'local' });
      await redis.start();
      await until(async () => (await ready(gateway)).counters === 'ok', 'Redis is found', 10_000);
      expect(await ask(gateway, gateway.key)).toMatchObject({ status: 200, mark: null });
      await gateway.stop();
      await redis.dispose();
    },
    60_000,
  );

  needful(
    'killed and started again under load: 200 or a 503 with words, and good books',
    async () => {
      const redis = await makeRedisPlace();
      const yaml = 'limits: { requests_per_minute: 1000000, concurrency: 100 }\n';
      const gateway = await startGateway({ env: { REDIS_URL: redis.url }, yaml });
      const seen = new Map<string, number>();
      let stopped = false;
      const worker = async (): Promise<void> => {
        while (!stopped) {
          const { status, code } = await ask(gateway, gateway.key);
          const name = status === 200 ? '200' : `${status} ${code}`;
          seen.set(name, (seen.get(name) ?? 0) + 1);
          if (status !== 200) await Bun.sleep(5);
        }
      };
      const workers = Array.from({ length: 8 }, worker);
      for (let times = 0; times < 3; times += 1) {
        await Bun.sleep(200);
        await redis.kill();
        await Bun.sleep(200);
        await redis.start();
        await until(async () => (await ready(gateway)).counters === 'ok', 'Redis is found', 10_000);
      }
      stopped = true;
      await Promise.all(workers);
      expect([...seen.keys()].sort()).toEqual(['200', '503 counters_unavailable']);
      const books = await settledCalls(gateway);
      expect(books.filter(({ state }) => state === 'charged').length).toBe(seen.get('200') ?? 0);
      expect(books.length).toBe(seen.get('200') ?? 0);
      await audit(gateway);
      await gateway.stop();
      await redis.dispose();
    },
    60_000,
  );

  needful('counters that are asked for and not named are an error of the settings', async () => {
    const yaml = 'limits: { counters: redis }\n';
    await expect(startGateway({ yaml })).rejects.toThrow('set storage.redis_url, or REDIS_URL');
  });
});
