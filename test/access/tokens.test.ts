import { describe, expect, test } from 'bun:test';
import { mintApp } from '../../src/access/apps.ts';
import { makeAccess } from '../../src/access/keys.ts';
import { makeTokens, TOKEN_LIFE_S } from '../../src/access/tokens.ts';
import { Fault } from '../../src/kit/fault.ts';
import { hashSecret } from '../../src/kit/ids.ts';
import { makeSigner } from '../../src/kit/signed.ts';
import type { AppRow, Apps, FoundApp, Keys } from '../../src/storage/ports.ts';
import { rest, SimClock } from '../suites/sim-clock.ts';

const KEY = new Uint8Array(32).fill(1);
const WISH = {
  accountId: 'default',
  name: 'n',
  callbackDomain: 'example.com',
  scenario: 's',
  contract: 'strict',
} as const;

/** Apps in memory that count how often they are read. */
class FakeApps implements Apps {
  reads = 0;
  fails = false;
  readonly rows = new Map<string, FoundApp>();
  readonly #listeners: (() => void)[] = [];
  /** Runs while a list is under way, after it has seen the rows. */
  during: () => void = () => undefined;

  put(app: AppRow): void {
    this.rows.set(app.id, { app, accountName: app.accountId, accountUnlimited: true });
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #read<T>(make: () => T): Promise<T> {
    this.reads += 1;
    if (this.fails) throw new Error('the disk is gone');
    const answer = make();
    await Promise.resolve();
    return answer;
  }

  byId = (id: string) => this.#read(() => this.rows.get(id));
  byKeyHash = (hash: string) =>
    this.#read(() => [...this.rows.values()].find(({ app }) => app.keyHash === hash));
  list = async ({ limit, after = '' }: { limit: number; after?: string }) => {
    const found = await this.#read(() => {
      const later = [...this.rows.values()].filter(({ app }) => app.id > after);
      return later.sort((a, b) => (a.app.id < b.app.id ? -1 : 1)).slice(0, limit);
    });
    this.during();
    return found;
  };
  insert = async (row: AppRow) => this.put(row);
  revoke = () => Promise.resolve(true);
  onChange = (changed: () => void) => void this.#listeners.push(changed);
}

const NO_KEYS: Keys = {
  byHash: () => Promise.resolve(undefined),
  byId: () => Promise.resolve(undefined),
  insert: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  setState: () => Promise.resolve(false),
  onChange: () => undefined,
};

async function start(more: Partial<AppRow> = {}) {
  const apps = new FakeApps();
  const clock = new SimClock();
  const { row, apiKey, apiSecret } = mintApp(WISH, clock.nowMs());
  const app = { ...row, ...more };
  apps.put(app);
  const tokens = makeTokens({ apps, signer: makeSigner(KEY), clock });
  const access = makeAccess(NO_KEYS, clock, [tokens]);
  await rest();
  const told = async (credential: string | null): Promise<string> => {
    try {
      await access.identify(credential);
      return 'ok';
    } catch (thrown) {
      if (thrown instanceof Fault) return `${thrown.code}: ${thrown.message}`;
      throw thrown;
    }
  };
  return { apps, clock, app, apiKey, apiSecret, tokens, access, told };
}

