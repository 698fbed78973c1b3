/** `gangway usage`: what was called and what it cost; and calls whose end is not known. */
import { systemClock } from '../kit/clock.ts';
import { formatMoney, parseMoney } from '../kit/money.ts';
import type { CallRow, CallState, Store } from '../storage/ports.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { kindsOf, unitsText } from './call-views.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const USAGE_HELP = `gangway usage [--account NAME] [--days N]
gangway usage calls [--account NAME] [--state STATE] [--model ID] [--limit N] [--after ID]
gangway usage resolve CALL --charge AMOUNT | --release

usage        sums for each model over the last N days (default 30)
calls        one line a call, newest first; STATE: open, charged, released, unknown
resolve      ends a call whose end is unknown (the process died while a vendor was at work):
             charge what the vendor billed, or release the hold
  --json     print JSON`;

const DAY_MS = 86_400_000;
const LIST_MAX = 1_000;
const STATES: readonly CallState[] = ['open', 'charged', 'released', 'unknown'];

const FLAGS = {
  ...COMMON_FLAGS,
  account: { type: 'string' },
  days: { type: 'string' },
  state: { type: 'string' },
  model: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
  charge: { type: 'string' },
  release: { type: 'boolean' },
} as const;

const parse = (args: readonly string[]) => parseFlags(args, FLAGS, USAGE_HELP);
type Values = NonNullable<ReturnType<typeof parse>>['values'];

export async function usage(args: readonly string[]): Promise<number> {
  const flags = parse(args);
  if (flags === null) return 0;
  const [action, id] = flags.positionals;
  const { store } = await boot(flags.values);
  try {
    if (action === undefined) await sums(store, flags.values);
    else if (action === 'calls') await calls(store, flags.values);
    else if (action === 'resolve') await resolve(store, id, flags.values);
    else throw new UsageError(USAGE_HELP);
  } finally {
    await store.close();
  }
  return 0;
}

async function accountId(store: Store, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const account = await store.accounts.byName(name);
  if (account === undefined) throw new UsageError(`There is no account "${name}".`);
  return account.id;
}

async function sums(store: Store, values: Values): Promise<void> {
  const days = Number(values.days ?? 30);
  if (!(days > 0)) throw new UsageError('--days: a number above zero');
  const account = await accountId(store, values.account);
  const rows = await store.calls.usage({
    sinceMs: systemClock.nowMs() - days * DAY_MS,
    ...(account === undefined ? {} : { accountId: account }),
  });
  if (values.json === true) {
    printJson(rows.map((row) => ({ ...row, charge: formatMoney(row.charge) })));
    return;
  }
  const head = ['model', 'calls', 'input', 'cached', 'output', 'units', 'charge'];
  const lines = rows.map((row) => [
    row.model,
    String(row.calls),
    String(row.inputTokens),
    String(row.cachedInputTokens),
    String(row.outputTokens),
    unitsText(row.units),
    formatMoney(row.charge),
  ]);
  printTable([head, ...lines]);
}

async function calls(store: Store, values: Values): Promise<void> {
  const account = await accountId(store, values.account);
  const state = STATES.find((each) => each === values.state);
  if (values.state !== undefined && state === undefined) {
    throw new UsageError(`--state: one of ${STATES.join(', ')}`);
  }
  const rows = await store.calls.list({
    limit: Math.min(LIST_MAX, Number(values.limit ?? 50) || 50),
    ...(values.after === undefined ? {} : { after: values.after }),
    ...(account === undefined ? {} : { accountId: account }),
    ...(state === undefined ? {} : { state }),
    ...(values.model === undefined ? {} : { model: values.model }),
  });
  const kinds = await kindsOf(rows, store);
  const kindOf = ({ id, service }: CallRow) => kinds.get(id) ?? { kind: service, task: null };
  if (values.json === true) {
    printJson(rows.map((row) => ({ ...view(row), ...kindOf(row) })));
    return;
  }
  const head = ['call', 'model', 'kind', 'state', 'end', 'in', 'out', 'units', 'charge', 'ms'];
  const lines = rows.map((row) => [
    row.id,
    row.model,
    kindOf(row).kind,
    row.state,
    row.endReason ?? '',
    String(row.quantities?.inputTokens ?? 0),
    String(row.quantities?.outputTokens ?? 0),
    unitsText(row.quantities?.units),
    formatMoney(row.charge),
    String(row.totalMs),
  ]);
  printTable([head, ...lines]);
}

function view(row: CallRow) {
  const { amount, tokens, charge, shortfall, attempts, quantities, startedMs, ...rest } = row;
  return {
    ...rest,
    started: new Date(startedMs).toISOString(),
    hold: formatMoney(amount),
    hold_tokens: tokens,
    charge: formatMoney(charge),
    shortfall: formatMoney(shortfall),
    attempts: JSON.parse(attempts) as unknown,
    ...quantities,
  };
}

async function resolve(store: Store, id: string | undefined, values: Values): Promise<void> {
  const call = id === undefined ? undefined : await store.calls.byId(id);
  if (call === undefined) throw new UsageError(`There is no call "${id ?? ''}".`);
  if (call.state !== 'unknown') throw new UsageError(`The call is ${call.state}, not unknown.`);
  const charge = values.release === true ? 0n : parseMoney(values.charge ?? '');
  if (charge === undefined || charge < 0n) throw new UsageError('--charge AMOUNT, or --release');
  const verdict = await store.ledger.settle({
    ...call,
    endReason: call.endReason ?? 'crash',
    state: values.release === true ? 'released' : 'charged',
    charge,
    bookedMs: systemClock.nowMs(),
    evidence: `${call.evidence ?? ''}; resolved by the operator`,
  });
  if (values.json === true) printJson({ call: call.id, verdict, charge: formatMoney(charge) });
  else printLine(`${call.id}: ${verdict}`);
}
