/** What callers see while the shared counters are away. */
import { describe, expect, test } from 'bun:test';
import { makeLog } from '../../src/kit/log.ts';
import { guardCounters } from '../../src/limits/guard.ts';
import { makeLimits } from '../../src/limits/limits.ts';
import { MemoryCounters } from '../../src/storage/memory/counters.ts';
import type { SharedCounters } from '../../src/storage/ports.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { keyRow } from '../suites/storage-rig.ts';

const DEFAULTS = { requestsPerMinute: 2, tokensPerMinute: 100, concurrency: 2 };
const LEAK = { ratePerS: 1, burst: 0, nodelay: true };

/** Counters across a wire that can be cut. */
function makeShared(clock: SimClock) {
  const memory = new MemoryCounters(clock);
  const asked: string[] = [];
  let away = false;
  const pass = async <T>(what: string, run: () => T): Promise<T> => {
    asked.push(what);
    if (away) throw new Error('cut');
    return run();
  };
  const shared: SharedCounters = {
    take: (name, rule, cost) => pass('take', () => memory.take(name, rule, cost)),
    correct: (name, rule, by) => pass('correct', () => memory.correct(name, rule, by)),
    enter: (name, max) => pass('enter', () => memory.enter(name, max)),
    leave: (name) => pass('leave', () => memory.leave(name)),
    leak: (name, rule) => pass('leak', () => memory.leak(name, rule)),
    ping: () => pass('ping', () => undefined),
    close: async () => undefined,
  };
  const cut = (yes: boolean): void => {
    away = yes;
  };
  return { shared, asked, cut };
}

function start(failOpen: boolean) {
  const clock = new SimClock();
  const lines: string[] = [];
  const { shared, asked, cut } = makeShared(clock);
  const log = makeLog('info', (text) => void lines.push(text));
  const local = failOpen ? new MemoryCounters(clock) : null;
  const guard = guardCounters({ shared, local, clock, log });
  const limits = makeLimits(guard, DEFAULTS);
  const key = keyRow('a');
  const admit = (of = key) => limits.admit(of, 10);
  const said = (): string => {
    log.flush();
    return lines.join('');
  };
  return { clock, guard, limits, admit, asked, cut, said };
}

describe('closed: nobody is let in whom nobody counts', () => {
  test('every question is refused, with a time to come back; nothing is kept', async () => {
    const { guard, limits, admit, cut } = start(false);
    cut(true);
    const fault = { code: 'counters_unavailable', status: 503, retry: true };
    await expect(admit()).rejects.toMatchObject({ ...fault, detail: { retryAfterS: 1 } });
    const noPlaces = keyRow('a', { concurrency: 0 });
    await expect(admit(noPlaces)).rejects.toMatchObject(fault);
    await expect(limits.admitAddress('z', '1.2.3.4', LEAK)).rejects.toMatchObject(fault);
    expect(await guard.state()).toBe('unavailable');
    cut(false);
    expect(await guard.state()).toBe('ok');
    const first = await admit();
    await admit();
    first.leave(0);
    await expect(admit()).rejects.toMatchObject({ code: 'rate_limit_exceeded' });
  });

  test('a key without limits needs no counters', async () => {
    const { admit, cut, asked } = start(false);
    cut(true);
    const free = keyRow('a', { requestsPerMinute: 0, tokensPerMinute: 0, concurrency: 0 });
    (await admit(free)).leave(5);
    expect(asked).toEqual([]);
  });

  test('what only gives back never fails a call', async () => {
    const { admit, cut, guard, clock } = start(false);
    const admission = await admit();
    cut(true);
    admission.leave(50);
    await guard.leave('nobody');
    await guard.correct('t:x', { limit: 1, windowS: 60 }, { delta: -1, takenMs: clock.nowMs() });
  });
});

describe('open: this node counts alone, and says so', () => {
  test('the limits hold on this node; the mark begins with the first such count', async () => {
    const { admit, cut, guard, clock, said } = start(true);
    (await admit()).leave(0);
    expect(guard.countedAlone(0)).toBeFalse();
    clock.jump(1_000);
    cut(true);
    const key = keyRow('b');
    await admit(key);
    await admit(key);
    await expect(admit(key)).rejects.toMatchObject({ code: 'concurrency_limit_exceeded' });
    expect(guard.countedAlone(1_000)).toBeTrue();
    expect(guard.countedAlone(1_001)).toBeFalse();
    expect(await guard.state()).toBe('local');
    expect(said().match(/this node counts alone/g)?.length).toBe(1);
    cut(false);
    await admit(keyRow('c'));
    expect(said()).toContain('the shared counters count again');
    expect(await guard.state()).toBe('ok');
  });

  test('a place is given back where it was taken', async () => {
    const { guard, cut, asked } = start(true);
    expect(await guard.enter('k', 1)).toBeTrue();
    cut(true);
    expect(await guard.enter('k', 1)).toBeTrue();
    expect(await guard.enter('k', 1)).toBeFalse();
    cut(false);
    asked.length = 0;
    await guard.leave('k');
    expect(asked).toEqual([]);
    await guard.leave('k');
    expect(asked).toEqual(['leave']);
    expect(await guard.enter('k', 1)).toBeTrue();
  });

  test('the limiter per address goes on', async () => {
    const { limits, cut } = start(true);
    cut(true);
    expect(await limits.admitAddress('z', '1.2.3.4', LEAK)).toBe(0);
    const again = limits.admitAddress('z', '1.2.3.4', LEAK);
    await expect(again).rejects.toMatchObject({ code: 'address_limit_exceeded' });
  });
});
