/** Finds a job whose creation was not answered. It is sent anew only where it never arrived. */
import type { Job } from '../vendors/job.ts';
import type { Listed, LongService } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Task, TaskError } from './doc.ts';
import { finishing, jitter, save } from './hold-on.ts';
import type { Way } from './routes.ts';
import { accepted } from './submit.ts';
import { vendorJob } from './vendor-job.ts';
import { send } from './wire.ts';

/** The vendor's clock may differ from ours, and a request may have been long on its way. */
const CLOCK_SKEW_MS = 60_000;
const SUBMIT_SPAN_MS = 180_000;
/** A list may lag behind: so often it is asked before its silence is believed. */
const LOOKS_MIN = 4;
const LOOK_PAUSE_MS = 5_000;
const PAGES_MAX = 20;
/** Where nothing can be found out people must look; a late callback may still tell. */
const REVIEW_PAUSE_MS = 3_600_000;
/** Of questions for a job that was never there. */
const UNKNOWN_THERE: ReadonlySet<number> = new Set([400, 404, 410, 422]);

type Place = Pick<Way, 'upstream' | 'service'>;

export async function recover(task: Task, place: Place, deps: TaskDeps): Promise<Task> {
  const told = await byName(task, place, deps);
  if (told !== null) return told;
  const { find, start } = place.service;
  const sentMs = task.doc.sentMs ?? task.row.createdMs;
  const job = await vendorJob(task, { ...place, wireName: task.doc.wireName }, deps);
  if (find === undefined)
    return start(job).waitMs === undefined ? review(task, deps) : forget(task, deps);
  const listed = await readLists(place, find, { job, sentMs, deps });
  const looks = task.doc.lost + 1;
  if (listed === null) return later(task, task.doc.lost, deps);
  const free = await unclaimed(task, listed.jobs, deps);
  const chosen = choose(free);
  if (chosen !== null) {
    deps.log.info('a job was found at the vendor', { task: task.row.id, vendorId: chosen.task.id });
    const started = { accepted: chosen.task };
    const body = task.row.body ?? 'null';
    return accepted(task, { way: place, started, body }, deps);
  }
  const isOld = deps.clock.nowMs() - sentMs > deps.settings.sureAfterMs;
  if (looks < LOOKS_MIN || !isOld) return later(task, looks, deps);
  // Several that it could be, or a list without an end: no caller may get another one's result by
  // a guess, and nothing is sent twice on a hope.
  const isAbsent = listed.whole && free.length === 0;
  return isAbsent ? sendAnew(task, deps) : review(task, deps);
}

/**
 * The vendor called back and named an id, or an operator found it there: it is ours if the vendor
 * knows it and no task has it. null: nobody named one, or what a caller named is none.
 */
async function byName(task: Task, place: Place, deps: TaskDeps): Promise<Task | null> {
  const { named = null } = task.doc;
  const id = named ?? deps.hints.get(task.row.id);
  if (id === undefined) return null;
  const claimed = await deps.tasks.claimed(task.row.upstream, [id]);
  if (claimed.length > 0) return named === null ? null : refuseName(task, 'another task has', deps);
  const job = await vendorJob(task, { ...place, wireName: task.doc.wireName }, deps);
  const known = { id, kept: place.service.keptOf?.(job) ?? {} };
  const { status, read } = place.service;
  if (status === undefined || read === undefined) return null;
  const heard = await send(place, status(known), deps);
  const reading = heard.kind === 'reply' ? read(heard.reply, known) : null;
  if (heard.kind === 'reply' && reading !== null && reading.state !== 'lost') {
    const body = JSON.stringify(heard.reply.body);
    return accepted(task, { way: place, started: { accepted: known }, body }, deps);
  }
  if (named === null) return null;
  const isUnknown =
    reading?.state === 'lost' || (heard.kind === 'refused' && UNKNOWN_THERE.has(heard.status));
  return isUnknown
    ? refuseName(task, 'the vendor does not know', deps)
    : later(task, task.doc.lost, deps);
}

