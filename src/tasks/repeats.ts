/** Creations that come a second time: under one Idempotency-Key, or sent anew by a client. */
import { Fault } from '../kit/fault.ts';
import { hashSecret } from '../kit/ids.ts';
import type { TaskRow } from '../storage/ports.ts';
import type { TaskDeps } from './deps.ts';
import { openTask } from './doc.ts';
import type { TaskWish } from './wish.ts';

const REPEAT_LIFE_MS = 24 * 3_600_000;

/** Of all that decides what is made, and nothing of the moment. */
export function askedHash(wish: TaskWish): string {
  const door = wish.door?.mount ?? '';
  return hashSecret(JSON.stringify({ ...wish, requestId: '', caller: '', retried: false, door }));
}

/** The task that an earlier one of these requests made. */
export async function repeated(
  wish: TaskWish,
  asked: string,
  deps: TaskDeps,
): Promise<TaskRow | undefined> {
  const { repeatKey, caller } = wish;
  const row =
    repeatKey === null
      ? await sentAnew(wish, asked, deps)
      : await deps.tasks.byRepeatKey(caller.accountId, repeatKey);
  if (row === undefined) return undefined;
  // Whoever makes it is at it, or has just died of it.
  if (row.phase === 'draft') throw new Fault('overloaded', { retryAfterS: 1 });
  if (repeatKey === null) return row;
  if (row.createdMs < deps.clock.nowMs() - REPEAT_LIFE_MS) {
    await deps.tasks.forgetRepeatKey(row.id);
    return undefined;
  }
  if (openTask(row).job.asked !== asked) throw new Fault('idempotency_mismatch');
  return row;
}

/**
 * Clients send a creation again after a 5xx, a 429 or a time-out, and none of them with a key. It
 * is the same one where it says that it is a retry, or where the first one's maker left unheard.
 * Two alike that say nothing are two: a second picture from one prompt is a usual wish.
 */
async function sentAnew(
  { caller, retried }: TaskWish,
  asked: string,
  { tasks, clock, settings }: TaskDeps,
): Promise<TaskRow | undefined> {
  if (settings.retryWindowMs === 0) return undefined;
  const sinceMs = clock.nowMs() - settings.retryWindowMs;
  const row = await tasks.byAsked(caller.keyId, asked, sinceMs);
  if (row === undefined || (retried !== true && !row.unheard)) return undefined;
  // What no vendor took is worth another try.
  if (row.vendorId === null && openTask(row).doc.outcome !== null) return undefined;
  if (row.unheard) await tasks.setUnheard(row.id, false);
  return row;
}
