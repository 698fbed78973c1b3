/** What callers may do with tasks: make, see, list, stop, drop. Every look asks whose it is. */
import { Fault } from '../kit/fault.ts';
import type { Guard } from '../kit/guard.ts';
import type { TaskFilter, TaskRow } from '../storage/ports.ts';
import { type Created, createTask, findTask } from './create.ts';
import type { TaskDeps } from './deps.ts';
import { openTask, type Task } from './doc.ts';
import type { Engine } from './engine.ts';
import type { Waiters } from './waiters.ts';
import { checkUrl } from './webhooks/desk.ts';
import type { TaskWish } from './wish.ts';

const CANCEL_WAIT_MS = 5_000;
/** What another node did with a task is not heard here, so it is looked for. */
const LOOK_EVERY_MS = 1_000;

export interface Desk {
  /**
   * Made, and where the vendor answers soon taken by it. Faults of the vendor's own refusal come as
   * faults here; what may have been taken never does.
   */
  create(wish: TaskWish): Promise<Task & { readonly repeated: boolean }>;
  /** Fault: `resource_not_found`, for others' tasks as well. */
  find(ref: TaskRef): Promise<Task>;
  /** As `find`, but not before it has changed since `updatedMs`, has ended, or `ms` are over. */
  wait(ref: TaskRef, sinceMs: number, ms: number): Promise<Task>;
  list(filter: TaskFilter): Promise<{ readonly tasks: readonly Task[]; readonly more: boolean }>;
  count(filter: TaskFilter): Promise<number>;
  /** Faults: `task_ended`, `cancel_unsupported`. */
  cancel(ref: TaskRef): Promise<Task>;
  /** Fault: `task_open`. */
  remove(ref: TaskRef): Promise<Task>;
}

export interface TaskRef {
  /** As the caller knows it. */
  readonly id: string;
  readonly mount: string;
  readonly accountId: string;
}

export interface DeskDeps extends TaskDeps {
  readonly engine: Engine;
  readonly waiters: Waiters;
  readonly guard: Guard;
  /** Takes away what is kept of a task's results. */
  readonly discard: (task: Task) => Promise<void>;
}

export function makeDesk(deps: DeskDeps): Desk {
  const find = (ref: TaskRef): Promise<Task> => findOwn(ref, deps);
  /** Until `is` answers true of it, or `ms` are over. */
  const until = async (
    row: TaskRow,
    ms: number,
    is: (row: TaskRow) => boolean,
  ): Promise<TaskRow> => {
    const endMs = deps.clock.tickMs() + ms;
    for (;;) {
      // Heard before it is read, so that no change falls between the two.
      const leftMs = Math.max(0, endMs - deps.clock.tickMs());
      const next = deps.waiters.next(row.id, Math.min(leftMs, LOOK_EVERY_MS));
      const now = (await deps.tasks.byId(row.id)) ?? row;
      if (is(now) || deps.clock.tickMs() >= endMs) return now;
      await next;
    }
  };
  return {
    find,
    async create(wish) {
      if (wish.callback !== null) await checkUrl(wish.callback.url, deps.guard);
      const made: Created = await createTask(wish, deps);
      deps.engine.nudge();
      const { row } = made;
      const known = await until(row, deps.settings.submitWaitMs, isTaken);
      // The refusal is told here and not only in the task, which is kept all the same.
      const settled = known.phase === 'finishing' ? await untilEnd(known) : known;
      const task = openTask(settled);
      throwRefusal(task);
      return { ...task, repeated: made.repeated };
    },
    async wait(ref, sinceMs, ms) {
      const task = await find(ref);
      const isNews = (row: TaskRow): boolean =>
        row.endedMs !== null || openTask(row).doc.updatedMs > sinceMs;
      return openTask(await until(task.row, ms, isNews));
    },
    async list(filter) {
      const rows = await deps.tasks.list({ ...filter, limit: filter.limit + 1 });
      return {
        tasks: rows.slice(0, filter.limit).map(openTask),
        more: rows.length > filter.limit,
      };
    },
    count: (filter) => deps.tasks.count(filter),
    async cancel(ref) {
      const task = await find(ref);
      checkCancel(task, deps);
      await deps.tasks.askCancel(task.row.id, deps.clock.nowMs());
      deps.engine.nudge();
      return openTask(await until(task.row, CANCEL_WAIT_MS, (row) => row.endedMs !== null));
    },
    async remove(ref) {
      const task = await find(ref);
      if (task.row.endedMs === null) throw new Fault('task_open');
      await deps.discard(task);
      await deps.tasks.remove(task.row.id);
      return task;
    },
  };

  function untilEnd(row: TaskRow): Promise<TaskRow> {
    const isSoon = openTask(row).doc.outcome !== 'succeeded';
    return isSoon
      ? until(row, CANCEL_WAIT_MS, (now) => now.endedMs !== null)
      : Promise.resolve(row);
  }
}

async function findOwn(ref: TaskRef, deps: DeskDeps): Promise<Task> {
  const row = await findTask(ref.id, ref.mount, deps);
  if (row !== undefined && row.accountId === ref.accountId && row.phase !== 'draft') {
    return openTask(row);
  }
  throw new Fault('resource_not_found', {
    message: `There is no task "${ref.id.slice(0, 100)}" in this account.`,
  });
}

/** At a vendor whose answer is the result, it runs from when it was sent. */
function isTaken({ phase, endedMs, state }: TaskRow): boolean {
  if (endedMs !== null || state === 'running') return true;
  return phase !== 'new' && phase !== 'sending' && phase !== 'draft';
}

/** A task that no vendor took is no success for whoever asked for it just now. */
function throwRefusal(task: Task): void {
  const { row, doc } = task;
  if (doc.outcome !== 'failed' || row.vendorId !== null || doc.error === null) return;
  throw refusalOf(task);
}

/** Why a task failed, as a fault. */
export function refusalOf({ row, doc }: Task): Fault {
  const error = doc.error ?? { code: 'vendor_error', message: 'It failed.', vendorCode: null };
  const more = {
    message: error.message,
    headers: { 'x-gangway-task': row.id },
    ...(error.vendorCode === null ? {} : { vendorCode: error.vendorCode }),
  };
  switch (error.code) {
    case 'vendor_busy':
      return new Fault('vendor_busy', { ...more, retryAfterS: 10 });
    case 'vendor_rejected':
    case 'vendor_unreachable':
    case 'no_upstream':
    case 'vendor_error':
      return new Fault(error.code, more);
    case 'vendor_lost':
    case 'answer_lost':
      // Whoever asks again pays again, perhaps for the same picture: that is for people to decide.
      return new Fault('vendor_error', {
        ...more,
        headers: { ...more.headers, 'x-should-retry': 'false' },
      });
    default:
      return new Fault('vendor_refused_us', more);
  }
}

function checkCancel({ row, doc }: Task, deps: TaskDeps): void {
  if (row.endedMs !== null || row.phase === 'finishing') throw new Fault('task_ended');
  // Not at a vendor yet: nothing needs to be stopped there.
  if (row.phase === 'new') return;
  const service = deps.routes.pinned(row.upstream, doc.service)?.service;
  const states: readonly string[] = service?.cancel?.while ?? [];
  if (!states.includes(row.state)) {
    throw new Fault('cancel_unsupported', {
      message: `The vendor cannot stop a task that is ${row.state}.`,
    });
  }
}
