/** `gangway reconcile`: a vendor's bill or usage export beside our books. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { billFormatOf, GENERIC } from '../catalog/bills/index.ts';
import { type BilledRow, type ReadBill, readBill } from '../catalog/bills/read.ts';
import type { BillFormat } from '../catalog/bills/shape.ts';
import { formatMoney, NANOS_PER_UNIT, parseMoney } from '../kit/money.ts';
import { type Counted, type Drift, reconcile, writeDrift } from '../ledger/reconcile.ts';
import type { DaySum, Store } from '../storage/ports.ts';
import { VENDORS } from '../vendors/index.ts';
import { boot, COMMON_FLAGS } from './boot.ts';
import { parseFlags, UsageError } from './flags.ts';
import { printJson, printLine, printTable } from './print.ts';
import type { Settings } from './settings.ts';

export const RECONCILE_HELP = `gangway reconcile --vendor V --file export.csv [--month YYYY-MM]
                  [--alias NAME=MODEL ...] [--format plain] [--json]

Reads a vendor's bill or usage export and shows, for each day and model, how much more (+) or less
(-) it says than our books, in per cent of ours.
  --vendor   whose bill it is, such as ark or openai; all upstreams of that vendor count
  --file     the CSV; columns of ark and openai are known, else: day, model, calls, input_tokens,
             output_tokens, cached_input_tokens, tokens, amount, currency
  --month    only this month, by the vendor's days
  --alias    the bill's name for a model = the name by which we call it
  --format   plain: the file has the columns above though the vendor's own are known
  --json     print JSON
Exit status 1 where rows could not be read: they are named by line.`;

const FLAGS = {
  ...COMMON_FLAGS,
  vendor: { type: 'string' },
  file: { type: 'string' },
  month: { type: 'string' },
  alias: { type: 'string', multiple: true },
  format: { type: 'string' },
} as const;

const FILE_BYTES_MAX = 256 * 1024 * 1024;
const DAY_MS = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const DAYS_MAX = 400;
const OUR_ROWS_MAX = 50_000;
const ERRORS_SHOWN_MAX = 20;

export async function reconcileCommand(args: readonly string[]): Promise<number> {
  const flags = parseFlags(args, FLAGS, RECONCILE_HELP);
  if (flags === null) return 0;
  const { vendor, file, month, alias = [], format: wanted } = flags.values;
  if (vendor === undefined || VENDORS[vendor] === undefined) {
    throw new UsageError(`--vendor must be one of ${Object.keys(VENDORS).join(', ')}.`);
  }
  if (file === undefined) throw new UsageError('--file is missing: the CSV that the vendor gives.');
  if (month !== undefined && !/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) {
    throw new UsageError('--month must be YYYY-MM.');
  }
  if (wanted !== undefined && wanted !== 'plain') throw new UsageError('--format may be plain.');
  const format = wanted === 'plain' ? GENERIC : billFormatOf(vendor);
  const bill = readBill(readText(file), format);
  const rows = bill.rows.filter(({ day }) => month === undefined || day.startsWith(month));
  const { store, settings } = await boot(flags.values);
  try {
    const names = readAliases(alias);
    const billed = rows.map((row) => inOurTerms(row, names, settings));
    const ours = await ownRows(store, { vendor, format, month, rows });
    const { lines, totals } = reconcile(billed, ours);
    const result = { vendor, currency: settings.currency, lines, totals };
    if (flags.values.json === true) printJson(toJson(result, bill));
    else show(result, bill);
  } finally {
    await store.close();
  }
  return bill.errors.length > 0 ? 1 : 0;
}

/** Exports of Chinese consoles come in GB 18030 as well. */
function readText(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (size > FILE_BYTES_MAX) {
      throw new Error(`${path} has ${size} bytes, ${FILE_BYTES_MAX} are allowed. Split it.`);
    }
    const bytes = readFileSync(file);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return new TextDecoder('gb18030').decode(bytes);
    }
  } finally {
    closeSync(file);
  }
}

function readAliases(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair) => {
      const [, name, model] = /^(.+)=(.+)$/.exec(pair) ?? [];
      if (name === undefined || model === undefined) {
        throw new UsageError(`--alias ${pair}: write NAME=MODEL.`);
      }
      return [name, model] as const;
    }),
  );
}

/** Our names and our currency. */
function inOurTerms(
  row: BilledRow,
  names: ReadonlyMap<string, string>,
  settings: Settings,
): Counted {
  const { day, model, calls, inputTokens, outputTokens, cachedInputTokens, tokens } = row;
  return {
    ...{ day, calls, inputTokens, outputTokens, cachedInputTokens, tokens },
    model: model === null ? null : (names.get(model) ?? model),
    amount: row.amount === null ? null : exchanged(row.amount, row.currency, settings),
  };
}

