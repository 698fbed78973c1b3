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
  /** The secrets that sign what goes to this target now. */
  readonly secretsOf: (row: DeliveryRow) => Promise<readonly string[]>;
}

export interface Postman {
  nudge(): void;
  stop(): Promise<void>;
}

export function startPostman(deps: DeliverDeps): Postman {
  const active = new Set<Promise<void>>();
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
    const room = AT_ONCE - active.size;
    const rows = room > 0 ? await deps.deliveries.lease(nowMs, nowMs + LEASE_MS, room) : [];
    for (const row of rows) {
      const work: Promise<void> = attempt(row, deps).finally(() => {
        active.delete(work);
        nudge();
      });
      active.add(work);
    }
    if (nowMs - purgedMs > PURGE_EVERY_MS) {
      purgedMs = nowMs;
      await deps.deliveries.purge(nowMs - KEPT_MS, PURGE_ROWS_MAX);
    }
    if (news > 0) return 0;
    const nextMs = await deps.deliveries.nextMs(nowMs);
    return nextMs === null ? LOOK_EVERY_MS : Math.min(LOOK_EVERY_MS, Math.max(0, nextMs - nowMs));
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
      await Promise.allSettled(active);
    },
  };
}

/** One try. Never throws: what could not be written is tried again when the lease is over. */
async function attempt(row: DeliveryRow, deps: DeliverDeps): Promise<void> {
  try {
    const nowMs = deps.clock.nowMs();
    const tried = await post(row, deps);
    const attempts = [...row.attempts, { atMs: nowMs, ...tried }].slice(-ATTEMPTS_KEPT);
    if (tried.status === STATUS_GONE && row.webhookId !== null) {
      const reason = 'the receiver answered 410 Gone';
      await deps.webhooks.update(row.webhookId, { state: 'disabled', reason });
      await save(row, { attempts, state: 'failed' }, deps);
      await deps.deliveries.dropPending(row.target, deps.clock.nowMs());
      return;
    }
    const isGood = tried.status !== null && tried.status >= 200 && tried.status < 300;
    // An address that may not be called will not become another one by waiting.
    const isHopeless = tried.error?.startsWith('refused') === true || tried.status === STATUS_GONE;
    const waitMs = SCHEDULE_MS[row.tries];
    if (isGood) await save(row, { attempts, state: 'delivered' }, deps);
    else if (isHopeless || waitMs === undefined)
      await save(row, { attempts, state: 'failed' }, deps);
    else {
      const nextMs = deps.clock.nowMs() + jitter(waitMs, deps.random);
      await save(row, { attempts, state: 'pending', nextMs }, deps);
    }
  } catch (error) {
    deps.log.error('a delivery could not be carried on', { delivery: row.id, error });
  }
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

async function post(row: DeliveryRow, deps: DeliverDeps): Promise<Omit<DeliveryAttempt, 'atMs'>> {
  const startedMs = deps.clock.tickMs();
  const done = (status: number | null, error: string | null) => {
    return { status, error, ms: Math.round(deps.clock.tickMs() - startedMs) };
  };
  const abort = new AbortController();
  const takeBack = deps.clock.after(ATTEMPT_MS, () => abort.abort());
  try {
    const reply = await deps.guard.send({
      url: row.url,
      method: 'POST',
      headers: await headersOf(row, deps),
      body: row.payload,
      signal: abort.signal,
      connectMs: deps.connectMs,
    });
    // Whatever it says, the status says all.
    reply.close();
    return done(reply.status, null);
  } catch (error) {
    if (error instanceof GuardError) return done(null, `refused: ${error.reason}`);
    return done(null, abort.signal.aborted ? 'timeout' : 'unreachable');
  } finally {
    takeBack();
  }
}

async function headersOf(row: DeliveryRow, deps: DeliverDeps): Promise<Record<string, string>> {
  const secrets = await deps.secretsOf(row);
  const atS = Math.floor(deps.clock.nowMs() / MS_PER_S);
  const signed = signWebhook({ id: row.eventId, atS, body: row.payload }, secrets);
  const plain = { 'content-type': 'application/json', 'user-agent': 'Gangway-Webhook/1' };
  return { ...plain, ...signed, ...signNotice(row.payload, secrets[0] ?? '') };
}
