/** A vendor's bill beside our books: what differs, by day and model. */

/** What one side says of a day and a model; null: it does not say. */
export interface Counted {
  readonly day: string;
  /** null: all models together. */
  readonly model: string | null;
  /** Nano-units of the installation's currency. */
  readonly amount: bigint | null;
  readonly calls: bigint | null;
  readonly inputTokens: bigint | null;
  readonly outputTokens: bigint | null;
  readonly cachedInputTokens: bigint | null;
  /** Input and output together. */
  readonly tokens: bigint | null;
}

const MEASURES = [
  'amount',
  'calls',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'tokens',
] as const;
export type Measure = (typeof MEASURES)[number];

export interface Drift {
  readonly day: string;
  readonly model: string | null;
  readonly measure: Measure;
  readonly bill: bigint;
  readonly ours: bigint;
  /** Hundredths of a per cent of ours, that the bill has more; null where we have nothing. */
  readonly drift: bigint | null;
}

export interface Reconciled {
  /** By day, model and measure. */
  readonly lines: readonly Drift[];
  /** Over all days and models. */
  readonly totals: readonly Omit<Drift, 'day' | 'model'>[];
}

/** Days and models in one report at most. */
const GROUPS_MAX = 50_000;
const HUNDREDTHS_OF_PER_CENT = 10_000n;

type Sums = Record<Measure, bigint | null>;

/**
 * Both sides are summed by day and model, on days that the bill has no models for by day alone.
 * Only what the bill says is compared; a day or model that only one side has counts as zero there.
 */
export function reconcile(bill: readonly Counted[], ours: readonly Counted[]): Reconciled {
  const whole = new Set(bill.filter(({ model }) => model === null).map(({ day }) => day));
  const place = ({ day, model }: Counted) => groupName(day, whole.has(day) ? null : model);
  const billed = sum(bill, place);
  const known = sum(ours, place);
  const said = MEASURES.filter((name) => bill.some((row) => row[name] !== null));
  const lines: Drift[] = [];
  for (const group of [...new Set([...billed.keys(), ...known.keys()])].sort()) {
    const [day, model] = readGroup(group);
    for (const measure of said) {
      const theirs = billed.get(group)?.[measure] ?? 0n;
      const own = known.get(group)?.[measure] ?? 0n;
      if (theirs === 0n && own === 0n) continue;
      lines.push({ day, model, measure, ...compare(theirs, own) });
    }
  }
  const totals = said.map((measure) => {
    const of = lines.filter((line) => line.measure === measure);
    const theirs = of.reduce((total, line) => total + line.bill, 0n);
    const own = of.reduce((total, line) => total + line.ours, 0n);
    return { measure, ...compare(theirs, own) };
  });
  return { lines, totals };
}

/** Days and models as one text that sorts by day, then model. */
function groupName(day: string, model: string | null): string {
  return `${day} ${model ?? ''}`;
}

function readGroup(group: string): readonly [day: string, model: string | null] {
  const at = group.indexOf(' ');
  return [group.slice(0, at), group.slice(at + 1) || null];
}

function sum(rows: readonly Counted[], place: (row: Counted) => string): Map<string, Sums> {
  const groups = new Map<string, Sums>();
  for (const row of rows) {
    const name = place(row);
    const sums = groups.get(name);
    if (sums === undefined) {
      if (groups.size >= GROUPS_MAX) {
        throw new Error(`There are more than ${GROUPS_MAX} days and models. Choose one month.`);
      }
      const { amount, calls, inputTokens, outputTokens, cachedInputTokens, tokens } = row;
      groups.set(name, { amount, calls, inputTokens, outputTokens, cachedInputTokens, tokens });
      continue;
    }
    for (const measure of MEASURES) {
      const more = row[measure];
      if (more !== null) sums[measure] = (sums[measure] ?? 0n) + more;
    }
  }
  return groups;
}

function compare(bill: bigint, ours: bigint): Pick<Drift, 'bill' | 'ours' | 'drift'> {
  const drift = ours === 0n ? null : ((bill - ours) * HUNDREDTHS_OF_PER_CENT) / ours;
  return { bill, ours, drift: bill === ours ? 0n : drift };
}

/** `+1.25 %`; a difference too small for that is not shown as none. */
export function writeDrift({ bill, ours, drift }: Pick<Drift, 'bill' | 'ours' | 'drift'>): string {
  if (drift === null) return 'only in the bill';
  if (bill === ours) return '0 %';
  const sign = bill > ours ? '+' : '-';
  const size = drift < 0n ? -drift : drift;
  if (size === 0n) return `${sign}<0.01 %`;
  return `${sign}${size / 100n}.${(size % 100n).toString().padStart(2, '0')} %`;
}
