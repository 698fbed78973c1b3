/** What is true of good books at every moment, counted anew from their rows. */
import { HOUSE_ACCOUNT } from '../../src/storage/accounts.ts';
import { windowName } from '../../src/storage/budget-periods.ts';
import type { HoldRow, SettleRow } from '../../src/storage/ports.ts';
import type { SimBooks } from './books.ts';

export class Broken extends Error {}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what);
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, one) => all + one, 0n);

const tokensOf = ({ quantities }: SettleRow): bigint =>
  BigInt((quantities?.inputTokens ?? 0) + (quantities?.outputTokens ?? 0));

/** `mayExceed`: the vendor of this request counted more than it can have used. */
export function checkBooks(books: SimBooks, mayExceed: (requestId: string) => boolean): void {
  checkAccounts(books);
  checkKeys(books);
  for (const id of books.budgets.keys()) checkBudget(books, id);
  const ended = new Set<string>();
  for (const { row, held, taken } of books.calls) {
    const { requestId, amount } = held.row;
    must(!ended.has(row.id), `${requestId} is settled twice`);
    ended.add(row.id);
    must(!books.holds.has(row.id), `${requestId} is both held and settled`);
    must(taken >= 0n && taken <= row.charge, `${requestId} is charged more than it costs`);
    must(row.state === 'charged' || taken === 0n, `${requestId} is ${row.state}, and charged`);
    const above = taken > amount || row.charge > amount;
    must(!above || mayExceed(requestId), `${requestId} costs more than was held for it`);
  }
  const causes = books.entries.map(({ cause }) => cause);
  must(new Set(causes).size === causes.length, 'a cause was used twice');
}

function checkAccounts({ accounts, entries, holds, calls }: SimBooks): void {
  must(sum([...accounts.values()].map(({ balance }) => balance)) === 0n, 'money came or went');
  for (const [id, account] of accounts) {
    const into = sum(entries.filter(({ to }) => to === id).map(({ amount }) => amount));
    const out = sum(entries.filter(({ from }) => from === id).map(({ amount }) => amount));
    must(account.balance === into - out, `the balance of ${id} is not that of its entries`);
    must(account.unlimited || account.balance >= 0n, `${id} is below zero`);
    const open = [...holds.values()].filter(({ row }) => row.accountId === id);
    const held = sum(open.map(({ row }) => row.amount));
    must(account.held === held, `${id} holds ${account.held}, its calls ${held}`);
    must(account.unlimited || account.balance >= held, `${id} holds more than it has`);
  }
  const house = accounts.get(HOUSE_ACCOUNT)?.balance;
  must(house === sum(calls.map(({ taken }) => taken)), 'the house has not what calls were charged');
}

function checkKeys({ keys, holds, calls }: SimBooks): void {
  const isOf = (row: HoldRow, id: string): boolean => row.keyBudgeted && row.keyId === id;
  for (const [id, key] of keys) {
    const held = [...holds.values()].filter(({ row }) => isOf(row, id));
    const paid = calls.filter((call) => isOf(call.held.row, id));
    must(key.held === sum(held.map(({ row }) => row.amount)), `the holds of ${id} are wrong`);
    must(key.spent === sum(paid.map(({ taken }) => taken)), `the spending of ${id} is wrong`);
    must(key.budget === null || key.spent + key.held <= key.budget, `${id} is overspent`);
  }
}

function checkBudget(books: SimBooks, id: string): void {
  const budget = books.budgets.get(id);
  if (budget === undefined) return;
  const { unit, period, limit } = budget;
  const isOf = (row: HoldRow, budgets: string | null, name: string): boolean =>
    budgets?.split(',').includes(id) === true && windowName(period, row.startedMs) === name;
  for (const [place, window] of books.windows) {
    const [owner, name = ''] = place.split(' ');
    if (owner !== id) continue;
    const open = [...books.holds.values()].filter((one) => isOf(one.row, one.budgets, name));
    const done = books.calls.filter(({ held }) => isOf(held.row, held.budgets, name));
    const isMoney = unit === 'money';
    const held = open.map(({ row }) => (isMoney ? row.amount : BigInt(row.tokens)));
    const used = done.map(({ row, taken }) => (isMoney ? taken : tokensOf(row)));
    must(window.held === sum(held), `the holds of the budget ${place} are wrong`);
    must(window.spent === sum(used), `the spending of the budget ${place} is wrong`);
    // Tokens that a vendor counted beyond what the call can have used are counted all the same.
    const beyond = isMoney
      ? 0n
      : sum(
          done.map(({ row, held }) => {
            const more = tokensOf(row) - BigInt(held.row.tokens);
            return more > 0n ? more : 0n;
          }),
        );
    must(window.spent + window.held <= limit + beyond, `the budget ${place} is overspent`);
  }
}
