/** What callers may do with tasks: make, see, list, stop, drop. Every look asks whose it is. */
import { Fault, toFault } from '../kit/fault.ts';
import type { OutboundReply } from '../kit/fetch.ts';
import type { Guard } from '../kit/guard.ts';
import type { Json } from '../kit/json.ts';
import type { TaskFilter, TaskRow } from '../storage/ports.ts';
import type { VendorTask } from '../vendors/job.ts';
import type { Ask, Reply } from '../vendors/long.ts';
import { shownStatus } from '../vendors/refusal.ts';
import { type Created, createTask, findTask } from './create.ts';
import type { TaskDeps } from './deps.ts';
import { openTask, type Task } from './doc.ts';
import type { Engine } from './engine.ts';
import { type Asker, inquireAt, inquireOf, listen } from './inquire.ts';
import { rawBody } from './raw.ts';
import { vendorTask } from './vendor-job.ts';
import type { Waiters } from './waiters.ts';
import { checkUrl } from './webhooks/desk.ts';
import type { TaskWish } from './wish.ts';

const CANCEL_WAIT_MS = 5_000;
/** What another node did with a task is not heard here, so it is looked for. */

export interface Desk {
  /**
   * Made, and where the vendor answers soon taken by it. Faults of the vendor's own refusal come as
   * faults here; what may have been taken never does. `left`: the caller is gone, and if the same
   * is asked for again it is this one.
   */
  create(wish: TaskWish, left?: AbortSignal): Promise<Task & { readonly repeated: boolean }>;
  /** Fault: `resource_not_found`, for others' tasks as well. */
  find(ref: TaskRef): Promise<Task>;
  /** As `find`, but not before it has changed since `updatedMs`, has ended, or `ms` are over. */
  wait(ref: TaskRef, sinceMs: number, ms: number): Promise<Task>;
  list(filter: TaskFilter): Promise<{ readonly tasks: readonly Task[]; readonly more: boolean }>;
  count(filter: TaskFilter): Promise<number>;
  /** The vendor's last words. */
  raw(ref: TaskRef): Promise<{ readonly task: Task; readonly body: Json }>;
  /** Ids of the models that make videos. */
  videoModels(): readonly string[];
  /** Faults: `task_ended`, `cancel_unsupported`. */
  cancel(ref: TaskRef): Promise<Task>;
  /** Fault: `task_open`. */
  remove(ref: TaskRef): Promise<Task>;
  /** Asks the vendor something at once, about a task or in general. Faults: the vendor's. */
  inquire(question: Question): Promise<Reply>;
  /** Asks the vendor for it as soon as may be. */
  hurry(task: Task): Promise<void>;
  /** What the vendor streams of a task at this address; null: nothing that can be had. */
  listen(task: Task, url: string, signal: AbortSignal): Promise<OutboundReply | null>;
}

export interface TaskRef {
  /** As the caller knows it. */
  readonly id: string;
  readonly mount: string;
  readonly accountId: string;
}

export type Question =
  | { readonly about: TaskRef; readonly ask: (task: VendorTask) => Ask }
  | { readonly of: Asker; readonly ask: Ask };

export interface DeskDeps extends TaskDeps {
  readonly engine: Engine;
  readonly waiters: Waiters;
  readonly guard: Guard;
  /** Takes away what is kept of a task's results. */
  readonly discard: (task: Task) => Promise<void>;
}

export function makeDesk(deps: DeskDeps): Desk {
  const find = (ref: TaskRef): Promise<Task> => findOwn(ref, deps);
  const until = makeUntil(deps);
  return {
    find,
    async create(wish, left) {
      if (wish.callback !== null) await checkUrl(wish.callback.url, deps.guard);
      const made: Created = await createTask(wish, deps);
      deps.engine.nudge();
      watchLeaving(made.row, left, deps);
      return taken(made, until, deps);
    },
    async wait(ref, sinceMs, ms) {
      const task = await find(ref);
      const isNews = (row: TaskRow): boolean =>
        row.endedMs !== null || openTask(row).doc.updatedMs > sinceMs;
      return openTask(await until(task.row, ms, isNews));
    },
    async list(filter) {
      const rows = await deps.tasks.list({ ...filter, limit: filter.limit + 1 });
      const tasks = rows.slice(0, filter.limit).map(openTask);
      return { tasks, more: rows.length > filter.limit };
    },
    count: (filter) => deps.tasks.count(filter),
    async raw(ref) {
      const task = await find(ref);
      return { task, body: rawBody(task, deps) };
    },
    videoModels: () => {
      return deps.routes.list().flatMap(({ model }) => (model.kind === 'video' ? [model.id] : []));
    },
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
    ...questions(find, deps),
  };
}

