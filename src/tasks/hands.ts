/**
 * What operators do to tasks by hand, beside whatever engine runs: each act takes the task's lease
 * first, so that never two of them write, and is on record before it is done.
 */
import { Fault } from '../kit/fault.ts';
import { newId } from '../kit/ids.ts';
import type { Acts, TaskPhase } from '../storage/ports.ts';
import { openTask, type Task } from './doc.ts';
import { type EndDeps, end } from './finish.ts';
import { type Found, finishing, LeaseLost, save } from './hold-on.ts';

const LEASE_MS = 60_000;
/** An engine's step may take so long; whoever waits longer is told. */
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 200;
/** Nobody knows whether it began. */
const IN_DOUBT: readonly TaskPhase[] = ['sending', 'unknown'];
/** It has certainly not begun yet, or nobody knows. */
const NOT_BEGUN: readonly TaskPhase[] = ['new', ...IN_DOUBT];
const VENDOR_ID = /^[\x21-\x7e]{1,300}$/;

export interface HandDeps extends EndDeps {
  readonly acts: Acts;
  /** Who does it, for the record. */
  readonly operator: string;
}

export interface Hands {
  /** The vendor did take it, under this id: the engine asks for it, and goes on if it is there. */
  adopt(id: string, vendorId: string): Promise<Task>;
  /** It never began: it fails, and its money is free again. */
  release(id: string): Promise<Task>;
  /** The vendor does not have it: it is sent once more. */
  resend(id: string): Promise<Task>;
}

export function makeHands(deps: HandDeps): Hands {
  return {
    adopt: (id, vendorId) =>
      act({ command: 'tasks adopt', id, wish: { vendor_id: vendorId } }, deps, async (task) => {
        check(task, IN_DOUBT, 'adopted');
        await checkVendorId(task, vendorId, deps);
        const nextMs = deps.clock.nowMs();
        const doc = { named: vendorId, note: null, detail: 'unknown', lost: 0 };
        return save(task, { phase: 'unknown', nextMs, doc }, deps);
      }),
    release: (id) =>
      act({ command: 'tasks release', id, wish: {} }, deps, async (task) => {
        check(task, NOT_BEGUN, 'released');
        // Due at once: where this ends half-way, whoever is there goes on.
        const more = { error: NEVER_BEGAN, doc: { charged: false }, dueMs: deps.clock.nowMs() };
        const found = finishing(task, 'failed', more);
        return end(await save(task, found, deps), null, deps);
      }),
    resend: (id) =>
      act({ command: 'tasks resend', id, wish: {} }, deps, async (task) => {
        check(task, IN_DOUBT, 'sent again');
        const doc = { named: null, note: null, lost: 0, detail: null, sentMs: null, refusedBy: [] };
        const again: Found = { phase: 'new', nextMs: deps.clock.nowMs(), doc };
        return save(task, again, deps);
      }),
  };
}

const NEVER_BEGAN = Object.freeze({
  code: 'never_began',
  message: 'The vendor never began this job. Nothing is charged.',
  retryable: true,
  vendorCode: null,
});

interface Act {
  readonly command: string;
  readonly id: string;
  readonly wish: Readonly<Record<string, string>>;
}

type Run = (task: Task) => Promise<Task>;

async function act({ command, id, wish }: Act, deps: HandDeps, run: Run): Promise<Task> {
  const { clock, acts, operator } = deps;
  if ((await deps.tasks.byId(id)) === undefined) throw noTask(id);
  const actId = newId('act');
  const row = { id: actId, atMs: clock.nowMs(), operator, command, subject: id };
  const open = { state: 'begun', endedMs: null, problem: null } as const;
  await acts.begin({ ...row, wish: JSON.stringify(wish), ...open });
  const end = (state: 'done' | 'failed', problem: string | null) =>
    acts.end(actId, { state, problem, endedMs: clock.nowMs() });
  try {
    const done = await held(id, deps, run);
    await end('done', null);
    return done;
  } catch (error) {
    await end('failed', error instanceof Error ? error.message : 'unknown');
    if (!(error instanceof LeaseLost)) throw error;
    throw new Fault('invalid_request', { message: `${id} was taken over meanwhile. Try again.` });
  }
}

/** With the lease; what is refused leaves the task as it was. */
async function held(id: string, deps: HandDeps, run: Run): Promise<Task> {
  const task = await take(id, deps);
  try {
    return await run(task);
  } catch (error) {
    const { row } = task;
    if (error instanceof Fault) await deps.tasks.letGo(row.id, row.leaseNo, row.nextMs);
    throw error;
  }
}

async function take(id: string, deps: HandDeps): Promise<Task> {
  const { clock, tasks } = deps;
  for (const endMs = clock.tickMs() + WAIT_MS; ; ) {
    const nowMs = clock.nowMs();
    const row = await tasks.leaseOne(id, nowMs, nowMs + LEASE_MS);
    if (row !== undefined) return openTask(row);
    const known = await tasks.byId(id);
    if (known === undefined) throw noTask(id);
    if (known.endedMs !== null) throw refuse(`It has ended: ${known.state}.`);
    if (clock.tickMs() >= endMs) throw refuse('The engine is at work on it. Try again.');
    await clock.sleep(LOOK_EVERY_MS);
  }
}

function check({ row }: Task, phases: readonly TaskPhase[], what: string): void {
  if (phases.includes(row.phase)) return;
  throw refuse(`A task that is ${row.phase} cannot be ${what}: only one that is in doubt.`);
}

async function checkVendorId({ row }: Task, vendorId: string, deps: HandDeps): Promise<void> {
  if (!VENDOR_ID.test(vendorId)) throw refuse('The vendor’s id must be 1 to 300 plain characters.');
  const claimed = await deps.tasks.claimed(row.upstream, [vendorId]);
  if (claimed.length > 0) throw refuse(`Another task has "${vendorId}" already.`);
}

function noTask(id: string): Fault {
  return new Fault('resource_not_found', { message: `There is no task "${id}".` });
}

function refuse(message: string): Fault {
  return new Fault('invalid_request', { message });
}
