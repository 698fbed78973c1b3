/** What a store promises of answers that are kept for later questions. */
import { expect, test } from 'bun:test';
import type { NewResponse, ResponseRow } from '../../src/storage/ports.ts';
import { nextName, suiteOf } from './storage-rig.ts';

const NOW_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const WIDE = { limit: 9, bytesMax: 1_000_000 };
const ids = (rows: readonly ResponseRow[]) => rows.map(({ id }) => id);

const fresh = (accountId: string, more: Partial<ResponseRow> = {}, itemIds: string[] = []) => {
  const row: ResponseRow = {
    id: nextName('resp'),
    accountId,
    previousId: null,
    model: 'm-1',
    input: '[{"type":"message","role":"user","content":"你好"}]',
    response: '{"id":"resp"}',
    createdMs: NOW_MS,
    expiresMs: NOW_MS + DAY_MS,
    ...more,
  };
  return { row, itemIds } satisfies NewResponse;
};

export const responsesSuite = suiteOf('responses')((store) => {
  const account = async () => {
    const id = nextName('acct');
    await store().accounts.insert({ id, name: id, unlimited: false, createdMs: NOW_MS });
    return id;
  };
  const keep = async (one: NewResponse) => {
    await store().responses.insert(one);
    return one.row;
  };

  test('a response is read as it was kept, by its account alone', async () => {
    const [accountId, other] = [await account(), await account()];
    const row = await keep(fresh(accountId));
    const wish = { accountId, nowMs: NOW_MS };
    expect(await store().responses.byId(row.id, wish)).toEqual(row);
    expect(await store().responses.byId(row.id, { ...wish, accountId: other })).toBeUndefined();
    expect(
      await store().responses.chain(row.id, { accountId: other, nowMs: NOW_MS, ...WIDE }),
    ).toEqual([]);
    expect(await store().responses.remove(row.id, { ...wish, accountId: other })).toBe(false);
  });

  test('two accounts may have responses of the same id', async () => {
    const [accountId, other] = [await account(), await account()];
    const row = await keep(fresh(accountId));
    await keep(fresh(other, { id: row.id, model: 'm-2' }));
    expect((await store().responses.byId(row.id, { accountId, nowMs: NOW_MS }))?.model).toBe('m-1');
  });

  test('a chain comes newest first, ends at its bounds, and shows what is missing', async () => {
    const accountId = await account();
    const turns: ResponseRow[] = [];
    for (let at = 0; at < 5; at += 1) {
      const previousId = turns[0]?.id ?? null;
      turns.unshift(await keep(fresh(accountId, { previousId })));
    }
    const [last] = turns;
    const chain = (limit: number, bytesMax = WIDE.bytesMax) =>
      store().responses.chain(last?.id ?? '', { accountId, nowMs: NOW_MS, limit, bytesMax });
    expect(ids(await chain(9))).toEqual(ids(turns));
    expect(ids(await chain(3))).toEqual(ids(turns.slice(0, 3)));
    const bytes = Buffer.byteLength((last?.input ?? '') + (last?.response ?? ''));
    expect(ids(await chain(9, 2 * bytes))).toEqual(ids(turns.slice(0, 2)));
    const middle = turns[2]?.id ?? '';
    expect(await store().responses.remove(middle, { accountId, nowMs: NOW_MS })).toBe(true);
    const rest = await chain(9);
    expect(ids(rest)).toEqual(ids(turns.slice(0, 2)));
    expect(rest.at(-1)?.previousId).toBe(middle);
  });

  test('what has expired is not there, and is swept away in bounded steps', async () => {
    const accountId = await account();
    const expiresMs = NOW_MS + 5;
    const item = nextName('msg');
    const rows = [];
    for (let at = 0; at < 3; at += 1)
      rows.push(await keep(fresh(accountId, { expiresMs }, [item])));
    const kept = await keep(fresh(accountId));
    const [first] = rows;
    const find = (nowMs: number) => store().responses.byId(first?.id ?? '', { accountId, nowMs });
    expect(await find(NOW_MS + 4)).toBeDefined();
    expect(await find(NOW_MS + 5)).toBeUndefined();
    const byItems = await store().responses.byItems([item], { accountId, nowMs: NOW_MS + 5 });
    expect(byItems.size).toBe(0);
    expect(await store().responses.sweep(NOW_MS + 5, 2)).toBe(2);
    expect(await store().responses.sweep(NOW_MS + 5, 2)).toBe(1);
    expect(await store().responses.sweep(NOW_MS + 5, 2)).toBe(0);
    expect(await find(NOW_MS)).toBeUndefined();
    expect(await store().responses.byId(kept.id, { accountId, nowMs: NOW_MS })).toEqual(kept);
  });

  test('an item is found in the newest response that has it, by its account alone', async () => {
    const [accountId, other] = [await account(), await account()];
    const [shared, own] = [nextName('msg'), nextName('msg')];
    await keep(fresh(accountId, {}, [shared]));
    const second = await keep(fresh(accountId, {}, [shared, own, own]));
    const many = Array.from({ length: 500 }, () => nextName('none'));
    const found = await store().responses.byItems([...many, shared, own], {
      accountId,
      nowMs: NOW_MS,
    });
    expect([...found.keys()].sort()).toEqual([shared, own].sort());
    expect(found.get(shared)).toEqual(second);
    const theirs = await store().responses.byItems([shared], { accountId: other, nowMs: NOW_MS });
    expect(theirs.size).toBe(0);
    await store().responses.remove(second.id, { accountId, nowMs: NOW_MS });
    const gone = await store().responses.byItems([own], { accountId, nowMs: NOW_MS });
    expect(gone.size).toBe(0);
  });
});
