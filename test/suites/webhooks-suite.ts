/** Who wants to be told of what. Every store keeps this. */
import { expect, test } from 'bun:test';
import type { WebhookRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

function webhookRow(accountId: string, more: Partial<WebhookRow> = {}): WebhookRow {
  return {
    id: nextName('whk'),
    accountId,
    url: 'https://example.com/钩?a=b',
    events: [],
    profile: 'standard',
    sealed: 'sealed',
    oldSealed: null,
    oldUntilMs: null,
    state: 'active',
    reason: null,
    createdMs: 1_700_000_000_000,
    ...more,
  };
}

export const webhooksSuite = suiteOf('webhooks')((store) => {
  const own = async (): Promise<string> => (await makePurse(store(), 0n)).accountId;

  test('every field comes back; an id is taken once', async () => {
    const row = webhookRow(await own(), {
      ...{ events: ['task.failed', 'task.queued'], profile: 'notify', state: 'disabled' },
      ...{ oldSealed: 'old', oldUntilMs: 1_700_000_000_001, reason: 'gone' },
    });
    await store().webhooks.insert(row);
    expect(await store().webhooks.byId(row.id)).toEqual(row);
    expect(await store().webhooks.byId('nobody')).toBeUndefined();
    await expect(store().webhooks.insert(row)).rejects.toThrow();
  });

  test('an account’s are listed page after page, and nobody else’s', async () => {
    const [mine, theirs] = [await own(), await own()];
    const rows = [1, 2, 3].map(() => webhookRow(mine));
    for (const row of [...rows, webhookRow(theirs)]) await store().webhooks.insert(row);
    const { list } = store().webhooks;
    expect(await list(mine, 9)).toEqual(rows);
    expect(await list(mine, 2)).toEqual(rows.slice(0, 2));
    expect(await list(mine, 2, rows[1]?.id)).toEqual(rows.slice(2));
    expect(await list(mine, 2, rows[2]?.id)).toEqual([]);
    expect(await list('nobody', 9)).toEqual([]);
  });

  test('a change is of what it names, even beside another change', async () => {
    const row = webhookRow(await own());
    await store().webhooks.insert(row);
    // One turns the secret while the other switches it off: neither undoes the other.
    await Promise.all([
      store().webhooks.update(row.id, { sealed: 'new', oldSealed: 'sealed', oldUntilMs: 5 }),
      store().webhooks.update(row.id, { state: 'disabled', reason: 'gone' }),
      store().webhooks.update(row.id, { events: ['task.failed'] }),
    ]);
    const changed: Partial<WebhookRow> = {
      ...{ sealed: 'new', oldSealed: 'sealed', oldUntilMs: 5 },
      ...{ state: 'disabled', reason: 'gone', events: ['task.failed'] },
    };
    expect(await store().webhooks.byId(row.id)).toEqual({ ...row, ...changed });
    await store().webhooks.update(row.id, { reason: null, oldSealed: null });
    await store().webhooks.update(row.id, {});
    await store().webhooks.update('nobody', { state: 'active' });
    const last = { ...row, ...changed, reason: null, oldSealed: null };
    expect(await store().webhooks.byId(row.id)).toEqual(last);
  });

  test('one that is removed is gone', async () => {
    const row = webhookRow(await own());
    await store().webhooks.insert(row);
    await store().webhooks.remove(row.id);
    await store().webhooks.remove(row.id);
    expect(await store().webhooks.byId(row.id)).toBeUndefined();
  });
});
