/** Rows of a vendor's export; what cannot be read is named by its line. */
import { CsvError, parse } from 'csv-parse/sync';
import { parseBillionths } from '../../kit/decimal.ts';
import type { BillFormat, Columns } from './shape.ts';

/** What a bill says of one day and model; null: it does not say. */
export interface BilledRow {
  /** YYYY-MM-DD, by the vendor's days. */
  readonly day: string;
  /** null where the bill does not tell models apart. */
  readonly model: string | null;
  /** Billionths of the currency. */
  readonly amount: bigint | null;
  readonly currency: string | null;
  readonly calls: bigint | null;
  readonly inputTokens: bigint | null;
  readonly outputTokens: bigint | null;
  readonly cachedInputTokens: bigint | null;
  /** Tokens of both kinds together, where the bill counts only these. */
  readonly tokens: bigint | null;
}

export interface ReadBill {
  readonly rows: readonly BilledRow[];
  readonly errors: readonly { readonly line: number; readonly why: string }[];
}

const ROWS_MAX = 1_000_000;
const ROW_CHARS_MAX = 100_000;
const BILLIONTHS = 1_000_000_000n;
const MS_PER_HOUR = 3_600_000;
const MS_PER_S = 1_000;

type Cells = Readonly<Record<string, string | undefined>>;

/** Throws an Error where the file as a whole is not such an export. */
export function readBill(text: string, format: BillFormat): ReadBill {
  const errors: { line: number; why: string }[] = [];
  const records = parseCells(text, errors);
  const heads = new Set(Object.keys(records[0]?.record ?? {}));
  const places = findPlaces(format, heads);
  const rows: BilledRow[] = [];
  for (const { record, line } of records) {
    const row = readRow(record, places, format);
    if (typeof row === 'string') errors.push({ line, why: row });
    else if (row !== null) rows.push(row);
  }
  return { rows, errors: errors.sort((a, b) => a.line - b.line) };
}

interface Line {
  readonly record: Cells;
  readonly line: number;
}

function parseCells(text: string, errors: { line: number; why: string }[]): Line[] {
  const records: Line[] = [];
  parse(text, {
    bom: true,
    columns: (heads: string[]) => heads.map((head) => head.trim()),
    delimiter: delimiterOf(text),
    skip_empty_lines: true,
    trim: true,
    max_record_size: ROW_CHARS_MAX,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error instanceof CsvError) errors.push({ line: Number(error.lines), why: error.message });
      return undefined;
    },
    on_record: (record: Cells, { lines }) => {
      if (records.length >= ROWS_MAX) throw new Error(`The file has more than ${ROWS_MAX} rows.`);
      records.push({ record, line: lines });
      return null;
    },
  });
  return records;
}

/** By the head of the file: exports come with tabs as well. */
function delimiterOf(text: string): string {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const count = (sign: string): number => head.split(sign).length;
  return [',', '\t', ';'].reduce((best, sign) => (count(sign) > count(best) ? sign : best));
}

const FIELDS = [
  ...(['day', 'model', 'amount', 'currency', 'calls'] as const),
  ...(['inputTokens', 'outputTokens', 'cachedInputTokens', 'count', 'unit'] as const),
];
type Field = (typeof FIELDS)[number];
/** The file's own column of each field. */
type Places = Readonly<Record<Field, string | undefined>>;

function findPlaces(format: BillFormat, heads: ReadonlySet<string>): Places {
  const find = (columns: Columns) => columns.find((name) => heads.has(name));
  const places = Object.fromEntries(FIELDS.map((name) => [name, find(format[name])])) as Places;
  if (places.day === undefined) {
    throw new Error(
      `The file has no column of days. One of these must be in its first line: ` +
        `${format.day.join(', ')}. It has: ${[...heads].slice(0, 40).join(', ') || 'no rows'}.`,
    );
  }
  const counted = FIELDS.slice(2).some((name) => name !== 'currency' && places[name] !== undefined);
  if (!counted) throw new Error('The file has neither amounts nor quantities.');
  return places;
}

/** null: a row of the vendor's that says nothing. A text: why it cannot be read. */
function readRow(cells: Cells, places: Places, format: BillFormat): BilledRow | string | null {
  const cell = (name: Field): string => cells[places[name] ?? ''] ?? '';
  const measures = ['amount', 'calls', 'inputTokens', 'outputTokens', 'count'] as const;
  if (measures.every((name) => cell(name) === '')) return null;
  const day = readDay(cell('day'), format.utcOffsetHours);
  if (day === null) return `"${cell('day').slice(0, 40)}" is no day`;
  const values: Record<string, bigint | null> = {};
  for (const name of [...measures, 'cachedInputTokens'] as const) {
    const text = cell(name);
    const value = text === '' ? null : parseBillionths(text);
    if (value === undefined) return `${places[name]}: "${text.slice(0, 40)}" is no number`;
    values[name] = value;
  }
  const whole = (name: Field): bigint | null => roundWhole(values[name] ?? null);
  return {
    day,
    model: readModel(cell('model'), format),
    amount: values.amount ?? null,
    currency: cell('currency').toUpperCase() || format.currencyDefault,
    calls: whole('calls'),
    inputTokens: whole('inputTokens'),
    outputTokens: whole('outputTokens'),
    cachedInputTokens: whole('cachedInputTokens'),
    tokens: tokensOf(values.count ?? null, cell('unit'), format),
  };
}

function readModel(text: string, { modelEnd }: BillFormat): string | null {
  const end = modelEnd === undefined ? -1 : text.indexOf(modelEnd);
  return (end < 0 ? text : text.slice(0, end)) || null;
}

function roundWhole(billionths: bigint | null): bigint | null {
  return billionths === null ? null : (billionths + BILLIONTHS / 2n) / BILLIONTHS;
}

/** null where the unit is not one of tokens. */
function tokensOf(count: bigint | null, unit: string, format: BillFormat): bigint | null {
  const each = format.tokensPerUnit[unit.toLowerCase().replaceAll(' ', '')];
  if (count === null || each === undefined) return null;
  return roundWhole(count * BigInt(each));
}

/** A day as it stands; an instant becomes the vendor's day of it. */
function readDay(text: string, utcOffsetHours: number): string | null {
  const plain = /^(\d{4})[-/]?(\d{2})[-/]?(\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2})?)?$/.exec(text);
  if (plain !== null) return checkDay(plain.slice(1).join('-'));
  const seconds = /^\d{9,11}$/.test(text) ? Number(text) * MS_PER_S : Date.parse(text);
  if (Number.isNaN(seconds)) return null;
  return new Date(seconds + utcOffsetHours * MS_PER_HOUR).toISOString().slice(0, 10);
}

function checkDay(day: string): string | null {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== day ? null : day;
}
