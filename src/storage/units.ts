/** Quantities beside tokens, as they stand in one column of a call. */
import type { Quantities } from './ports.ts';

type Beside = Pick<Quantities, 'units' | 'traits'>;

/** null where the call used tokens only, which is most of them. */
export function writeUnits(counted: Quantities | null): string | null {
  if (counted?.units === undefined && counted?.traits === undefined) return null;
  const { units, traits } = counted;
  return JSON.stringify({ units, traits });
}

export function readUnits(text: string | null): Beside {
  return text === null ? {} : (JSON.parse(text) as Beside);
}
