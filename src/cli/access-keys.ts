/** `gangway access-keys`: key pairs that sign requests. */
import { mintAccessKey } from '../access/access-keys.ts';
import { systemClock } from '../kit/clock.ts';
import { makeSealer, readMasterKey } from '../kit/seal.ts';
import { DEFAULT_ACCOUNT } from '../storage/accounts.ts';
import type { AccessKeyRow, KeyState, Store } from '../storage/ports.ts';
import { type Booted, boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const ACCESS_KEYS_HELP = `gangway access-keys create [--account NAME]
gangway access-keys list [--account NAME] [--limit N] [--after ID]
gangway access-keys disable ID
gangway access-keys enable ID

Pairs that sign requests to the control plane (see docs/endpoints.md), or tokens of one's own (JWT,
HS256, iss: the pair's id) that are taken wherever a key is. A pair may do everything that its
account may: make keys and endpoints, see usage, call models.
  --account NAME   whose pair (default: default)
  --json           print JSON`;

const LIST_MAX = 1_000;

const FLAGS = {
  ...COMMON_FLAGS,
  account: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, ACCESS_KEYS_HELP);
type Values = NonNullable<ReturnType<typeof parse>>['values'];

export async function accessKeys(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const { values } = flags;
  const [action, id] = flags.positionals;
  const booted = await boot(values);
  try {
    if (action === 'create') await create(booted, values);
    else if (action === 'list') await list(booted.store, values);
    else if (action === 'disable' || action === 'enable') {
      const state = action === 'disable' ? 'disabled' : 'active';
      await setState(booted.store, { id, state, json: values.json === true });
    } else throw new UsageError(ACCESS_KEYS_HELP);
  } finally {
    await booted.store.close();
  }
  return 0;
}

async function accountId(store: Store, name: string): Promise<string> {
  const account = await store.accounts.byName(name);
  if (account !== undefined) return account.id;
  throw new UsageError(`There is no account "${name}". Make it: gangway accounts create ${name}`);
}

async function create({ store, settings, env }: Booted, values: Values): Promise<void> {
  const id = await accountId(store, values.account ?? DEFAULT_ACCOUNT);
  const sealer = makeSealer(readMasterKey(settings.data_dir, env));
  const { row, secret } = mintAccessKey(id, sealer, systemClock.nowMs());
  await store.accessKeys.insert(row);
  if (values.json === true) printJson({ access_key_id: row.id, secret_access_key: secret });
  else {
    printLine(`Access key id      ${row.id}`);
    printLine(`Secret access key  ${secret}   (shown this once)`);
  }
}

async function list(store: Store, values: Values): Promise<void> {
  const rows = await store.accessKeys.list({
    limit: Math.min(LIST_MAX, Number(values.limit ?? 100) || 100),
    ...(values.after === undefined ? {} : { after: values.after }),
    ...(values.account === undefined ? {} : { accountId: await accountId(store, values.account) }),
  });
  const shown = rows.map(view);
  if (values.json === true) {
    printJson(shown);
    return;
  }
  const lines = shown.map((row) => [row.access_key_id, row.account, row.state, row.created]);
  printTable([['access key id', 'account', 'state', 'created'], ...lines]);
}

function view(row: AccessKeyRow) {
  return {
    access_key_id: row.id,
    account: row.accountId,
    state: row.state,
    created: new Date(row.createdMs).toISOString(),
  };
}

async function setState(
  store: Store,
  wish: { readonly id: string | undefined; readonly state: KeyState; readonly json: boolean },
): Promise<void> {
  if (wish.id === undefined) throw new UsageError(ACCESS_KEYS_HELP);
  if (!(await store.accessKeys.setState(wish.id, wish.state))) {
    throw new UsageError(`There is no access key ${wish.id}. See: gangway access-keys list`);
  }
  if (wish.json) printJson({ access_key_id: wish.id, state: wish.state });
  else printLine(`${wish.id} is ${wish.state}`);
}
