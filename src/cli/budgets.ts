/** `gangway budgets`: what a key or an account may use in a day, a month, or at all. */
import { systemClock } from '../kit/clock.ts';
import { newId } from '../kit/ids.ts';
import { formatMoney, parseMoney } from '../kit/money.ts';
import type { BudgetName, BudgetPeriod, BudgetRow, BudgetUse, Store } from '../storage/ports.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const BUDGETS_HELP = `gangway budgets set (--key ID | --account NAME) --per PERIOD LIMIT
gangway budgets remove (--key ID | --account NAME) --per PERIOD [--tokens]
gangway budgets list [--key ID | --account NAME] [--limit N] [--after ID]

A budget counts the calls that begin after it was set. Every budget of a call must cover it.
  --key ID        of one key, or of one app
  --account NAME  of an account with all its keys and apps
  --per PERIOD    day, month (both by Coordinated Universal Time), or total
  --tokens        in tokens, read and written together, instead of money
  LIMIT           an amount such as 12.50; with --tokens a whole number`;

const FLAGS = {
  ...COMMON_FLAGS,
  key: { type: 'string' },
  account: { type: 'string' },
  per: { type: 'string' },
  tokens: { type: 'boolean' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

const PERIODS: readonly BudgetPeriod[] = ['day', 'month', 'total'];
const LIST_MAX = 1_000;

interface Values {
  readonly key?: string | undefined;
  readonly account?: string | undefined;
  readonly per?: string | undefined;
  readonly tokens?: boolean | undefined;
  readonly limit?: string | undefined;
  readonly after?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function budgets(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, FLAGS, BUDGETS_HELP);
  if (flags === null) return 0;
  const { values } = flags;
  const [action, limit] = flags.positionals;
  const { store } = await boot(values);
  try {
    if (action === 'set') await set(store, values, limit);
    else if (action === 'remove') await remove(store, values);
    else if (action === 'list') await list(store, values);
    else throw new UsageError(BUDGETS_HELP);
  } finally {
    await store.close();
  }
  return 0;
}

async function set(store: Store, values: Values, text: string | undefined): Promise<void> {
  const { accountId, ...name } = await readName(store, values);
  const limit = readLimit(text, name.unit);
  const createdMs = systemClock.nowMs();
  await store.budgets.set({ id: newId('budget'), accountId, ...name, limit, createdMs });
  const found = await store.budgets.list({ ownerId: name.ownerId, limit: LIST_MAX }, createdMs);
  show(
    found.filter((row) => row.period === name.period && row.unit === name.unit),
    values.json === true,
  );
}

async function remove(store: Store, values: Values): Promise<void> {
  const { accountId: _, ...name } = await readName(store, values);
  if (!(await store.budgets.remove(name))) {
    throw new UsageError('There is no such budget. See: gangway budgets list');
  }
  if (values.json === true) printJson({ removed: true });
  else printLine('The budget is gone.');
}

async function list(store: Store, values: Values): Promise<void> {
  const owner = isNamed(values) ? await readOwner(store, values) : undefined;
  const limit = Number(values.limit ?? 100);
  if (!(limit > 0)) throw new UsageError('--limit: a number above zero');
  const rows = await store.budgets.list(
    {
      limit: Math.min(LIST_MAX, limit),
      ...(owner === undefined ? {} : { ownerId: owner.ownerId }),
      ...(values.after === undefined ? {} : { after: values.after }),
    },
    systemClock.nowMs(),
  );
  show(rows, values.json === true);
}

const isNamed = (values: Values): boolean =>
  values.key !== undefined || values.account !== undefined;

type Owner = Pick<BudgetRow, 'accountId' | 'scope' | 'ownerId'>;

async function readOwner(store: Store, { key: id, account: name }: Values): Promise<Owner> {
  if ((id === undefined) === (name === undefined))
    throw new UsageError('--key ID or --account NAME');
  if (name !== undefined) {
    const account = await store.accounts.byName(name);
    if (account === undefined) throw new UsageError(`There is no account "${name}".`);
    return { accountId: account.id, scope: 'account', ownerId: account.id };
  }
  const ownerId = id ?? '';
  const key = await store.keys.byId(ownerId);
  const accountId = key?.accountId ?? (await store.apps.byId(ownerId))?.app.accountId;
  if (accountId === undefined)
    throw new UsageError(`There is no key or app with the id ${ownerId}.`);
  return { accountId, scope: 'key', ownerId };
}

async function readName(store: Store, values: Values): Promise<BudgetName & Owner> {
  const period = PERIODS.find((each) => each === values.per);
  if (period === undefined) throw new UsageError(`--per: one of ${PERIODS.join(', ')}`);
  const unit = values.tokens === true ? 'tokens' : 'money';
  return { ...(await readOwner(store, values)), period, unit };
}

function readLimit(text: string | undefined, unit: BudgetRow['unit']): bigint {
  const limit =
    unit === 'money'
      ? parseMoney(text ?? '')
      : /^\d{1,15}$/.test(text ?? '')
        ? BigInt(text ?? '')
        : undefined;
  if (limit !== undefined && limit >= 0n) return limit;
  const example = unit === 'money' ? 'an amount such as 12.50' : 'a whole number of tokens';
  throw new UsageError(`LIMIT: "${text ?? ''}" is not ${example}`);
}

function show(rows: readonly (BudgetRow & BudgetUse)[], json: boolean): void {
  const shown = rows.map((row) => {
    const write = row.unit === 'money' ? formatMoney : String;
    return {
      id: row.id,
      account: row.accountId,
      scope: row.scope,
      owner: row.ownerId,
      per: row.period,
      unit: row.unit,
      limit: write(row.limit),
      spent: write(row.spent),
      held: write(row.held),
      left: write(row.limit - row.spent - row.held),
      resets: row.resetsMs === null ? null : new Date(row.resetsMs).toISOString(),
    };
  });
  if (json) {
    printJson(shown);
    return;
  }
  const head = [
    'scope',
    'owner',
    'per',
    'unit',
    'limit',
    'spent',
    'held',
    'left',
    'resets',
  ] as const;
  printTable([head, ...shown.map((row) => head.map((column) => row[column] ?? ''))]);
}
