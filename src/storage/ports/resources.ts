/** Things of an account that a vendor keeps, or that it handed in: whose they are, and where. */

export interface ResourceRow {
  /** The vendor's own; ours where we keep it. */
  readonly id: string;
  readonly accountId: string;
  readonly kind: 'file' | 'context' | 'upload';
  /** The upstream that has it: nobody else can be asked about it. Empty: we have it. */
  readonly upstream: string;
  /** JSON object, as the vendor last showed it. */
  readonly body: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface ResourcePage {
  readonly accountId: string;
  readonly kind: ResourceRow['kind'];
  /** An id; null: from the start. */
  readonly after: string | null;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly nowMs: number;
}

export interface Resources {
  /** False where the id is taken. What has expired goes at the same time. */
  insert(row: ResourceRow): Promise<boolean>;
  /** Only the account's own. */
  find(which: Pick<ResourceRow, 'id' | 'accountId' | 'kind'>): Promise<ResourceRow | undefined>;
  /** By the time of making; nothing after an id that is not the account's. */
  list(page: ResourcePage): Promise<readonly ResourceRow[]>;
  /** Without what has expired by then. */
  count(accountId: string, kind: ResourceRow['kind'], nowMs: number): Promise<number>;
  update(id: string, change: Pick<ResourceRow, 'body' | 'expiresMs'>): Promise<void>;
  remove(id: string): Promise<void>;
}
