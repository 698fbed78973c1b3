/**
 * Keeps every open task going: takes leases on what is due, asks vendors at their pace, and lets
 * go. All it knows is in storage, so it may end at any moment and another one goes on.
 */
import type { TaskRow } from '../storage/ports.ts';
import type { TaskDeps } from './deps.ts';
import { openTask, type Task } from './doc.ts';
import { expire, isOverdue } from './expire.ts';
import { finish, release } from './finish.ts';
import { keepLease, LEASE_MS, LeaseLost, save } from './hold-on.ts';
import { poll } from './poll.ts';
import { recover } from './recover.ts';
import { type Room, submit } from './submit.ts';

const LOOK_EVERY_MS = 1_000;
const LOOK_PAUSE_MS = 20;
/** Steps of one task in one go. */
const STEPS_MAX = 20;
/** Answers that take long, awaited at once from one upstream. */
const PATIENT_MAX = 64;
/** Requests at once to an upstream that is in the settings no more, or of unknown manners. */
const AT_ONCE = 8;
/** After a failure of ours, such as a database that does not answer. */
const OWN_PAUSE_MS = 2_000;

export interface Engine {
  /** Something is due sooner than it was. */
  nudge(): void;
  /** Takes nothing new; resolves when nothing is under way. */
  stop(): Promise<void>;
  /** Tasks in hand. */
  readonly busy: () => number;
}

interface Gate {
  active: number;
  /** Requests that wait long for their answer; not among the active ones. */
  patient: number;
  /** When the next request may go. */
  freeMs: number;
}

/** Sleeps that a nudge ends. Many nudges in a row are one. */
class Alarm {
  readonly #clock: TaskDeps['clock'];
  #nudged = false;
  #wake: (() => void) | null = null;

  constructor(clock: TaskDeps['clock']) {
    this.#clock = clock;
  }

  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** Nudges from here on count. */
  arm(): void {
    this.#nudged = false;
  }

  async sleep(waitMs: number): Promise<void> {
    await this.#clock.sleep(LOOK_PAUSE_MS);
    if (this.#nudged) return;
    await new Promise<void>((resolve) => {
      const takeBack = this.#clock.after(waitMs, resolve);
      this.#wake = () => {
        takeBack();
        resolve();
      };
    });
    this.#wake = null;
  }
}

export function startEngine(deps: TaskDeps): Engine {
  const gates = new Map<string, Gate>();
  const active = new Set<Promise<void>>();
  const alarm = new Alarm(deps.clock);
  let stopped = false;
  const begin = (row: TaskRow, gate: Gate): void => {
    gate.active += 1;
    const stopRenewing = keepLease(row, deps);
    const work: Promise<void> = carry(row, { gate, alarm }, deps).finally(() => {
      stopRenewing();
      gate.active -= 1;
      active.delete(work);
      alarm.nudge();
    });
    active.add(work);
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      alarm.arm();
      const waitMs = await look(gates, begin, deps).catch((error: unknown) => {
        deps.log.error('tasks cannot be read', { error });
        return OWN_PAUSE_MS;
      });
      if (!stopped) await alarm.sleep(waitMs);
    }
  };
  const looping = loop();
  return {
    nudge: () => alarm.nudge(),
    busy: () => active.size,
    async stop() {
      stopped = true;
      alarm.nudge();
      await looping;
      await Promise.allSettled(active);
    },
  };
}

function gateOf(upstream: string, gates: Map<string, Gate>): Gate {
  const known = gates.get(upstream);
  if (known !== undefined) return known;
  const gate = { active: 0, patient: 0, freeMs: 0 };
  gates.set(upstream, gate);
  return gate;
}

type Begin = (row: TaskRow, gate: Gate) => void;

/** Begins what is due and has room; returns how long there is nothing to do. */
async function look(gates: Map<string, Gate>, begin: Begin, deps: TaskDeps): Promise<number> {
  const nowMs = deps.clock.nowMs();
  let waitMs = LOOK_EVERY_MS;
  for (const { upstream, nextMs } of await deps.tasks.due(nowMs)) {
    const gate = gateOf(upstream, gates);
    const limit = manners(upstream, deps).requests - gate.active;
    // What is due and has no room is begun when something ends, which nudges.
    if (nextMs > nowMs) waitMs = Math.min(waitMs, nextMs - nowMs);
    if (nextMs > nowMs || limit <= 0) continue;
    const ask = { upstream, nowMs, untilMs: nowMs + LEASE_MS, limit };
    for (const row of await deps.tasks.lease(ask)) begin(row, gate);
  }
  return waitMs;
}

