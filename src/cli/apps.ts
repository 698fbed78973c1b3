/** `gangway apps`: make, list, revoke. Works whether a server runs on the same data or not. */
import { mintApp } from '../access/apps.ts';
import { systemClock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { DEFAULT_ACCOUNT } from '../storage/accounts.ts';
import type { AccountRow, FoundApp, Store } from '../storage/ports.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const APPS_HELP = `gangway apps create --name TEXT --callback-domain HOST --scenario TEXT
                    [--account NAME] [--contract RULE]
gangway apps list [--account NAME] [--limit N] [--after ID]
gangway apps revoke ID

An app trades its API key and secret for access tokens of two hours (POST /oauth/token). Both are
shown once and cannot be had again: make a new app instead, and revoke the old one.
  --account NAME          whose app (default: default)
  --name TEXT             what it is called
  --callback-domain HOST  where it lives: app.example.com
  --scenario TEXT         what it is for
  --contract RULE         strict (default): model, messages and stream, nothing else; none
  --json                  print JSON`;

const LIST_ROWS = 100;
const LIST_ROWS_MAX = 1_000;

const FLAGS = {
  ...COMMON_FLAGS,
  account: { type: 'string' },
  name: { type: 'string' },
  'callback-domain': { type: 'string' },
  scenario: { type: 'string' },
  contract: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, APPS_HELP);
type Values = NonNullable<ReturnType<typeof parse>>['values'];

export async function apps(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const [action, id] = flags.positionals;
  const { store } = await boot(flags.values);
  try {
    if (action === 'create') await create(store, flags.values);
    else if (action === 'list') await list(store, flags.values);
    else if (action === 'revoke') await revoke(store, id, flags.values.json === true);
    else throw new UsageError(APPS_HELP);
  } finally {
    await store.close();
  }
  return 0;
}

async function create(store: Store, values: Values): Promise<void> {
  const account = await findAccount(store, values.account ?? DEFAULT_ACCOUNT);
  const { contract = 'strict' } = values;
  if (contract !== 'strict' && contract !== 'none') {
    throw new UsageError('--contract: one of strict, none');
  }
  const { row, apiKey, apiSecret } = mint({
    accountId: account.id,
    name: values.name ?? '',
    callbackDomain: values['callback-domain'] ?? '',
    scenario: values.scenario ?? '',
    contract: contract === 'strict' ? contract : null,
  });
  await store.apps.insert(row);
  if (values.json === true) {
    printJson({ id: row.id, api_key: apiKey, api_secret: apiSecret });
    return;
  }
  printLine(`App         ${row.id}`);
  printLine(`API key     ${apiKey}`);
  printLine(`API secret  ${apiSecret}`);
  printLine('Key and secret are shown this once.');
}

function mint(wish: Parameters<typeof mintApp>[0]): ReturnType<typeof mintApp> {
  try {
    return mintApp(wish, systemClock.nowMs());
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const flag = `--${(thrown.detail.param ?? '').replaceAll('_', '-')}`;
    throw new UsageError(`${flag}: ${thrown.message}`);
  }
}

async function list(store: Store, values: Values): Promise<void> {
  const limit = Number(values.limit ?? LIST_ROWS);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit: a whole number');
  const rows = await store.apps.list({
    limit: Math.min(LIST_ROWS_MAX, limit),
    ...(values.after === undefined ? {} : { after: values.after }),
    ...(values.account === undefined
      ? {}
      : { accountId: (await findAccount(store, values.account)).id }),
  });
  if (values.json === true) {
    printJson(rows.map(show));
    return;
  }
  const head = ['id', 'account', 'name', 'domain', 'contract', 'state', 'key ends in'];
  const lines = rows.map(({ app, accountName }) => [
    app.id,
    accountName,
    app.name,
    app.callbackDomain,
    app.contract ?? 'none',
    app.state,
    app.keyHint,
  ]);
  printTable([head, ...lines]);
}

async function revoke(store: Store, id: string | undefined, json: boolean): Promise<void> {
  if (id === undefined) throw new UsageError(APPS_HELP);
  if (!(await store.apps.revoke(id))) {
    throw new UsageError(`There is no app with the id ${id}. See: gangway apps list`);
  }
  if (json) printJson({ id, state: 'revoked' });
  else printLine(`${id} is revoked, and its tokens are no longer good`);
}

async function findAccount(store: Store, name: string): Promise<AccountRow> {
  const account = await store.accounts.byName(name);
  if (account !== undefined) return account;
  throw new UsageError(`There is no account "${name}". Make it: gangway accounts create ${name}`);
}

function show({ app, accountName }: FoundApp) {
  return {
    id: app.id,
    account: accountName,
    name: app.name,
    callback_domain: app.callbackDomain,
    scenario: app.scenario,
    contract: app.contract ?? 'none',
    state: app.state,
    hint: app.keyHint,
    created: new Date(app.createdMs).toISOString(),
  };
}
