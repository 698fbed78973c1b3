/** Asks the vendor how a job is getting on. */
import type { LongService, Reading } from '../vendors/long.ts';
import type { TaskDeps } from './deps.ts';
import type { Task, TaskError } from './doc.ts';
import { type Found, finishing, jitter, paceMs, save } from './hold-on.ts';
import type { Way } from './routes.ts';
import { vendorTask } from './vendor-job.ts';
import { send } from './wire.ts';

/** So often a vendor may say that it never heard of a job before it is believed. */
const LOST_TIMES_MAX = 6;
const TROUBLE_PAUSE_MS = 5_000;
const TROUBLE_PAUSE_MS_MAX = 300_000;
/** Vendors' bodies beyond this are not kept. */
const BODY_CHARS_MAX = 1024 * 1024;
/** No link lives longer than it matters here. */
const AHEAD_MS = 30 * 86_400_000;
const STATUS_GONE: ReadonlySet<number> = new Set([404, 410]);

type Place = Pick<Way, 'upstream' | 'service'>;

export async function poll(task: Task, place: Place, deps: TaskDeps): Promise<Task> {
  const { service } = place;
  // Its vendor said all in its first answer, and that said nothing of an end.
  if (service.status === undefined || service.read === undefined) return lose(task, deps);
  const asked = task.row.cancelAsked ? await cancel(task, place, deps) : task;
  const heard = await send(place, service.status(vendorTask(asked)), deps);
  const said = { service, vendor: place.upstream.vendor.id, deps };
  const told = heard.kind === 'refused' ? service.readRefused?.(heard, vendorTask(asked)) : null;
  if (heard.kind === 'refused' && told !== null && told !== undefined) {
    return hear(asked, told, { ...said, body: JSON.stringify(heard.body) });
  }
  if (heard.kind === 'refused' && STATUS_GONE.has(heard.status)) return lose(asked, deps);
  if (heard.kind !== 'reply') {
    const error = heard.kind === 'refused' ? `${heard.status} ${heard.code}` : heard.error;
    deps.log.warn('a job could not be asked for', { task: task.row.id, error });
    return trouble(asked, deps);
  }
  const reading = service.read(heard.reply, vendorTask(asked));
  if (reading === null) return trouble(asked, deps);
  return hear(asked, reading, { ...said, body: JSON.stringify(heard.reply.body) });
}

function hear(task: Task, reading: Reading, said: Said): Promise<Task> {
  if (reading.state === 'lost') return lose(task, said.deps);
  return save(task, readingFound(task, reading, said), said.deps);
}

/** Of a job that has succeeded, where its results are now. */
export async function askLinks(task: Task, place: Place, deps: TaskDeps) {
  const { status, read } = place.service;
  if (task.row.vendorId === null || status === undefined || read === undefined) return null;
  const known = vendorTask(task);
  const heard = await send(place, status(known), deps);
  const reading = heard.kind === 'reply' ? read(heard.reply, known) : null;
  if (heard.kind !== 'reply' || reading?.state !== 'succeeded') return null;
  const text = JSON.stringify(heard.reply.body);
  const body = text.length > BODY_CHARS_MAX ? task.row.body : text;
  return { outputs: reading.outputs ?? [], body };
}

/** Passes a wish to stop on. Whatever the vendor says, what follows from it is then read. */
async function cancel(task: Task, place: Place, deps: TaskDeps): Promise<Task> {
  const { cancel: way } = place.service;
  const { state } = task.row;
  if (way === undefined || (state !== 'queued' && state !== 'running')) return task;
  if (!way.while.includes(state) || task.doc.detail === 'canceling') return task;
  const heard = await send(place, way.ask(vendorTask(task)), deps);
  if (heard.kind === 'refused') {
    deps.log.info('a vendor would not stop a job', { task: task.row.id, code: heard.code });
    return task;
  }
  return save(task, { doc: { detail: 'canceling' } }, deps);
}

