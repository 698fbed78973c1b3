/** Brings a new task to a vendor: at most once, for nobody knows what a second time would cost. */
import { Fault, toFault } from '../kit/fault.ts';
import type { Started } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Task, TaskError } from './doc.ts';
import { type Fitted, fit } from './fit.ts';
import { writeHanded } from './handed.ts';
import { type Found, finishing, jitter, LeaseLost, paceMs, save } from './hold-on.ts';
import { readingFound } from './poll.ts';
import type { Way } from './routes.ts';
import { vendorJob } from './vendor-job.ts';
import { type Heard, send } from './wire.ts';

/** Rounds over all upstreams; only certain refusals and dead connections come to a second one. */
const ROUNDS_MAX = 30;
/** Where the answer is the result each try takes long, and somebody may be waiting. */
const ANSWER_TRIES_MAX = 3;
const ROUND_PAUSE_MS = 1_000;
const ROUND_PAUSE_MS_MAX = 60_000;
/** How soon a job is looked for whose creation was not answered: it needs time to be listed. */
const UNKNOWN_PAUSE_MS = 2_000;
const FULL_PAUSE_MS = 1_000;

/** Kept beyond the longest wait for an answer, so that nobody takes it for that of the dead. */
const LEASE_MARGIN_MS = 150_000;

/** Room at an upstream for requests whose answers take long; while they wait, others go on. */
export interface Room {
  readonly take: () => boolean;
  readonly give: () => void;
}

export async function submit(task: Task, room: Room, deps: TaskDeps): Promise<Task> {
  if (task.row.cancelAsked) return save(task, finishing(task, 'canceled'), deps);
  const way = waysLeft(task, deps)[0];
  if (way === undefined) return nextRound(task, deps);
  const { jobs } = way.service.atOnce;
  const id = way.upstream.id;
  if (jobs !== null && (await deps.tasks.atVendor(id)) >= jobs) {
    return waitForSlot(task, deps);
  }
  let fitted: Fitted;
  try {
    fitted = await fitTo(way, task, deps);
  } catch (thrown) {
    const { code, message } = toFault(thrown);
    const error = { code, message, retryable: false, vendorCode: null };
    return save(task, finishing(task, 'failed', { error }), deps);
  }
  if (fitted.ask.waitMs === undefined) return carryOver(task, { way, fitted }, deps);
  if (!room.take()) return waitForSlot(task, deps);
  try {
    return await carryOver(task, { way, fitted }, deps);
  } finally {
    room.give();
  }
}

function waitForSlot(task: Task, deps: TaskDeps): Promise<Task> {
  const nextMs = deps.clock.nowMs() + jitter(FULL_PAUSE_MS, deps.random);
  return save(task, { nextMs, doc: { detail: 'waiting_for_slot' } }, deps);
}

interface Sending {
  readonly way: Way;
  readonly fitted: Fitted;
}

/** From here on the vendor may have it, whatever happens to us. */
async function carryOver(task: Task, { way, fitted }: Sending, deps: TaskDeps): Promise<Task> {
  const { ask, dropped } = fitted;
  const { id } = way.upstream;
  const isAtOnce = ask.waitMs !== undefined;
  const sending = await save(
    task,
    {
      phase: 'sending',
      // Where the answer is the result, the vendor is at work while it is awaited.
      ...(isAtOnce ? { state: 'running' as const } : {}),
      upstream: id,
      doc: {
        vendor: way.upstream.vendor.id,
        service: way.service.id,
        wireName: way.wireName,
        priceId: heldAt(task, way),
        dropped,
        sentMs: deps.clock.nowMs(),
        tries: task.doc.tries + 1,
        detail: isAtOnce ? 'awaiting_answer' : 'submitting',
      },
    },
    deps,
  );
  const held = await holdLonger(sending, ask.waitMs, deps);
  return hear(held, way, { heard: await send(way, ask, deps), deps });
}

async function holdLonger(task: Task, waitMs: number | undefined, deps: TaskDeps): Promise<Task> {
  if (waitMs === undefined) return task;
  const { row } = task;
  const leaseUntilMs = deps.clock.nowMs() + waitMs + LEASE_MARGIN_MS;
  if (!(await deps.tasks.renew(row.id, row.leaseNo, leaseUntilMs))) throw new LeaseLost(row.id);
  return { ...task, row: { ...row, leaseUntilMs } };
}

/** As this vendor takes it, its files included, whatever another one would have taken. */
async function fitTo(way: Way, task: Task, deps: TaskDeps): Promise<Fitted> {
  const { job, row, doc } = task;
  const handing = { accountId: row.accountId, service: way.service, whole: true };
  const handed = await writeHanded(job, handing, deps.handed);
  const whole = { ...task, doc: { ...doc, dropped: [] } };
  const written = await vendorJob(whole, { ...way, handed }, deps);
  return fit(written, job.leave ?? 'nothing', way.service);
}

/** The day's price, or the operator's, may be another one by now; the caller agreed to that one. */
function heldAt({ doc }: Task, { upstream, priceId }: Way): string | null {
  const held = doc.prices?.[upstream.id];
  return held === undefined ? priceId : held;
}

/** Of those that its hold covers, who has not refused it in this round; the pinned one alone. */
function waysLeft({ job, row, doc }: Task, deps: TaskDeps): readonly Way[] {
  const ways = waysOf(row.model, job.vendor, deps);
  return ways.filter(
    ({ upstream }) =>
      !doc.refusedBy.includes(upstream.id) &&
      job.able?.includes(upstream.id) !== false &&
      (job.upstream === null || job.upstream === upstream.id),
  );
}

