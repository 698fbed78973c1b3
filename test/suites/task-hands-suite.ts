/** What operators' commands ask of tasks: every store keeps this. */
import { expect, test } from 'bun:test';
import type { TaskRow } from '../../src/storage/ports.ts';
import { makePurse, suiteOf } from './storage-rig.ts';
import { NOW_MS, taskRow } from './tasks-suite.ts';

function heldRow(accountId: string, more: Partial<TaskRow> = {}): TaskRow {
  const doc = '{"detail":"held_for_review"}';
  return taskRow(accountId, { phase: 'unknown', events: 0, doc, ...more });
}

export const taskHandsSuite = suiteOf('tasks by hand')((store) => {
  test('one task is taken by one only, due or not, until its lease is over', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const { tasks } = store();
    const row = heldRow(accountId, { nextMs: NOW_MS + 3_600_000 });
    await tasks.insert(row);
    const both = await Promise.all([
      tasks.leaseOne(row.id, NOW_MS, NOW_MS + 100),
      tasks.leaseOne(row.id, NOW_MS, NOW_MS + 100),
    ]);
    const [taken, ...others] = both.filter((one) => one !== undefined);
    expect(others).toEqual([]);
    expect(taken).toEqual({ ...row, leaseNo: 1, leaseUntilMs: NOW_MS + 100 });
    expect(await tasks.leaseOne(row.id, NOW_MS + 99, NOW_MS + 200)).toBeUndefined();
    const next = await tasks.leaseOne(row.id, NOW_MS + 100, NOW_MS + 200);
    expect(next?.leaseNo).toBe(2);
    // Whoever had it before writes no more.
    expect(await tasks.save(row.id, 1, { ...row, phase: 'new' })).toBeFalse();
    const ended = { ...row, phase: 'done' as const, state: 'failed' as const, endedMs: NOW_MS };
    expect(await tasks.save(row.id, 2, ended)).toBeTrue();
    expect(await tasks.leaseOne(row.id, NOW_MS + 500, NOW_MS + 600)).toBeUndefined();
    const draft = heldRow(accountId, { phase: 'draft' });
    await tasks.insert(draft);
    expect(await tasks.leaseOne(draft.id, NOW_MS, NOW_MS + 1)).toBeUndefined();
    expect(await tasks.leaseOne('task_none', NOW_MS, NOW_MS + 1)).toBeUndefined();
  });

  test('are looked through by what is known of them, newest first, by pages', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const { tasks } = store();
    // Books in which nothing is held are no good books of tasks under way.
    const over = { phase: 'done', endedMs: NOW_MS } as const;
    const held = heldRow(accountId, over);
    const polled = { doc: '{"detail":"polling"}', state: 'running', model: 'n' } as const;
    const other = heldRow(accountId, { ...over, ...polled });
    const there = heldRow(accountId, { ...over, upstream: 'v' });
    for (const row of [held, other, there, heldRow(accountId, { phase: 'draft' })]) {
      await tasks.insert(row);
    }
    const look = async (more: object) =>
      (await tasks.survey({ accountId, limit: 10, ...more })).map(({ id }) => id);
    expect(await look({})).toEqual([there.id, other.id, held.id]);
    expect(await look({ limit: 2 })).toEqual([there.id, other.id]);
    expect(await look({ after: other.id })).toEqual([held.id]);
    expect(await look({ detail: 'held_for_review' })).toEqual([there.id, held.id]);
    expect(await look({ states: ['running'] })).toEqual([other.id]);
    expect(await look({ model: 'n' })).toEqual([other.id]);
    expect(await look({ upstream: 'v' })).toEqual([there.id]);
    expect(await look({ accountId: 'default' })).not.toContain(held.id);
    const found = await tasks.byCallIds([held.callId, 'call_none', there.callId]);
    expect(found.map(({ id }) => id).sort()).toEqual([held.id, there.id].sort());
    expect(found[0]?.kind).toBe('text_to_video');
    expect(await tasks.byCallIds([])).toEqual([]);
  });
});
