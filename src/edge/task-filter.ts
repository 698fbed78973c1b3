/** Filters and the cursor of a list of tasks, as they stand in the query. */
import { Fault } from '../kit/fault.ts';
import type { TaskFilter, TaskState } from '../storage/ports.ts';
import { callerOf, type Visit } from './routes.ts';

const LIST_MAX = 100;
const LIST_DEFAULT = 20;
const MS_PER_S = 1_000;
const WORD_CHARS_MAX = 256;
const STATES: readonly string[] = ['queued', 'running', 'succeeded', 'failed', 'canceled'];
const CURSOR = /^(task|video)_[0-9a-f]{32}$/;
const KNOWN: readonly string[] = [
  ...['status', 'kind', 'model', 'created_after', 'created_before', 'limit', 'after', 'order'],
];

export interface PageAsk {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after: string | null;
}

function wrong(param: string, message: string): Fault {
  return new Fault('invalid_request', { message, param });
}

/** Fault: `invalid_request` with the parameter at fault. */
export function readPage(query: URLSearchParams): PageAsk {
  const limit = Number(query.get('limit') ?? LIST_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
    throw wrong('limit', `limit must be a whole number from 1 to ${LIST_MAX}.`);
  }
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', 'order must be asc or desc.');
  return { limit, order, after: query.get('after') };
}

/** Fault: `invalid_request` with the parameter at fault; also for one that is not known. */
export function readFilter(visit: Visit): TaskFilter {
  const query = new URL(visit.request.url).searchParams;
  const stray = [...query.keys()].find((name) => !KNOWN.includes(name));
  if (stray !== undefined) {
    const name = stray.slice(0, WORD_CHARS_MAX);
    throw wrong(name, `"${name}" filters nothing. There are ${KNOWN.join(', ')}.`);
  }
  const { limit, order, after } = readPage(query);
  if (after !== null && !CURSOR.test(after)) {
    throw wrong('after', 'after must be the last_id of the page before.');
  }
  const states = query.get('status')?.split(',');
  const unknown = states?.find((state) => !STATES.includes(state));
  if (unknown !== undefined) {
    throw wrong('status', `"${unknown.slice(0, 40)}" is not a status: ${STATES.join(', ')}.`);
  }
  const createdAfterMs = readTime(query, 'created_after');
  const createdBeforeMs = readTime(query, 'created_before');
  return {
    accountId: callerOf(visit).key.accountId,
    limit,
    order,
    ...(after === null ? {} : { after: after.replace(/^video_/, 'task_') }),
    ...some('kind', query.get('kind')),
    ...some('model', query.get('model')),
    ...(states === undefined ? {} : { states: states as TaskState[] }),
    ...(createdAfterMs === null ? {} : { createdAfterMs }),
    ...(createdBeforeMs === null ? {} : { createdBeforeMs }),
  };
}

/** A date, or seconds since 1970 as the vendors of some clients count. */
function readTime(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const ms = /^\d{1,12}$/.test(text) ? Number(text) * MS_PER_S : Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw wrong(name, `${name} must be a date such as 2026-11-22T08:00:00Z.`);
}

function some<Name extends string>(name: Name, value: string | null) {
  const text = value?.slice(0, WORD_CHARS_MAX);
  return (text === undefined ? {} : { [name]: text }) as Partial<Record<Name, string>>;
}