function waysOf(model: string, vendor: string | null, deps: TaskDeps): readonly Way[] {
  try {
    return deps.routes.find(model, vendor).ways;
  } catch {
    // The operator took the model away while the task waited.
    return [];
  }
}

/** Everybody was asked: again after a while, or never. */
function nextRound(task: Task, deps: TaskDeps): Promise<Task> {
  const { doc } = task;
  const isOver = doc.tries >= ROUNDS_MAX || doc.refusedBy.length === 0;
  const error = doc.error ?? NO_UPSTREAM;
  if (isOver || !error.retryable) {
    return save(task, finishing(task, 'failed', { error }), deps);
  }
  const pause = Math.min(ROUND_PAUSE_MS_MAX, ROUND_PAUSE_MS * 2 ** Math.min(doc.tries, 10));
  const nextMs = deps.clock.nowMs() + jitter(pause, deps.random);
  return save(task, { nextMs, doc: { refusedBy: [], detail: 'waiting_for_vendor' } }, deps);
}

const NO_UPSTREAM: TaskError = Object.freeze({
  code: 'no_upstream',
  message: new Fault('no_upstream').message,
  retryable: true,
  vendorCode: null,
});

interface Ears {
  readonly heard: Heard;
  readonly deps: TaskDeps;
}

async function hear(task: Task, way: Way, { heard, deps }: Ears): Promise<Task> {
  switch (heard.kind) {
    case 'unsent':
      deps.log.warn('a job could not be sent', { task: task.row.id, error: heard.error });
      return refused(task, way, { cause: 'down', code: null, message: null, deps });
    case 'refused':
      // Where the vendor broke, it may have broken after it took the job.
      if (heard.cause === 'down' && !isSure(way, heard.code)) return lookLater(task, deps);
      return refused(task, way, { ...heard, deps });
    case 'unknown':
      deps.log.warn('nobody knows whether a job began', { task: task.row.id, error: heard.error });
      return lookLater(task, deps);
    case 'reply': {
      const started = way.service.started(heard.reply, await vendorJob(task, way, deps));
      if (started === null) return lookLater(task, deps);
      if ('refused' in started) return refused(task, way, { ...started.refused, deps });
      const body = JSON.stringify(heard.reply.body);
      return accepted(task, { way, started, body }, deps);
    }
  }
}

function isSure({ service }: Way, code: string | null): boolean {
  return code !== null && service.neverBegan?.includes(code) === true;
}

function lookLater(task: Task, deps: TaskDeps): Promise<Task> {
  const nextMs = deps.clock.nowMs() + UNKNOWN_PAUSE_MS;
  return save(task, { phase: 'unknown', nextMs, doc: { detail: 'unknown' } }, deps);
}

interface Refusal {
  readonly cause: string;
  readonly code: string | null;
  readonly message: string | null;
  readonly status?: number;
  readonly deps: TaskDeps;
}

/** It certainly did not begin there. */
function refused(task: Task, way: Way, refusal: Refusal): Promise<Task> {
  const { cause, code, message, status, deps } = refusal;
  if (cause === 'caller') {
    const error = {
      code: 'vendor_rejected',
      message: message ?? 'The vendor refused this request.',
      retryable: false,
      vendorCode: code,
      ...(status === undefined ? {} : { vendorStatus: status }),
    };
    return save(task, finishing(task, 'failed', { error }), deps);
  }
  if (cause !== 'busy' && cause !== 'down') {
    deps.log.warn('an upstream refused us', { upstream: way.upstream.id, cause, code, message });
  }
  if (cause === 'down' && task.row.state === 'running' && task.doc.tries >= ANSWER_TRIES_MAX) {
    const fault = new Fault('vendor_error');
    const error = { code: fault.code, message: fault.message, retryable: true, vendorCode: code };
    return save(task, finishing(task, 'failed', { error }), deps);
  }
  // What is wrong with our account is no caller's business.
  const words = cause === 'down' ? 'vendor_unreachable' : cause === 'busy' ? 'vendor_busy' : null;
  const fault = new Fault(words ?? 'vendor_refused_us');
  const error = {
    code: fault.code,
    message: fault.message,
    retryable: fault.retry,
    vendorCode: null,
  };
  const refusedBy = [...task.doc.refusedBy, way.upstream.id];
  const nextMs = deps.clock.nowMs();
  return save(task, { phase: 'new', nextMs, doc: { refusedBy, error } }, deps);
}

interface Acceptance {
  readonly way: Pick<Way, 'upstream' | 'service'>;
  readonly started: Extract<Started, { accepted: unknown }>;
  readonly body: string;
}

/** The vendor has it, and said under which name. */
export async function accepted(task: Task, got: Acceptance, deps: TaskDeps): Promise<Task> {
  const { started, way, body } = got;
  const nextMs = deps.clock.nowMs() + paceMs(way.service.pace, 0, deps);
  const base: Found = { phase: 'polling', vendorId: started.accepted.id, body };
  const doc = { kept: started.accepted.kept, error: null, detail: 'submitted', named: null };
  if (started.reading === undefined) return save(task, { ...base, doc, nextMs }, deps);
  // In one statement: of a job that was over at once, nobody could ask again how it ended.
  const known = { ...task, doc: { ...task.doc, ...doc } };
  const said = { service: way.service, vendor: way.upstream.vendor.id, body, deps };
  const found = readingFound(known, started.reading, said);
  const all: Found = { ...base, ...found, doc: { ...doc, ...found.doc } };
  return save(task, { ...all, ...(found.phase === 'finishing' ? {} : { nextMs }) }, deps);
}