function manners(upstream: string, deps: TaskDeps) {
  const services = deps.routes.services(upstream);
  const requests = services.map(({ atOnce }) => atOnce.requests);
  const gaps = services.map(({ pace }) => pace.gapMs);
  return { requests: Math.min(AT_ONCE, ...requests), gapMs: Math.max(0, ...gaps) };
}

/** Step after step, until there is nothing to do but to wait. Never throws. */
async function carry(row: TaskRow, place: Place, deps: TaskDeps): Promise<void> {
  let task = openTask(row);
  const room = roomOf(place);
  try {
    for (let steps = 0; steps < STEPS_MAX; steps += 1) {
      await turn(task, place.gate, deps);
      task = await step(task, room, deps);
      if (task.row.leaseUntilMs === 0) return;
    }
    await save(task, { nextMs: deps.clock.nowMs() }, deps);
  } catch (error) {
    if (error instanceof LeaseLost) return;
    deps.log.error('a task could not be carried on', { task: row.id, error });
    // What is in hand here may be older than what was written: only the lease is let go. A job that
    // was sent must never look unsent again. Where even this fails the lease runs out.
    const nextMs = deps.clock.nowMs() + OWN_PAUSE_MS;
    await deps.tasks.letGo(row.id, row.leaseNo, nextMs).catch(() => undefined);
  }
}

interface Place {
  readonly gate: Gate;
  readonly alarm: Alarm;
}

/** Whoever waits long stands aside, and lets another one through the gate. */
function roomOf({ gate, alarm }: Place): Room {
  return {
    take() {
      if (gate.patient >= PATIENT_MAX) return false;
      gate.patient += 1;
      gate.active -= 1;
      alarm.nudge();
      return true;
    },
    give() {
      gate.patient -= 1;
      gate.active += 1;
    },
  };
}

/** Waits for this upstream's next turn. */
async function turn({ row }: Task, gate: Gate, deps: TaskDeps): Promise<void> {
  if (row.phase === 'finishing') return;
  const nowMs = deps.clock.nowMs();
  const atMs = Math.max(nowMs, gate.freeMs);
  gate.freeMs = atMs + manners(row.upstream, deps).gapMs;
  if (atMs > nowMs) await deps.clock.sleep(atMs - nowMs);
}

function step(task: Task, room: Room, deps: TaskDeps): Promise<Task> {
  const { row, doc } = task;
  const place = deps.routes.pinned(row.upstream, doc.service) ?? null;
  if (isOverdue(task, deps)) return expire(task, place, deps);
  switch (row.phase) {
    case 'draft':
      return dropDraft(task, deps);
    case 'new':
      return submit(task, room, deps);
    case 'finishing':
      return finish(task, place, deps);
    case 'sending':
      // Whoever sent it is gone, and did not say how it went.
      return save(task, { phase: 'unknown', doc: { detail: 'unknown' } }, deps);
    default:
      if (place === null) return homeless(task, deps);
      return row.phase === 'unknown' ? recover(task, place, deps) : poll(task, place, deps);
  }
}

/** Its maker died before anybody was told of it: what it may hold is released, and it is gone. */
async function dropDraft(task: Task, deps: TaskDeps): Promise<Task> {
  const released = { ...task, doc: { ...task.doc, outcome: 'canceled' as const } };
  await release(released, deps);
  await deps.tasks.dropDraft(task.row.id);
  throw new LeaseLost(task.row.id);
}

const HOMELESS_PAUSE_MS = 60_000;

/** Its upstream left the settings: only that one knows the job, so it waits for it. */
function homeless(task: Task, deps: TaskDeps): Promise<Task> {
  deps.log.warn('the upstream of a task is not set up', {
    task: task.row.id,
    upstream: task.row.upstream,
  });
  const nextMs = deps.clock.nowMs() + HOMELESS_PAUSE_MS;
  return save(task, { nextMs, doc: { detail: 'upstream_missing' } }, deps);
}
