/** What the proxy says: of a submission by its code, of a task by its status. */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { Job, VendorTask } from '../job.ts';
import type { JobError, JobOutput, ListedPage, Reading, Reply, Started } from '../long.ts';

const STARTED = 1;
/** It waits for more words (submit/modal), or there is such a task already: not paid for. */
const EXISTS = 21;
const QUEUED = 22;
const CAUSES: Readonly<Record<number, JobError['cause']>> = Object.freeze({
  3: 'account',
  4: 'caller',
  23: 'busy',
  24: 'caller',
  30: 'busy',
});
const STATES: Readonly<Record<string, Reading['state']>> = Object.freeze({
  '': 'queued',
  NOT_START: 'queued',
  SUBMITTED: 'queued',
  MODAL: 'queued',
  IN_PROGRESS: 'running',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
  CANCEL: 'canceled',
});
/** One look shows the newest hundred. */
const LISTED_MAX = 100;

/** Refusals come under status 200. */
export function started({ body }: Reply): Started | null {
  if (!isObject(body) || typeof body.code !== 'number') return null;
  const { code, result, description } = body;
  const id = typeof result === 'string' || typeof result === 'number' ? String(result) : '';
  const isTaken = code === STARTED || code === QUEUED || code === EXISTS;
  if (isTaken && id !== '') {
    const accepted: VendorTask = { id, kept: {} };
    if (code !== EXISTS) return { accepted };
    return { accepted, reading: { state: 'queued', detail: 'MODAL', used: { units: {} } } };
  }
  const message = typeof description === 'string' ? description : `code ${code}`;
  return { refused: { code: String(code), message, cause: CAUSES[code] ?? 'down' } };
}

/** Of an unknown task one lineage says nothing at all. */
export function read({ body }: Reply): Reading | null {
  if (body === null) return { state: 'lost' };
  if (!isObject(body) || typeof body.status !== 'string') return null;
  // A word that is not known yet is no end.
  const state = STATES[body.status] ?? 'running';
  const percent = Number.parseInt(String(body.progress ?? ''), 10);
  const more = {
    detail: body.status,
    ...(Number.isNaN(percent) ? {} : { progress: Math.min(100, Math.max(0, percent)) }),
  };
  if (state === 'failed') return { state, ...more, error: failure(body) };
  return { state, ...more, outputs: state === 'succeeded' ? outputs(body) : [] };
}

function failure({ failReason }: JsonObject): JobError {
  const message = typeof failReason === 'string' && failReason !== '' ? failReason : 'failed';
  const isRefusal = /banned|moderat|invalid|blocked|policy/i.test(message);
  return { code: null, message, cause: isRefusal ? 'caller' : 'down' };
}

function outputs({ imageUrl, videoUrl, videoUrls }: JsonObject): readonly JobOutput[] {
  const videos = new Set([...links(videoUrl), ...(Array.isArray(videoUrls) ? videoUrls : [])]);
  const found = [...videos].flatMap((one: Json) => {
    const url = isObject(one) ? one.url : one;
    return links(url).map((link): JobOutput => ({ type: 'video', role: 'main', url: link }));
  });
  const role = found.length > 0 ? 'cover' : 'main';
  return [...found, ...links(imageUrl).map((url): JobOutput => ({ type: 'image', role, url }))];
}

function links(value: Json | undefined): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : [];
}

/** Each task repeats the `state` that it was submitted with, in which our own id stands. */
export function listed({ body }: Reply, { ownId }: Job): ListedPage | null {
  if (!Array.isArray(body)) return null;
  const tasks = body as readonly Json[];
  const jobs = tasks.flatMap((one) => {
    if (!isObject(one) || typeof one.submitTime !== 'number') return [];
    const task = { id: String(one.id), kept: {} };
    return { task, createdMs: one.submitTime, ours: one.state === ownId };
  });
  return { jobs: jobs.sort((a, b) => b.createdMs - a.createdMs), more: tasks.length >= LISTED_MAX };
}
