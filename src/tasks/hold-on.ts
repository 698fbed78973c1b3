/** Writing down what the holder of a task's lease found out. */
import { newId } from '../kit/ids.ts';
import type { TaskRow } from '../storage/ports.ts';
import type { LongService } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import { type Task, type TaskDoc, type TaskError, withEvent } from './doc.ts';

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
}

/** What it takes to write a task down. */
export type SaveDeps = Pick<TaskDeps, 'clock' | 'tasks' | 'changed'>;

/** One statement: state, event and everything else are written together or not at all. */
export async function save(task: Task, found: Found, deps: SaveDeps): Promise<Task> {
  const nowMs = deps.clock.nowMs();
  const { row } = task;
  const state = found.state ?? row.state;
  let doc: TaskDoc = { ...task.doc, ...found.doc };
  if (state !== row.state || found.doc !== undefined) doc = { ...doc, updatedMs: nowMs };
  if (state !== row.state) {
    doc = withEvent(doc, { id: newId('evt'), type: `task.${state}`, atMs: nowMs });
    if (state === 'running') doc = { ...doc, startedMs: doc.startedMs ?? nowMs };
  }
  const phase = found.phase ?? row.phase;
  const next: TaskRow = {
    ...row,
    upstream: found.upstream ?? row.upstream,
    vendorId: found.vendorId === undefined ? row.vendorId : found.vendorId,
    phase,
    state,
    endedMs: phase === 'done' ? nowMs : row.endedMs,
    nextMs: found.nextMs ?? row.nextMs,
    leaseUntilMs: found.nextMs === undefined ? row.leaseUntilMs : 0,
    events: doc.events.length,
    doc: JSON.stringify(doc),
    body: found.body === undefined ? row.body : found.body,
  };
  if (!(await deps.tasks.save(row.id, row.leaseNo, next))) throw new LeaseLost(row.id);
  deps.changed(row.id);
  return { ...task, row: next, doc };
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
