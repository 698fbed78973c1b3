/** What the engine and the webhooks ask of all tasks together. Every store keeps this. */
import { expect, test } from 'bun:test';
import { makePurse, nextName, rowsSuiteOf } from './storage-rig.ts';
import { NOW_MS, taskRow } from './tasks-suite.ts';

export const taskLooksSuite = rowsSuiteOf('all tasks together')((store) => {
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;

  test('those at a vendor are counted', async () => {
    const accountId = await own();
    const upstream = nextName('up');
    const phases = ['draft', 'new', 'sending', 'unknown', 'polling', 'finishing'] as const;
    for (const phase of phases) await store().tasks.insert(taskRow(accountId, { upstream, phase }));
    const over = { upstream, phase: 'polling', endedMs: NOW_MS } as const;
    await store().tasks.insert(taskRow(accountId, over));
    await store().tasks.insert(taskRow(accountId, { upstream, phase: 'unknown', model: 'stew' }));
    expect(await store().tasks.atVendor(upstream)).toBe(4);
    expect(await store().tasks.atVendor('nobody')).toBe(0);
  });

  test('ids of a vendor’s that are some task’s already, at that upstream alone', async () => {
    const accountId = await own();
    const upstream = nextName('up');
    await store().tasks.insert(taskRow(accountId, { upstream, vendorId: 'a' }));
    await store().tasks.insert(taskRow(accountId, { upstream: nextName('up'), vendorId: 'b' }));
    expect(await store().tasks.claimed(upstream, ['a', 'b', 'c'])).toEqual(['a']);
    expect(await store().tasks.claimed(upstream, [])).toEqual([]);
  });

  test('those with news, the oldest first, until it is told; drafts have none', async () => {
    const accountId = await own();
    const rows = [
      taskRow(accountId, { events: 3, told: 2 }),
      taskRow(accountId, { events: 2, told: 2 }),
      taskRow(accountId, { events: 1, told: 0 }),
      taskRow(accountId, { events: 1, told: 0, phase: 'draft' }),
    ];
    for (const row of rows) await store().tasks.insert(row);
    const news = async (limit: number) => {
      const known = new Set(rows.map(({ id }) => id));
      const found = await store().tasks.untold(limit);
      return found.filter(({ id }) => known.has(id)).map(({ id }) => id);
    };
    expect(await news(10_000)).toEqual([rows[0]?.id ?? '', rows[2]?.id ?? '']);
    expect(await store().tasks.untold(1)).toHaveLength(1);
    await store().tasks.markTold(rows[0]?.id ?? '', 3);
    await store().tasks.markTold(rows[2]?.id ?? '', 1);
    expect(await news(10_000)).toEqual([]);
  });

  test('the text of a price is found by its id', async () => {
    const text = `{"currency":"CNY","of":"${nextName('price')}"}`;
    const id = await store().ledger.keepPrice(text);
    expect(await store().tasks.priceText(id)).toBe(text);
    expect(await store().tasks.priceText('nobody')).toBeUndefined();
  });
});
