/** Keys and accounts: every store keeps this. */
import { describe, expect, test } from 'bun:test';
import { keyRow, type MakePlace, makePurse, nextName, suiteOf } from './storage-rig.ts';

export const keysSuite = suiteOf('keys and accounts')((store, place) => {
  test('every field of a key comes back as it went in', async () => {
    const full = keyRow('default', {
      name: 'naïve "quoted"',
      role: 'operator',
      state: 'disabled',
      expiresMs: 4_102_444_800_000,
      models: ['a', 'b/c'],
      addresses: ['10.0.0.0/8', '::1'],
      requestsPerMinute: 0,
      tokensPerMinute: 5,
      concurrency: 6,
      budget: 2n ** 61n + 1n,
      onDisconnect: 'abort',
      contract: 'strict',
      rescue: true,
      jsonAttemptsMax: 4,
      jsonAgainMax: 2n ** 61n + 3n,
    });
    const plain = keyRow('default');
    await store().keys.insert([full, plain]);
    for (const row of [full, plain]) {
      expect(await store().keys.byId(row.id)).toEqual({ ...row, spent: 0n, held: 0n });
      const found = await store().keys.byHash(row.hash);
      expect(found).toMatchObject({ key: row, accountUnlimited: true });
    }
  });

  test('what is not there is undefined', async () => {
    expect(await store().keys.byHash('0'.repeat(64))).toBeUndefined();
    expect(await store().keys.byId("' or 1=1 --")).toBeUndefined();
    expect(await store().accounts.byName('nobody')).toBeUndefined();
    expect(await store().keys.setState('key_none', 'disabled')).toBeFalse();
  });

  test('a key of an account with a limit says so', async () => {
    const { key } = await makePurse(store(), 5n);
    expect(await store().keys.byHash(key.hash)).toMatchObject({ accountUnlimited: false });
  });

  test('one hash has one key, and a key has an account', async () => {
    const row = keyRow('default');
    await store().keys.insert([row]);
    const twin = keyRow('default', { hash: row.hash });
    expect(store().keys.insert([twin])).rejects.toThrow();
    expect(store().keys.insert([keyRow('no such account')])).rejects.toThrow();
  });

  test('lists page after page, of one account too', async () => {
    const { accountId } = await makePurse(store(), 0n);
    const rows = Array.from({ length: 1_100 }, () => keyRow(accountId));
    await store().keys.insert(rows);
    const seen: string[] = [];
    for (let after = ''; ; after = seen.at(-1) ?? '') {
      const page = await store().keys.list({ limit: 400, after, accountId });
      seen.push(...page.map((row) => row.id));
      if (page.length < 400) break;
    }
    expect(seen.length).toBe(1_101);
    expect(seen).toEqual([...seen].sort());
    expect((await store().keys.list({ limit: 3 })).length).toBe(3);
  });

  test('a state is changed, and whoever listens is told', async () => {
    const row = keyRow('default');
    await store().keys.insert([row]);
    let told = 0;
    store().keys.onChange(() => {
      told += 1;
    });
    expect(await store().keys.setState(row.id, 'disabled')).toBeTrue();
    expect(told).toBeGreaterThan(0);
    expect(await store().keys.byHash(row.hash)).toMatchObject({ key: { state: 'disabled' } });
  });

  test('a name of an account is taken once', async () => {
    const row = { id: nextName('a'), name: nextName('n'), unlimited: false, createdMs: 9 };
    expect(await store().accounts.insert(row)).toBeTrue();
    expect(await store().accounts.insert({ ...row, id: nextName('a') })).toBeFalse();
    expect(await store().accounts.byName(row.name)).toEqual({ ...row, balance: 0n, held: 0n });
  });

  test('the built-in accounts are there, once, however often it is opened', async () => {
    const again = await place().open();
    const ids = (await again.accounts.list({ limit: 1_000 })).map((row) => row.id);
    for (const id of ['house', 'funding', 'default']) {
      expect(ids.filter((other) => other === id)).toEqual([id]);
    }
    await again.ping();
  });
});

const CHANGE_WAIT_MS = 1_000;

/** What one store writes another sees: the CLI beside the server. */
export function changesSuite(name: string, make: MakePlace): void {
  describe(`${name}: two stores on one database`, () => {
    test('a key that the other one disables is known within a second', async () => {
      const place = await make();
      const [here, there] = [await place.open(), await place.open()];
      const row = keyRow('default');
      await here.keys.insert([row]);
      const told = Promise.withResolvers<void>();
      here.keys.onChange(told.resolve);
      await Bun.sleep(20);
      const startMs = performance.now();
      expect(await there.keys.setState(row.id, 'disabled')).toBeTrue();
      await Promise.race([
        told.promise,
        Bun.sleep(CHANGE_WAIT_MS).then(() => Promise.reject(new Error('nobody told'))),
      ]);
      expect(performance.now() - startMs).toBeLessThan(CHANGE_WAIT_MS);
      expect(await here.keys.byHash(row.hash)).toMatchObject({ key: { state: 'disabled' } });
      await place.dispose();
    });

    test('both may write money at once', async () => {
      const place = await make();
      const [here, there] = [await place.open(), await place.open()];
      const { accountId } = await makePurse(here, 0n);
      const entries = Array.from({ length: 40 }, (_, at) => ({
        cause: `both:${at % 20}`,
        from: 'funding',
        to: accountId,
        amount: 1n,
        atMs: 1,
      }));
      const entered = await Promise.all(
        entries.map((entry, at) => (at % 2 === 0 ? here : there).ledger.enter(entry)),
      );
      expect(entered.filter((done) => done).length).toBe(20);
      expect((await here.accounts.byName(accountId))?.balance).toBe(20n);
      expect((await there.ledger.audit()).problems).toEqual([]);
      await place.dispose();
    });
  });
}
