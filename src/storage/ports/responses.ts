/** Answers that are kept so that a later question can go on from them. */

/** What was asked and answered in one turn; whose ids are made by us. */
export interface ResponseRow {
  readonly id: string;
  readonly accountId: string;
  /** The turn before; null: the first one. */
  readonly previousId: string | null;
  /** As the caller named it. */
  readonly model: string;
  /** JSON array of the items of this turn's own input. */
  readonly input: string;
  /** JSON of the response object, as the caller got it. */
  readonly response: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface NewResponse {
  readonly row: ResponseRow;
  /** Ids of items of its output, by which a later question may name them. */
  readonly itemIds: readonly string[];
}

/** Whose response, and at what time it is looked for: what has expired is not there. */
export interface ResponseWish {
  readonly accountId: string;
  readonly nowMs: number;
}

export interface ChainBounds {
  readonly limit: number;
  readonly bytesMax: number;
}

export interface Responses {
  insert(fresh: NewResponse): Promise<void>;
  byId(id: string, wish: ResponseWish): Promise<ResponseRow | undefined>;
  /**
   * The response and those before it, newest first. It ends where one is missing, after `limit` of
   * them, or once they have `bytesMax`: then the last one's `previousId` is not null.
   */
  chain(id: string, wish: ResponseWish & ChainBounds): Promise<readonly ResponseRow[]>;
  /** The responses that have these items, by the item's id. */
  byItems(
    itemIds: readonly string[],
    wish: ResponseWish,
  ): Promise<ReadonlyMap<string, ResponseRow>>;
  /** False where there is none. */
  remove(id: string, wish: ResponseWish): Promise<boolean>;
  /** Takes away at most `limit` that have expired; answers how many. */
  sweep(nowMs: number, limit: number): Promise<number>;
}
