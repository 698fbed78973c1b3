/** Names of an account that stand for a model. */
import type { Page } from '../ports.ts';

export type EndpointState = 'Running' | 'Stopped';

/** A name of an account that stands for a model, with limits of its own. */
export interface EndpointRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string;
  /** Id in the catalogue. */
  readonly model: string;
  readonly state: EndpointState;
  /** Over all keys together; null: no limit of its own. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly contract: 'strict' | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly project: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** What may change of an endpoint. */
export type EndpointChange = Partial<Omit<EndpointRow, 'id' | 'accountId' | 'createdMs'>>;

export interface Endpoints {
  /** False where the id is taken. */
  insert(row: EndpointRow): Promise<boolean>;
  byId(id: string): Promise<EndpointRow | undefined>;
  /** By id, which begins with the time of making. */
  list(page: Page & { readonly accountId?: string }): Promise<readonly EndpointRow[]>;
  /** False where there is no such endpoint. */
  update(id: string, change: EndpointChange): Promise<boolean>;
  /** False where there is no such endpoint, or where it runs. */
  removeStopped(id: string): Promise<boolean>;
  /** Calls back after one was changed, by this process or another, within half a second. */
  onChange(changed: () => void): void;
}
