/** Brings deliveries to their receivers: at least once, in order, and not for ever. */
import type { Clock } from '../../kit/clock.ts';
import { type Guard, GuardError } from '../../kit/guard.ts';
import type { Log } from '../../kit/log.ts';
import type { Deliveries, DeliveryAttempt, DeliveryRow, Webhooks } from '../../storage/ports.ts';
import { jitter } from '../hold-on.ts';
import { collect } from './collect.ts';
import { collectNotices, type NoticeDeps } from './notices.ts';
import { signNotice, signWebhook } from './sign.ts';

/** Waits between tries: the schedule of the specification. After the last one it has failed. */
const SCHEDULE_MS: readonly number[] = Object.freeze([
  ...[5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000],
]);
const ATTEMPT_MS = 15_000;
const LEASE_MS = 60_000;
const AT_ONCE = 32;
/**
 * So many of one target are taken, and none while as many are under way: a receiver that keeps
 * us waiting must not keep the others.
 */
const PER_TARGET = 4;
/** A receiver that asks for more time gets so much and no more. */
const RETRY_AFTER_MS_MAX = 86_400_000;
const ATTEMPTS_KEPT = 20;
const LOOK_EVERY_MS = 1_000;
const LOOK_PAUSE_MS = 20;
const KEPT_MS = 30 * 86_400_000;
const PURGE_EVERY_MS = 600_000;
const PURGE_ROWS_MAX = 1_000;
const MS_PER_S = 1_000;
const STATUS_GONE = 410;

export interface DeliverDeps extends NoticeDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly guard: Guard;
  readonly connectMs: number;
  readonly deliveries: Deliveries;
  readonly webhooks: Webhooks;
  /** The secrets that sign what goes to this target now; null: nobody is there any more. */
  readonly secretsOf: (row: DeliveryRow) => Promise<readonly string[] | null>;
}

export interface Postman {
  nudge(): void;
  stop(): Promise<void>;
}

export function startPostman(deps: DeliverDeps): Postman {
  const active = new Map<Promise<void>, string>();
  let stopped = false;
  let nudged = false;
  let wake: (() => void) | null = null;
  let purgedMs = deps.clock.nowMs();
  const nudge = (): void => {
    nudged = true;
    wake?.();
  };
  const look = async (): Promise<number> => {
    const nowMs = deps.clock.nowMs();
    const news = (await collect(deps)) + (await collectNotices(deps));
    const rows = await leaseSome([...active.values()], nowMs, deps);
    for (const row of rows) {
      const work: Promise<void> = attempt(row, deps).finally(() => {
        active.delete(work);
        nudge();
      });
      active.set(work, row.target);
    }
    if (nowMs - purgedMs > PURGE_EVERY_MS) {
      const purged = await deps.deliveries.purge(nowMs - KEPT_MS, PURGE_ROWS_MAX);
      if (purged < PURGE_ROWS_MAX) purgedMs = nowMs;
    }
    if (news > 0) return 0;
    const nextMs = (await deps.deliveries.nextMs(nowMs)) ?? nowMs + LOOK_EVERY_MS;
    if (nextMs > nowMs) return Math.min(LOOK_EVERY_MS, nextMs - nowMs);
    // What is due and was not taken waits for room, and whoever makes room nudges.
    return active.size > 0 ? LOOK_EVERY_MS : 0;
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      nudged = false;
      const waitMs = await look().catch((error: unknown) => {
        deps.log.error('webhooks cannot be read', { error });
        return LOOK_EVERY_MS;
      });
      await deps.clock.sleep(LOOK_PAUSE_MS);
      if (nudged || stopped) continue;
      await new Promise<void>((resolve) => {
        const takeBack = deps.clock.after(waitMs, resolve);
        wake = () => {
          takeBack();
          resolve();
        };
      });
      wake = null;
    }
  };
  const looping = loop();
  return {
    nudge,
    async stop() {
      stopped = true;
      nudge();
      await looping;
      await Promise.allSettled(active.keys());
    },
  };
}

function leaseSome(targets: readonly string[], nowMs: number, deps: DeliverDeps) {
  const limit = AT_ONCE - targets.length;
  if (limit <= 0) return [];
  const counts = new Map<string, number>();
  for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1);
  const except = [...counts].filter(([, count]) => count >= PER_TARGET).map(([name]) => name);
  const untilMs = nowMs + LEASE_MS;
  return deps.deliveries.lease({ nowMs, untilMs, limit, perTarget: PER_TARGET, except });
}

