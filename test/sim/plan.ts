/** What one seed comes to: accounts, budgets, nodes, upstreams, and who calls when. */
import { FUNDING_ACCOUNT, HOUSE_ACCOUNT } from '../../src/storage/accounts.ts';
import type { KeyRow } from '../../src/storage/ports.ts';
import { START_MS } from '../suites/sim-clock.ts';
import { keyRow } from '../suites/storage-rig.ts';
import type { SimBooks } from './books.ts';
import type { Dice } from './dice.ts';

export interface PlannedCall {
  readonly at: number;
  readonly key: KeyRow;
  readonly unlimited: boolean;
  readonly startMs: number;
  readonly kind: 'whole' | 'stream' | 'json' | 'embeddings';
  /** After its start; null: stays to the end. */
  readonly leaveMs: number | null;
  readonly isSlowReader: boolean;
}

export interface Plan {
  readonly nodes: number;
  readonly upstreams: number;
  /** Of a hundred requests, those that go well. */
  readonly health: number;
  readonly writeFailures: number;
  readonly calls: readonly PlannedCall[];
}

/** Nano-units; a call holds about half a million. */
const NANOS = 100_000;
const STARTS_WITHIN_MS = 4_000;

export function makePlan(dice: Dice, books: SimBooks): Plan {
  const keys = openAccounts(dice, books);
  const calls = Array.from({ length: 4 + dice.below(9) }, (_, at): PlannedCall => {
    const key = dice.pick(keys);
    return {
      at,
      key,
      unlimited: isUnlimited(books, key),
      startMs: dice.below(STARTS_WITHIN_MS),
      kind: dice.pick(['whole', 'stream', 'stream', 'json', 'embeddings']),
      leaveMs: dice.chance(30) ? dice.below(dice.pick([20, 1_000, 10_000])) : null,
      isSlowReader: dice.chance(10),
    };
  });
  return {
    nodes: 1 + dice.below(3),
    upstreams: 1 + dice.below(3),
    health: dice.pick([20, 50, 80]),
    writeFailures: dice.pick([0, 0, 5, 30]),
    calls,
  };
}

function isUnlimited(books: SimBooks, key: KeyRow): boolean {
  const money = [...books.budgets.values()].some(
    (one) => one.unit === 'money' && [key.id, key.accountId].includes(one.ownerId),
  );
  return books.accounts.get(key.accountId)?.unlimited === true && key.budget === null && !money;
}

function openAccounts(dice: Dice, books: SimBooks): KeyRow[] {
  books.accounts.set(HOUSE_ACCOUNT, { unlimited: true, balance: 0n, held: 0n });
  books.accounts.set(FUNDING_ACCOUNT, { unlimited: true, balance: 0n, held: 0n });
  const keys: KeyRow[] = [];
  for (const id of ['rich', 'poor', 'later']) {
    books.accounts.set(id, { unlimited: id === 'later', balance: 0n, held: 0n });
    const amount = BigInt(NANOS * (id === 'rich' ? 1_000 : 1 + dice.below(40)));
    const entry = { from: FUNDING_ACCOUNT, to: id, amount, atMs: START_MS };
    if (id !== 'later') {
      books.commit([{ kind: 'enter', entry: { ...entry, cause: `topup:${id}` } }], 0, false);
    }
    for (const at of [1, 2]) keys.push(openKey(dice, books, { accountId: id, at }));
    if (dice.chance(30)) addBudget(dice, books, { accountId: id, keyId: null });
  }
  return keys;
}

function openKey(
  dice: Dice,
  books: SimBooks,
  { accountId, at }: { readonly accountId: string; readonly at: number },
): KeyRow {
  const id = `${accountId}_${at}`;
  const budget = dice.chance(30) ? BigInt(NANOS * (1 + dice.below(30))) : null;
  books.keys.set(id, { budget, spent: 0n, held: 0n });
  if (dice.chance(30)) addBudget(dice, books, { accountId, keyId: id });
  return keyRow(accountId, {
    id,
    budget,
    onDisconnect: dice.pick(['drain', 'abort']),
    rescue: dice.chance(50),
  });
}

function addBudget(
  dice: Dice,
  books: SimBooks,
  { accountId, keyId }: { readonly accountId: string; readonly keyId: string | null },
): void {
  const id = `budget_${books.budgets.size}`;
  const unit = dice.pick(['money', 'tokens'] as const);
  const scale = unit === 'money' ? NANOS : 100;
  books.budgets.set(id, {
    id,
    accountId,
    scope: keyId === null ? 'account' : 'key',
    ownerId: keyId ?? accountId,
    period: dice.pick(['total', 'month', 'day']),
    unit,
    limit: BigInt(scale * (2 + dice.below(30))),
    createdMs: START_MS,
  });
}
