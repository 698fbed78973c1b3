/** Who wants to be told of events, and what was told to whom. */

import type { Page } from '../ports.ts';

export type WebhookProfile = 'standard' | 'native' | 'notify';

export interface WebhookRow {
  readonly id: string;
  readonly accountId: string;
  readonly url: string;
  /** Types of events; empty: all. */
  readonly events: readonly string[];
  readonly profile: WebhookProfile;
  /** Secrets, sealed under the row's id; the old one signs as well until its time is over. */
  readonly sealed: string;
  readonly oldSealed: string | null;
  readonly oldUntilMs: number | null;
  readonly state: 'active' | 'disabled';
  readonly reason: string | null;
  readonly createdMs: number;
}

export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'dropped';

export interface DeliveryAttempt {
  readonly atMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly ms: number;
}

export interface DeliveryRow {
  readonly id: string;
  readonly accountId: string;
  /** The webhook's id, or what stands for a URL of one task. */
  readonly target: string;
  readonly webhookId: string | null;
  readonly eventId: string;
  readonly type: string;
  /** What the event is about; events of one subject are told in the order of their places. */
  readonly subject: string;
  readonly place: number;
  readonly url: string;
  readonly payload: string;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly attempts: readonly DeliveryAttempt[];
  readonly createdMs: number;
  readonly endedMs: number | null;
  readonly nextMs: number;
  readonly leaseNo: number;
}

export type DeliveryChange = Pick<
  DeliveryRow,
  'state' | 'tries' | 'attempts' | 'endedMs' | 'nextMs'
>;

export interface DeliveryFilter {
  readonly accountId: string;
  readonly webhookId?: string;
  readonly state?: DeliveryState;
  readonly subject?: string;
  readonly sinceMs?: number;
  /** Id before which the page begins; newest first. */
  readonly after?: string;
  readonly limit: number;
}

export interface DeliveryAsk {
  readonly nowMs: number;
  readonly untilMs: number;
  readonly limit: number;
  /** Of one target; one that is slow must not take the place of all others. */
  readonly perTarget: number;
  /** Targets that have as many under way as they may. */
  readonly except: readonly string[];
}

export interface Webhooks {
  insert(row: WebhookRow): Promise<void>;
  byId(id: string): Promise<WebhookRow | undefined>;
  /** By id, from the one after `after`. */
  list(accountId: string, limit: number, after?: string): Promise<readonly WebhookRow[]>;
  /** Accounts with a webhook that names this type of event, by id; `after`: the last one known. */
  accountsFor(event: string, page: Page): Promise<readonly string[]>;
  update(id: string, change: Partial<Omit<WebhookRow, 'id' | 'accountId'>>): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface Deliveries {
  /** Each event once to each target, whoever asks how often. */
  insert(rows: readonly DeliveryRow[]): Promise<void>;
  byId(id: string): Promise<DeliveryRow | undefined>;
  list(filter: DeliveryFilter): Promise<readonly DeliveryRow[]>;
  pendingOf(target: string): Promise<number>;
  /** Due ones, none before an earlier event of its subject is through at the same target. */
  lease(ask: DeliveryAsk): Promise<readonly DeliveryRow[]>;
  /** When the next one is due; null: nothing is pending. */
  nextMs(nowMs: number): Promise<number | null>;
  clearLeases(): Promise<void>;
  /** False where somebody else holds it by now, or it was dropped: then nothing was written. */
  save(id: string, leaseNo: number, change: DeliveryChange): Promise<boolean>;
  /** Pending again, at once. Answers how many. */
  replay(ids: readonly string[], nowMs: number): Promise<number>;
  dropPending(target: string, nowMs: number): Promise<void>;
  /** Ended before this time. */
  purge(beforeMs: number, limit: number): Promise<number>;
}
