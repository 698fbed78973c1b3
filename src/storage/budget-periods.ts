/** Days and months of Coordinated Universal Time, as budgets count them. */
import type { BudgetPeriod, BudgetRow } from './ports.ts';

export type Budget = Pick<BudgetRow, 'id' | 'scope' | 'period' | 'unit' | 'limit'>;

const DAY_MS = 86_400_000;
const DAY_CHARS = 'YYYY-MM-DD'.length;
const MONTH_CHARS = 'YYYY-MM'.length;

/** The part of the period that this moment is in: 2026-11-26, 2026-11, or total. */
export function windowName(period: BudgetPeriod, atMs: number): string {
  if (period === 'total') return period;
  const chars = period === 'day' ? DAY_CHARS : MONTH_CHARS;
  return new Date(atMs).toISOString().slice(0, chars);
}

/** When that part ends; null: never. */
export function windowReset(period: BudgetPeriod, atMs: number): number | null {
  if (period === 'total') return null;
  if (period === 'day') return (Math.floor(atMs / DAY_MS) + 1) * DAY_MS;
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}

const SCOPES: readonly string[] = ['key', 'account'];
const PERIODS: readonly string[] = ['total', 'month', 'day'];
const UNITS: readonly string[] = ['money', 'tokens'];

/** The order in which budgets are asked, and so which of several is named in a refusal. */
export function byPrecedence(a: Budget, b: Budget): number {
  return (
    SCOPES.indexOf(a.scope) - SCOPES.indexOf(b.scope) ||
    PERIODS.indexOf(a.period) - PERIODS.indexOf(b.period) ||
    UNITS.indexOf(a.unit) - UNITS.indexOf(b.unit)
  );
}
