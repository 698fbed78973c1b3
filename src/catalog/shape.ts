/** What a model is and costs. Data; checked and frozen at load; never guessed from a name. */

export interface Abilities {
  readonly tools: boolean;
  readonly images: boolean;
  /** Strongest structured output that the model itself guarantees. */
  readonly json: 'schema' | 'object' | 'none';
  readonly reasoning: boolean;
}

/** What one unit that is not a token costs: `price` for every `per` of them (absent: for one). */
export interface UnitPrice {
  readonly price: string;
  readonly per?: number;
}

/** Prices per million tokens, decimal strings in `currency`. The first row that fits counts. */
export interface PriceRow {
  /** Fits calls with at most this many input tokens; absent: any. */
  readonly inputTokensMax?: number;
  /** Fits calls with at most this many output tokens; absent: any. */
  readonly outputTokensMax?: number;
  /** Fits calls with all these traits, such as service -> batch; absent: any. */
  readonly when?: Readonly<Record<string, string>>;
  /** Absent: tokens cost nothing. */
  readonly input?: string;
  readonly output?: string;
  /** Input read from the vendor's cache; absent: as `input`. */
  readonly cachedInput?: string;
  /** Input written to the vendor's cache; absent: as `input`. */
  readonly cacheWrite?: string;
  /** By the name of the unit: image, video_ms, search. */
  readonly units?: Readonly<Record<string, UnitPrice>>;
}

export interface PriceTable {
  /** In force from this day on: YYYY-MM-DD. Of several, the latest that has begun counts. */
  readonly from: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly rows: readonly PriceRow[];
  /** Where the figures stand, and when they were read. */
  readonly source: string;
  readonly checked: string;
  /** Set where the source is second-hand or sources disagree. */
  readonly unverified?: boolean;
}

/** One vendor that serves the model. */
export interface Offer {
  readonly vendor: string;
  /** The model's name on that vendor's wire. */
  readonly wireName: string;
  /** Absent: no price is known; only unlimited accounts may use it. */
  readonly prices?: readonly PriceTable[];
}

/** What a model is for; the relay knows which ways of asking belong to each. */
export type ModelKind =
  | 'chat'
  | 'embedding'
  | 'rerank'
  | 'image'
  | 'video'
  | 'audio'
  | 'bot'
  | 'other';

export interface Model {
  readonly id: string;
  /** Who made it, `owned_by` in the list. */
  readonly maker: string;
  readonly kind: ModelKind;
  /** 0 where the model is not asked in tokens. */
  readonly contextTokens: number;
  /** 0 where the model writes no tokens. */
  readonly outputTokensMax: number;
  readonly abilities: Abilities;
  readonly offers: readonly Offer[];
  /** Other names under which callers may ask for it. */
  readonly aliases?: readonly string[];
  /** Day on which the vendor ends it: YYYY-MM-DD. */
  readonly retires?: string;
}
