/** What the storage suites ask of a maker, and rows to fill it with. */
import { afterAll, beforeAll, describe } from 'bun:test';
import { hashSecret } from '../../src/kit/ids.ts';
import type { Audit, Entry, HoldRow, KeyRow, SettleRow, Store } from '../../src/storage/ports.ts';

/** One database, that several stores may open. */
export interface StorePlace {
  open(): Promise<Store>;
  /** Runs SQL behind the stores' backs. */
  tamper(sql: string): void | Promise<void>;
  /** Closes what was opened and takes it all away. */
  dispose(): Promise<void>;
}

export type MakePlace = () => Promise<StorePlace>;

type Suite = (name: string, make: MakePlace) => void;

/** Tests that share one store, whose books must balance when they are done. */
export function suiteOf(title: string) {
  return suite(title, auditGood);
}

/** Tests of rows of tasks alone: nothing is held for them, which no books would bear. */
export function rowsSuiteOf(title: string) {
  return suite(title, async () => undefined);
}

function suite(title: string, check: (store: Store) => Promise<unknown>) {
  return (define: (store: () => Store, place: () => StorePlace) => void): Suite =>
    (name, make) => {
      describe(`${name}: ${title}`, () => {
        let place: StorePlace;
        let store: Store;
        beforeAll(async () => {
          place = await make();
          store = await place.open();
        });
        afterAll(async () => {
          await check(store);
          await place.dispose();
        });
        define(
          () => store,
          () => place,
        );
      });
    };
}

let made = 0;

export function nextName(prefix: string): string {
  made += 1;
  return `${prefix}_${String(made).padStart(6, '0')}`;
}

export function keyRow(accountId: string, more: Partial<KeyRow> = {}): KeyRow {
  const id = nextName('key');
  return {
    id,
    accountId,
    name: id,
    hash: hashSecret(id),
    hint: 'abcd',
    role: 'caller',
    state: 'active',
    createdMs: 1_700_000_000_123,
    expiresMs: null,
    models: null,
    addresses: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    concurrency: null,
    budget: null,
    onDisconnect: 'drain',
    contract: null,
    rescue: null,
    jsonAttemptsMax: null,
    jsonAgainMax: null,
    ...more,
  };
}

export interface Purse {
  readonly accountId: string;
  readonly key: KeyRow;
}

/** A new account with this much money (null: unlimited), and a key of it. */
export async function makePurse(
  store: Store,
  balance: bigint | null,
  budget: bigint | null = null,
): Promise<Purse> {
  const accountId = nextName('account');
  const account = { id: accountId, name: accountId, unlimited: balance === null, createdMs: 5 };
  if (!(await store.accounts.insert(account))) throw new Error('the account is taken');
  const key = keyRow(accountId, { budget });
  await store.keys.insert([key]);
  if (balance !== null && balance > 0n) await store.ledger.enter(topUp(accountId, balance));
  return { accountId, key };
}

export function topUp(accountId: string, amount: bigint, cause = nextName('topup')): Entry {
  return { cause, from: 'funding', to: accountId, amount, atMs: 1 };
}

export function holdRow(purse: Purse, amount: bigint, more: Partial<HoldRow> = {}): HoldRow {
  return {
    id: nextName('call'),
    accountId: purse.accountId,
    keyId: purse.key.id,
    keyBudgeted: purse.key.budget !== null,
    requestId: 'req_1',
    service: 'chat',
    model: 'm',
    endpoint: null,
    stream: false,
    amount,
    tokens: 100,
    priceId: null,
    startedMs: 1_700_000_000_000,
    ...more,
  };
}

export function settleRow(id: string, charge: bigint, more: Partial<SettleRow> = {}): SettleRow {
  return {
    id,
    state: charge > 0n ? 'charged' : 'released',
    charge,
    quantities:
      charge > 0n
        ? { inputTokens: 10, outputTokens: 5, cachedInputTokens: 2, reasoningTokens: 1 }
        : null,
    usageSource: charge > 0n ? 'vendor' : 'none',
    endReason: charge > 0n ? 'complete' : 'vendor_fault',
    priceId: null,
    fault: null,
    upstream: 'u',
    wireModel: 'w',
    attempts: '[]',
    queuedMs: 1,
    firstByteMs: 2,
    totalMs: 3,
    evidence: null,
    ...more,
  };
}

export async function accountOf(store: Store, purse: Purse) {
  const row = await store.accounts.byName(purse.accountId);
  if (row === undefined) throw new Error('the account is gone');
  return { balance: row.balance, held: row.held };
}

export async function keyOf(store: Store, purse: Purse) {
  const row = await store.keys.byId(purse.key.id);
  if (row === undefined) throw new Error('the key is gone');
  return { spent: row.spent, held: row.held };
}

export async function auditGood(store: Store): Promise<Audit> {
  const audit = await store.ledger.audit();
  if (!audit.balanced) throw new Error(`the books do not balance: ${audit.problems.join('; ')}`);
  return audit;
}
