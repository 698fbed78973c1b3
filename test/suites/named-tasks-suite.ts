/** Tasks with names of their callers' own, bounds in time, and files that were handed in. */
import { expect, test } from 'bun:test';
import type { TaskRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

function taskRow(accountId: string, more: Partial<TaskRow> = {}): TaskRow {
  return {
    ...{ id: nextName('task'), accountId, keyId: 'key', callId: nextName('call'), mount: '/door' },
    ...{ nativeId: nextName('native'), kind: 'k', model: 'm', upstream: 'u', vendorId: null },
    ...{ phase: 'done', state: 'succeeded', cancelAsked: false, createdMs: 1_000, endedMs: 2_000 },
    ...{ nextMs: 0, leaseUntilMs: 0, leaseNo: 0, repeatKey: null, ownName: null },
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

  test('files that were handed in are listed by pages, the newest first', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const other = await makePurse(store(), 0n);
    const put = (owner: string, id: string, more: object = {}) =>
      store().results.insert({
        ...{ key: `${owner}/in/${id}/file`, accountId: owner, taskId: id, bytes: 1 },
        ...{ createdMs: 1_000, expiresMs: 9_000, ...more },
      });
    await put(accountId, 'a');
    await put(accountId, 'b');
    await put(accountId, 'c', { createdMs: 2_000 });
    await put(accountId, 'gone', { expiresMs: 4_000 });
    await put(accountId, 'about', { key: `${accountId}/in/d/about` });
    await put(accountId, 'result', { key: `${accountId}/task_1/0` });
    await put(other.accountId, 'e');
    const list = async (limit: number, after?: string) => {
      const page = { nowMs: 5_000, limit, ...(after === undefined ? {} : { after }) };
      return (await store().results.handedIn(accountId, page)).map(({ taskId }) => taskId);
    };
    expect(await list(9)).toEqual(['c', 'b', 'a']);
    expect(await list(1)).toEqual(['c']);
    expect(await list(2, `${accountId}/in/c/file`)).toEqual(['b', 'a']);
    expect(await list(9, `${accountId}/in/a/file`)).toEqual([]);
  });
});
