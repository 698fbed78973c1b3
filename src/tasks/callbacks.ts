/** What vendors call us for. Nothing that they say is believed: it is a reason to ask. */
import { Fault } from '../kit/fault.ts';
import { parseJson } from '../kit/json.ts';
import type { Log } from '../kit/log.ts';
import type { Tasks } from '../storage/ports.ts';
import type { SignedCall } from '../vendors/long.ts';
import { openTask } from './doc.ts';
import type { TaskRoutes } from './routes.ts';

const HINTS_MAX = 10_000;

/** Ids that vendors named for tasks whose creation was never answered; to be asked for. */
export interface Hints {
  put(taskId: string, vendorId: string): void;
  get(taskId: string): string | undefined;
}

export function makeHints(): Hints {
  const hints = new Map<string, string>();
  return {
    put(taskId, vendorId) {
      if (hints.size >= HINTS_MAX) hints.delete(hints.keys().next().value ?? '');
      hints.set(taskId, vendorId);
    },
    get: (taskId) => hints.get(taskId),
  };
}

export interface CallbackDeps {
  readonly tasks: Pick<Tasks, 'byToken' | 'wake'>;
  readonly routes: Pick<TaskRoutes, 'pinned'>;
  readonly hints: Hints;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly nudge: () => void;
}

export interface VendorCall extends Omit<SignedCall, 'secret'> {
  readonly vendor: string;
  readonly token: string;
}

/** Faults: `not_found` for a token that is no task's, or another vendor's. */
export async function hearCallback(call: VendorCall, deps: CallbackDeps): Promise<void> {
  const row = await deps.tasks.byToken(call.token);
  const doc = row === undefined ? undefined : openTask(row).doc;
  if (row === undefined || doc?.vendor !== call.vendor) throw new Fault('not_found');
  if (row.endedMs !== null) return;
  const place = deps.routes.pinned(row.upstream, doc.service);
  const callback = place?.service.callback;
  if (place === undefined || callback === undefined) return;
  const secret = place.upstream.credential ?? '';
  if (callback.verify?.({ ...call, secret }) === false) {
    deps.log.warn('a callback is not signed by its vendor', { task: row.id, vendor: call.vendor });
    throw new Fault('not_found');
  }
  const vendorId = callback.id(parseJson(call.text) ?? null);
  if (row.vendorId === null && vendorId !== null) deps.hints.put(row.id, vendorId);
  await deps.tasks.wake(row.id, deps.nowMs());
  deps.nudge();
}
