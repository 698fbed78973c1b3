/** What the floors above may ask of storage. Every maker keeps all of it. */

import type { Acts } from './ports/acts.ts';
import type { Calls } from './ports/calls.ts';
import type { Endpoints } from './ports/endpoints.ts';
import type { Results } from './ports/files.ts';
import type { Idempotency } from './ports/idempotency.ts';
import type { BudgetRefusal, Budgets, Statements } from './ports/money.ts';
import type { Alarms, Notices } from './ports/notices.ts';
import type { Resources } from './ports/resources.ts';
import type { Responses } from './ports/responses.ts';
import type { Tasks } from './ports/tasks.ts';
import type { Deliveries, Webhooks } from './ports/webhooks.ts';

export type * from './ports/acts.ts';
export type * from './ports/calls.ts';
export type * from './ports/counters.ts';
export type * from './ports/endpoints.ts';
export type * from './ports/files.ts';
export type * from './ports/idempotency.ts';
export type * from './ports/money.ts';
export type * from './ports/notices.ts';
export type * from './ports/resources.ts';
export type * from './ports/responses.ts';
export type * from './ports/tasks.ts';
export type * from './ports/webhooks.ts';

export type KeyState = 'active' | 'disabled';
export type KeyRole = 'caller' | 'operator';
export type DisconnectPolicy = 'drain' | 'abort';

export interface KeyRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  /** The last four characters, so that people can tell keys apart. */
  readonly hint: string;
  readonly role: KeyRole;
  readonly state: KeyState;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  /** Model ids this key may use; null: all. */
  readonly models: readonly string[] | null;
  /** CIDR ranges this key may come from; null: any. */
  readonly addresses: readonly string[] | null;
  /** Per minute; null: the installation's default; 0: no limit. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrency: number | null;
  /** All that this key may ever spend, in nano-units; null: as much as its account. */
  readonly budget: bigint | null;
  readonly onDisconnect: DisconnectPolicy;
  readonly contract: 'strict' | null;
  /** May another upstream finish its streams? null: as the settings say. */
  readonly rescue: boolean | null;
  /** Answers that one call may ask for until one fits its schema; null: as the settings say. */
  readonly jsonAttemptsMax: number | null;
  /** The most that one call may hold for those after the first; null: as the settings say. */
  readonly jsonAgainMax: bigint | null;
}

/** How much a key has spent and holds, in nano-units. */
export interface KeySpend {
  readonly spent: bigint;
  readonly held: bigint;
}

export interface FoundKey {
  readonly key: KeyRow;
  /** Neither a balance nor a budget in money of the account or this key limits it. */
  readonly accountUnlimited: boolean;
}

export interface Page {
  readonly limit: number;
  /** Id after which the page begins. */
  readonly after?: string;
}

export interface Keys {
  insert(rows: readonly KeyRow[]): Promise<void>;
  byHash(hash: string): Promise<FoundKey | undefined>;
  byId(id: string): Promise<(KeyRow & KeySpend) | undefined>;
  list(page: Page & { readonly accountId?: string }): Promise<readonly (KeyRow & KeySpend)[]>;
  /** False where there is no such key. */
  setState(id: string, state: KeyState): Promise<boolean>;
  /** Calls back after a key was changed, by this process or another, within half a second. */
  onChange(changed: () => void): void;
}

export type AppState = 'active' | 'revoked';

/** An OAuth client of an account: a program that trades a key and a secret for access tokens. */
export interface AppRow {
  /** Also what stands as the key in the books of its calls. */
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly callbackDomain: string;
  readonly scenario: string;
  /** SHA-256 of the API key and of the API secret, hex. */
  readonly keyHash: string;
  readonly secretHash: string;
  /** The last four characters of the API key. */
  readonly keyHint: string;
  readonly state: AppState;
  readonly contract: KeyRow['contract'];
  /** Tokens of another generation are no longer good. */
  readonly generation: number;
  readonly createdMs: number;
}

export interface FoundApp {
  readonly app: AppRow;
  readonly accountName: string;
  readonly accountUnlimited: boolean;
}

export interface Apps {
  insert(row: AppRow): Promise<void>;
  byKeyHash(hash: string): Promise<FoundApp | undefined>;
  byId(id: string): Promise<FoundApp | undefined>;
  list(page: Page & { readonly accountId?: string }): Promise<readonly FoundApp[]>;
  /** For good, with all its tokens. False where there is no such app. */
  revoke(id: string): Promise<boolean>;
  /** As for keys. */
  onChange(changed: () => void): void;
}

/** A key pair that signs requests; its secret is sealed (kit/seal.ts) under the pair's id. */
export interface AccessKeyRow {
  readonly id: string;
  readonly accountId: string;
  readonly sealed: string;
  readonly state: KeyState;
  readonly createdMs: number;
}

export interface FoundAccessKey {
  readonly pair: AccessKeyRow;
  /** As for keys. */
  readonly accountUnlimited: boolean;
}

export interface AccessKeys {
  insert(row: AccessKeyRow): Promise<void>;
  byId(id: string): Promise<AccessKeyRow | undefined>;
  /** With what is known of its account. */
  found(id: string): Promise<FoundAccessKey | undefined>;
  list(page: Page & { readonly accountId?: string }): Promise<readonly AccessKeyRow[]>;
  /** False where there is no such pair. */
  setState(id: string, state: KeyState): Promise<boolean>;
  /** Calls back after a pair was changed, by this process or another, within half a second. */
  onChange(changed: () => void): void;
}

