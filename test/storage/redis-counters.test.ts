/** Counters in a real Redis: the suites of all counters, and what only a store afar does. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { systemClock } from '../../src/kit/clock.ts';
import { makeLog } from '../../src/kit/log.ts';
import { RedisCounters } from '../../src/storage/redis/counters.ts';
import { hasProgram, needs } from '../needs.ts';
import { leaksSuite, placesSuite, windowsSuite } from '../suites/counters-suite.ts';
import { sharedCountersSuite, storeClockSuite } from '../suites/shared-counters-suite.ts';
import type { SimClock } from '../suites/sim-clock.ts';
import { makeRedisPlace, type RedisPlace } from './redis-place.ts';

const there = hasProgram('redis-server');
const needful = needs('redis-server');
let place: RedisPlace;
const opened: RedisCounters[] = [];
let made = 0;

beforeAll(async () => {
  if (there) place = await makeRedisPlace();
});
afterAll(async () => {
  for (const counters of opened) await counters.close();
  if (there) await place.dispose();
});

function open(prefix: string, clock: SimClock | null): RedisCounters {
  const counters = new RedisCounters({
    url: place.url,
    clock: systemClock,
    log: makeLog('silent', () => undefined),
    prefix,
    nowMs: clock === null ? null : () => clock.nowMs(),
  });
  opened.push(counters);
  return counters;
}

/** Connected by the time of the first question. */
function lazily(prefix: string, clock: SimClock | null): RedisCounters {
  const counters = open(prefix, clock);
  const connected = counters.connect();
  return new Proxy(counters, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await connected;
        return Reflect.apply(value, target, args);
      };
    },
  });
}

function nextPrefix(): string {
  made += 1;
  return `test${made}:`;
}

const make = (clock: SimClock) => lazily(nextPrefix(), clock);
if (there) {
  windowsSuite('redis', make, { runs: 30 });
  placesSuite('redis', make);
  leaksSuite('redis', make, { runs: 30 });
}
sharedCountersSuite({
  name: 'redis',
  test: needful,
  make(clock, count) {
    const prefix = nextPrefix();
    return Array.from({ length: count }, () => {
      const counters = lazily(prefix, clock);
      return { counters, renew: () => counters.renew() };
    });
  },
});
storeClockSuite({ name: 'redis', test: needful }, () => lazily(nextPrefix(), null));

const MINUTE = { limit: 3, windowS: 60 };

describe('redis: what only a store across a wire does', () => {
  needful('every key ends by itself', async () => {
    const counters = lazily(nextPrefix(), null);
    await counters.take('k', MINUTE, 1);
    await counters.enter('k', 3);
    await counters.leak('k', { ratePerS: 1, burst: 2, nodelay: true });
    const taken = await counters.take('c', MINUTE, 0);
    await counters.correct('c', MINUTE, { delta: 2, takenMs: taken.atMs });
    const keys = (await place.ask('KEYS', `test${made}:*`)) as string[];
    expect(keys.length).toBe(4);
    for (const key of keys) {
      const ttl = (await place.ask('PTTL', key)) as number;
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(62_000);
    }
  });

  needful('scripts that Redis forgot are told again', async () => {
    const counters = lazily(nextPrefix(), null);
    await counters.take('k', MINUTE, 1);
    await place.ask('SCRIPT', 'FLUSH');
    expect(await counters.take('k', MINUTE, 1)).toMatchObject({ ok: true, remaining: 1 });
  });

  needful('a Redis that comes back is found again, and open calls are written anew', async () => {
    const counters = lazily(nextPrefix(), null);
    expect(await counters.enter('k', 1)).toBeTrue();
    await place.kill();
    const startedMs = Date.now();
    expect(counters.take('k', MINUTE, 1)).rejects.toThrow();
    await Bun.sleep(20);
    await counters.take('k', MINUTE, 1).catch(() => undefined);
    expect(Date.now() - startedMs).toBeLessThan(400);
    await place.start();
    for (const endMs = Date.now() + 5_000; Date.now() < endMs; await Bun.sleep(50)) {
      if (
        await counters.ping().then(
          () => true,
          () => false,
        )
      )
        break;
    }
    await counters.ping();
    await counters.renew();
    expect(await counters.enter('k', 1)).toBeFalse();
    await counters.leave('k');
    expect(await counters.enter('k', 1)).toBeTrue();
  });

  needful('a Redis that stands still is waited for half a second, once', async () => {
    const counters = lazily(nextPrefix(), null);
    await counters.ping();
    place.freeze();
    const startedMs = Date.now();
    await expect(counters.take('k', MINUTE, 1)).rejects.toThrow('within 500 ms');
    const firstMs = Date.now() - startedMs;
    await expect(counters.take('k', MINUTE, 1)).rejects.toThrow('no connection');
    place.thaw();
    expect(firstMs).toBeGreaterThan(400);
    expect(Date.now() - startedMs - firstMs).toBeLessThan(200);
  });
});
