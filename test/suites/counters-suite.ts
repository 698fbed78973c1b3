/** Counters, whoever keeps them: windows, places, leaks. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Counters, LeakRule, WindowRule } from '../../src/storage/ports.ts';
import { SimClock } from './sim-clock.ts';

/** Counters that nobody else asks. */
export type MakeCounters = (clock: SimClock) => Counters;

/** A store across a wire takes its time: it is asked fewer generated questions. */
export interface SuiteOptions {
  readonly runs?: number;
  readonly timeoutMs?: number;
}

const RUNS = 150;
const TIMEOUT_MS = 20_000;

function suiteOf(title: string) {
  return (define: (make: MakeCounters, options: Required<SuiteOptions>) => void) =>
    (name: string, make: MakeCounters, options: SuiteOptions = {}): void => {
      const all = { runs: RUNS, timeoutMs: TIMEOUT_MS, ...options };
      describe(`${name}: ${title}`, () => define(make, all));
    };
}

const MINUTE: WindowRule = { limit: 10, windowS: 60 };
const LEAK: LeakRule = { ratePerS: 1, burst: 5, nodelay: true };

/** Takes at once; a shared store would answer a promise. */
async function start(make: MakeCounters) {
  const clock = new SimClock();
  const counters = make(clock);
  const take = async (cost: number, rule = MINUTE, name = 'k') => counters.take(name, rule, cost);
  const leak = async (rule = LEAK, name = 'a') => counters.leak(name, rule);
  return { clock, counters, take, leak };
}

interface Step {
  readonly afterMs: number;
  readonly cost: number;
}

const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(3_000), fc.constantFrom(0, 1, 999, 1_000, 30_000, 59_999, 60_000)),
    cost: fc.integer({ min: 0, max: 10 }),
  }),
  { maxLength: 80 },
);

export const windowsSuite = suiteOf('windows')((make, { runs, timeoutMs }) => {
  test('so many a minute, then none; what is left and when it ends are told', async () => {
    const { take } = await start(make);
    expect(await take(4)).toMatchObject({ ok: true, limit: 10, remaining: 6, retryAfterMs: 0 });
    expect(await take(7)).toMatchObject({ ok: false, remaining: 6 });
    expect(await take(6)).toMatchObject({ ok: true, remaining: 0 });
    const last = await take(1);
    expect(last.ok).toBeFalse();
    expect(last.retryAfterMs).toBeGreaterThanOrEqual(60_000);
    expect(last.retryAfterMs).toBeLessThanOrEqual(61_000);
  });

  test(
    'in no 60 seconds is more taken than the limit, whatever is asked when',
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (asked: readonly Step[]) => {
          const { clock, take } = await start(make);
          const taken: { atMs: number; cost: number }[] = [];
          for (const { afterMs, cost } of asked) {
            clock.jump(afterMs);
            if ((await take(cost)).ok) taken.push({ atMs: clock.nowMs(), cost });
          }
          for (const { atMs } of taken) {
            const within = taken.filter((one) => one.atMs >= atMs && one.atMs < atMs + 60_000);
            const sum = within.reduce((total, one) => total + one.cost, 0);
            expect(sum).toBeLessThanOrEqual(MINUTE.limit);
          }
        }),
        { numRuns: runs },
      );
    },
    timeoutMs,
  );

  test(
    'who comes back at the time that was named is let in, before it not',
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (asked: readonly Step[]) => {
          const { clock, take } = await start(make);
          for (const { afterMs, cost } of asked) {
            clock.jump(afterMs);
            const verdict = await take(cost);
            if (verdict.ok) continue;
            expect(verdict.retryAfterMs).toBeGreaterThan(0);
            clock.jump(verdict.retryAfterMs - 1);
            expect((await take(cost)).ok).toBeFalse();
            clock.jump(1);
            expect((await take(cost)).ok).toBeTrue();
          }
        }),
        { numRuns: runs },
      );
    },
    timeoutMs,
  );

  test('a refused take takes nothing; after a minute all is there again', async () => {
    const { clock, take } = await start(make);
    await take(9);
    for (let times = 0; times < 50; times += 1) await take(2);
    expect((await take(1)).ok).toBeTrue();
    clock.jump(61_000);
    expect(await take(10)).toMatchObject({ ok: true, remaining: 0 });
  });

  test('a correction gives back, or takes more, never below nothing', async () => {
    const { clock, counters, take } = await start(make);
    const { atMs: takenMs } = await take(8);
    await counters.correct('k', MINUTE, { delta: -5, takenMs });
    expect(await take(0)).toMatchObject({ remaining: 7 });
    await counters.correct('k', MINUTE, { delta: 20, takenMs });
    expect(await take(1)).toMatchObject({ ok: false, remaining: 0 });
    await counters.correct('k', MINUTE, { delta: -1_000, takenMs });
    expect(await take(0)).toMatchObject({ remaining: 10 });
    clock.jump(10_000);
    const later = await take(3);
    await counters.correct('k', MINUTE, { delta: -2, takenMs: later.atMs });
    expect(await take(0)).toMatchObject({ remaining: 9 });
  });

  test('a correction of what has left the window changes nothing', async () => {
    const { clock, counters, take } = await start(make);
    const { atMs: takenMs } = await take(8);
    clock.jump(62_000);
    await take(6);
    await counters.correct('k', MINUTE, { delta: -8, takenMs });
    expect(await take(0)).toMatchObject({ remaining: 4 });
  });

  test('names do not see each other', async () => {
    const { take } = await start(make);
    await take(10, MINUTE, 'a');
    expect((await take(10, MINUTE, 'b')).ok).toBeTrue();
  });

  test('a clock that goes back a little frees nothing', async () => {
    const { clock, take } = await start(make);
    await take(10);
    clock.jump(-5_000);
    expect((await take(1)).ok).toBeFalse();
  });
});

