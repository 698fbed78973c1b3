import { describe, expect, test } from 'bun:test';
import { Fault } from '../../src/kit/fault.ts';
import { limitHeaders, makeLimits } from '../../src/limits/limits.ts';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import type { KeyRow } from '../../src/storage/ports.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { keyRow } from '../suites/storage-rig.ts';

const NONE = { requestsPerMinute: 0, tokensPerMinute: 0, concurrency: 0 };

function start(defaults: Partial<typeof NONE> = {}) {
  const clock = new SimClock();
  const limits = makeLimits(new MemoryCounters(clock), { ...NONE, ...defaults });
  const key = (more: Partial<KeyRow> = {}) => keyRow('default', more);
  return { clock, limits, key };
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`no fault but ${String(thrown)}`);
}

describe('requests a minute', () => {
  test('the default of the house, the key that says more, the key that has none', async () => {
    const { limits, key } = start({ requestsPerMinute: 2 });
    const [plain, more, free] = [
      key(),
      key({ requestsPerMinute: 3 }),
      key({ requestsPerMinute: 0 }),
    ];
    const passes = async (row: KeyRow): Promise<number> => {
      let count = 0;
      while (count < 50) {
        try {
          await limits.admit(row, 1);
        } catch {
          break;
        }
        count += 1;
      }
      return count;
    };
    expect([await passes(plain), await passes(more), await passes(free)]).toEqual([2, 3, 50]);
  });

  test('the refusal tells the truth about when to come back', async () => {
    const { clock, limits, key } = start({ requestsPerMinute: 1 });
    const row = key();
    await limits.admit(row, 1);
    clock.jump(15_300);
    const fault = await faultOf(limits.admit(row, 1));
    expect(fault.code).toBe('rate_limit_exceeded');
    expect(fault.status).toBe(429);
    const afterS = fault.detail.retryAfterS ?? 0;
    expect(fault.message).toContain(`1 requests a minute. Retry in ${afterS} s.`);
    clock.jump((afterS - 2) * 1_000);
    await faultOf(limits.admit(row, 1));
    clock.jump(2_000);
    expect((await limits.admit(row, 1)).requests).toMatchObject({ remaining: 0 });
  });
});

describe('tokens a minute', () => {
  test('are counted by guess and corrected by truth', async () => {
    const { limits, key } = start({ tokensPerMinute: 100 });
    const row = key();
    const call = await limits.admit(row, 80);
    expect(call.tokens).toMatchObject({ remaining: 20 });
    expect((await faultOf(limits.admit(row, 30))).code).toBe('token_limit_exceeded');
    call.leave(10);
    expect((await limits.admit(row, 30)).tokens).toMatchObject({ remaining: 60 });
    const long = await limits.admit(row, 10);
    long.leave(200);
    expect((await faultOf(limits.admit(row, 1))).code).toBe('token_limit_exceeded');
  });

  test('of a call that was never made come back whole; unknown ones stay as guessed', async () => {
    const { limits, key } = start({ tokensPerMinute: 100 });
    const row = key();
    (await limits.admit(row, 70)).leave(0);
    expect((await limits.admit(row, 0)).tokens).toMatchObject({ remaining: 100 });
    (await limits.admit(row, 70)).leave(null);
    expect((await limits.admit(row, 0)).tokens).toMatchObject({ remaining: 30 });
  });

  test('a call larger than the whole limit is let in alone', async () => {
    const { clock, limits, key } = start({ tokensPerMinute: 100 });
    const row = key();
    await limits.admit(row, 5_000);
    await faultOf(limits.admit(row, 1));
    clock.jump(61_000);
    await limits.admit(row, 1);
    await faultOf(limits.admit(row, 5_000));
  });

  test('a call refused for its tokens counts as no request', async () => {
    const { limits, key } = start({ tokensPerMinute: 10, requestsPerMinute: 2 });
    const row = key();
    await limits.admit(row, 10);
    for (let times = 0; times < 5; times += 1) {
      expect((await faultOf(limits.admit(row, 10))).code).toBe('token_limit_exceeded');
    }
    expect((await limits.admit(row, 0)).requests).toMatchObject({ remaining: 0 });
  });
});

