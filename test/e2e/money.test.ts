/** Money under concurrency: never more is spent than there is. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  audit,
  createKey,
  type LedgerCall,
  ledgerCalls,
  nanos,
  settledCalls,
  showAccount,
  vendorStats,
} from './books.ts';
import { faultCode, readAll, sendChat, tell } from './chat.ts';
import { cleanUp, type Gateway, startGateway, startSandbox, until } from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';
import { rawChat } from './raw.ts';

const CALLS = 500;
const COVERED = 100;
const DIGITS = 9;

let sandbox = '';
let gateway: Gateway;

beforeAll(async () => {
  sandbox = (await startSandbox()).url;
  const yaml = vendorsYaml([
    {
      name: 'one',
      url: sandbox,
      models: [
        // Its chunks are 600 ms apart: every call is judged before one is settled.
        { id: 'slow', wire: 'sandbox-stream-2x600', price: ['3', '7'], outputTokensMax: 1_000 },
        { id: 'quick', wire: 'compatible-chat', price: ['3', '7'], outputTokensMax: 1_000 },
        { id: 'unpriced', wire: 'compatible-chat' },
      ],
    },
  ]);
  gateway = await startGateway({ yaml });
});
afterAll(cleanUp);

function decimal(amount: bigint): string {
  const text = amount.toString().padStart(DIGITS + 1, '0');
  return `${text.slice(0, -DIGITS)}.${text.slice(-DIGITS)}`;
}

const ask = (key: string, model: string) =>
  sendChat({ url: gateway.url, key, model, stream: true, headers: { 'x-request-id': model } });

let known: Promise<LedgerCall> | undefined;

/** What one call of these tests holds, by the ledger; model and stream matter, the key does not. */
function oneCall(): Promise<LedgerCall> {
  known ??= (async () => {
    const { key } = await createKey(gateway);
    await readAll(await ask(key, 'slow'));
    const [call] = await settledCalls(gateway);
    if (call === undefined) throw new Error('no call in the ledger');
    return call;
  })();
  return known;
}

interface Crowd {
  /** Answers of the calls that passed. */
  readonly passed: readonly Promise<string>[];
  readonly refusals: readonly string[];
}

/** So many calls at once; resolves when each has its status. */
async function crowd(key: string, count: number): Promise<Crowd> {
  const calls = Array.from({ length: count }, () => {
    return rawChat({ url: gateway.url, key, model: 'slow' });
  });
  const statuses = await Promise.all(calls.map(({ status }) => status));
  const passed = calls.filter((_, at) => statuses[at] === 200).map(({ text }) => text);
  const refused = calls.map(async ({ text }, at) => {
    return statuses[at] === 200 ? [] : [`${statuses[at]} ${faultCode(await text)}`];
  });
  return { passed, refusals: (await Promise.all(refused)).flat() };
}

describe(`${CALLS} calls at once with money for ${COVERED}`, () => {
  test('exactly as many pass as the account covers', async () => {
    const { hold, charge } = await oneCall();
    const balance = nanos(hold) * BigInt(COVERED);
    await gateway.cli('accounts', 'create', 'crowd', '--balance', decimal(balance));
    const { key } = await createKey(gateway, '--account', 'crowd');
    const { passed, refusals } = await crowd(key, CALLS);
    const during = await showAccount(gateway, 'crowd');
    // Everybody was judged, nobody has paid yet: the calls that passed hold all there is.
    expect(nanos(during.balance)).toBe(balance);
    expect(nanos(during.held)).toBe(balance);
    expect(nanos(during.available ?? '1')).toBe(0n);
    expect(passed).toHaveLength(COVERED);
    expect(refusals).toEqual(Array(CALLS - COVERED).fill('402 insufficient_balance'));
    for (const answer of await Promise.all(passed)) {
      expect(tell(answer)).toMatchObject({ done: true, fault: null, text: 'w1 w2' });
    }
    await settledCalls(gateway);
    const after = await showAccount(gateway, 'crowd');
    expect(nanos(after.balance)).toBe(balance - nanos(charge) * BigInt(COVERED));
    expect(nanos(after.held)).toBe(0n);
    const calls = (await ledgerCalls(gateway)).filter(({ model }) => model === 'slow');
    expect(calls).toHaveLength(COVERED + 1);
    expect((await vendorStats(sandbox)).calls).toBe(COVERED + 1);
    expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, sum: '0' });
  }, 30_000);

  test("exactly as many pass as the key's budget covers", async () => {
    const { hold, charge } = await oneCall();
    const budget = nanos(hold) * 10n;
    const { key, id } = await createKey(gateway, '--budget', decimal(budget));
    const { passed, refusals } = await crowd(key, 60);
    expect(passed).toHaveLength(10);
    expect(refusals).toEqual(Array(50).fill('402 budget_exceeded'));
    await Promise.all(passed);
    await settledCalls(gateway);
    // What was held but not spent can be spent: fewer holds than before fit.
    const left = budget - nanos(charge) * 10n;
    const fit = Number(left / nanos(hold));
    const again = await crowd(key, 30);
    expect(again.passed).toHaveLength(fit);
    await Promise.all(again.passed);
    const spent = (await settledCalls(gateway))
      .filter(({ keyId }) => keyId === id)
      .reduce((sum, call) => sum + nanos(call.charge), 0n);
    expect(spent).toBe(nanos(charge) * BigInt(10 + fit));
    expect(spent).toBeLessThanOrEqual(budget);
    expect((await audit(gateway)).balanced).toBe(true);
  }, 30_000);

  test('many keys share one account, and it is never below zero', async () => {
    const { hold } = await oneCall();
    const balance = nanos(hold) * 5n;
    await gateway.cli('accounts', 'create', 'shared', '--balance', decimal(balance));
    const keys = await Promise.all(
      Array.from({ length: 4 }, () => createKey(gateway, '--account', 'shared')),
    );
    let passes = 0;
    const lowest: bigint[] = [];
    for (let round = 0; round < 3; round += 1) {
      const crowds = keys.map(({ key }) => {
        return Promise.all(Array.from({ length: 10 }, () => ask(key, 'quick')));
      });
      const responses = (await Promise.all(crowds)).flat();
      await Promise.all(responses.map(readAll));
      passes += responses.filter(({ status }) => status === 200).length;
      const { available, balance: now } = await showAccount(gateway, 'shared');
      lowest.push(nanos(now), nanos(available ?? '0'));
    }
    expect(passes).toBeGreaterThanOrEqual(5);
    for (const amount of lowest) expect(amount).toBeGreaterThanOrEqual(0n);
    await settledCalls(gateway);
    expect((await audit(gateway)).balanced).toBe(true);
  }, 30_000);
});

