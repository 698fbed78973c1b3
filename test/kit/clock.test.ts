import { describe, expect, test } from 'bun:test';
import { Deadlines, every, systemClock } from '../../src/kit/clock.ts';
import { SimClock } from '../suites/sim-clock.ts';

/** A limit may pass this much beside its time. */
const SWEEP_MS = 50;

describe('Deadlines', () => {
  test('each passes once, at its time or a sweep beside it', async () => {
    const clock = new SimClock();
    const deadlines = new Deadlines(clock);
    const passed: [wantedMs: number, atMs: number][] = [];
    for (const ms of [10, 100, 120, 1_000, 60_000]) {
      deadlines.add(ms, () => passed.push([ms, clock.tickMs()]));
    }
    await clock.advance(120_000);
    expect(passed.map(([wantedMs]) => wantedMs)).toEqual([10, 100, 120, 1_000, 60_000]);
    for (const [wantedMs, atMs] of passed) {
      expect(Math.abs(atMs - wantedMs)).toBeLessThanOrEqual(SWEEP_MS);
    }
  });

  test('one timer serves all, and none is left when nothing is pending', async () => {
    const clock = new SimClock();
    const deadlines = new Deadlines(clock);
    const all = Array.from({ length: 1_000 }, () => deadlines.add(10_000, () => undefined));
    expect(clock.waiting).toBe(1);
    await clock.advance(200);
    expect(clock.waiting).toBe(1);
    for (const deadline of all) deadlines.remove(deadline);
    await clock.advance(100);
    expect(clock.waiting).toBe(0);
    let late = 0;
    deadlines.add(100, () => {
      late += 1;
    });
    await clock.advance(100 + SWEEP_MS);
    expect(late).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test('one that is pushed on passes later, one that is removed never', async () => {
    const clock = new SimClock();
    const deadlines = new Deadlines(clock);
    const passed: string[] = [];
    const pushed = deadlines.add(1_000, () => passed.push('pushed'));
    const removed = deadlines.add(1_000, () => passed.push('removed'));
    await clock.advance(900);
    deadlines.push(pushed, 1_000);
    deadlines.remove(removed);
    await clock.advance(900);
    expect(passed).toEqual([]);
    await clock.advance(200);
    expect(passed).toEqual(['pushed']);
  });

  test('what passes may add and remove others', async () => {
    const clock = new SimClock();
    const deadlines = new Deadlines(clock);
    const passed: string[] = [];
    const other = deadlines.add(5_000, () => passed.push('other'));
    deadlines.add(100, () => {
      deadlines.remove(other);
      deadlines.add(100, () => passed.push('next'));
    });
    await clock.advance(10_000);
    expect(passed).toEqual(['next']);
  });
});

describe('the system clock', () => {
  test('sleeps, calls back once, and takes back', async () => {
    const calls: string[] = [];
    systemClock.after(5, () => calls.push('a'));
    systemClock.after(1, () => calls.push('b'))();
    const startMs = systemClock.tickMs();
    await systemClock.sleep(20);
    expect(systemClock.tickMs() - startMs).toBeGreaterThan(15);
    expect(calls).toEqual(['a']);
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(50);
  });

  test('every goes on until it is stopped', async () => {
    let count = 0;
    const stop = every(2, () => {
      count += 1;
    });
    while (count < 3) await systemClock.sleep(2);
    stop();
    const then = count;
    await systemClock.sleep(10);
    expect(count).toBe(then);
  });
});