describe('a token', () => {
  test('is taken as a key of the app’s account with the app’s limits', async () => {
    const { tokens, access, app, apiKey, apiSecret } = await start();
    const caller = await access.identify(await tokens.issue(apiKey, apiSecret));
    expect(caller).toMatchObject({ models: null, addresses: null, unlimited: true });
    expect(caller.key).toMatchObject({
      id: app.id,
      accountId: 'default',
      role: 'caller',
      contract: 'strict',
      requestsPerMinute: 60,
      concurrency: 0,
      budget: null,
    });
    const free = await start({ contract: null });
    const other = await free.access.identify(await free.tokens.issue(free.apiKey, free.apiSecret));
    expect(other.key.contract).toBeNull();
  });

  test('costs no read', async () => {
    const { tokens, access, apps, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    const { reads } = apps;
    for (let times = 0; times < 100; times += 1) {
      expect(access.identify(token)).not.toBeInstanceOf(Promise);
    }
    expect(apps.reads).toBe(reads);
  });

  test('ends after two hours, and says so', async () => {
    const { tokens, clock, told, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    clock.jump(TOKEN_LIFE_S * 1_000 - 1);
    expect(await told(token)).toBe('ok');
    clock.jump(1);
    expect(await told(token)).toMatch(/^invalid_access_token: .*expired/);
  });

  test('with one character changed anywhere is not known', async () => {
    const { tokens, told, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    for (let at = 0; at < token.length; at += 1) {
      const changed = token[at] === 'A' ? 'B' : 'A';
      const said = await told(token.slice(0, at) + changed + token.slice(at + 1));
      expect([at, said]).not.toEqual([at, 'ok']);
      expect(said).not.toContain('expired');
    }
    for (const odd of ['at-gw-', 'at-gw-.', `${token}.`, `${token}A`, token.slice(0, -1)]) {
      expect(await told(odd)).toStartWith('invalid_access_token');
    }
  });

  test('of another installation is not known; of this one it survives restarts', async () => {
    const { tokens, apps, clock, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    const again = (key: Uint8Array) => makeTokens({ apps, signer: makeSigner(key), clock });
    expect((await again(KEY).identify(token)).key.name).toBe('n');
    const other = again(new Uint8Array(32).fill(2));
    expect(() => other.identify(token)).toThrow('not known here');
  });

  test('dies with its app, also while the apps are being read', async () => {
    const { tokens, apps, app, told, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    apps.during = () => {
      apps.during = () => undefined;
      apps.put({ ...app, state: 'revoked', generation: 2 });
      apps.tell();
    };
    apps.tell();
    await rest();
    expect(await told(token)).toMatch(/^invalid_access_token: .*revoked/);
    await expect(tokens.issue(apiKey, apiSecret)).rejects.toThrow('revoked');
  });

  test('of an earlier generation is not good', async () => {
    const { tokens, apps, app, told, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    apps.put({ ...app, generation: 2 });
    apps.tell();
    await rest();
    expect(await told(token)).toStartWith('invalid_access_token');
  });

  test('of an app that is not in memory is looked up', async () => {
    const { tokens, apps, clock, told } = await start();
    const late = mintApp(WISH, clock.nowMs());
    apps.put(late.row);
    expect(await told(await tokens.issue(late.apiKey, late.apiSecret))).toBe('ok');
    apps.rows.delete(late.row.id);
    apps.tell();
    await rest();
    const gone = mintApp(WISH, clock.nowMs());
    apps.put(gone.row);
    const token = await tokens.issue(gone.apiKey, gone.apiSecret);
    apps.rows.delete(gone.row.id);
    expect(await told(token)).toMatch(/^invalid_access_token: .*revoked/);
  });

  test('is not believed while the store cannot say whether its app lives', async () => {
    const { tokens, apps, told, apiKey, apiSecret } = await start();
    const token = await tokens.issue(apiKey, apiSecret);
    apps.fails = true;
    apps.tell();
    await rest();
    expect(told(token)).rejects.toThrow('the disk is gone');
    apps.fails = false;
    expect(await told(token)).toBe('ok');
  });
});

describe('key and secret', () => {
  test('are kept as hashes', async () => {
    const { app, apiKey, apiSecret } = await start();
    expect(app).toMatchObject({ keyHash: hashSecret(apiKey), secretHash: hashSecret(apiSecret) });
    expect(JSON.stringify(app)).not.toContain(apiKey);
    expect(JSON.stringify(app)).not.toContain(apiSecret);
    expect([apiKey.slice(0, 6), apiSecret.slice(0, 6)]).toEqual(['ak-gw-', 'as-gw-']);
  });

  test('a wrong one is refused without saying which, a guess without a read', async () => {
    const { tokens, apps, apiKey, apiSecret } = await start();
    const other = mintApp(WISH, 0);
    const words = new Set<string>();
    const { reads } = apps;
    for (const [key, secret] of [
      ['', ''],
      [apiSecret, apiKey],
      ['ak-gw-x', apiSecret],
      [apiKey, 'as-gw-x'],
    ] as const) {
      await expect(tokens.issue(key, secret)).rejects.toThrow(Fault);
    }
    expect(apps.reads).toBe(reads);
    for (const [key, secret] of [
      [apiKey, other.apiSecret],
      [other.apiKey, apiSecret],
    ] as const) {
      const thrown: unknown = await tokens.issue(key, secret).catch((error: unknown) => error);
      if (!(thrown instanceof Fault)) throw thrown;
      words.add(`${thrown.code} ${thrown.message}`);
    }
    expect(words.size).toBe(1);
  });

  test('the key alone is no credential, and the answer says what to do', async () => {
    const { told, apiKey } = await start();
    expect(await told(apiKey)).toMatch(/^invalid_api_key: .*\/oauth\/token/);
  });
});

describe('what a new app must say', () => {
  test.each([
    ['name', { name: ' ' }],
    ['name', { name: 'n'.repeat(101) }],
    ['scenario', { scenario: '' }],
    ['callback_domain', { callbackDomain: '' }],
    ['callback_domain', { callbackDomain: 'https://example.com' }],
    ['callback_domain', { callbackDomain: 'example.com/path' }],
    ['callback_domain', { callbackDomain: 'user@example.com' }],
    ['callback_domain', { callbackDomain: 'exa mple.com' }],
    ['callback_domain', { callbackDomain: `${'a.'.repeat(140)}com` }],
  ])('%s: %j', (param, more) => {
    const thrown = (() => {
      try {
        mintApp({ ...WISH, ...more }, 0);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'invalid_request', detail: { param } });
  });

  test.each([
    ['Example.COM', 'example.com'],
    [' localhost:3000 ', 'localhost:3000'],
    ['例子.中国', 'xn--fsqu00a.xn--fiqs8s'],
    ['10.0.0.1', '10.0.0.1'],
  ])('the domain %p is kept as %p', (callbackDomain, kept) => {
    expect(mintApp({ ...WISH, callbackDomain }, 0).row.callbackDomain).toBe(kept);
  });
});
