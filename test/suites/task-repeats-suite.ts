/** Creations that come a second time, and the orders of a list. Every store keeps this. */
import { expect, test } from 'bun:test';
import type { TaskRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, rowsSuiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;

function askedRow(accountId: string, more: Partial<TaskRow> = {}): TaskRow {
  const id = nextName('task');
  return {
    ...{ id, accountId, keyId: 'key_1', callId: nextName('call'), mount: '', nativeId: id },
    ...{ kind: 'text_to_video', model: 'soup', upstream: 'up', vendorId: null },
    ...{ phase: 'new', state: 'queued', cancelAsked: false, createdMs: NOW_MS, endedMs: null },
    ...{ nextMs: NOW_MS, leaseUntilMs: 0, leaseNo: 0, repeatKey: null, asked: 'words' },
    ownName: null,
    ...{ unheard: false, token: nextName('token'), events: 1, told: 0, job: '{}', doc: '{}' },
    body: null,
    ...more,
  };
}

export const taskRepeatsSuite = rowsSuiteOf('tasks asked for again')((store) => {
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;

  test('the newest of one key and one wish is found, not too long ago', async () => {
    const accountId = await own();
    const [keyId, asked] = [nextName('key'), nextName('words')];
    const rows = [1, 2].map((ms) => askedRow(accountId, { keyId, asked, createdMs: NOW_MS + ms }));
    for (const row of rows) expect(await store().tasks.insert(row)).toBeTrue();
    const { tasks } = store();
    expect(await tasks.byAsked(keyId, asked, NOW_MS)).toEqual(rows[1]);
    expect(await tasks.byAsked(keyId, asked, NOW_MS + 2)).toEqual(rows[1]);
    expect(await tasks.byAsked(keyId, asked, NOW_MS + 3)).toBeUndefined();
    expect(await tasks.byAsked(keyId, 'other words', NOW_MS)).toBeUndefined();
    expect(await tasks.byAsked('another key', asked, NOW_MS)).toBeUndefined();
    const none = askedRow(accountId, { keyId, asked: null });
    await tasks.insert(none);
    expect(await tasks.byId(none.id)).toEqual(none);
  });

  test('whether its maker heard of it is written beside whoever holds it', async () => {
    const row = askedRow(await own());
    const { tasks } = store();
    await tasks.insert(row);
    await tasks.setUnheard(row.id, true);
    expect(await tasks.byId(row.id)).toEqual({ ...row, unheard: true });
    expect(await tasks.save(row.id, 0, { ...row, doc: '{"a":1}' })).toBeTrue();
    expect((await tasks.byId(row.id))?.unheard).toBeTrue();
    await tasks.setUnheard(row.id, false);
    expect((await tasks.byId(row.id))?.unheard).toBeFalse();
  });

  test('a list goes both ways, within times and of several models', async () => {
    const accountId = await own();
    const { tasks } = store();
    const models = ['soup', 'bread', 'soup', 'wine'];
    const rows = models.map((model, ms) =>
      askedRow(accountId, { model, asked: null, createdMs: NOW_MS + ms }),
    );
    for (const row of rows) await tasks.insert(row);
    const ids = rows.map(({ id }) => id);
    const list = async (filter: object) =>
      (await tasks.list({ accountId, limit: 10, ...filter })).map(({ id }) => id);
    expect(await list({})).toEqual([...ids].reverse());
    expect(await list({ order: 'asc' })).toEqual(ids);
    expect(await list({ order: 'asc', after: ids[1] ?? '' })).toEqual(ids.slice(2));
    expect(await list({ order: 'desc', after: ids[1] ?? '' })).toEqual(ids.slice(0, 1));
    const span = { createdAfterMs: NOW_MS + 1, createdBeforeMs: NOW_MS + 3, order: 'asc' };
    expect(await list(span)).toEqual(ids.slice(1, 3));
    expect(await list({ models: ['soup', 'wine'], order: 'asc' })).toEqual(
      [0, 2, 3].map((at) => ids[at] ?? ''),
    );
    expect(await tasks.count({ accountId, limit: 1, models: ['bread'] })).toBe(1);
  });
});