describe('the operator, while the gateway runs', () => {
  test('fills an account, and the next call passes', async () => {
    await gateway.cli('accounts', 'create', 'poor');
    const { key } = await createKey(gateway, '--account', 'poor');
    const refused = await ask(key, 'quick');
    expect([refused.status, faultCode(await refused.text())]).toEqual([
      402,
      'insufficient_balance',
    ]);
    await gateway.cli('accounts', 'top-up', 'poor', '1');
    const response = await ask(key, 'quick');
    expect(response.status).toBe(200);
    await readAll(response);
    await settledCalls(gateway);
    const { balance } = await showAccount(gateway, 'poor');
    expect(nanos(balance)).toBeLessThan(1_000_000_000n);
    expect(nanos(balance)).toBeGreaterThan(990_000_000n);
  });

  test('fills an account under load, and no amount is lost', async () => {
    await gateway.cli('accounts', 'create', 'busy', '--balance', '1');
    const { key, id } = await createKey(gateway, '--account', 'busy');
    let loading = true;
    const load = async (): Promise<void> => {
      while (loading) await readAll(await ask(key, 'quick'));
    };
    const workers = Array.from({ length: 8 }, load);
    for (let at = 0; at < 5; at += 1) await gateway.cli('accounts', 'top-up', 'busy', '0.5');
    loading = false;
    await Promise.all(workers);
    const calls = (await settledCalls(gateway)).filter(({ keyId }) => keyId === id);
    const spent = calls.reduce((sum, call) => sum + nanos(call.charge), 0n);
    expect(calls.length).toBeGreaterThan(20);
    const { balance, held } = await showAccount(gateway, 'busy');
    expect([nanos(balance) + spent, nanos(held)]).toEqual([3_500_000_000n, 0n]);
    expect((await audit(gateway)).balanced).toBe(true);
  }, 20_000);

  test('disables a key, and within a second it is refused', async () => {
    const { key, id } = await createKey(gateway);
    expect((await ask(key, 'quick')).status).toBe(200);
    await setState('disable', id);
    const startMs = performance.now();
    const refused = await until(async () => {
      const response = await ask(key, 'quick');
      const text = await response.text();
      return response.status === 200 ? undefined : `${response.status} ${faultCode(text)}`;
    }, 'the key is refused');
    expect(refused).toBe('401 key_disabled');
    expect(performance.now() - startMs).toBeLessThan(1_000);
    await setState('enable', id);
    await until(async () => (await ask(key, 'quick')).status === 200, 'it is taken again', 1_000);
  });

  test('serves an account with a limit only where a price is known', async () => {
    await gateway.cli('accounts', 'create', 'careful', '--balance', '5');
    const { key } = await createKey(gateway, '--account', 'careful');
    const refused = await ask(key, 'unpriced');
    expect([refused.status, faultCode(await refused.text())]).toEqual([400, 'no_price']);
    const { key: free } = await createKey(gateway);
    expect((await ask(free, 'unpriced')).status).toBe(200);
  });
});

async function setState(action: 'enable' | 'disable', id: string): Promise<void> {
  await gateway.cli('keys', action, id);
}