export function placesSuite(name: string, make: MakeCounters): void {
  test(`${name}: of many who enter at once, exactly so many are let in`, async () => {
    const { counters } = await start(make);
    const enter = async () => counters.enter('k', 7);
    const entered = await Promise.all(Array.from({ length: 40 }, enter));
    expect(entered.filter(Boolean).length).toBe(7);
    await Promise.all(Array.from({ length: 7 }, async () => counters.leave('k')));
    const again = await Promise.all(Array.from({ length: 40 }, enter));
    expect(again.filter(Boolean).length).toBe(7);
  });

  test(`${name}: so many are inside at once; who leaves makes room for one`, async () => {
    const { counters } = await start(make);
    const enter = async (max = 3) => counters.enter('k', max);
    const entered = await Promise.all([enter(), enter(), enter(), enter()]);
    // Over several connections nobody is the first.
    expect(entered.filter(Boolean).length).toBe(3);
    await counters.leave('k');
    expect([await enter(), await enter()]).toEqual([true, false]);
    for (let times = 0; times < 9; times += 1) await counters.leave('k');
    expect([await enter(1), await enter(1)]).toEqual([true, false]);
    expect(await counters.enter('other', 1)).toBeTrue();
  });
}

/** nginx 1.22 with these rules, run and read. */
export const leaksSuite = suiteOf('leaks, as nginx limit_req')((make, { runs, timeoutMs }) => {
  test('1 r/s, burst 5, nodelay: 6 at once, then one after each second', async () => {
    const { clock, leak } = await start(make);
    const first = [];
    for (let times = 0; times < 12; times += 1) first.push((await leak()).ok);
    expect(first).toEqual([...Array(6).fill(true), ...Array(6).fill(false)]);
    for (let times = 0; times < 5; times += 1) {
      clock.jump(999);
      const early = await leak();
      expect(early).toMatchObject({ ok: false, retryAfterMs: 1 });
      clock.jump(1);
      expect(await leak()).toEqual({ ok: true, waitMs: 0, retryAfterMs: 0 });
    }
  });

  test('2.2 s of rest: two more', async () => {
    const { clock, leak } = await start(make);
    for (let times = 0; times < 6; times += 1) await leak();
    clock.jump(2_200);
    const oks = [(await leak()).ok, (await leak()).ok, (await leak()).ok];
    expect(oks).toEqual([true, true, false]);
  });

  test('without a burst: one, then none', async () => {
    const { clock, leak } = await start(make);
    const rule = { ...LEAK, burst: 0 };
    expect([(await leak(rule)).ok, (await leak(rule)).ok]).toEqual([true, false]);
    clock.jump(1_000);
    expect((await leak(rule)).ok).toBeTrue();
  });

  test('without nodelay: eight at once wait 0 to 5 s, two are refused', async () => {
    const { leak } = await start(make);
    const verdicts = [];
    for (let times = 0; times < 8; times += 1) {
      verdicts.push(await leak({ ...LEAK, nodelay: false }));
    }
    expect(verdicts.map(({ ok }) => ok)).toEqual([...Array(6).fill(true), false, false]);
    expect(verdicts.map(({ waitMs }) => waitMs)).toEqual([
      ...[0, 1_000, 2_000, 3_000, 4_000, 5_000],
      ...[0, 0],
    ]);
  });

  test(
    'the time named to who is refused is true',
    async () => {
      const rules = fc.record({
        ratePerS: fc.constantFrom(0.5, 1, 3, 7, 100),
        burst: fc.integer({ min: 0, max: 9 }),
        nodelay: fc.boolean(),
      });
      const waits = fc.array(fc.nat(1_500), { maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(rules, waits, async (rule, gaps) => {
          const { clock, leak } = await start(make);
          for (const gap of gaps) {
            clock.jump(gap);
            const verdict = await leak(rule);
            if (verdict.ok) continue;
            // nginx drains whole thousandths of a request: below 1 r/s that is more than 1 ms.
            const earlyMs = Math.ceil(1 / rule.ratePerS) + 1;
            if (verdict.retryAfterMs < earlyMs) continue;
            clock.jump(verdict.retryAfterMs - earlyMs);
            expect((await leak(rule)).ok).toBeFalse();
            clock.jump(earlyMs);
            expect((await leak(rule)).ok).toBeTrue();
          }
        }),
        { numRuns: runs },
      );
    },
    timeoutMs,
  );

  test('a clock that goes back drains nothing; far back, it is believed', async () => {
    const { clock, leak } = await start(make);
    for (let times = 0; times < 6; times += 1) await leak();
    clock.jump(-30_000);
    expect((await leak()).ok).toBeFalse();
    clock.jump(-60_000);
    expect((await leak()).ok).toBeFalse();
    expect((await leak(LEAK, 'another')).ok).toBeTrue();
  });
});
