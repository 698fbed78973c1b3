/** What a vendor's bill or usage export looks like, as data. */

/** Columns that hold one thing; the first one that the file has counts. */
export type Columns = readonly string[];

export interface BillFormat {
  /** Where the columns are documented, and when that was read. */
  readonly docs: readonly string[];
  readonly checked: string;
  /** What nobody has seen in a file of the vendor's own. */
  readonly unverified: string;
  /** The vendor's day begins so many hours before that of UTC. */
  readonly utcOffsetHours: number;
  readonly day: Columns;
  readonly model: Columns;
  /** What follows the model in its column, such as ", input"; absent: nothing. */
  readonly modelEnd?: string;
  readonly amount: Columns;
  readonly currency: Columns;
  /** Of amounts without a currency of their own; null: the installation's. */
  readonly currencyDefault: string | null;
  readonly calls: Columns;
  /** All input tokens, cached ones included. */
  readonly inputTokens: Columns;
  readonly outputTokens: Columns;
  readonly cachedInputTokens: Columns;
  /** A quantity whose unit stands in another column. */
  readonly count: Columns;
  readonly unit: Columns;
  /** What one of a unit is in tokens; other units are not counted. */
  readonly tokensPerUnit: Readonly<Record<string, number>>;
}
