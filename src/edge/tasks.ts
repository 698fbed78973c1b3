/** /v1/tasks: one resource for all slow work. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Desk, TaskRef } from '../tasks/desk.ts';
import type { Task } from '../tasks/doc.ts';
import { type LinkOf, showTask } from '../tasks/view.ts';
import type { JobParams, TaskCaller, TaskWish } from '../tasks/wish.ts';
import { type BodyReader, readBody } from './body.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import { taskEvents } from './task-events.ts';
import { readFilter } from './task-filter.ts';
import { type CreateBody, readCreate } from './task-shapes.ts';

export interface TaskEdge extends BodyReader {
  readonly desk: Desk;
  readonly clock: Pick<Clock, 'nowMs' | 'tickMs' | 'after'>;
  readonly linkOf: (visit: Visit) => LinkOf;
  /** A name that stands for a model: an endpoint of the caller's account. */
  readonly resolve: (
    name: string,
    accountId: string,
  ) => Promise<{ readonly model: string; readonly endpoint: string | null }>;
  /** Counts it against the key's limits. */
  readonly admit: (visit: Visit) => Promise<void>;
}

const WAIT_S_MAX = 60;
const POLL_AFTER_S = 3;
const MS_PER_S = 1_000;
const REPEAT_KEY = /^[\x21-\x7e]{1,255}$/;

export function taskRoutes(edge: TaskEdge): readonly Route[] {
  const own = (method: Route['method'], path: string, handle: Route['handle']): Route =>
    route({ method, path, access: 'caller', handle, writeFault });
  return [
    own('POST', '/v1/tasks', (visit) => create(visit, edge)),
    own('GET', '/v1/tasks', (visit) => list(visit, edge)),
    own('GET', '/v1/tasks/:id', async (visit) =>
      show(await look(visit, edge), 200, edge.linkOf(visit)),
    ),
    own('POST', '/v1/tasks/:id/cancel', async (visit) => {
      const task = await edge.desk.cancel(refOf(visit));
      return show(task, task.row.endedMs === null ? 202 : 200, edge.linkOf(visit));
    }),
    own('DELETE', '/v1/tasks/:id', async (visit) => {
      const { row } = await edge.desk.remove(refOf(visit));
      return Response.json({ id: row.id, object: 'task', deleted: true });
    }),
    own('GET', '/v1/tasks/:id/raw', async (visit) => {
      const { task, body } = await edge.desk.raw(refOf(visit));
      const { id, state: status } = task.row;
      const about = { object: 'task.raw', task_id: id, provider: task.doc.vendor, status };
      return Response.json({ ...about, body }, { headers: { 'cache-control': 'no-store' } });
    }),
    own('GET', '/v1/tasks/:id/events', (visit) => taskEvents(visit, refOf(visit), edge)),
  ];
}

export function taskCaller(visit: Visit): TaskCaller {
  const { key, unlimited, models } = callerOf(visit);
  const { accountId, id: keyId, budget } = key;
  return { accountId, keyId, keyBudgeted: budget !== null, unlimited, models };
}

export function refOf(visit: Visit, mount = ''): TaskRef {
  return { id: visit.params.id ?? '', mount, accountId: callerOf(visit).key.accountId };
}

function show(task: Task, status: number, linkOf: LinkOf): Response {
  return Response.json(showTask(task, linkOf), {
    status,
    headers: { 'cache-control': 'no-store', 'x-gangway-task': task.row.id },
  });
}

export function repeatKeyOf(visit: Visit): string | null {
  const key = visit.request.headers.get('idempotency-key');
  if (key === null || REPEAT_KEY.test(key)) return key;
  throw new Fault('invalid_request', {
    message: 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.',
    param: 'Idempotency-Key',
  });
}

/** Clients say how often they have sent a request before. */
export function isRetried(visit: Visit): boolean {
  return Number(visit.request.headers.get('x-stainless-retry-count') ?? 0) > 0;
}

async function create(visit: Visit, edge: TaskEdge): Promise<Response> {
  visit.holdOpen();
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  const body = readCreate(parseBody(text).body);
  await edge.admit(visit);
  const task = await edge.desk.create(await wishOf(body, visit, edge), visit.request.signal);
  const response = showMade(task, edge.linkOf(visit));
  visit.letIdle();
  return response;
}

/** A task that was just made, or found under its key: where it is, and when to look. */
export function showMade(task: Task & { readonly repeated: boolean }, linkOf: LinkOf): Response {
  const response = show(task, task.repeated ? 200 : 202, linkOf);
  response.headers.set('location', `/v1/tasks/${task.row.id}`);
  response.headers.set('retry-after', String(POLL_AFTER_S));
  if (task.repeated) response.headers.set('idempotent-replayed', 'true');
  return response;
}

async function wishOf(body: CreateBody, visit: Visit, edge: TaskEdge): Promise<TaskWish> {
  const caller = taskCaller(visit);
  const { input, params, webhook } = body;
  const named = body.model === undefined ? null : await edge.resolve(body.model, caller.accountId);
  return {
    requestId: visit.requestId,
    caller,
    model: named?.model ?? null,
    endpoint: named?.endpoint ?? null,
    door: null,
    kind: body.kind ?? null,
    prompt: input.prompt ?? null,
    negativePrompt: input.negative_prompt ?? null,
    media: input.media,
    params: jobParams(params),
    options: body.provider_options,
    native: null,
    sources: input.source_task === undefined ? [] : [input.source_task],
    callback: webhook === undefined ? null : { ...webhook, profile: 'standard' },
    metadata: body.metadata ?? null,
    repeatKey: repeatKeyOf(visit),
    retried: isRetried(visit),
    ...(body.strict ? {} : { leave: 'params' }),
    ...(body.expires_in === undefined ? {} : { expiresInS: body.expires_in }),
  };
}

/** Where our name of a field is not the one that callers know. */
const OWN_NAMES: Readonly<Record<string, string>> = Object.freeze({
  duration: 'durationS',
  aspect_ratio: 'aspectRatio',
  n: 'count',
  output_format: 'outputFormat',
  output_compression: 'outputCompression',
  input_fidelity: 'inputFidelity',
  user: 'endUser',
});

/** Without the fields that were not said: they are absent, not undefined. */
export function jobParams(params: Partial<CreateBody['params']>): JobParams {
  const said = Object.entries(params).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said.map(([name, value]) => [OWN_NAMES[name] ?? name, value]));
}

async function look(visit: Visit, edge: TaskEdge): Promise<Task> {
  const wait = new URL(visit.request.url).searchParams.get('wait');
  if (wait === null) return edge.desk.find(refOf(visit));
  const seconds = Number(wait);
  if (!(seconds >= 0 && seconds <= WAIT_S_MAX)) {
    throw new Fault('invalid_request', {
      message: `wait must be a number of seconds up to ${WAIT_S_MAX}.`,
      param: 'wait',
    });
  }
  visit.holdOpen();
  const seen = await edge.desk.find(refOf(visit));
  const task = await edge.desk.wait(refOf(visit), seen.doc.updatedMs, seconds * MS_PER_S);
  visit.letIdle();
  return task;
}

async function list(visit: Visit, edge: TaskEdge): Promise<Response> {
  const filter = readFilter(visit);
  const { tasks, more } = await edge.desk.list(filter);
  const linkOf = edge.linkOf(visit);
  return Response.json({
    object: 'list',
    data: tasks.map((task) => showTask(task, linkOf)),
    has_more: more,
    first_id: tasks[0]?.row.id ?? null,
    last_id: tasks.at(-1)?.row.id ?? null,
  });
}
