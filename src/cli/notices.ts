/** `gangway notices`: what people were told of, and whether it arrived. */
import { systemClock } from '../kit/clock.ts';
import { newId } from '../kit/ids.ts';
import { readMasterKey } from '../kit/seal.ts';
import { HOUSE_ACCOUNT } from '../storage/accounts.ts';
import type { Store } from '../storage/ports.ts';
import { type Booted, boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';
import { accountSecrets } from './webhook-secrets.ts';

export const NOTICES_HELP = `gangway notices list [--limit N] [--after ID]
gangway notices deliveries [--limit N] [--after ID]
gangway notices test
gangway notices secret

Low balances, upstreams that fail, models that end: told to notices.webhooks of the settings, and to
webhooks of accounts that ask for it.
  list        what was told, newest first
  deliveries  what went to the receivers of notices.webhooks, with each attempt
  test        a notice that says nothing, to see whether it arrives; a server must run
  secret      what signs for receivers that name no secret of their own
  --json      print JSON`;

const FLAGS = { ...COMMON_FLAGS, limit: { type: 'string' }, after: { type: 'string' } } as const;
const LIST_MAX = 1_000;
const LIST_DEFAULT = 50;

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, NOTICES_HELP);
type Values = NonNullable<ReturnType<typeof parse>>['values'];

export async function notices(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const { values } = flags;
  const booted = await boot(values);
  try {
    const [action] = flags.positionals;
    if (action === 'list') await list(booted.store, values);
    else if (action === 'deliveries') await deliveries(booted.store, values);
    else if (action === 'test') await test(booted.store, values);
    else if (action === 'secret') secret(booted, values);
    else throw new UsageError(NOTICES_HELP);
  } finally {
    await booted.store.close();
  }
  return 0;
}

function pageOf({ limit, after }: Values) {
  const rows = Math.min(LIST_MAX, Number(limit ?? LIST_DEFAULT) || LIST_DEFAULT);
  return { limit: rows, ...(after === undefined ? {} : { after }) };
}

const iso = (ms: number): string => new Date(ms).toISOString();

async function list(store: Store, values: Values): Promise<void> {
  const rows = (await store.notices.list(pageOf(values))).map((row) => ({
    id: row.eventId,
    at: iso(row.atMs),
    type: row.type,
    account: row.accountId,
    data: JSON.parse(row.data) as unknown,
  }));
  if (values.json === true) printJson(rows);
  else {
    const lines = rows.map((row) => [row.at, row.type, row.id, JSON.stringify(row.data)]);
    printTable([['at', 'type', 'id', 'data'], ...lines]);
  }
}

async function deliveries(store: Store, values: Values): Promise<void> {
  const filter = { accountId: HOUSE_ACCOUNT, ...pageOf(values) };
  const rows = (await store.deliveries.list(filter)).map((row) => ({
    id: row.id,
    notice: row.eventId,
    type: row.type,
    url: row.url,
    state: row.state,
    attempts: row.attempts.map(({ atMs, status, error }) => ({ at: iso(atMs), status, error })),
  }));
  if (values.json === true) printJson(rows);
  else {
    const lines = rows.map((row) => {
      const last = row.attempts.at(-1);
      return [row.id, row.type, row.state, String(last?.status ?? last?.error ?? ''), row.url];
    });
    printTable([['id', 'type', 'state', 'answer', 'url'], ...lines]);
  }
}

async function test(store: Store, values: Values): Promise<void> {
  const eventId = newId('evt');
  await store.notices.insert({
    id: `test:${eventId}`,
    eventId,
    accountId: null,
    type: 'notice.test',
    subject: eventId,
    data: JSON.stringify({ object: 'notice' }),
    atMs: systemClock.nowMs(),
  });
  if (values.json === true) printJson({ id: eventId });
  else printLine(`${eventId} is on its way. See: gangway notices deliveries`);
}

function secret({ settings, env }: Booted, values: Values): void {
  const own = accountSecrets(readMasterKey(settings.data_dir, env))(HOUSE_ACCOUNT);
  if (values.json === true) printJson({ secret: own });
  else printLine(own);
}
