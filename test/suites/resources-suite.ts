/** Whose files and contexts are whose, and where: every store keeps this. */
import { expect, test } from 'bun:test';
import type { ResourceRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;

function resourceRow(accountId: string, more: Partial<ResourceRow> = {}): ResourceRow {
  return {
    id: nextName('file'),
    accountId,
    kind: 'file',
    upstream: 'vendor:one',
    body: '{"filename":"提问.txt"}',
    createdMs: NOW_MS,
    expiresMs: NOW_MS + 1_000,
    ...more,
  };
}

export const resourcesSuite = suiteOf('resources')((store) => {
  test('every field comes back, to the account that it is of and to no other', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const row = resourceRow(accountId);
    const { id } = row;
    expect(await store().resources.insert(row)).toBeTrue();
    expect(await store().resources.insert({ ...row, accountId: 'default' })).toBeFalse();
    expect(await store().resources.find({ id, accountId, kind: 'file' })).toEqual(row);
    expect(await store().resources.find({ id, accountId, kind: 'context' })).toBeUndefined();
    const other = { id, accountId: 'default', kind: 'file' } as const;
    expect(await store().resources.find(other)).toBeUndefined();
    await store().resources.update(id, { body: '{}', expiresMs: NOW_MS + 5 });
    const changed = { ...row, body: '{}', expiresMs: NOW_MS + 5 };
    expect(await store().resources.find({ id, accountId, kind: 'file' })).toEqual(changed);
    await store().resources.remove(id);
    expect(await store().resources.find({ id, accountId, kind: 'file' })).toBeUndefined();
    expect(store().resources.insert(resourceRow('no such account'))).rejects.toThrow();
  });

  test('lists page after page, both ways, without what has expired', async () => {
    const { accountId } = await makePurse(store(), 0n);
    // Made in another order than that of their ids; two of them at once.
    const times = [0, 1, 2, 2, 3].map((ms) => NOW_MS + ms);
    const ids = times.map(() => nextName('file'));
    const shuffled = [4, 1, 2, 3, 0].map((at) => ids[at] ?? '');
    const rows = times.map((createdMs, at) =>
      resourceRow(accountId, { id: shuffled[at] ?? '', createdMs }),
    );
    for (const row of rows) await store().resources.insert(row);
    await store().resources.insert(resourceRow(accountId, { kind: 'context' }));
    const page = { accountId, kind: 'file', nowMs: NOW_MS, after: null, limit: 3 } as const;
    const up = await store().resources.list({ ...page, order: 'asc' });
    expect(up).toEqual(rows.slice(0, 3));
    const after = up[2]?.id ?? '';
    const rest = await store().resources.list({ ...page, order: 'asc', after });
    expect(rest).toEqual(rows.slice(3));
    const lost = { ...page, order: 'asc', after: 'file-none' } as const;
    expect(await store().resources.list(lost)).toEqual([]);
    const down = await store().resources.list({ ...page, order: 'desc' });
    expect(down).toEqual([...rows].reverse().slice(0, 3));
    expect(await store().resources.count(accountId, 'file', NOW_MS)).toBe(5);
    expect(await store().resources.count(accountId, 'file', NOW_MS + 1_000)).toBe(0);
    const late = { ...page, order: 'asc', nowMs: NOW_MS + 1_000 } as const;
    expect(await store().resources.list(late)).toEqual([]);
  });

  test('what has expired goes when something new comes', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const old = resourceRow(accountId);
    await store().resources.insert(old);
    await store().resources.insert(resourceRow(accountId, { createdMs: NOW_MS + 1_000 }));
    const which = { id: old.id, accountId, kind: 'file' } as const;
    expect(await store().resources.find(which)).toBeUndefined();
    expect(await store().resources.count(accountId, 'file', NOW_MS)).toBe(1);
  });
});
