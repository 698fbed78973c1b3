/** `gangway keys`: make, list, disable. Works whether a server runs on the same data or not. */
import { mintKey, type NewKey } from '../access/keys.ts';
import { parseCidrs } from '../kit/cidr.ts';
import { systemClock } from '../kit/clock.ts';
import { formatMoney, parseMoney } from '../kit/money.ts';
import { DEFAULT_ACCOUNT } from '../storage/accounts.ts';
import type { KeyRow, KeySpend, KeyState, Store } from '../storage/ports.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const KEYS_HELP = `gangway keys create [--account NAME] [--name TEXT] [limits] [--count N]
gangway keys list [--account NAME] [--limit N] [--after ID]
gangway keys disable ID
gangway keys enable ID

  --account NAME      whose key (default: default)
  --name TEXT         what it is for
  --operator          an operator's key
  --rpm N             requests a minute; 0: no limit (default: the installation's)
  --tpm N             tokens a minute; 0: no limit
  --concurrency N     calls at once; 0: no limit
  --budget AMOUNT     all that it may ever spend
  --models A,B        only these models
  --addresses A,B     only from these addresses or CIDR ranges
  --expires WHEN      date or time (2027-01-31), or a span from now (12h, 30d)
  --disconnect RULE   drain (default): a left answer is read to its end and charged as counted;
                      abort: it is stopped and charged as streamed
  --contract strict   the Doubao tutorial's strict contract on every chat call
  --rescue on|off     may another upstream finish a stream that broke off? (default: settings)
  --count N           make N keys
  --json              print JSON`;

const COUNT_MAX = 100_000;
const LIST_MAX = 1_000;
const SPAN = /^(\d+)([smhd])$/;
const SPAN_MS = Object.freeze({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 });

const FLAGS = {
  ...COMMON_FLAGS,
  account: { type: 'string' },
  name: { type: 'string' },
  operator: { type: 'boolean' },
  rpm: { type: 'string' },
  tpm: { type: 'string' },
  concurrency: { type: 'string' },
  budget: { type: 'string' },
  models: { type: 'string' },
  addresses: { type: 'string' },
  expires: { type: 'string' },
  disconnect: { type: 'string' },
  contract: { type: 'string' },
  rescue: { type: 'string' },
  count: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

type Values = NonNullable<ReturnType<typeof parse>>['values'];

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, KEYS_HELP);

export async function keys(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const [action, id] = flags.positionals;
  const { store } = await boot(flags.values);
  try {
    if (action === 'create') await create(store, flags.values);
    else if (action === 'list') await list(store, flags.values);
    else if (action === 'disable' || action === 'enable') {
      const state = action === 'disable' ? 'disabled' : 'active';
      await setState(store, { id, state, json: flags.values.json === true });
    } else throw new UsageError(KEYS_HELP);
  } finally {
    await store.close();
  }
  return 0;
}

async function create(store: Store, values: Values): Promise<void> {
  const name = values.account ?? DEFAULT_ACCOUNT;
  const account = await store.accounts.byName(name);
  if (account === undefined) {
    throw new UsageError(`There is no account "${name}". Make it: gangway accounts create ${name}`);
  }
  const nowMs = systemClock.nowMs();
  const wish: NewKey = {
    accountId: account.id,
    name: values.name ?? '',
    role: values.operator === true ? 'operator' : 'caller',
    expiresMs: readExpiry(values.expires, nowMs),
    models: readList(values.models),
    addresses: readAddresses(values.addresses),
    requestsPerMinute: readCount(values.rpm, '--rpm'),
    tokensPerMinute: readCount(values.tpm, '--tpm'),
    concurrency: readCount(values.concurrency, '--concurrency'),
    budget: readBudget(values.budget),
    onDisconnect: readChoice(values.disconnect, ['drain', 'abort'], '--disconnect'),
    contract: readChoice(values.contract, ['strict'] as const, '--contract'),
    rescue: readRescue(values.rescue),
  };
  const count = readCount(values.count, '--count') ?? 1;
  if (count < 1 || count > COUNT_MAX) throw new UsageError(`--count: 1 to ${COUNT_MAX}`);
  const minted = Array.from({ length: count }, () => mintKey(wish, nowMs));
  await store.keys.insert(minted.map((each) => each.row));
  const shown = minted.map(({ row, secret }) => ({
    ...showKey({ ...row, spent: 0n, held: 0n }),
    account: name,
    key: secret,
  }));
  if (values.json === true) printJson(values.count === undefined ? shown[0] : shown);
  else for (const each of shown) printLine(`${each.key}   (id ${each.id}, shown this once)`);
}

async function list(store: Store, values: Values): Promise<void> {
  const account =
    values.account === undefined ? undefined : await store.accounts.byName(values.account);
  if (values.account !== undefined && account === undefined) {
    throw new UsageError(`There is no account "${values.account}".`);
  }
  const rows = await store.keys.list({
    limit: Math.min(LIST_MAX, readCount(values.limit, '--limit') ?? 100),
    ...(values.after === undefined ? {} : { after: values.after }),
    ...(account === undefined ? {} : { accountId: account.id }),
  });
  if (values.json === true) {
    printJson(rows.map(showKey));
    return;
  }
  const head = ['id', 'account', 'name', 'role', 'state', 'ends in', 'spent'];
  const lines = rows.map((row) => [
    row.id,
    row.accountId,
    row.name,
    row.role,
    row.state,
    row.hint,
    formatMoney(row.spent),
  ]);
  printTable([head, ...lines]);
}

async function setState(
  store: Store,
  wish: { readonly id: string | undefined; readonly state: KeyState; readonly json: boolean },
): Promise<void> {
  if (wish.id === undefined) throw new UsageError(KEYS_HELP);
  if (!(await store.keys.setState(wish.id, wish.state))) {
    throw new UsageError(`There is no key with the id ${wish.id}. See: gangway keys list`);
  }
  if (wish.json) printJson({ id: wish.id, state: wish.state });
  else printLine(`${wish.id} is ${wish.state}`);
}

function showKey(row: KeyRow & KeySpend) {
  return {
    id: row.id,
    account: row.accountId,
    name: row.name,
    role: row.role,
    state: row.state,
    hint: row.hint,
    created: new Date(row.createdMs).toISOString(),
    expires: row.expiresMs === null ? null : new Date(row.expiresMs).toISOString(),
    models: row.models,
    addresses: row.addresses,
    rpm: row.requestsPerMinute,
    tpm: row.tokensPerMinute,
    concurrency: row.concurrency,
    budget: row.budget === null ? null : formatMoney(row.budget),
    spent: formatMoney(row.spent),
    held: formatMoney(row.held),
    disconnect: row.onDisconnect,
    contract: row.contract,
    rescue: row.rescue,
  };
}

function readRescue(text: string | undefined): boolean | null {
  const choice = readChoice(text, ['on', 'off'] as const, '--rescue');
  return choice === null || choice === undefined ? null : choice === 'on';
}

function readCount(text: string | undefined, flag: string): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${flag}: "${text}" is not a whole number`);
  return Number(text);
}

function readList(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function readAddresses(text: string | undefined): readonly string[] | null {
  const ranges = readList(text);
  try {
    if (ranges !== null) parseCidrs(ranges);
  } catch (error) {
    throw new UsageError(`--addresses: ${error instanceof Error ? error.message : ''}`);
  }
  return ranges;
}

function readBudget(text: string | undefined): bigint | null {
  if (text === undefined) return null;
  const amount = parseMoney(text);
  if (amount === undefined || amount < 0n) {
    throw new UsageError(`--budget: "${text}" is not an amount such as 12.50`);
  }
  return amount;
}

function readChoice<T extends string>(
  text: string | undefined,
  choices: readonly T[],
  flag: string,
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`${flag}: one of ${choices.join(', ')}`);
  return found;
}

function readExpiry(text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const span = SPAN.exec(text);
  if (span !== null) return nowMs + Number(span[1]) * SPAN_MS[span[2] as keyof typeof SPAN_MS];
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`--expires: "${text}" is neither a date nor a span`);
  return at;
}
