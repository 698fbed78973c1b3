/** Whose kept files are whose, how much that is, and when they go. Every store keeps this. */
import { expect, test } from 'bun:test';
import type { ResultRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;

function resultRow(accountId: string, more: Partial<ResultRow> = {}): ResultRow {
  return {
    key: nextName('file'),
    accountId,
    taskId: nextName('task'),
    bytes: 100,
    createdMs: NOW_MS,
    expiresMs: null,
    ...more,
  };
}

export const resultsSuite = suiteOf('results')((store) => {
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;

  test('every field comes back, with those of its task and no others', async () => {
    const accountId = await own();
    const taskId = nextName('task');
    const rows = [
      resultRow(accountId, { taskId, bytes: 3 * 2 ** 40, expiresMs: NOW_MS + 1 }),
      resultRow(accountId, { taskId }),
    ];
    for (const row of [...rows, resultRow(accountId)]) await store().results.insert(row);
    const found = await store().results.ofTask(taskId);
    expect(found.toSorted((a, b) => a.key.localeCompare(b.key))).toEqual(rows);
    expect(await store().results.ofTask('nobody')).toEqual([]);
  });

  test('what is written again under a key takes the place of the first, its end too', async () => {
    const accountId = await own();
    const first = resultRow(accountId, { bytes: 5, expiresMs: NOW_MS + 5 });
    await store().results.insert(first);
    const second = { ...first, bytes: 9, createdMs: NOW_MS + 1, expiresMs: NOW_MS + 99 };
    await store().results.insert(second);
    expect(await store().results.ofTask(first.taskId)).toEqual([second]);
    expect(await store().results.bytesOf(accountId)).toBe(9);
    await store().results.insert({ ...second, expiresMs: null });
    expect((await store().results.ofTask(first.taskId))[0]?.expiresMs).toBeNull();
  });

  test('bytes are counted for each account alone', async () => {
    const [mine, theirs] = [await own(), await own()];
    const rows = [resultRow(mine, { bytes: 2 ** 40 }), resultRow(mine, { bytes: 1 })];
    for (const row of [...rows, resultRow(theirs)]) await store().results.insert(row);
    expect(await store().results.bytesOf(mine)).toBe(2 ** 40 + 1);
    await store().results.remove(rows[0]?.key ?? '');
    expect(await store().results.bytesOf(mine)).toBe(1);
    expect(await store().results.bytesOf('nobody')).toBe(0);
    await store().results.remove('nobody');
    expect(await store().results.bytesOf(theirs)).toBe(100);
  });

  test('what has expired is found, the longest expired first; what has no end never', async () => {
    const accountId = await own();
    const at = (ms: number | null) => resultRow(accountId, { expiresMs: ms });
    const rows = [at(30), at(10), at(20), at(31), at(null)];
    for (const row of rows) await store().results.insert(row);
    const keys = async (nowMs: number, limit: number) =>
      (await store().results.expired(nowMs, limit)).map(({ key }) => key);
    const [third, first, second] = rows.map(({ key }) => key);
    expect(await keys(30, 2)).toEqual([first ?? '', second ?? '']);
    expect(await keys(30, 9)).toEqual([first ?? '', second ?? '', third ?? '']);
    expect(await keys(9, 9)).toEqual([]);
  });
});