function exchanged(amount: bigint, currency: string | null, settings: Settings): bigint {
  if (currency === null || currency === settings.currency) return amount;
  const rate = parseMoney(settings.exchange[currency] ?? '');
  if (rate === undefined) {
    throw new Error(`exchange.${currency}: set what it costs in ${settings.currency}.`);
  }
  return (amount * rate) / NANOS_PER_UNIT;
}

interface OwnWish {
  readonly vendor: string;
  readonly format: BillFormat;
  readonly month: string | undefined;
  readonly rows: readonly BilledRow[];
}

/** Of the month, or of the days from the first to the last one of the bill. */
async function ownRows(store: Store, wish: OwnWish): Promise<readonly Counted[]> {
  const days = wish.rows.map(({ day }) => day).sort();
  const first = wish.month === undefined ? days[0] : `${wish.month}-01`;
  const last = wish.month === undefined ? days.at(-1) : lastDayOf(wish.month);
  if (first === undefined || last === undefined) throw new Error('The file has no row to compare.');
  const utcOffsetMs = wish.format.utcOffsetHours * MS_PER_HOUR;
  const fromMs = Date.parse(first) - utcOffsetMs;
  const untilMs = Date.parse(last) + DAY_MS - utcOffsetMs;
  if (untilMs - fromMs > DAYS_MAX * DAY_MS) {
    throw new Error(`The file spans more than ${DAYS_MAX} days. Choose one with --month.`);
  }
  const span = { vendor: wish.vendor, fromMs, untilMs, utcOffsetMs, rowsMax: OUR_ROWS_MAX };
  const sums = await store.calls.byDay(span);
  if (sums.length >= OUR_ROWS_MAX) throw new Error('Too many days and models: choose a --month.');
  return sums.map(toCounted);
}

function lastDayOf(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

function toCounted(sum: DaySum): Counted {
  return {
    day: sum.day,
    model: sum.wireModel ?? '(none)',
    amount: sum.cost,
    calls: BigInt(sum.calls),
    inputTokens: BigInt(sum.inputTokens),
    outputTokens: BigInt(sum.outputTokens),
    cachedInputTokens: BigInt(sum.cachedInputTokens),
    tokens: BigInt(sum.inputTokens + sum.outputTokens),
  };
}

interface Result extends ReturnType<typeof reconcile> {
  readonly vendor: string;
  readonly currency: string;
}

type Sides = Pick<Drift, 'measure' | 'bill' | 'ours' | 'drift'>;

function sideText(line: Sides, side: 'bill' | 'ours'): string {
  return line.measure === 'amount' ? formatMoney(line[side]) : line[side].toString();
}

function toJson({ vendor, currency, lines, totals }: Result, bill: ReadBill): object {
  const of = (line: Sides) => ({
    measure: line.measure,
    bill: sideText(line, 'bill'),
    ours: sideText(line, 'ours'),
    // As text, so that nobody's reader rounds it.
    drift_percent: line.drift === null ? null : percent(line.drift),
  });
  return {
    vendor,
    currency,
    lines: lines.map((line) => ({ day: line.day, model: line.model, ...of(line) })),
    totals: totals.map(of),
    rows: bill.rows.length,
    errors: bill.errors,
  };
}

function percent(hundredths: bigint): string {
  const sign = hundredths < 0n ? '-' : '';
  const size = hundredths < 0n ? -hundredths : hundredths;
  return `${sign}${size / 100n}.${(size % 100n).toString().padStart(2, '0')}`;
}

function show({ currency, lines, totals }: Result, bill: ReadBill): void {
  const cells = (line: Sides) => [
    line.measure === 'amount' ? `amount ${currency}` : line.measure,
    sideText(line, 'bill'),
    sideText(line, 'ours'),
    writeDrift(line),
  ];
  printTable([
    ['DAY', 'MODEL', 'WHAT', 'BILL', 'OURS', 'DRIFT'],
    ...lines.map((line) => [line.day, line.model ?? '(all)', ...cells(line)]),
    ...totals.map((line) => ['total', '', ...cells(line)]),
  ]);
  if (bill.errors.length === 0) return;
  printLine(`${bill.errors.length} rows could not be read and are not in the sums:`);
  for (const { line, why } of bill.errors.slice(0, ERRORS_SHOWN_MAX)) {
    printLine(`  line ${line}: ${why}`);
  }
}
