/** What it means to hold a task: to be asked sooner, to be overtaken, to see what others wrote. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { openTask, type Task } from '../../src/tasks/doc.ts';
import { finish } from '../../src/tasks/finish.ts';
import { keepLease, LEASE_MS, LeaseLost, save } from '../../src/tasks/hold-on.ts';
import { readingFound } from '../../src/tasks/poll.ts';
import { makeWaiters } from '../../src/tasks/waiters.ts';
import { rest } from '../suites/sim-clock.ts';
import { makeRig, type Rig } from './rig.ts';

let rig: Rig;
let task: Task;
beforeEach(async () => {
  rig = await makeRig();
  const { row } = await rig.create();
  await rig.ends(rig.engine.stop());
  rig.clock.jump(60_000);
  task = await lease(row.upstream);
});
afterEach(() => rig.stop());

async function lease(upstream: string): Promise<Task> {
  const nowMs = rig.clock.nowMs();
  const ask = { upstream, nowMs, untilMs: nowMs + LEASE_MS, limit: 1 };
  const [row] = await rig.deps.tasks.lease(ask);
  if (row === undefined) throw new Error('nothing is due');
  return openTask(row);
}
const rowOf = async () => (await rig.task(task.row.id)).row;

describe('a holder', () => {
  test('that is asked to look sooner, or to stop, while it is at it, does', async () => {
    const { tasks } = rig.deps;
    const nowMs = rig.clock.nowMs();
    await tasks.askCancel(task.row.id, nowMs);
    await save(task, { nextMs: nowMs + 20_000, doc: { polls: 3 } }, rig.deps);
    expect(await rowOf()).toMatchObject({ cancelAsked: true, nextMs: nowMs, leaseUntilMs: 0 });
    const again = await lease(task.row.upstream);
    await save(again, { nextMs: nowMs + 20_000 }, rig.deps);
    expect((await rowOf()).nextMs).toBe(nowMs + 20_000);
  });

  test('keeps it however long a step takes, and no longer than it lives', async () => {
    const stop = keepLease(task.row, rig.deps);
    await rig.clock.advance(4 * LEASE_MS);
    expect((await rowOf()).leaseUntilMs).toBeGreaterThan(rig.clock.nowMs());
    await expect(lease(task.row.upstream)).rejects.toThrow('nothing is due');
    stop();
    await rig.clock.advance(LEASE_MS);
    expect((await lease(task.row.upstream)).row.leaseNo).toBe(task.row.leaseNo + 1);
    expect(rig.clock.waiting).toBe(0);
  });

  test('that goes on has a whole lease; one that was overtaken writes nothing', async () => {
    rig.clock.jump(LEASE_MS - 1);
    const going = await save(task, { doc: { detail: 'storing' } }, rig.deps);
    expect(going.row.leaseUntilMs).toBe(rig.clock.nowMs() + LEASE_MS);
    rig.clock.jump(LEASE_MS);
    await lease(task.row.upstream);
    const late = save(going, { state: 'failed', phase: 'done' }, rig.deps);
    await expect(late).rejects.toBeInstanceOf(LeaseLost);
    expect((await rowOf()).state).toBe('queued');
  });
});

describe('a change', () => {
  test('is what callers can see of it; being asked once more is none', async () => {
    const before = task.doc.updatedMs;
    rig.clock.jump(1_000);
    const polled = await save(task, { doc: { polls: 9, troubles: 1 }, body: '{}' }, rig.deps);
    expect(polled.doc.updatedMs).toBe(before);
    const moved = await save(polled, { doc: { progress: 40 } }, rig.deps);
    expect(moved.doc.updatedMs).toBe(rig.clock.nowMs());
    rig.clock.jump(1_000);
    const running = await save(moved, { state: 'running' }, rig.deps);
    expect(running.doc.updatedMs).toBe(rig.clock.nowMs());
    const native = { ...running, row: { ...running.row, mount: '/kling' } };
    rig.clock.jump(1_000);
    const said = await save(native, { body: '{"logs":"…"}' }, rig.deps);
    expect(said.doc.updatedMs).toBe(rig.clock.nowMs());
  });

  test('of another node is seen by those who wait here, once', async () => {
    const waiters = makeWaiters(rig.clock);
    const look = async () => {
      await waiters.look(rig.deps.tasks);
      await rest();
    };
    let woken = 0;
    const wait = () => void waiters.next(task.row.id, 60_000).then(() => (woken += 1));
    await look();
    wait();
    // Of what nobody looked at before it is not known what was missed.
    await look();
    expect(woken).toBe(1);
    wait();
    await look();
    await look();
    expect(woken).toBe(1);
    await save(task, { doc: { progress: 1 } }, rig.deps);
    await look();
    expect(woken).toBe(2);
    wait();
    await rig.clock.advance(60_000);
    expect(woken).toBe(3);
    await look();
  });
});

describe('results', () => {
  test('whose links die first are copied first, before any question to a vendor', () => {
    const service = rig.deps.routes.pinned('ninth', 'dishes')?.service;
    if (service === undefined) throw new Error('no service');
    const due = (linkLifeS: number | null) => {
      const said = {
        service: { ...service, linkLifeS },
        vendor: 'ninth',
        body: '{}',
        deps: rig.deps,
      };
      return readingFound(task, { state: 'succeeded' }, said).dueMs ?? Number.NaN;
    };
    const [hour, day, never] = [due(3_600), due(86_400), due(null)];
    expect(day - hour).toBe(82_800_000);
    expect([hour < day, day < never, never <= rig.clock.nowMs()]).toEqual([true, true, true]);
  });

  test('with new links are shown with the words in which the vendor gave them', async () => {
    const place = rig.deps.routes.pinned('ninth', 'dishes') ?? null;
    rig.kitchen.all('served');
    const old = {
      type: 'video',
      role: 'main',
      url: 'https://kitchen.test/old',
      file: null,
    } as const;
    const ready = await save(
      task,
      {
        phase: 'finishing',
        body: '{"plate":"https://kitchen.test/old"}',
        doc: { outcome: 'succeeded', outputs: [{ ...old, lost: null }] },
      },
      rig.deps,
    );
    const ended = await finish(ready, place, {
      ...rig.deps,
      keep: async ({ doc }, { renew, relink }) => {
        expect(await renew()).toBeTrue();
        const fresh = await relink();
        const url = fresh?.[0]?.url ?? '';
        return { ...doc, outputs: [{ ...old, url, lost: 'link_dead' }] };
      },
    });
    expect(ended.row.state).toBe('succeeded');
    expect(ended.doc.outputs[0]?.url).toBe('https://kitchen.test/1.mp4');
    expect(JSON.parse(ended.row.body ?? '')).toMatchObject({ plate: 'https://kitchen.test/1.mp4' });
  });
});
