import { describe, expect, test } from 'bun:test';
import {
  checkAddress,
  KEY_PREFIX,
  makeAccess,
  mayUseModel,
  mintKey,
  readCredential,
  type TokenReader,
} from '../../src/access/keys.ts';
import { Fault } from '../../src/kit/fault.ts';
import type { FoundKey, KeyRow, Keys } from '../../src/storage/ports.ts';
import { SimClock, START_MS } from '../suites/sim-clock.ts';

const WISH = { accountId: 'default', name: 'n', role: 'caller' } as const;

/** Keys in memory that count how often they are read. */
class FakeKeys implements Keys {
  reads = 0;
  readonly rows = new Map<string, FoundKey>();
  readonly #listeners: (() => void)[] = [];
  /** Runs while a read is under way, after it has seen the row. */
  during: () => void = () => undefined;

  put(key: KeyRow, accountUnlimited = false): void {
    this.rows.set(key.hash, { key, accountUnlimited });
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async byHash(hash: string): Promise<FoundKey | undefined> {
    this.reads += 1;
    const found = this.rows.get(hash);
    await Promise.resolve();
    this.during();
    return found;
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  insert = () => Promise.resolve();
  byId = () => Promise.resolve(undefined);
  list = () => Promise.resolve([]);
  setState = () => Promise.resolve(true);
}

const NO_TOKENS: TokenReader = {
  prefix: 'at-gw-',
  identify: () => {
    throw new Fault('invalid_access_token');
  },
};

function start(more: Partial<KeyRow> = {}, accountUnlimited = false) {
  const keys = new FakeKeys();
  const clock = new SimClock();
  const { row, secret } = mintKey(WISH, clock.nowMs());
  keys.put({ ...row, ...more }, accountUnlimited);
  const access = makeAccess(keys, clock, [NO_TOKENS]);
  const codeOf = async (credential: string | null): Promise<string> => {
    try {
      await access.identify(credential);
      return 'ok';
    } catch (thrown) {
      if (thrown instanceof Fault) return `${thrown.status} ${thrown.code}`;
      throw thrown;
    }
  };
  return { keys, clock, secret, access, row, codeOf };
}

describe('readCredential', () => {
  const read = (headers: Record<string, string>) => readCredential((name) => headers[name] ?? null);

  test.each([
    [{ authorization: 'Bearer k1' }, 'k1'],
    [{ authorization: 'bearer  k1 ' }, 'k1'],
    [{ authorization: 'BEARER k1' }, 'k1'],
    [{ authorization: 'k1' }, 'k1'],
    [{ 'x-api-key': 'k1' }, 'k1'],
    [{ 'api-key': 'k1' }, 'k1'],
    [{ 'x-goog-api-key': 'k1' }, 'k1'],
    [{ 'api-key': 'k3', 'x-goog-api-key': 'k4' }, 'k3'],
    [{ authorization: 'Bearer k1', 'x-api-key': 'k2', 'api-key': 'k3' }, 'k1'],
    [{ 'x-api-key': 'k2', 'api-key': 'k3' }, 'k2'],
    [{ authorization: '', 'x-api-key': 'k2' }, 'k2'],
    [{ authorization: 'Bearer ' }, ''],
    [{ authorization: 'Basic azE=' }, 'Basic azE='],
    [{}, null],
  ] as [Record<string, string>, string | null][])('%j', (headers, credential) => {
    expect(read(headers)).toBe(credential);
  });
});

describe('identify', () => {
  test('knows a key by its secret, and says what it may', async () => {
    const { access, secret } = start({ models: ['a'], addresses: ['10.0.0.0/8'] });
    const caller = await access.identify(secret);
    expect([mayUseModel(caller, 'a'), mayUseModel(caller, 'b')]).toEqual([true, false]);
    checkAddress(caller, '10.1.1.1');
    expect(() => checkAddress(caller, '11.1.1.1')).toThrow(new Fault('address_not_allowed'));
    expect(() => checkAddress(caller, '')).toThrow(new Fault('address_not_allowed'));
  });

  test('a key that names nothing may use every model from everywhere', async () => {
    const { access, secret } = start();
    const caller = await access.identify(secret);
    expect(mayUseModel(caller, 'anything')).toBeTrue();
    checkAddress(caller, '203.0.113.9');
  });

  test.each([
    [null, true, true],
    [null, false, false],
    [5n, true, false],
    [5n, false, false],
  ])('budget %p, account unlimited %p: unlimited %p', async (budget, account, unlimited) => {
    const { access, secret } = start({ budget }, account);
    expect(await access.identify(secret)).toMatchObject({ unlimited });
  });

  test('each refusal by its name', async () => {
    const { codeOf, secret } = start();
    expect(await codeOf(null)).toBe('401 missing_api_key');
    expect(await codeOf('')).toBe('401 missing_api_key');
    expect(await codeOf('sk-gw-wrong')).toBe('401 invalid_api_key');
    expect(await codeOf(mintKey(WISH, 0).secret)).toBe('401 invalid_api_key');
    expect(await codeOf(secret)).toBe('ok');
    const disabled = start({ state: 'disabled' });
    expect(await disabled.codeOf(disabled.secret)).toBe('401 key_disabled');
  });

  test('a key expires at its time, known or not', async () => {
    const { codeOf, secret, clock } = start({ expiresMs: START_MS + 1_000 });
    clock.jump(999);
    expect(await codeOf(secret)).toBe('ok');
    clock.jump(1);
    expect(await codeOf(secret)).toBe('401 key_expired');
    const old = start({ expiresMs: START_MS });
    expect(await old.codeOf(old.secret)).toBe('401 key_expired');
  });

  test('a guess costs no read: the checksum turns it away', async () => {
    const { keys, codeOf, secret } = start();
    const last = secret.at(-1) === 'A' ? 'B' : 'A';
    const guesses = [
      secret.slice(0, -1) + last,
      secret.toLowerCase() === secret ? secret.toUpperCase() : secret.toLowerCase(),
      KEY_PREFIX + 'A'.repeat(49),
      'x'.repeat(100_000),
      `${secret} `,
      "sk-gw-' or 1=1 --",
    ];
    for (const guess of guesses) expect(await codeOf(guess)).toBe('401 invalid_api_key');
    expect(keys.reads).toBe(0);
  });

  test('is kept until something changes', async () => {
    const { keys, codeOf, secret, row } = start();
    for (let times = 0; times < 5; times += 1) await codeOf(secret);
    expect(keys.reads).toBe(1);
    keys.put({ ...row, state: 'disabled' });
    expect(await codeOf(secret)).toBe('ok');
    keys.tell();
    expect(await codeOf(secret)).toBe('401 key_disabled');
    keys.put(row);
    keys.tell();
    expect(await codeOf(secret)).toBe('ok');
  });

  test('what was read before a change does not outlive it', async () => {
    const { keys, codeOf, secret, row } = start();
    keys.during = () => {
      keys.put({ ...row, state: 'disabled' });
      keys.tell();
    };
    await codeOf(secret);
    keys.during = () => undefined;
    expect(await codeOf(secret)).toBe('401 key_disabled');
  });

  test('an unknown key is asked for again, for it may be made meanwhile', async () => {
    const { keys, codeOf } = start();
    const { row, secret } = mintKey(WISH, 0);
    expect(await codeOf(secret)).toBe('401 invalid_api_key');
    keys.put(row);
    expect(await codeOf(secret)).toBe('ok');
  });
});

test('a new key is kept as a hash and a hint, with plain defaults', () => {
  const { row, secret } = mintKey({ ...WISH, models: ['m'], budget: 0n }, 7);
  expect(secret).toStartWith(KEY_PREFIX);
  expect(JSON.stringify({ ...row, budget: '0' })).not.toContain(secret);
  expect(row.hint).toBe(secret.slice(-4));
  expect(row).toMatchObject({
    createdMs: 7,
    state: 'active',
    models: ['m'],
    budget: 0n,
    requestsPerMinute: null,
    onDisconnect: 'drain',
    contract: null,
  });
});
