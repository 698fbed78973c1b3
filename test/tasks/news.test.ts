/** Progress, and what a caller hears where our own books fail after a job was sent. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { makeDesk } from '../../src/tasks/desk.ts';
import { makeWaiters } from '../../src/tasks/waiters.ts';
import { makeRig, type Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});
afterEach(() => rig.stop());

describe('progress', () => {
  test('is an event at most every five seconds, and none where nothing changed', async () => {
    const { row } = await rig.create();
    rig.kitchen.all('simmering');
    for (let percent = 0; percent < 60; percent += 1) {
      rig.kitchen.percent = percent;
      await rig.store.tasks.wake(row.id, rig.clock.nowMs());
      rig.engine.nudge();
      await rig.clock.advance(1_000);
      await Bun.sleep(1);
    }
    const { doc } = await rig.task(row.id);
    const told = doc.events.filter(({ type }) => type === 'task.progress');
    expect(told.length).toBeGreaterThan(5);
    for (const [at, event] of told.entries()) {
      const before = told[at - 1];
      if (before === undefined) continue;
      expect(event.atMs - before.atMs).toBeGreaterThanOrEqual(5_000);
      expect(event.progress).toBeGreaterThan(before.progress ?? 0);
    }
    const count = told.length;
    await rig.clock.advance(120_000);
    const later = (await rig.task(row.id)).doc.events;
    expect(later.filter(({ type }) => type === 'task.progress').length - count).toBeLessThan(2);
  });

  test('of a job that reports for days stays within its bound, and the end is told', async () => {
    const { row } = await rig.create();
    rig.kitchen.all('simmering');
    for (let step = 0; step < 60; step += 1) {
      rig.kitchen.percent = step;
      await rig.clock.advance(30_000);
      await Bun.sleep(1);
    }
    rig.kitchen.all('served');
    await rig.until(async () => (await rig.task(row.id)).row.endedMs !== null);
    const { events } = (await rig.task(row.id)).doc;
    expect(events.filter(({ type }) => type === 'task.progress').length).toBe(40);
    expect(events.at(-1)?.type).toBe('task.succeeded');
  });
});

describe('a fault of ours after the job was sent', () => {
  test('names the task, and tells clients not to send it again', async () => {
    const { deps, clock } = rig;
    let isBroken = false;
    const tasks = {
      ...deps.tasks,
      byId(id: string) {
        if (isBroken) throw new Error('the database is away');
        return deps.tasks.byId(id);
      },
    };
    const desk = makeDesk({
      ...{ ...deps, tasks, waiters: makeWaiters(clock) },
      ...{ engine: rig.engine, discard: async () => undefined },
      guard: { check: async () => undefined, send: rig.kitchen.outbound },
    });
    const making = desk.create(rig.wish({ sources: [] })).catch((error: unknown) => error);
    isBroken = true;
    const fault = await clock.until(making);
    expect(fault).toMatchObject({
      code: 'internal_error',
      detail: {
        headers: { 'x-should-retry': 'false', 'x-gangway-task': expect.stringMatching(/^task_/) },
      },
    });
    expect(rig.kitchen.orders.length).toBeLessThanOrEqual(1);
  });
});

describe('a caller that leaves', () => {
  test('before the answer and asks for the same again gets the same, once', async () => {
    const left = new AbortController();
    const first = await rig.clock.until(rig.desk.create(rig.wish(), left.signal));
    left.abort();
    await rig.until(async () => (await rig.store.tasks.byId(first.row.id))?.unheard === true);
    const second = await rig.create();
    expect(second.row.id).toBe(first.row.id);
    const third = await rig.create();
    expect(third.row.id).not.toBe(first.row.id);
  });

  test('and comes back after the window gets a new one', async () => {
    const first = await rig.create();
    const soon = await rig.create({ retried: true });
    expect(soon.row.id).toBe(first.row.id);
    await rig.clock.advance(61_000);
    const late = await rig.create({ retried: true });
    expect(late.row.id).not.toBe(first.row.id);
  });

  test('with another wish, or another webhook, gets another one', async () => {
    const first = await rig.create();
    const callback = { url: 'https://a.test/', events: [], profile: 'standard' } as const;
    for (const more of [{ prompt: 'cold' }, { callback }, { params: { seed: 1 } }]) {
      const other = await rig.create({ ...more, retried: true });
      expect(other.row.id).not.toBe(first.row.id);
    }
  });
});
