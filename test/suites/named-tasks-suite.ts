/** Tasks with names of their callers' own, and bounds in time. */
import { expect, test } from 'bun:test';
import type { TaskRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

function taskRow(accountId: string, more: Partial<TaskRow> = {}): TaskRow {
  return {
    ...{ id: nextName('task'), accountId, keyId: 'key', callId: nextName('call'), mount: '/door' },
    ...{ nativeId: nextName('native'), kind: 'k', model: 'm', upstream: 'u', vendorId: null },
    ...{ phase: 'done', state: 'succeeded', cancelAsked: false, createdMs: 1_000, endedMs: 2_000 },
    ...{ nextMs: 0, leaseUntilMs: 0, leaseNo: 0, repeatKey: null, ownName: null },
    ...{ asked: null, unheard: false },
    ...{ token: nextName('token'), events: 0, told: 0, job: '{}', doc: '{}', body: null },
    ...more,
  };
}

export const namedTasksSuite = suiteOf('named tasks')((store) => {
  test('a name is one task’s, in its account and at its door', async () => {
    const { tasks } = store();
    const [one, two] = [await makePurse(store(), 0n), await makePurse(store(), 0n)];
    const first = taskRow(one.accountId, { ownName: 'order/17' });
    expect(await tasks.insert(first)).toBeTrue();
    expect(await tasks.insert(taskRow(one.accountId, { ownName: 'order/17' }))).toBeFalse();
    const elsewhere = taskRow(one.accountId, { ownName: 'order/17', mount: '/other' });
    expect(await tasks.insert(elsewhere)).toBeTrue();
    expect(await tasks.insert(taskRow(two.accountId, { ownName: 'order/17' }))).toBeTrue();
    // Those without a name never meet.
    for (let times = 0; times < 3; times += 1) {
      expect(await tasks.insert(taskRow(one.accountId))).toBeTrue();
    }
    expect(await tasks.byOwnName(one.accountId, '/door', 'order/17')).toEqual(first);
    expect(await tasks.byOwnName(one.accountId, '/door', 'order/1%')).toBeUndefined();
    // Thrown away, it leaves its name free.
    expect(await tasks.remove(first.id)).toBeTrue();
    expect(await tasks.insert(taskRow(one.accountId, { ownName: 'order/17' }))).toBeTrue();
  });

  test('a repeat key is one task’s as before', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const { tasks } = store();
    expect(await tasks.insert(taskRow(accountId, { repeatKey: 'r', ownName: 'a' }))).toBeTrue();
    expect(await tasks.insert(taskRow(accountId, { repeatKey: 'r', ownName: 'b' }))).toBeFalse();
    expect(await tasks.byOwnName(accountId, '/door', 'b')).toBeUndefined();
  });

  test('a list ends before a time and begins at one', async () => {
    const { accountId } = await makePurse(store(), 0n);
    for (const createdMs of [1_000, 2_000, 3_000]) {
      await store().tasks.insert(taskRow(accountId, { createdMs }));
    }
    const times = async (more: object) =>
      (await store().tasks.list({ accountId, limit: 9, ...more })).map((row) => row.createdMs);
    expect(await times({ createdBeforeMs: 3_000 })).toEqual([2_000, 1_000]);
    expect(await times({ createdAfterMs: 2_000 })).toEqual([3_000, 2_000]);
    expect(await times({ createdAfterMs: 2_000, createdBeforeMs: 3_000 })).toEqual([2_000]);
  });
});
