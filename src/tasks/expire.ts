/** A task whose time is over: stopped where the vendor can, and failed whether it can or not. */
import type { Reading } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Task, TaskError } from './doc.ts';
import { finishing, save } from './hold-on.ts';
import { readingFound } from './poll.ts';
import type { Way } from './routes.ts';
import { vendorTask } from './vendor-job.ts';
import { send } from './wire.ts';

type Place = Pick<Way, 'upstream' | 'service'>;

export function isOverdue({ row, doc }: Task, deps: TaskDeps): boolean {
  if (row.phase === 'draft' || row.phase === 'finishing') return false;
  return (doc.deadlineMs ?? null) !== null && (doc.deadlineMs ?? 0) <= deps.clock.nowMs();
}

const TIMEOUT: TaskError = Object.freeze({
  code: 'timeout',
  message: 'It was not over by its deadline.',
  retryable: true,
  vendorCode: null,
});

/** What has ended there meanwhile ends as it did: it is paid for, and nobody had looked. */
export async function expire(task: Task, place: Place | null, deps: TaskDeps): Promise<Task> {
  const { row } = task;
  if (row.phase !== 'polling' || place === null) {
    if (row.phase !== 'new') {
      deps.log.error('a task ended by its deadline that a vendor may have', {
        task: row.id,
        upstream: row.upstream,
      });
    }
    return save(task, finishing(task, 'failed', { error: TIMEOUT }), deps);
  }
  const { service } = place;
  const known = vendorTask(task);
  const heard =
    service.status === undefined ? null : await send(place, service.status(known), deps);
  const reading = heard?.kind === 'reply' ? (service.read?.(heard.reply, known) ?? null) : null;
  if (heard?.kind === 'reply' && reading !== null && isEnd(reading)) {
    const said = { service, vendor: place.upstream.vendor.id, deps };
    const body = JSON.stringify(heard.reply.body);
    return save(task, readingFound(task, reading, { ...said, body }), deps);
  }
  const isStopped = await stop(task, place, deps);
  const charged = !isStopped && deps.settings.timeoutRefund === 'stopped';
  const found = { error: TIMEOUT, doc: { charged, used: reading?.used ?? task.doc.used } };
  return save(task, finishing(task, 'failed', found), deps);
}

function isEnd({ state }: Reading): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'canceled';
}

/** True where the vendor says that it works on it no more. */
async function stop(task: Task, place: Place, deps: TaskDeps): Promise<boolean> {
  const { cancel } = place.service;
  const states: readonly string[] = cancel?.while ?? [];
  if (cancel === undefined || !states.includes(task.row.state)) return false;
  const heard = await send(place, cancel.ask(vendorTask(task)), deps);
  return heard.kind === 'reply';
}
