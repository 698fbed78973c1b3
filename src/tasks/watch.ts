/**
 * Looks for what people want to be told of, and writes it down once. Every node looks; what it is
 * called in storage is the same on all of them, and so is told by one.
 */
import type { Model } from '../catalog/shape.ts';
import type { Clock } from '../kit/clock.ts';
import { newId } from '../kit/ids.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Log } from '../kit/log.ts';
import { formatMoney } from '../kit/money.ts';
import type {
  AlarmRow,
  Alarms,
  BalanceChange,
  Calls,
  Notices,
  Webhooks,
} from '../storage/ports.ts';

const LOOK_EVERY_MS = 5_000;
const MODELS_EVERY_MS = 3_600_000;
const ROWS_AT_ONCE = 100;
/** Names that fail at once; more are not watched. */
const NAMES_MAX = 1_000;
const DAY_MS = 86_400_000;
/** A model that was called within so many days is in use. */
const IN_USE_DAYS = 30;
const RETIRING = 'notice.model_retiring';
const BALANCE = 'balance_low';
const UPSTREAM = 'upstream_down';

export interface WatchSettings {
  readonly currency: string;
  /** Of limited accounts without a mark of their own; null: none. */
  readonly balanceBelow: bigint | null;
  /** How long an upstream must fail, or be well again, before it is told. */
  readonly downAfterMs: number;
  readonly upAfterMs: number;
  /** How long before its end a model is retiring. */
  readonly retiringDays: number;
}

/** A way to an upstream that is not asked now, or only to try it. */
export interface Trouble {
  readonly name: string;
  readonly cause: string;
}

export interface WatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly notices: Pick<Notices, 'insert'>;
  readonly alarms: Alarms;
  readonly webhooks: Pick<Webhooks, 'accountsFor'>;
  readonly calls: Pick<Calls, 'usage'>;
  readonly troubles: () => readonly Trouble[];
  /** All that are served here. */
  readonly models: () => readonly Model[];
  readonly settings: WatchSettings;
  /** There is something to tell. */
  readonly nudge: () => void;
}

export interface Watch {
  stop(): Promise<void>;
}

export function startWatch(deps: WatchDeps): Watch {
  const { clock, log } = deps;
  const eyes: Eyes = { failing: new Map(), startedMs: clock.nowMs() };
  let stopped = false;
  let wake: (() => void) | null = null;
  let modelsMs = Number.NEGATIVE_INFINITY;
  let isFirst = true;
  const look = async (): Promise<void> => {
    if (isFirst) await tellEnded(deps);
    isFirst = false;
    await lookAtBalances(deps);
    await lookAtUpstreams(eyes, deps);
    if (clock.tickMs() - modelsMs < MODELS_EVERY_MS) return;
    await lookAtModels(deps);
    modelsMs = clock.tickMs();
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await look().catch((error: unknown) => log.error('notices cannot be written', { error }));
      if (stopped) break;
      await new Promise<void>((resolve) => {
        const takeBack = clock.after(LOOK_EVERY_MS, resolve);
        wake = () => {
          takeBack();
          resolve();
        };
      });
    }
  };
  const looping = loop();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await looping;
    },
  };
}

interface News {
  /** With how often it came to be. */
  readonly id: string;
  readonly type: string;
  readonly accountId: string | null;
  readonly subject: string;
  readonly data: JsonObject;
}

async function tell({ data, ...news }: News, deps: WatchDeps): Promise<void> {
  const atMs = deps.clock.nowMs();
  const row = { ...news, data: JSON.stringify({ object: 'notice', ...data }), atMs };
  if (await deps.notices.insert({ ...row, eventId: newId('evt') })) deps.nudge();
}

const iso = (ms: number): string => new Date(ms).toISOString();

async function lookAtBalances(deps: WatchDeps): Promise<void> {
  const { balanceBelow } = deps.settings;
  for (const change of await deps.alarms.balanceChanges(balanceBelow, ROWS_AT_ONCE)) {
    const isLow = change.balance < change.below;
    const times = (change.alarm?.times ?? 0) + (isLow ? 1 : 0);
    if (isLow) await tell(balanceNews(change, times, deps), deps);
    const before = await deps.alarms.find(BALANCE, change.accountId);
    // Told first: whoever dies in between leaves it to the next look, which finds it told.
    if ((before?.times ?? 0) !== (change.alarm?.times ?? 0)) continue;
    await deps.alarms.replace(
      before ?? null,
      alarm(BALANCE, change.accountId, { isLow, times, deps }),
    );
  }
}

interface Turn {
  readonly isLow: boolean;
  readonly times: number;
  readonly deps: Pick<WatchDeps, 'clock'>;
}

function alarm(kind: string, subject: string, { isLow, times, deps }: Turn): AlarmRow {
  const nowMs = deps.clock.nowMs();
  return { kind, subject, on: isLow, times, sinceMs: nowMs, seenMs: nowMs };
}

function balanceNews(change: BalanceChange, times: number, deps: WatchDeps): News {
  const { accountId, name, balance, below } = change;
  return {
    id: `${BALANCE}:${accountId}:${times}`,
    type: 'notice.balance_low',
    accountId,
    subject: `balance:${accountId}`,
    data: {
      account: accountId,
      account_name: name,
      balance: formatMoney(balance),
      below: formatMoney(below),
      currency: deps.settings.currency,
    },
  };
}