/** One try. Never throws: what could not be written is tried again when the lease is over. */
async function attempt(row: DeliveryRow, deps: DeliverDeps): Promise<void> {
  try {
    const nowMs = deps.clock.nowMs();
    const secrets = await deps.secretsOf(row);
    if (secrets === null) {
      await deps.deliveries.dropPending(row.target, nowMs);
      return;
    }
    const { retryAfterMs, isRefused, ...tried } = await post(row, secrets, deps);
    const attempts = [...row.attempts, { atMs: nowMs, ...tried }].slice(-ATTEMPTS_KEPT);
    const { status } = tried;
    const waitMs = SCHEDULE_MS[row.tries];
    if (status === STATUS_GONE) await giveUp(row, attempts, deps);
    else if (status !== null && status >= 200 && status < 300)
      await save(row, { attempts, state: 'delivered' }, deps);
    else if (isRefused || waitMs === undefined)
      await save(row, { attempts, state: 'failed' }, deps);
    else {
      const pauseMs = Math.max(jitter(waitMs, deps.random), retryAfterMs);
      await save(row, { attempts, state: 'pending', nextMs: deps.clock.nowMs() + pauseMs }, deps);
    }
  } catch (error) {
    deps.log.error('a delivery could not be carried on', { delivery: row.id, error });
  }
}

/** Nobody listens there any more: nothing else is sent there, and nothing new is queued. */
async function giveUp(
  row: DeliveryRow,
  attempts: readonly DeliveryAttempt[],
  deps: DeliverDeps,
): Promise<void> {
  const reason = 'the receiver answered 410 Gone';
  if (row.webhookId !== null) {
    await deps.webhooks.update(row.webhookId, { state: 'disabled', reason });
  }
  await save(row, { attempts, state: 'failed' }, deps);
  await deps.deliveries.dropPending(row.target, deps.clock.nowMs());
}

interface Outcome {
  readonly attempts: readonly DeliveryAttempt[];
  readonly state: DeliveryRow['state'];
  readonly nextMs?: number;
}

function save(row: DeliveryRow, outcome: Outcome, deps: DeliverDeps): Promise<boolean> {
  const { attempts, state, nextMs = row.nextMs } = outcome;
  const endedMs = state === 'pending' ? null : deps.clock.nowMs();
  const tries = row.tries + 1;
  return deps.deliveries.save(row.id, row.leaseNo, { attempts, state, nextMs, tries, endedMs });
}

interface Tried extends Omit<DeliveryAttempt, 'atMs'> {
  /** So long the receiver wants to be left alone. */
  readonly retryAfterMs: number;
  /** An address that may not be called will not become another one by waiting. */
  readonly isRefused: boolean;
}

async function post(
  row: DeliveryRow,
  secrets: readonly string[],
  deps: DeliverDeps,
): Promise<Tried> {
  const startedMs = deps.clock.tickMs();
  const done = (status: number | null, error: string | null, more: Partial<Tried> = {}): Tried => {
    const ms = Math.round(deps.clock.tickMs() - startedMs);
    return { status, error, ms, retryAfterMs: 0, isRefused: false, ...more };
  };
  const abort = new AbortController();
  const takeBack = deps.clock.after(ATTEMPT_MS, () => abort.abort());
  try {
    const reply = await deps.guard.send({
      url: row.url,
      method: 'POST',
      headers: headersOf(row, secrets, deps),
      body: row.payload,
      signal: abort.signal,
      connectMs: deps.connectMs,
    });
    // Whatever it says, the status says all.
    reply.close();
    const retryAfterMs = readRetryAfter(reply.header('retry-after'), deps.clock.nowMs());
    return done(reply.status, null, { retryAfterMs });
  } catch (error) {
    if (error instanceof GuardError) {
      // A name that is not known now may be known later; all else stays as it is.
      const isRefused = error.reason !== 'unknown_name';
      return done(null, `refused: ${error.reason}`, { isRefused });
    }
    return done(null, abort.signal.aborted ? 'timeout' : 'unreachable');
  } finally {
    takeBack();
  }
}

/** Seconds, or a date. */
function readRetryAfter(text: string | null, nowMs: number): number {
  if (text === null) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * MS_PER_S : Date.parse(text) - nowMs;
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MS_MAX) : 0;
}

function headersOf(row: DeliveryRow, secrets: readonly string[], deps: DeliverDeps) {
  const atS = Math.floor(deps.clock.nowMs() / MS_PER_S);
  const signed = signWebhook({ id: row.eventId, atS, body: row.payload }, secrets);
  const plain = { 'content-type': 'application/json', 'user-agent': 'Gangway-Webhook/1' };
  return { ...plain, ...signed, ...signNotice(row.payload, secrets[0] ?? '') };
}