interface Said {
  readonly service: LongService;
  readonly vendor: string;
  readonly body: string;
  readonly deps: TaskDeps;
}

/** What a reading changes. Words of a state that is over are not listened to again. */
export function readingFound(task: Task, reading: Reading, said: Said): Found {
  const { service, deps } = said;
  const polls = reading.soon === true ? task.doc.polls : task.doc.polls + 1;
  const doc: Found['doc'] = {
    polls,
    lost: 0,
    troubles: 0,
    detail: reading.detail ?? null,
    progress: reading.progress ?? task.doc.progress,
    used: reading.used ?? task.doc.used,
    kept: reading.kept ?? task.doc.kept,
    outputs: (reading.outputs ?? []).map((output) => ({ ...output, file: null, lost: null })),
  };
  // Only the vendor's own paths show its words again.
  const isKept = service.native !== undefined && said.body.length <= BODY_CHARS_MAX;
  const body = isKept ? said.body : task.row.body;
  if (reading.state === 'queued' || reading.state === 'running') {
    // A job that runs does not go back to its queue, whatever a vendor calls it for a moment.
    const state = task.row.state === 'running' ? 'running' : reading.state;
    const ms = reading.soon === true ? 0 : paceMs(service.pace, polls, deps);
    return { state, body, doc, nextMs: deps.clock.nowMs() + ms };
  }
  if (reading.state === 'lost') return {};
  const error = reading.state === 'failed' ? errorOf(reading) : undefined;
  const charged = reading.state === 'succeeded' || isCharged(reading, said);
  return finishing(task, reading.state, {
    body,
    doc: { ...doc, charged },
    dueMs: dueMs(service, deps.clock.nowMs()),
    ...(error === undefined ? {} : { error }),
  });
}

/**
 * Where copies were broken off, the one whose link dies first is made first, and all before any
 * question to a vendor.
 */
function dueMs({ linkLifeS }: LongService, nowMs: number): number {
  return nowMs - AHEAD_MS + Math.min(AHEAD_MS, (linkLifeS ?? Number.POSITIVE_INFINITY) * 1_000);
}

/** Failures are free, but for those that the vendor charges, and for the operator's exceptions. */
function isCharged({ error }: Reading, { vendor, deps }: Said): boolean {
  const { always, notRefused } = deps.settings.refunds;
  if (error === undefined || always.includes(vendor)) return false;
  return error.charged === true || (error.cause === 'caller' && notRefused.includes(vendor));
}

function errorOf({ error }: Reading): TaskError {
  const cause = error?.cause ?? 'down';
  return {
    code: cause === 'caller' ? 'vendor_rejected' : 'vendor_error',
    message: error?.message ?? 'The vendor failed at this job and did not say why.',
    retryable: cause !== 'caller',
    vendorCode: error?.code ?? null,
  };
}

function trouble(task: Task, deps: TaskDeps): Promise<Task> {
  const troubles = task.doc.troubles + 1;
  const pause = Math.min(TROUBLE_PAUSE_MS_MAX, TROUBLE_PAUSE_MS * 2 ** Math.min(troubles - 1, 10));
  const nextMs = deps.clock.nowMs() + jitter(pause, deps.random);
  return save(task, { nextMs, doc: { troubles } }, deps);
}

function lose(task: Task, deps: TaskDeps): Promise<Task> {
  const lost = task.doc.lost + 1;
  if (lost >= LOST_TIMES_MAX) {
    const error = {
      code: 'vendor_lost',
      message: 'The vendor does not know this job any more.',
      retryable: true,
      vendorCode: null,
    };
    // A canceled job may vanish at once.
    const outcome = task.doc.detail === 'canceling' ? 'canceled' : 'failed';
    const found = finishing(task, outcome, outcome === 'failed' ? { error } : {});
    return save(task, found, deps);
  }
  const nextMs = deps.clock.nowMs() + jitter(TROUBLE_PAUSE_MS, deps.random);
  return save(task, { nextMs, doc: { lost } }, deps);
}
