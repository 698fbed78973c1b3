/** The part of ports.ts that is about money over time: budgets and statements. */
import type { Entry, Page } from '../ports.ts';

export type BudgetScope = 'key' | 'account';
/** Days and months of Coordinated Universal Time. */
export type BudgetPeriod = 'total' | 'month' | 'day';
export type BudgetUnit = 'money' | 'tokens';

/** What a key (or an app), or an account with all its keys, may use in a period. */
export interface BudgetRow {
  readonly id: string;
  readonly accountId: string;
  readonly scope: BudgetScope;
  /** The key's or the account's id. */
  readonly ownerId: string;
  readonly period: BudgetPeriod;
  readonly unit: BudgetUnit;
  /** Nano-units, or tokens. */
  readonly limit: bigint;
  readonly createdMs: number;
}

/** Which budget did not cover a call. */
export interface BudgetRefusal {
  readonly refused: 'budget_exceeded';
  readonly scope: BudgetScope;
  readonly period: BudgetPeriod;
  readonly unit: BudgetUnit;
  readonly limit: bigint;
  /** What is neither spent nor held. */
  readonly left: bigint;
  /** What the call may use at most. */
  readonly asked: bigint;
  /** When the period ends; null: never. */
  readonly resetsMs: number | null;
}

/** What calls used that began in the period under way, since the budget was made. */
export interface BudgetUse {
  readonly spent: bigint;
  readonly held: bigint;
  readonly resetsMs: number | null;
}

/** One budget of its kind an owner. */
export type BudgetName = Pick<BudgetRow, 'scope' | 'ownerId' | 'period' | 'unit'>;

export interface Budgets {
  /** Makes it, or changes the limit of the one that there is. */
  set(row: BudgetRow): Promise<void>;
  /** False where there is none. */
  remove(name: BudgetName): Promise<boolean>;
  list(
    filter: Page & { readonly accountId?: string; readonly ownerId?: string },
    nowMs: number,
  ): Promise<readonly (BudgetRow & BudgetUse)[]>;
}

export interface StatementSpan {
  readonly accountId: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

export interface Statements {
  /** What the account had at this moment, by its entries. */
  balanceAt(accountId: string, atMs: number): Promise<bigint>;
  /** By time, then cause; `after`: the last entry of the page before. */
  entries(
    span: StatementSpan,
    page: { readonly limit: number; readonly after?: Pick<Entry, 'atMs' | 'cause'> },
  ): Promise<readonly Entry[]>;
}
