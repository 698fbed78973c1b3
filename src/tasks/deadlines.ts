/** When links die, as far as they say so themselves; the one that dies first is copied first. */
import type { TaskOutput } from './doc.ts';

const MS_PER_S = 1_000;
/** `x-…-expires` seconds after `x-…-date`, as signed links of object stores have it. */
const SPAN = /^x-(\w+)-expires$/;
const END = /^(x-)?expires$/;
const STAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

export function linkEndMs(link: string): number | null {
  if (!URL.canParse(link)) return null;
  const query = new Map(
    [...new URL(link).searchParams].map(([name, value]) => [name.toLowerCase(), value]),
  );
  for (const [name, value] of query) {
    if (!/^\d{1,11}$/.test(value)) continue;
    if (END.test(name)) return Number(value) * MS_PER_S;
    const kind = SPAN.exec(name)?.[1];
    const fromMs = kind === undefined ? null : stampMs(query.get(`x-${kind}-date`) ?? '');
    if (fromMs !== null) return fromMs + Number(value) * MS_PER_S;
  }
  return null;
}

function stampMs(text: string): number | null {
  const [, year, month, day, hour, minute, second] = STAMP.exec(text) ?? [];
  if (year === undefined) return null;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** Indexes of outputs that are still to be copied. */
export function inDeadlineOrder(outputs: readonly TaskOutput[]): readonly number[] {
  const endOf = (index: number): number =>
    linkEndMs(outputs[index]?.url ?? '') ?? Number.POSITIVE_INFINITY;
  return [...outputs.keys()]
    .filter((index) => outputs[index]?.file === null && outputs[index]?.lost === null)
    .sort((a, b) => (endOf(a) < endOf(b) ? -1 : endOf(a) > endOf(b) ? 1 : a - b));
}