/** Until `is` answers true of it, or `ms` are over. */
type Until = (row: TaskRow, ms: number, is: (row: TaskRow) => boolean) => Promise<TaskRow>;

function makeUntil({ clock, waiters, tasks }: DeskDeps): Until {
  return async (row, ms, is) => {
    const endMs = clock.tickMs() + ms;
    for (;;) {
      // Heard before it is read, so that no change falls between the two.
      const next = waiters.next(row.id, Math.max(0, endMs - clock.tickMs()));
      const now = (await tasks.byId(row.id)) ?? row;
      if (is(now) || clock.tickMs() >= endMs) return now;
      await next;
    }
  };
}

/** Once the vendor has it, or nobody can say; a fault where it certainly refused. */
async function taken({ row, repeated }: Created, until: Until, { settings }: DeskDeps) {
  const isOver = ({ endedMs }: TaskRow): boolean => endedMs !== null;
  const wait = async (): Promise<Task> => {
    const known = await until(row, settings.submitWaitMs, isTaken);
    const isSoon = known.phase === 'finishing' && openTask(known).doc.outcome !== 'succeeded';
    // The refusal is told here and not only in the task, which is kept all the same.
    return openTask(isSoon ? await until(known, CANCEL_WAIT_MS, isOver) : known);
  };
  const task = await wait().catch((thrown: unknown) => {
    throw notAgain(thrown, row);
  });
  throwRefusal(task);
  return { ...task, repeated };
}

/** A caller who leaves before the whole answer, and then asks for the same, asks for this one. */
function watchLeaving(row: TaskRow, left: AbortSignal | undefined, deps: TaskDeps): void {
  const leave = (): void => {
    deps.tasks.setUnheard(row.id, true).catch((error: unknown) => {
      deps.log.warn('that a caller left is not written down', { task: row.id, error });
    });
  };
  if (left?.aborted === true) leave();
  else left?.addEventListener('abort', leave, { once: true });
}

/** It is on its way whatever happened here: to ask for it again would make a second one. */
function notAgain(thrown: unknown, row: TaskRow): Fault {
  const fault = toFault(thrown);
  const headers = { 'x-should-retry': 'false', 'x-gangway-task': row.id };
  return new Fault(fault.code, {
    ...fault.detail,
    message: `${fault.message} The task ${row.id} goes on: ask for it, do not make it again.`,
    headers: { ...fault.detail.headers, ...headers },
    cause: fault.detail.cause,
  });
}

type Find = Desk['find'];

function questions(find: Find, deps: DeskDeps): Pick<Desk, 'inquire' | 'listen' | 'hurry'> {
  return {
    async inquire(question) {
      if ('of' in question) return inquireOf(question.of, question.ask, deps);
      const task = await find(question.about);
      const place = deps.routes.pinned(task.row.upstream, task.doc.service);
      if (place === undefined) throw new Fault('no_upstream');
      if (task.row.vendorId === null) {
        throw new Fault('invalid_request', { message: 'This task has not begun (yet).' });
      }
      return inquireAt(place, question.ask(vendorTask(task)), deps);
    },
    async hurry({ row }) {
      await deps.tasks.wake(row.id, deps.clock.nowMs());
      deps.engine.nudge();
    },
    async listen({ row, doc }, url, signal) {
      const place = deps.routes.pinned(row.upstream, doc.service);
      return place === undefined ? null : listen(place, { url, signal }, deps);
    },
  };
}

async function findOwn(ref: TaskRef, deps: DeskDeps): Promise<Task> {
  const known = await findTask(ref.id, ref.mount, deps);
  const { accountId, mount, id } = ref;
  const row =
    known ?? (mount === '' ? undefined : await deps.tasks.byOwnName(accountId, mount, id));
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

/** Ours, of what was found only when the job was about to be sent. */
const OWN_REFUSALS = [
  ...(['invalid_request', 'unsupported_parameter', 'resource_not_found'] as const),
  'public_url_needed' as const,
];

/** A task that no vendor took is no success for whoever asked for it just now. */
function throwRefusal(task: Task): void {
  const { row, doc } = task;
  if (doc.outcome !== 'failed' || row.vendorId !== null || doc.error === null) return;
  // Its own deadline came first: that is how it ended, and nobody refused it.
  if (doc.error.code !== 'timeout') throw refusalOf(task);
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
    case 'vendor_rejected': {
      const theirs = 'vendorStatus' in error ? error.vendorStatus : undefined;
      // At our own paths a refusal has one status, whoever refused.
      const status = shownStatus(row.mount === '' ? 400 : (theirs ?? 400));
      return new Fault('vendor_rejected', { ...more, status });
    }
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
    default: {
      const own = OWN_REFUSALS.find((code) => code === error.code);
      return new Fault(own ?? 'vendor_refused_us', more);
    }
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