export interface AccountRow {
  readonly id: string;
  readonly name: string;
  /** An unlimited account may go below zero: it pays afterwards. */
  readonly unlimited: boolean;
  readonly createdMs: number;
  /** Entries for minus entries against, nano-units. */
  readonly balance: bigint;
  /** Sum of open and unknown holds, nano-units. */
  readonly held: bigint;
}

export interface Accounts {
  /** False where the name is taken. */
  insert(row: Pick<AccountRow, 'id' | 'name' | 'unlimited' | 'createdMs'>): Promise<boolean>;
  byName(name: string): Promise<AccountRow | undefined>;
  list(page: Page): Promise<readonly AccountRow[]>;
}

/** An entry moves `amount` from one account to another; every entry has a cause, used once. */
export interface Entry {
  readonly cause: string;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  readonly atMs: number;
}

export type CallState = 'open' | 'charged' | 'released' | 'unknown';

/** What is known of a call before its vendor is asked. */
export interface HoldRow {
  readonly id: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly keyBudgeted: boolean;
  readonly requestId: string;
  readonly service: string;
  readonly model: string;
  /** The endpoint by which the caller named the model. */
  readonly endpoint: string | null;
  readonly stream: boolean;
  readonly amount: bigint;
  /** The most tokens that it may use, read and written together. */
  readonly tokens: number;
  readonly priceId: string | null;
  readonly startedMs: number;
}

export type HoldVerdict = 'held' | 'insufficient_balance' | BudgetRefusal;

export interface Quantities {
  /** All input tokens, cached ones included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly reasoningTokens: number;
  /** Input tokens written to a cache of the vendor's, part of the input. Absent: none. */
  readonly cacheWriteTokens?: number;
  /** What is not counted in tokens: unit (image, video_ms) -> a whole number. Absent: none. */
  readonly units?: Readonly<Record<string, number>>;
  /** On what the price depends beside counts: such as resolution -> 1080p. Absent: nothing. */
  readonly traits?: Readonly<Record<string, string>>;
}

/** Who counted the quantities. */
export type UsageSource = 'vendor' | 'estimate' | 'none';

/** How a call ended: the rule by which it was charged. */
export type EndReason =
  | 'complete'
  | 'refused'
  | 'vendor_fault'
  | 'vendor_cut'
  | 'timeout'
  | 'caller_left'
  | 'shutdown'
  | 'canceled'
  | 'crash';

export interface SettleRow {
  readonly id: string;
  readonly state: Exclude<CallState, 'open'>;
  /** What the call costs; never more than this is taken, and never below zero. */
  readonly charge: bigint;
  readonly quantities: Quantities | null;
  readonly usageSource: UsageSource;
  readonly endReason: EndReason;
  readonly fault: string | null;
  readonly upstream: string | null;
  readonly wireModel: string | null;
  /** The price list that made the charge. */
  readonly priceId: string | null;
  /** JSON list of attempts with their faults and times. */
  readonly attempts: string;
  readonly queuedMs: number;
  readonly firstByteMs: number | null;
  readonly totalMs: number;
  /** Why the state is what it is, for people. */
  readonly evidence: string | null;
  /** When the charge is booked; absent: when the call ended. */
  readonly bookedMs?: number;
}

export type SettleVerdict = 'settled' | 'already_settled';

export interface Ledger {
  /** Writes the holds that the balance covers; durable when the answer comes. */
  hold(row: HoldRow): Promise<HoldVerdict>;
  /** Ends an open (or unknown) call, once. */
  settle(row: SettleRow): Promise<SettleVerdict>;
  /** One entry with a cause that was never used; false where it was. */
  enter(entry: Entry): Promise<boolean>;
  /** Keeps a price text under its own hash; answers that id. */
  keepPrice(text: string): Promise<string>;
  /**
   * Calls begun by processes that are gone, that nobody has ended: now `unknown`. How many. Those
   * of tasks are left alone: a task outlives the process and ends its call itself.
   */
  parkOpen(evidence: string): Promise<number>;
  audit(): Promise<Audit>;
}

/** What the books say; `balanced` where every line of `problems` is absent. */
export interface Audit {
  readonly balanced: boolean;
  readonly problems: readonly string[];
  readonly accounts: number;
  readonly entries: number;
  readonly calls: number;
  readonly openHolds: number;
  /** Of these, those of tasks. */
  readonly taskHolds: number;
  readonly unknown: number;
  readonly charged: number;
  readonly released: number;
  /** Sum over all accounts; zero in good books. */
  readonly sum: bigint;
  readonly chargedTotal: bigint;
}

export interface Store {
  readonly budgets: Budgets;
  readonly statements: Statements;
  readonly keys: Keys;
  readonly apps: Apps;
  readonly accessKeys: AccessKeys;
  readonly endpoints: Endpoints;
  readonly resources: Resources;
  readonly accounts: Accounts;
  readonly ledger: Ledger;
  readonly calls: Calls;
  readonly responses: Responses;
  readonly idempotency: Idempotency;
  /**
   * Makes this process one that carries calls, and parks what dead ones left open: now, and where
   * nodes share the database, again and again. `parked` is told how many. Throws where it may not.
   */
  join(parked: (calls: number) => void): Promise<void>;
  readonly tasks: Tasks;
  readonly results: Results;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly acts: Acts;
  readonly notices: Notices;
  readonly alarms: Alarms;
  /** Throws where the database does not answer. */
  ping(): Promise<void>;
  /** Writes what waits, in bounded time, and lets go of everything. */
  close(): Promise<void>;
}