/** Sets the account's own mark. It is looked at anew where that changes it. */
export async function setBalanceMark(
  accountId: string,
  below: bigint | null | undefined,
  deps: Pick<WatchDeps, 'alarms' | 'clock'>,
): Promise<void> {
  const { alarms } = deps;
  if ((await alarms.mark(accountId)) === below) return;
  const before = (await alarms.find(BALANCE, accountId)) ?? null;
  // Whoever sets a mark above what there is wants to hear of it.
  const times = before?.times ?? 0;
  await alarms.replace(before, alarm(BALANCE, accountId, { isLow: false, times, deps }));
  await alarms.setMark(accountId, below);
}

interface Eyes {
  /** Since when each name fails, as this node saw it. */
  readonly failing: Map<string, number>;
  /** Before that it saw nothing. */
  readonly startedMs: number;
}

async function lookAtUpstreams({ failing, startedMs }: Eyes, deps: WatchDeps): Promise<void> {
  const { clock, alarms, settings } = deps;
  const troubles = deps.troubles().slice(0, NAMES_MAX);
  const names = new Set(troubles.map(({ name }) => name));
  for (const name of failing.keys()) if (!names.has(name)) failing.delete(name);
  const nowMs = clock.nowMs();
  for (const trouble of troubles) {
    const { name } = trouble;
    const sinceMs = failing.get(name) ?? nowMs;
    failing.set(name, sinceMs);
    const before = await alarms.find(UPSTREAM, name);
    if (before?.on === true) await alarms.see(UPSTREAM, name, nowMs);
    if (before?.on === true || nowMs - sinceMs < settings.downAfterMs) continue;
    const times = (before?.times ?? 0) + 1;
    await tell(upstreamNews({ trouble, times, sinceMs }), deps);
    const after = { kind: UPSTREAM, subject: name, on: true, times, sinceMs, seenMs: nowMs };
    await alarms.replace(before ?? null, after);
  }
  // Up is what nobody of all nodes has seen down for long enough.
  const seenBeforeMs = nowMs - settings.upAfterMs;
  if (startedMs > seenBeforeMs) return;
  const ended = { kind: UPSTREAM, on: true, seenBeforeMs, limit: ROWS_AT_ONCE };
  for (const row of await alarms.list(ended)) {
    const after = { ...row, on: false, seenMs: nowMs };
    if (await alarms.replace(row, after)) await tell(upNews(after), deps);
  }
}

/** A process may have died between the end of a trouble and the word of it. */
async function tellEnded(deps: WatchDeps): Promise<void> {
  const seenBeforeMs = deps.clock.nowMs();
  const ended = { kind: UPSTREAM, on: false, seenBeforeMs, limit: NAMES_MAX };
  for (const row of await deps.alarms.list(ended)) await tell(upNews(row), deps);
}

function upNews({ subject: name, times, sinceMs }: AlarmRow): News {
  const news = upstreamNews({ trouble: { name, cause: 'over' }, times, sinceMs });
  return { ...news, id: `upstream_up:${name}:${times}`, type: 'notice.upstream_up' };
}

interface Fall {
  readonly trouble: Trouble;
  readonly times: number;
  readonly sinceMs: number;
}

function upstreamNews({ trouble, times, sinceMs }: Fall): News {
  const [upstream = '', model = null] = trouble.name.split('|');
  return {
    id: `${UPSTREAM}:${trouble.name}:${times}`,
    type: 'notice.upstream_down',
    accountId: null,
    subject: `upstream:${trouble.name}`,
    // Without a model it is the whole upstream.
    data: { upstream, model, cause: trouble.cause, since: iso(sinceMs) },
  };
}

async function lookAtModels(deps: WatchDeps): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const today = iso(nowMs).slice(0, 10);
  const last = iso(nowMs + deps.settings.retiringDays * DAY_MS).slice(0, 10);
  const ending = new Map<string, News>();
  for (const { id: model, retires } of deps.models()) {
    if (retires === undefined || retires < today || retires > last) continue;
    const data = { model, retires };
    const id = `model_retiring:${model}:${retires}`;
    const news = { id, type: RETIRING, accountId: null, subject: `model:${model}`, data };
    ending.set(model, news);
    await tell(news, deps);
  }
  if (ending.size > 0) await tellUsers(ending, deps);
}

/** Accounts that want to hear of it and called such a model lately. */
async function tellUsers(ending: ReadonlyMap<string, News>, deps: WatchDeps): Promise<void> {
  const sinceMs = deps.clock.nowMs() - IN_USE_DAYS * DAY_MS;
  for (let after: string | undefined; ; ) {
    const page = { limit: ROWS_AT_ONCE, ...(after === undefined ? {} : { after }) };
    const accounts = await deps.webhooks.accountsFor(RETIRING, page);
    for (const accountId of accounts) {
      for (const { model } of await deps.calls.usage({ accountId, sinceMs })) {
        const news = ending.get(model);
        if (news === undefined) continue;
        await tell({ ...news, id: `${news.id}:${accountId}`, accountId }, deps);
      }
    }
    after = accounts.at(-1);
    if (accounts.length < ROWS_AT_ONCE) return;
  }
}
