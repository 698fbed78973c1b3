/** Counters that several nodes ask. */
import { expect, test } from 'bun:test';
import type { Counters, LeakRule, WindowRule } from '../../src/storage/ports.ts';
import type { NeedfulTest } from '../needs.ts';
import { SimClock } from './sim-clock.ts';

export interface Node {
  readonly counters: Counters;
  /** Says that its calls are still open, as it does by itself every 10 s. */
  renew(): Promise<void>;
}

/** Nodes of one store that nobody else asks. */
export type MakeNodes = (clock: SimClock, count: number) => readonly Node[];

export interface SharedSuite {
  readonly name: string;
  readonly test: NeedfulTest;
  readonly make: MakeNodes;
}

const MINUTE: WindowRule = { limit: 100, windowS: 60 };
const LEAK: LeakRule = { ratePerS: 1, burst: 5, nodelay: true };
const LEASE_MS = 30_000;

export function sharedCountersSuite({ name, test: needful, make }: SharedSuite): void {
  needful(`${name}: nodes take from one window, at once, and not one too many`, async () => {
    const nodes = make(new SimClock(), 3);
    const asked = Array.from({ length: 300 }, (_, at) => nodes[at % 3]);
    const verdicts = await Promise.all(asked.map((node) => node?.counters.take('k', MINUTE, 1)));
    expect(verdicts.filter((verdict) => verdict?.ok === true).length).toBe(100);
    const left = verdicts.filter((verdict) => verdict?.ok).map((verdict) => verdict?.remaining);
    expect(new Set(left).size).toBe(100);
  });

  needful(`${name}: nodes leak from one bucket`, async () => {
    const nodes = make(new SimClock(), 2);
    const asked = Array.from({ length: 12 }, (_, at) => nodes[at % 2]);
    const verdicts = await Promise.all(asked.map((node) => node?.counters.leak('a', LEAK)));
    expect(verdicts.filter((verdict) => verdict?.ok).length).toBe(6);
  });

  needful(`${name}: a node corrects what another one counts with`, async () => {
    const [a, b] = make(new SimClock(), 2);
    const taken = await a?.counters.take('k', MINUTE, 90);
    await a?.counters.correct('k', MINUTE, { delta: -60, takenMs: taken?.atMs ?? 0 });
    expect(await b?.counters.take('k', MINUTE, 0)).toMatchObject({ remaining: 70 });
  });

  needful(`${name}: places are shared; each node gives back only its own`, async () => {
    const [a, b] = make(new SimClock(), 2);
    expect(await a?.counters.enter('k', 2)).toBeTrue();
    expect(await b?.counters.enter('k', 2)).toBeTrue();
    expect(await b?.counters.enter('k', 2)).toBeFalse();
    await b?.counters.leave('k');
    await b?.counters.leave('k');
    expect([await b?.counters.enter('k', 2), await b?.counters.enter('k', 2)]).toEqual([
      true,
      false,
    ]);
  });

  needful(`${name}: the places of a node that died are free after its lease`, async () => {
    const clock = new SimClock();
    const [dead, live] = make(clock, 2);
    for (let times = 0; times < 2; times += 1) await dead?.counters.enter('k', 3);
    await live?.counters.enter('k', 3);
    clock.jump(LEASE_MS - 1_000);
    await live?.renew();
    expect(await live?.counters.enter('k', 3)).toBeFalse();
    clock.jump(1_001);
    // The live node's own place still counts.
    const again = [];
    for (let times = 0; times < 3; times += 1) again.push(await live?.counters.enter('k', 3));
    expect(again).toEqual([true, true, false]);
    clock.jump(LEASE_MS - 2_000);
    await live?.renew();
    clock.jump(LEASE_MS - 1_000);
    expect(await live?.counters.enter('k', 3)).toBeFalse();
  });
}

/** By the store's own clock, which no test moves. */
export function storeClockSuite(
  { name, test: needful }: Omit<SharedSuite, 'make'>,
  make: () => Counters,
): void {
  needful(`${name}: the time is the store's own, and moves`, async () => {
    const counters = make();
    const rule: WindowRule = { limit: 1, windowS: 1 };
    const first = await counters.take('t', rule, 1);
    expect(first.ok).toBeTrue();
    expect(Math.abs(first.atMs - Date.now())).toBeLessThan(5_000);
    const second = await counters.take('t', rule, 1);
    expect(second.ok).toBeFalse();
    await Bun.sleep(second.retryAfterMs + 5);
    expect((await counters.take('t', rule, 1)).ok).toBeTrue();
    const leak: LeakRule = { ratePerS: 20, burst: 0, nodelay: true };
    expect((await counters.leak('t', leak)).ok).toBeTrue();
    const refused = await counters.leak('t', leak);
    expect(refused.ok).toBeFalse();
    await Bun.sleep(refused.retryAfterMs + 5);
    expect((await counters.leak('t', leak)).ok).toBeTrue();
  });
}

test('the lease of this suite is that of the code', async () => {
  const { LEASE_MS: ofCode } = await import('../../src/storage/places.ts');
  expect(ofCode).toBe(LEASE_MS);
});
