/** Writing down what the holder of a task's lease found out. */
import { newId } from '../kit/ids.ts';
import type { TaskRow } from '../storage/ports.ts';
import type { LongService } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import { type Task, type TaskDoc, type TaskError, withEvent, withProgress } from './doc.ts';

/** Whoever dies holding one delays its task by as much. Clocks of nodes must differ by less. */
export const LEASE_MS = 20_000;
/** However long a step takes, what is in hand stays in hand. */
const RENEW_EVERY_MS = 5_000;
/** Beyond, any growth has reached its end. */
const PACE_STEPS_MAX = 40;

/** Somebody else holds the task by now: whatever was found out is his to find again. */
export class LeaseLost extends Error {}

export interface Found {
  readonly upstream?: string;
  readonly vendorId?: string | null;
  readonly phase?: TaskRow['phase'];
  readonly state?: TaskRow['state'];
  readonly body?: string | null;
  readonly doc?: Partial<TaskDoc>;
  /** When to look again; the lease ends with it. Absent: we go on. */
  readonly nextMs?: number;
  /** Its place among what is due, should it be let go before it is through. */
  readonly dueMs?: number;
}

/** What it takes to write a task down. */
export type SaveDeps = Pick<TaskDeps, 'clock' | 'tasks' | 'changed'>;

/** One statement: state, event and everything else are written together or not at all. */
export async function save(task: Task, found: Found, deps: SaveDeps): Promise<Task> {
  const nowMs = deps.clock.nowMs();
  const { row } = task;
  const state = found.state ?? row.state;
  const body = found.body === undefined ? row.body : found.body;
  let doc: TaskDoc = { ...task.doc, ...found.doc };
  const isNews = state !== row.state || shown(doc) !== shown(task.doc);
  // Only at the vendor's own paths do callers see the vendor's words.
  if (isNews || (row.mount !== '' && body !== row.body)) doc = { ...doc, updatedMs: nowMs };
  if (state !== row.state) {
    doc = withEvent(doc, { id: newId('evt'), type: `task.${state}`, atMs: nowMs });
    if (state === 'running') doc = { ...doc, startedMs: doc.startedMs ?? nowMs };
  }
  if (found.phase !== 'done') {
    doc = withProgress(doc, task.doc.progress, { id: newId('evt'), type: '', atMs: nowMs });
  }
  const phase = found.phase ?? row.phase;
  const next: TaskRow = {
    ...row,
    upstream: found.upstream ?? row.upstream,
    vendorId: found.vendorId === undefined ? row.vendorId : found.vendorId,
    phase,
    state,
    endedMs: phase === 'done' ? nowMs : row.endedMs,
    nextMs: soonest(found.nextMs ?? found.dueMs ?? row.nextMs, doc, nowMs),
    leaseUntilMs: found.nextMs === undefined ? nowMs + LEASE_MS : 0,
    events: doc.events.length,
    doc: JSON.stringify(doc),
    body,
  };
  const change = { ...next, nextSeenMs: row.nextMs };
  if (!(await deps.tasks.save(row.id, row.leaseNo, change))) throw new LeaseLost(row.id);
  deps.changed(row.id);
  return { ...task, row: next, doc };
}

/** Renews a lease again and again, until the answer is called or somebody else has it. */
export function keepLease({ id, leaseNo }: TaskRow, deps: TaskDeps): () => void {
  let isOver = false;
  let takeBack = (): void => undefined;
  const later = (): void => {
    if (!isOver) takeBack = deps.clock.after(RENEW_EVERY_MS, renew);
  };
  const renew = (): void => {
    deps.tasks.renew(id, leaseNo, deps.clock.nowMs() + LEASE_MS).then(
      (isHeld) => isHeld && later(),
      (error: unknown) => {
        deps.log.warn('a lease could not be renewed', { task: id, error });
        later();
      },
    );
  };
  later();
  return () => {
    isOver = true;
    takeBack();
  };
}

/** What callers see of it beside its state: being asked once more is no change of a task. */
function shown({ detail, progress, outcome, error, charge }: TaskDoc): string {
  return JSON.stringify([detail, progress, outcome, error, charge]);
}

/** When to look again, which is no later than its deadline. */
function soonest(nextMs: number, { deadlineMs = null }: TaskDoc, nowMs: number): number {
  return deadlineMs === null || deadlineMs <= nowMs ? nextMs : Math.min(nextMs, deadlineMs);
}

/** It ends this way, once what is left to do is done. */
export function finishing(
  task: Task,
  outcome: NonNullable<TaskDoc['outcome']>,
  found: Found & { readonly error?: TaskError } = {},
): Found {
  const { error, ...rest } = found;
  const doc = { ...found.doc, outcome, error: error ?? task.doc.error };
  return { ...rest, phase: 'finishing', doc };
}

/** `ms`, or up to a quarter more or less: tasks that began together drift apart. */
export function jitter(ms: number, random: () => number): number {
  return Math.round(ms * (0.75 + random() / 2));
}

/** How long to wait before a vendor is asked again, by its pace and the operator's. */
export function paceMs(pace: LongService['pace'], polls: number, deps: TaskDeps): number {
  const ms = Math.min(pace.maxMs, pace.firstMs * pace.growth ** Math.min(polls, PACE_STEPS_MAX));
  return jitter((ms * deps.settings.pacePercent) / 100, deps.random);
}
