/** `gangway accounts`: make, fill, show. */
import { systemClock } from '../kit/clock.ts';
import { newId } from '../kit/ids.ts';
import { formatMoney, parseMoney } from '../kit/money.ts';
import { FUNDING_ACCOUNT } from '../storage/accounts.ts';
import type { AccountRow, Store } from '../storage/ports.ts';
import { setBalanceMark } from '../tasks/watch.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { balanceBelow } from './notice-parts.ts';
import { printJson, printLine, printTable } from './print.ts';
import type { Settings } from './settings.ts';

export const ACCOUNTS_HELP = `gangway accounts create NAME [--balance AMOUNT | --unlimited]
gangway accounts top-up NAME AMOUNT
gangway accounts show NAME
gangway accounts warn NAME [AMOUNT | off | default]
gangway accounts list [--limit N] [--after ID]

warn says below what balance the account, and you, are told that its money runs out; without a mark
of its own it is notices.balance_below of the settings.

Amounts are decimals in the installation's currency, such as 12.50.
  --balance AMOUNT   money to begin with (default 0)
  --unlimited        may spend without a balance; pays afterwards
  --json             print JSON`;

const NAME = /^[\w.-]{1,64}$/;
const LIST_MAX = 1_000;

const FLAGS = {
  ...COMMON_FLAGS,
  balance: { type: 'string' },
  unlimited: { type: 'boolean' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

export async function accounts(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, FLAGS, ACCOUNTS_HELP);
  if (flags === null) return 0;
  const { values } = flags;
  const [action, name, amount] = flags.positionals;
  const { store, settings } = await boot(values);
  const say = (row: AccountRow): void => show(row, settings.currency, values.json === true);
  try {
    if (action === 'create') say(await create(store, { ...values, name }));
    else if (action === 'top-up') say(await topUp(store, name, readAmount(amount)));
    else if (action === 'show') say(await find(store, name));
    else if (action === 'warn') {
      await warn(store, { name, mark: amount, json: values.json }, settings);
    } else if (action === 'list') {
      const limit = Math.min(LIST_MAX, Number(values.limit ?? 100) || 100);
      const after = values.after === undefined ? {} : { after: values.after };
      list(await store.accounts.list({ limit, ...after }), settings.currency, values.json === true);
    } else throw new UsageError(ACCOUNTS_HELP);
  } finally {
    await store.close();
  }
  return 0;
}

async function create(
  store: Store,
  wish: { readonly name?: string; readonly balance?: string; readonly unlimited?: boolean },
): Promise<AccountRow> {
  if (wish.name === undefined || !NAME.test(wish.name)) {
    throw new UsageError('An account needs a name of letters, digits, dots, dashes: team-a');
  }
  const balance = wish.balance === undefined ? 0n : readAmount(wish.balance);
  const row = {
    id: newId('acct'),
    name: wish.name,
    unlimited: wish.unlimited === true,
    createdMs: systemClock.nowMs(),
  };
  if (!(await store.accounts.insert(row))) {
    throw new UsageError(`There is an account "${wish.name}" already.`);
  }
  if (balance > 0n) return topUp(store, wish.name, balance);
  return find(store, wish.name);
}

async function topUp(store: Store, name: string | undefined, amount: bigint): Promise<AccountRow> {
  const account = await find(store, name);
  if (amount <= 0n) throw new UsageError('The amount must be more than zero.');
  await store.ledger.enter({
    cause: `topup:${newId('top')}`,
    from: FUNDING_ACCOUNT,
    to: account.id,
    amount,
    atMs: systemClock.nowMs(),
  });
  return find(store, name);
}

async function find(store: Store, name: string | undefined): Promise<AccountRow> {
  if (name === undefined) throw new UsageError(ACCOUNTS_HELP);
  const account = await store.accounts.byName(name);
  if (account === undefined) throw new UsageError(`There is no account "${name}".`);
  return account;
}

interface Warning {
  readonly name: string | undefined;
  readonly mark: string | undefined;
}

async function warn(
  store: Store,
  wish: Warning & { readonly json: boolean | undefined },
  settings: Settings,
): Promise<void> {
  const { id, name } = await find(store, wish.name);
  const { mark } = wish;
  if (mark !== undefined) {
    const off = mark === 'off' ? null : undefined;
    const below = mark === 'off' || mark === 'default' ? off : readAmount(mark);
    await setBalanceMark(id, below, { alarms: store.alarms, clock: systemClock });
  }
  const own = await store.alarms.mark(id);
  const below = own === undefined ? balanceBelow(settings) : own;
  const shown = {
    account: name,
    below: below === null ? null : formatMoney(below),
    currency: settings.currency,
    own: own !== undefined,
  };
  if (wish.json === true) printJson(shown);
  else if (below === null) printLine(`${name}: nothing is told`);
  else printLine(`${name}: told below ${shown.below} ${shown.currency}`);
}

function readAmount(text: string | undefined): bigint {
  const amount = parseMoney(text ?? '');
  if (amount === undefined || amount < 0n) {
    throw new UsageError(`"${text ?? ''}" is not an amount such as 12.50`);
  }
  return amount;
}

function view(row: AccountRow, currency: string) {
  return {
    id: row.id,
    name: row.name,
    unlimited: row.unlimited,
    currency,
    balance: formatMoney(row.balance),
    held: formatMoney(row.held),
    available: row.unlimited ? null : formatMoney(row.balance - row.held),
  };
}

function show(row: AccountRow, currency: string, json: boolean): void {
  const shown = view(row, currency);
  if (json) printJson(shown);
  else
    for (const [field, value] of Object.entries(shown)) printLine(`${field.padEnd(10)} ${value}`);
}

function list(rows: readonly AccountRow[], currency: string, json: boolean): void {
  const shown = rows.map((row) => view(row, currency));
  if (json) printJson(shown);
  else {
    const head = ['name', 'unlimited', 'balance', 'held', 'id'];
    printTable([
      head,
      ...shown.map((row) => [row.name, String(row.unlimited), row.balance, row.held, row.id]),
    ]);
  }
}
