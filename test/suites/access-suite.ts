/** Access keys, endpoints and usage over time: every store keeps this. */
import { expect, test } from 'bun:test';
import type { EndpointRow } from '../../src/storage/ports.ts';
import { holdRow, makePurse, nextName, settleRow, suiteOf } from './storage-rig.ts';

export function endpointRow(accountId: string, more: Partial<EndpointRow> = {}): EndpointRow {
  return {
    id: nextName('ep'),
    accountId,
    name: 'n',
    description: '',
    model: 'm',
    state: 'Running',
    requestsPerMinute: null,
    tokensPerMinute: null,
    contract: null,
    tags: {},
    project: 'default',
    createdMs: 1_700_000_000_123,
    updatedMs: 1_700_000_000_123,
    ...more,
  };
}

export const accessKeysSuite = suiteOf('access keys')((store) => {
  const pairRow = (accountId: string) => {
    return { id: nextName('AKLT'), accountId, sealed: 's', state: 'active', createdMs: 7 } as const;
  };

  test('a pair comes back as it went in, and its state changes', async () => {
    const row = pairRow('default');
    await store().accessKeys.insert(row);
    expect(await store().accessKeys.byId(row.id)).toEqual(row);
    let told = 0;
    store().accessKeys.onChange(() => {
      told += 1;
    });
    expect(await store().accessKeys.setState(row.id, 'disabled')).toBeTrue();
    expect(told).toBeGreaterThan(0);
    expect(await store().accessKeys.byId(row.id)).toEqual({ ...row, state: 'disabled' });
  });

  test('a pair is found with what its account may do', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const row = pairRow(accountId);
    const owner = pairRow('default');
    for (const one of [row, owner]) await store().accessKeys.insert(one);
    expect(await store().accessKeys.found(row.id)).toEqual({ pair: row, accountUnlimited: false });
    const found = await store().accessKeys.found(owner.id);
    expect(found).toEqual({ pair: owner, accountUnlimited: true });
    expect(await store().accessKeys.found('none')).toBeUndefined();
  });

  test('what is not there is undefined, and an account must be', async () => {
    expect(await store().accessKeys.byId("' or 1=1 --")).toBeUndefined();
    expect(await store().accessKeys.setState('none', 'active')).toBeFalse();
    expect(store().accessKeys.insert(pairRow('no such account'))).rejects.toThrow();
    const row = pairRow('default');
    await store().accessKeys.insert(row);
    expect(store().accessKeys.insert(row)).rejects.toThrow();
  });

  test('lists page after page, of one account', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const rows = Array.from({ length: 5 }, () => pairRow(accountId));
    for (const row of rows) await store().accessKeys.insert(row);
    const first = await store().accessKeys.list({ limit: 3, accountId });
    const rest = await store().accessKeys.list({ limit: 3, accountId, after: first[2]?.id ?? '' });
    expect([...first, ...rest]).toEqual(rows);
    expect((await store().accessKeys.list({ limit: 100 })).length).toBeGreaterThan(5);
  });
});

export const endpointsSuite = suiteOf('endpoints')((store) => {
  test('every field comes back as it went in, and as it is changed', async () => {
    const plain = endpointRow('default');
    const full = endpointRow('default', {
      name: 'naïve "quoted"',
      state: 'Stopped',
      requestsPerMinute: 5,
      tokensPerMinute: 6,
      contract: 'strict',
      tags: { team: 'a', 豆: '' },
      project: 'p',
    });
    for (const row of [plain, full]) {
      expect(await store().endpoints.insert(row)).toBeTrue();
      expect(await store().endpoints.byId(row.id)).toEqual(row);
      expect(await store().endpoints.insert(row)).toBeFalse();
    }
    const { id, accountId, createdMs, ...change } = full;
    expect(await store().endpoints.update(plain.id, change)).toBeTrue();
    expect(await store().endpoints.byId(plain.id)).toEqual({ ...full, id: plain.id });
    expect(await store().endpoints.update(plain.id, { tags: {}, contract: null })).toBeTrue();
    const row = await store().endpoints.byId(plain.id);
    expect(row).toEqual({ ...full, id: plain.id, tags: {}, contract: null });
    expect([accountId, createdMs]).toEqual([plain.accountId, plain.createdMs]);
  });

  test('one that runs stays, one that is stopped goes', async () => {
    const row = endpointRow('default');
    await store().endpoints.insert(row);
    expect(await store().endpoints.removeStopped(row.id)).toBeFalse();
    await store().endpoints.update(row.id, { state: 'Stopped' });
    expect(await store().endpoints.removeStopped(row.id)).toBeTrue();
    expect(await store().endpoints.byId(row.id)).toBeUndefined();
    expect(await store().endpoints.removeStopped(row.id)).toBeFalse();
    expect(await store().endpoints.update(row.id, { name: 'x' })).toBeFalse();
  });

  test('lists page after page, of one account; a change is told', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const rows = Array.from({ length: 5 }, () => endpointRow(accountId));
    let told = 0;
    store().endpoints.onChange(() => {
      told += 1;
    });
    for (const row of rows) await store().endpoints.insert(row);
    expect(told).toBeGreaterThanOrEqual(5);
    const first = await store().endpoints.list({ limit: 3, accountId });
    const rest = await store().endpoints.list({ limit: 3, accountId, after: first[2]?.id ?? '' });
    expect([...first, ...rest]).toEqual(rows);
    expect(store().endpoints.insert(endpointRow('no such account'))).rejects.toThrow();
  });

  test('a call says through which endpoint it came, and usage is summed over time', async () => {
    const purse = await makePurse(store(), null);
    const { accountId } = purse;
    const call = async (endpoint: string | null, startedMs: number): Promise<void> => {
      const hold = holdRow(purse, 5n, { endpoint, startedMs });
      await store().ledger.hold(hold);
      expect(await store().calls.byId(hold.id)).toMatchObject({ endpoint });
      await store().ledger.settle(settleRow(hold.id, 5n));
      expect(await store().calls.byId(hold.id)).toMatchObject({ endpoint });
    };
    for (const [endpoint, startedMs] of [
      ['ep-a', 99_999],
      ['ep-a', 100_000],
      ['ep-b', 159_999],
      [null, 160_000],
      ['ep-a', 219_999],
      ['ep-a', 220_000],
    ] as const)
      await call(endpoint, startedMs);
    const span = { accountId, endpoints: null, fromS: 100, untilS: 220, stepS: 60 };
    const point = (atS: number, calls: number) => {
      return { atS, inputTokens: 10 * calls, outputTokens: 5 * calls };
    };
    const usage = (more: object = {}) => store().calls.usageOverTime({ ...span, ...more });
    expect(await usage()).toEqual([point(100, 2), point(160, 2)]);
    expect(await usage({ endpoints: ['ep-a'] })).toEqual([point(100, 1), point(160, 1)]);
    expect(await usage({ endpoints: ['ep-b', 'ep-none'] })).toEqual([point(100, 1)]);
    expect(await usage({ endpoints: [] })).toEqual([]);
    expect(await usage({ accountId: 'default' })).toEqual([]);
  });
});
