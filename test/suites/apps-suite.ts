/** Apps: every store keeps this. */
import { expect, test } from 'bun:test';
import type { AppRow } from '../../src/storage/ports.ts';
import { makePurse, nextName, suiteOf } from './storage-rig.ts';

export function appRow(accountId: string, more: Partial<AppRow> = {}): AppRow {
  const id = nextName('app');
  return {
    id,
    accountId,
    name: id,
    callbackDomain: 'app.example.com',
    scenario: 'answers "questions" 提问',
    keyHash: `k-${id}`,
    secretHash: `s-${id}`,
    keyHint: 'abcd',
    state: 'active',
    contract: 'strict',
    generation: 1,
    createdMs: 1_700_000_000_123,
    ...more,
  };
}

export const appsSuite = suiteOf('apps')((store, place) => {
  test('every field comes back as it went in, with its account', async () => {
    const full = appRow('default', { contract: null, state: 'revoked', generation: 7 });
    const { accountId } = await makePurse(store(), 5n);
    const plain = appRow(accountId);
    for (const [row, accountUnlimited] of [
      [full, true],
      [plain, false],
    ] as const) {
      await store().apps.insert(row);
      const found = { app: row, accountName: row.accountId, accountUnlimited };
      expect(await store().apps.byId(row.id)).toEqual(found);
      expect(await store().apps.byKeyHash(row.keyHash)).toEqual(found);
    }
  });

  test('what is not there is undefined, and cannot be revoked', async () => {
    expect(await store().apps.byId("' or 1=1 --")).toBeUndefined();
    expect(await store().apps.byKeyHash('none')).toBeUndefined();
    expect(await store().apps.revoke('app_none')).toBeFalse();
  });

  test('one key has one app, and an app has an account', async () => {
    const row = appRow('default');
    await store().apps.insert(row);
    const twin = appRow('default', { keyHash: row.keyHash });
    expect(store().apps.insert(twin)).rejects.toThrow();
    expect(store().apps.insert(appRow('no such account'))).rejects.toThrow();
  });

  test('lists page after page, of one account too', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const rows = Array.from({ length: 25 }, () => appRow(accountId));
    for (const row of rows) await store().apps.insert(row);
    const seen: string[] = [];
    for (let after = ''; ; after = seen.at(-1) ?? '') {
      const page = await store().apps.list({ limit: 10, after, accountId });
      seen.push(...page.map(({ app }) => app.id));
      if (page.length < 10) break;
    }
    expect(seen).toEqual(rows.map(({ id }) => id).sort());
    expect((await store().apps.list({ limit: 3 })).length).toBe(3);
  });

  test('is revoked with its generation, and whoever listens hears it', async () => {
    const row = appRow('default');
    await store().apps.insert(row);
    const other = await place().open();
    const [here, there] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    store().apps.onChange(here.resolve);
    other.apps.onChange(there.resolve);
    await Bun.sleep(20);
    const startMs = performance.now();
    expect(await store().apps.revoke(row.id)).toBeTrue();
    await Promise.all([here.promise, there.promise]);
    expect(performance.now() - startMs).toBeLessThan(1_000);
    const found = await other.apps.byId(row.id);
    expect(found?.app).toEqual({ ...row, state: 'revoked', generation: 2 });
  });
});
