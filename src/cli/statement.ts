/** `gangway statement`: an account's entries of a month, between two balances. */
import { systemClock } from '../kit/clock.ts';
import { formatMoney } from '../kit/money.ts';
import type { Entry, StatementSpan, Store } from '../storage/ports.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { type CallView, callsOf, usedText } from './call-views.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';

export const STATEMENT_HELP = `gangway statement --account NAME [--month YYYY-MM]
                  [--limit N] [--after PLACE]

The balance at the beginning of the month, its entries with their causes, the balance at its end.
Of a charge: its model, what it was (chat, or a task's kind), and what was used.
  --month   by Coordinated Universal Time (default: this month)
  --limit   entries shown (default 100, at most 1000)
  --after   shows the entries after the "next" of the page before
  --json    print JSON`;

const FLAGS = {
  ...COMMON_FLAGS,
  account: { type: 'string' },
  month: { type: 'string' },
  limit: { type: 'string' },
  after: { type: 'string' },
} as const;

const LIST_MAX = 1_000;
const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const PLACE = /^(\d{1,15})\/(.{1,200})$/;
const MONTH_CHARS = 'YYYY-MM'.length;

interface Values {
  readonly account?: string | undefined;
  readonly month?: string | undefined;
  readonly limit?: string | undefined;
  readonly after?: string | undefined;
  readonly json?: boolean | undefined;
}

export async function statement(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, FLAGS, STATEMENT_HELP);
  if (flags === null) return 0;
  const { store, settings } = await boot(flags.values);
  try {
    await show(store, flags.values, settings.currency);
  } finally {
    await store.close();
  }
  return 0;
}

async function show(store: Store, values: Values, currency: string): Promise<void> {
  if (values.account === undefined) throw new UsageError(STATEMENT_HELP);
  const account = await store.accounts.byName(values.account);
  if (account === undefined) throw new UsageError(`There is no account "${values.account}".`);
  const month = values.month ?? new Date(systemClock.nowMs()).toISOString().slice(0, MONTH_CHARS);
  const span = { accountId: account.id, ...spanOf(month) };
  const limit = readLimit(values.limit);
  const after = readPlace(values.after);
  const entries = await store.statements.entries(span, {
    limit,
    ...(after === undefined ? {} : { after }),
  });
  const about = await callsOf(
    entries.map(callId).filter((id) => id !== null),
    store,
  );
  const of = (entry: Entry) => about.get(callId(entry) ?? '') ?? null;
  const last = entries.length === limit ? entries.at(-1) : undefined;
  const shown = {
    account: account.name,
    month,
    currency,
    opening: formatMoney(await store.statements.balanceAt(account.id, span.fromMs)),
    closing: formatMoney(await store.statements.balanceAt(account.id, span.untilMs)),
    entries: entries.map((entry) => ({ ...view(entry, span), call: of(entry) })),
    next: last === undefined ? null : `${last.atMs}/${last.cause}`,
  };
  if (values.json === true) printJson(shown);
  else print(shown);
}

function view({ cause, from, to, amount, atMs }: Entry, { accountId }: StatementSpan) {
  const isIn = to === accountId;
  return {
    at: new Date(atMs).toISOString(),
    cause,
    other: isIn ? from : to,
    amount: formatMoney(isIn ? amount : -amount),
  };
}

const CHARGE = 'charge:';

/** The call that an entry pays for; null: none. */
function callId({ cause }: Entry): string | null {
  return cause.startsWith(CHARGE) ? cause.slice(CHARGE.length) : null;
}

interface Shown {
  readonly account: string;
  readonly month: string;
  readonly currency: string;
  readonly opening: string;
  readonly closing: string;
  readonly entries: readonly (ReturnType<typeof view> & { readonly call: CallView | null })[];
  readonly next: string | null;
}

function print(shown: Shown): void {
  printLine(`${shown.account}, ${shown.month}, ${shown.currency}`);
  printLine(`opening balance ${shown.opening}`);
  const head = ['at', 'amount', 'other', 'cause', 'model', 'kind', 'used'];
  printTable([
    head,
    ...shown.entries.map(({ at, amount, other, cause, call }) => [
      ...[at, amount, other, cause, call?.model ?? '', call?.kind ?? ''],
      call === null ? '' : usedText(call),
    ]),
  ]);
  printLine(`closing balance ${shown.closing}`);
  if (shown.next !== null) printLine(`more: --after ${shown.next}`);
}

function spanOf(text: string): Pick<StatementSpan, 'fromMs' | 'untilMs'> {
  const match = MONTH.exec(text);
  if (match === null) throw new UsageError(`--month: "${text}" is not a month such as 2026-11`);
  const [year, month] = [Number(match[1]), Number(match[2])];
  return { fromMs: Date.UTC(year, month - 1, 1), untilMs: Date.UTC(year, month, 1) };
}

function readLimit(text: string | undefined): number {
  const limit = Number(text ?? 100);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit: a whole number');
  return Math.min(LIST_MAX, limit);
}

function readPlace(text: string | undefined): Pick<Entry, 'atMs' | 'cause'> | undefined {
  if (text === undefined) return undefined;
  const match = PLACE.exec(text);
  if (match === null) throw new UsageError(`--after: "${text}" is not the "next" of a page`);
  return { atMs: Number(match[1]), cause: match[2] ?? '' };
}
