/** Events become deliveries: each once to each who wants it, also after a crash in between. */
import type { Clock } from '../../kit/clock.ts';
import { hashSecret, newId } from '../../kit/ids.ts';
import type { Log } from '../../kit/log.ts';
import type { Deliveries, DeliveryRow, Tasks, WebhookRow, Webhooks } from '../../storage/ports.ts';
import { openTask, PROGRESS, type Task, type TaskEvent } from '../doc.ts';
import type { NativeDoor } from '../doors.ts';
import type { LinkOf } from '../view.ts';
import { eventData, nativePayload, noticePayload, standardPayload } from './payload.ts';

const TASKS_AT_ONCE = 100;
/** Webhooks of one account. */
export const WEBHOOKS_MAX = 50;
/** Deliveries that may wait for one target; more are not queued, but can be replayed. */
const QUEUE_MAX = 10_000;
/** Not to be told to who asked for every change: they come often. */
const UNASKED: readonly string[] = ['task.queued', PROGRESS];
/** Of whom nothing else was said. */
const END_EVENTS: readonly string[] = ['task.succeeded', 'task.failed', 'task.canceled'];

export interface CollectDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly tasks: Pick<Tasks, 'untold' | 'markTold'>;
  readonly webhooks: Pick<Webhooks, 'list'>;
  readonly deliveries: Pick<Deliveries, 'insert' | 'pendingOf'>;
  readonly doors: readonly NativeDoor[];
  readonly linkOf: LinkOf;
}

/** Answers how many tasks had news. */
export async function collect(deps: CollectDeps): Promise<number> {
  const rows = await deps.tasks.untold(TASKS_AT_ONCE);
  const known = new Map<string, readonly WebhookRow[]>();
  for (const row of rows) {
    const webhooks =
      known.get(row.accountId) ?? (await deps.webhooks.list(row.accountId, WEBHOOKS_MAX));
    known.set(row.accountId, webhooks);
    const deliveries = write(openTask(row), { webhooks, deps });
    if (deliveries.length > 0) await deps.deliveries.insert(await bounded(deliveries, deps));
    await deps.tasks.markTold(row.id, row.events);
  }
  return rows.length;
}

/** What cannot be written is told to nobody, for it must not keep everybody else from hearing. */
function write(task: Task, hearing: Hearing): readonly DeliveryRow[] {
  const { row, doc } = task;
  try {
    return doc.events
      .slice(row.told, row.events)
      .flatMap((event) => [
        ...ofWebhooks(task, event, hearing),
        ...ofCallback(task, event, hearing.deps),
      ]);
  } catch (error) {
    hearing.deps.log.error('events of a task cannot be told', { task: row.id, error });
    return [];
  }
}

interface Hearing {
  readonly webhooks: readonly WebhookRow[];
  readonly deps: CollectDeps;
}

function ofWebhooks(task: Task, event: TaskEvent, { webhooks, deps }: Hearing): DeliveryRow[] {
  const data = eventData(task, deps.linkOf);
  return webhooks
    .filter(({ state, events }) => {
      if (state !== 'active') return false;
      return events.length === 0 ? END_EVENTS.includes(event.type) : events.includes(event.type);
    })
    .map(({ id, url, profile }) => {
      const write = profile === 'notify' ? noticePayload : standardPayload;
      const payload = write(event, data);
      return delivery(task, event, { target: id, webhookId: id, url, payload, deps });
    });
}

/** The URL that came with the task. */
function ofCallback(task: Task, event: TaskEvent, deps: CollectDeps): DeliveryRow[] {
  const { callback } = task.doc;
  if (callback === null) return [];
  const isNative = callback.profile === 'native';
  const wanted = callback.events.length > 0 ? callback.events : END_EVENTS;
  // Vendors tell of every change, unless they were asked for some.
  const isEvery = isNative && callback.events.length === 0;
  const isWanted = isEvery ? !UNASKED.includes(event.type) : wanted.includes(event.type);
  if (!isWanted) return [];
  const payload = isNative
    ? nativePayload(task, deps.doors, deps.linkOf)
    : standardPayload(event, eventData(task, deps.linkOf));
  if (payload === null) return [];
  const target = `url:${hashSecret(task.row.accountId + callback.url).slice(0, 32)}`;
  return [delivery(task, event, { target, webhookId: null, url: callback.url, payload, deps })];
}

interface Sending {
  readonly target: string;
  readonly webhookId: string | null;
  readonly url: string;
  readonly payload: string;
  readonly deps: CollectDeps;
}

function delivery({ row, doc }: Task, event: TaskEvent, sending: Sending): DeliveryRow {
  const { deps, ...rest } = sending;
  const nowMs = deps.clock.nowMs();
  return {
    id: newId('dlv'),
    accountId: row.accountId,
    ...rest,
    eventId: event.id,
    type: event.type,
    subject: row.id,
    place: doc.events.indexOf(event),
    state: 'pending',
    tries: 0,
    attempts: [],
    createdMs: nowMs,
    endedMs: null,
    nextMs: nowMs,
    leaseNo: 0,
  };
}

/** A receiver that is down must not fill the disk of everybody else. */
export async function bounded(
  rows: readonly DeliveryRow[],
  deps: CollectDeps,
): Promise<DeliveryRow[]> {
  const waiting = new Map<string, number>();
  const kept: DeliveryRow[] = [];
  for (const row of rows) {
    const count = waiting.get(row.target) ?? (await deps.deliveries.pendingOf(row.target));
    waiting.set(row.target, count + 1);
    if (count < QUEUE_MAX) kept.push(row);
    else {
      deps.log.warn('a webhook has too many deliveries waiting', { target: row.target });
      kept.push({ ...row, state: 'dropped', endedMs: deps.clock.nowMs() });
    }
  }
  return kept;
}