/** An operator's mistake changes nothing: the task waits for people as before. */
function refuseName(task: Task, why: string, deps: TaskDeps): Promise<Task> {
  const note = `${why} "${task.doc.named ?? ''}"`;
  const nextMs = deps.clock.nowMs() + REVIEW_PAUSE_MS;
  const doc = { named: null, note, detail: 'held_for_review' };
  return save(task, { nextMs, doc }, deps);
}

interface Search {
  readonly job: Job;
  readonly sentMs: number;
  readonly deps: TaskDeps;
}

/** All that the vendor lists since the job was sent; `whole`: nothing can be missing. */
async function readLists(
  place: Place,
  find: NonNullable<LongService['find']>,
  { job, sentMs, deps }: Search,
): Promise<{ readonly jobs: readonly Listed[]; readonly whole: boolean } | null> {
  const jobs: Listed[] = [];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const heard = await send(place, find.ask(job, page), deps);
    const read = heard.kind === 'reply' ? find.read(heard.reply, job) : null;
    if (read === null) return null;
    jobs.push(...read.jobs);
    const oldestMs = read.jobs.at(-1)?.createdMs ?? Number.POSITIVE_INFINITY;
    if (!read.more || oldestMs < sentMs - CLOCK_SKEW_MS) return { jobs, whole: true };
  }
  return { jobs, whole: false };
}

/** Listed jobs that could be this one and that no task has. */
async function unclaimed(
  { row, doc }: Task,
  listed: readonly Listed[],
  deps: TaskDeps,
): Promise<readonly Listed[]> {
  const sentMs = doc.sentMs ?? row.createdMs;
  const inTime = listed.filter(
    ({ createdMs }) => createdMs > sentMs - CLOCK_SKEW_MS && createdMs < sentMs + SUBMIT_SPAN_MS,
  );
  const ids = inTime.map(({ task }) => task.id);
  const claimed = new Set(await deps.tasks.claimed(row.upstream, ids));
  return inTime.filter(({ task }) => !claimed.has(task.id));
}

/**
 * The one that proves to be ours. That it is the only one proves nothing: a task that was thrown
 * away has left its job there, and others may use the same account of the vendor's.
 */
function choose(free: readonly Listed[]): Listed | null {
  const [ours, ...more] = free.filter((one) => one.ours);
  return more.length === 0 ? (ours ?? null) : null;
}

function later(task: Task, looks: number, deps: TaskDeps): Promise<Task> {
  const nextMs = deps.clock.nowMs() + jitter(LOOK_PAUSE_MS, deps.random);
  return save(task, { nextMs, doc: { lost: looks } }, deps);
}

function review(task: Task, deps: TaskDeps): Promise<Task> {
  if (task.doc.detail !== 'held_for_review') {
    deps.log.error('nobody can tell whether a job began: look at the vendor', {
      task: task.row.id,
      upstream: task.row.upstream,
    });
  }
  const nextMs = deps.clock.nowMs() + REVIEW_PAUSE_MS;
  return save(task, { nextMs, doc: { detail: 'held_for_review' } }, deps);
}

/**
 * The result was in an answer that nobody heard. It will not be said again, so the job has failed;
 * who pays for it, should the vendor have made it, is the operator's rule.
 */
function forget(task: Task, deps: TaskDeps): Promise<Task> {
  const { lostAnswer } = deps.settings;
  if (lostAnswer === 'review') return review(task, deps);
  deps.log.warn('the answer with a result was lost', {
    task: task.row.id,
    upstream: task.row.upstream,
  });
  const charged = lostAnswer === 'charge';
  return save(task, finishing(task, 'failed', { error: LOST, doc: { charged } }), deps);
}

const LOST: TaskError = Object.freeze({
  code: 'answer_lost',
  message:
    "The vendor's answer was lost and cannot be asked for again. It was not sent a second time.",
  retryable: true,
  vendorCode: null,
});

/** The vendor's own list proves that it never got it, so this is no second time. */
function sendAnew(task: Task, deps: TaskDeps): Promise<Task> {
  deps.log.info('the vendor never got a job; it is sent anew', { task: task.row.id });
  const nextMs = deps.clock.nowMs();
  const doc = { lost: 0, detail: null, sentMs: null };
  return save(task, { phase: 'new', nextMs, doc }, deps);
}