describe('calls at once', () => {
  test('are so many; each that leaves makes room for one, once', async () => {
    const { limits, key } = start({ concurrency: 2 });
    const row = key();
    const [first] = [await limits.admit(row, 1), await limits.admit(row, 1)];
    const fault = await faultOf(limits.admit(row, 1));
    expect(fault).toMatchObject({ code: 'concurrency_limit_exceeded', status: 429 });
    expect(fault.detail.retryAfterS).toBe(1);
    first.leave(null);
    await limits.admit(row, 1);
    await faultOf(limits.admit(row, 1));
    await limits.admit(key(), 1);
  });

  test('a call refused by another limit leaves at once', async () => {
    const { limits, key } = start({ concurrency: 1, requestsPerMinute: 1 });
    const row = key();
    (await limits.admit(row, 1)).leave(null);
    for (let times = 0; times < 3; times += 1) {
      expect((await faultOf(limits.admit(row, 1))).code).toBe('rate_limit_exceeded');
    }
  });
});

test('an address leaks by nginx, by zone and by name', async () => {
  const { clock, limits } = start();
  const rule = { ratePerS: 1, burst: 5, nodelay: true };
  for (let times = 0; times < 6; times += 1) {
    expect(await limits.admitAddress('strict', '10.0.0.1', rule)).toBe(0);
  }
  const fault = await faultOf(limits.admitAddress('strict', '10.0.0.1', rule));
  expect(fault).toMatchObject({ code: 'address_limit_exceeded', status: 429 });
  expect(fault.detail.retryAfterS).toBe(1);
  await limits.admitAddress('strict', '10.0.0.2', rule);
  await limits.admitAddress('other', '10.0.0.1', rule);
  clock.jump(1_000);
  expect(await limits.admitAddress('strict', '10.0.0.1', rule)).toBe(0);
});

test('the headers that clients read', async () => {
  const { limits, key } = start({ requestsPerMinute: 60, tokensPerMinute: 1_000 });
  const headers = limitHeaders(await limits.admit(key(), 100));
  expect(headers).toEqual({
    'x-ratelimit-limit-requests': '60',
    'x-ratelimit-remaining-requests': '59',
    'x-ratelimit-reset-requests': expect.stringMatching(/^6[01]s$/),
    'x-ratelimit-limit-tokens': '1000',
    'x-ratelimit-remaining-tokens': '900',
    'x-ratelimit-reset-tokens': expect.stringMatching(/^6[01]s$/),
  });
  expect(limitHeaders(await start().limits.admit(key(), 100))).toEqual({});
});

describe('limits of an endpoint', () => {
  const endpoint = (more: object) => {
    return { id: 'ep', requestsPerMinute: null, tokensPerMinute: null, ...more };
  };

  test('count over all keys, and say whose they are', async () => {
    const { limits, key } = start();
    const place = endpoint({ requestsPerMinute: 2 });
    await limits.admit(key(), 1, place);
    const told = await limits.admit(key(), 1, place);
    expect(told.requests).toMatchObject({ limit: 2, remaining: 0 });
    const fault = await faultOf(limits.admit(key(), 1, place));
    expect(fault.code).toBe('rate_limit_exceeded');
    expect(fault.message).toContain('This endpoint may use 2 requests a minute.');
    await limits.admit(key(), 1);
  });

  test('a call that the endpoint refuses costs its key nothing', async () => {
    const { limits, key } = start({ requestsPerMinute: 5, tokensPerMinute: 100, concurrency: 1 });
    const row = key();
    for (const place of [
      endpoint({ id: 'a', requestsPerMinute: 1 }),
      endpoint({ id: 'b', tokensPerMinute: 10 }),
    ]) {
      (await limits.admit(key(), 10, place)).leave(null);
      await faultOf(limits.admit(row, 10, place));
    }
    const left = await limits.admit(row, 0);
    expect(left.requests).toMatchObject({ limit: 5, remaining: 4 });
    expect(left.tokens).toMatchObject({ limit: 100, remaining: 100 });
  });

  test('tokens are corrected in both windows', async () => {
    const { limits, key } = start({ tokensPerMinute: 100 });
    const row = key();
    const place = endpoint({ tokensPerMinute: 50 });
    (await limits.admit(row, 40, place)).leave(10);
    expect((await limits.admit(row, 0)).tokens).toMatchObject({ remaining: 90 });
    await limits.admit(key(), 40, place);
    expect((await faultOf(limits.admit(key(), 1, place))).code).toBe('token_limit_exceeded');
  });
});
