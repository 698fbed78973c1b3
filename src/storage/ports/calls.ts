/** Calls as people look at them, and sums over them. */
import type { CallState, EndReason, HoldRow, Page, Quantities, SettleRow } from '../ports.ts';

export interface CallRow
  extends Omit<HoldRow, 'keyBudgeted'>,
    Omit<SettleRow, 'state' | 'endReason' | 'priceId' | 'bookedMs'> {
  readonly state: CallState;
  /** null while the call is open. */
  readonly endReason: EndReason | null;
  /** Cost that the account could not cover and nobody was charged for. */
  readonly shortfall: bigint;
}

export interface CallFilter extends Page {
  readonly accountId?: string;
  readonly keyId?: string;
  readonly state?: CallState;
  readonly model?: string;
}

/** Sums over calls, per model. */
export interface UsageRow extends Quantities {
  readonly model: string;
  readonly calls: number;
  readonly charge: bigint;
}

/** Tokens of calls that began in one span of time. */
export interface UsagePoint {
  readonly atS: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface UsageSpan {
  readonly accountId: string;
  /** null: all calls, whether through an endpoint or not. */
  readonly endpoints: readonly string[] | null;
  readonly fromS: number;
  /** Exclusive. */
  readonly untilS: number;
  readonly stepS: number;
}

/** Calls at one vendor, by days that begin `utcOffsetMs` before those of UTC. */
export interface DaySpan {
  readonly vendor: string;
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
  readonly utcOffsetMs: number;
  readonly rowsMax: number;
}

/** What was charged on one day for one model, as the vendor calls it. */
export interface DaySum {
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly wireModel: string | null;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  /** What the calls cost, whether or not the accounts could cover it. */
  readonly cost: bigint;
}

export interface Calls {
  list(filter: CallFilter): Promise<readonly CallRow[]>;
  byId(id: string): Promise<CallRow | undefined>;
  /** Those that there are, in no order. */
  byIds(ids: readonly string[]): Promise<readonly CallRow[]>;
  usage(filter: {
    readonly accountId?: string;
    readonly sinceMs: number;
  }): Promise<readonly UsageRow[]>;
  /** By time; spans in which nothing was used are absent. */
  usageOverTime(span: UsageSpan): Promise<readonly UsagePoint[]>;
  /** At most `rowsMax` sums; more means that the span must be shorter. */
  byDay(span: DaySpan): Promise<readonly DaySum[]>;
}
