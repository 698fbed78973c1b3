/** Videos as clients of OpenAI and of new-api ask for them: the same tasks in other shapes. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type JsonObject } from '../kit/json.ts';
import type { Task } from '../tasks/doc.ts';
import type { JobParams, TaskWish } from '../tasks/wish.ts';
import { readBody } from './body.ts';
import { readForm } from './form.ts';
import { type ResultEdge, serveOutput } from './results.ts';
import { type Route, route, type Visit } from './routes.ts';
import { readFilter, refOf, repeatKeyOf, type TaskEdge, taskCaller } from './tasks.ts';

export interface VideoEdge extends TaskEdge, Pick<ResultEdge, 'files'> {}

const VIDEO_ID = /^video_/;
const SIZE = /^(\d{2,5})x(\d{2,5})$/;
const MS_PER_S = 1_000;
/** What clients that wait are told; their own default is a second. */
const POLL_AFTER_MS = 3_000;
const VARIANTS: Readonly<Record<string, string>> = Object.freeze({
  video: 'main',
  thumbnail: 'cover',
});

export function videoRoutes(edge: VideoEdge): readonly Route[] {
  const own = (method: Route['method'], path: string, handle: Route['handle']): Route =>
    route({ method, path, access: 'caller', handle, writeFault });
  const find = (visit: Visit): Promise<Task> => {
    const { id, ...ref } = refOf(visit);
    return edge.desk.find({ ...ref, id: id.replace(VIDEO_ID, 'task_') });
  };
  return [
    own('POST', '/v1/videos', async (visit) => respond(showVideo(await create(visit, edge)))),
    own('GET', '/v1/videos', async (visit) => respond(await list(visit, edge))),
    own('GET', '/v1/videos/:id', async (visit) => respond(showVideo(await find(visit)))),
    own('DELETE', '/v1/videos/:id', async (visit) => {
      const task = await find(visit);
      const { accountId } = task.row;
      await edge.desk.remove({ id: task.row.id, mount: '', accountId });
      return respond({ id: videoId(task), object: 'video.deleted', deleted: true });
    }),
    own('GET', '/v1/videos/:id/content', async (visit) => content(await find(visit), visit, edge)),
    own('POST', '/v1/video/generations', async (visit) => {
      const task = await create(visit, edge);
      return respond({ task_id: task.row.id, status: STATES[task.row.state] });
    }),
    own('GET', '/v1/video/generations/:id', async (visit) => {
      return respond(showGeneration(await find(visit), visit, edge));
    }),
  ];
}

function respond(body: JsonObject): Response {
  const headers = { 'cache-control': 'no-store', 'openai-poll-after-ms': String(POLL_AFTER_MS) };
  return Response.json(body, { headers });
}

function videoId({ row }: Task): string {
  return row.id.replace(/^task_/, 'video_');
}

async function create(visit: Visit, edge: VideoEdge): Promise<Task> {
  visit.holdOpen();
  const isForm = visit.request.headers.get('content-type')?.startsWith('multipart/') === true;
  const body = isForm
    ? await readForm(visit.request, edge)
    : parseBody((await readBody(visit.request, edge.bodyLimits, edge.deadlines)).text).body;
  await edge.admit(visit);
  const task = await edge.desk.create(await wishOf(body, visit, edge));
  visit.letIdle();
  return task;
}

async function wishOf(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<TaskWish> {
  const caller = taskCaller(visit);
  const { model, prompt } = body;
  if (typeof model !== 'string' || model === '') throw wrong('model', 'is required');
  if (typeof prompt !== 'string' || prompt === '') throw wrong('prompt', 'is required');
  const named = await edge.resolve(model, caller.accountId);
  const reference = imageOf(body);
  const media =
    reference === null ? [] : [{ type: 'image', role: 'first_frame', url: reference } as const];
  return {
    requestId: visit.requestId,
    caller,
    ...named,
    door: null,
    kind: null,
    prompt,
    negativePrompt: null,
    media,
    params: paramsOf(body),
    options: isObject(body.provider_options) ? body.provider_options : {},
    native: null,
    sources: [],
    callback: null,
    metadata: null,
    repeatKey: repeatKeyOf(visit),
  };
}

function wrong(param: string, why: string): Fault {
  return new Fault('invalid_request', { message: `${param} ${why}.`, param });
}

/** A picture to begin with: a file of a form, a URL, or an object that holds one. */
function imageOf(body: JsonObject): string | null {
  const given = body.input_reference ?? body.image ?? body.image_url ?? null;
  const url = isObject(given) ? (given.image_url ?? given.url) : given;
  if (url === null || url === undefined) return null;
  if (typeof url === 'string' && /^(https?:|data:)/.test(url)) return url;
  throw wrong('input_reference', 'must be a file, or an https or data URL');
}

/** Seconds and size, as text or number; width and height say resolution and shape. */
function paramsOf(body: JsonObject): JobParams {
  const seconds = body.seconds ?? body.duration;
  const durationS = seconds === undefined ? undefined : Number(seconds);
  if (durationS !== undefined && !(durationS > 0)) throw wrong('seconds', 'must be a number');
  const size = typeof body.size === 'string' ? SIZE.exec(body.size) : null;
  if (body.size !== undefined && size === null) throw wrong('size', 'must be such as 1280x720');
  const seed = typeof body.seed === 'number' ? { seed: body.seed } : {};
  return {
    ...(durationS === undefined ? {} : { durationS }),
    ...(size === null ? {} : shapeOf(Number(size[1]), Number(size[2]))),
    ...seed,
  };
}

function shapeOf(width: number, height: number): JobParams {
  const divide = (a: number, b: number): number => (b === 0 ? a : divide(b, a % b));
  const common = divide(width, height);
  return {
    resolution: `${Math.min(width, height)}p`,
    aspectRatio: `${width / common}:${height / common}`,
  };
}

const STATES: Readonly<Record<Task['row']['state'], string>> = Object.freeze({
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'failed',
});

function showVideo(task: Task): JsonObject {
  const { row, doc, job } = task;
  const { width = null, height = null } = doc.outputs[0]?.file ?? {};
  const { durationS } = job.params;
  const isCanceled = row.state === 'canceled';
  const error = isCanceled ? { code: 'canceled', message: 'It was canceled.' } : doc.error;
  return {
    id: videoId(task),
    object: 'video',
    model: job.named,
    status: STATES[row.state],
    progress: row.state === 'succeeded' ? 100 : (doc.progress ?? 0),
    prompt: job.prompt,
    seconds: durationS === undefined ? null : String(durationS),
    size: width === null || height === null ? null : `${width}x${height}`,
    created_at: Math.floor(row.createdMs / MS_PER_S),
    completed_at: row.endedMs === null ? null : Math.floor(row.endedMs / MS_PER_S),
    expires_at: toS(doc.outputs[0]?.file?.expiresMs ?? null),
    remixed_from_video_id: null,
    error:
      row.state === 'failed' || isCanceled
        ? { code: error?.code ?? 'failed', message: error?.message ?? '' }
        : null,
  };
}

function toS(ms: number | null): number | null {
  return ms === null ? null : Math.floor(ms / MS_PER_S);
}

async function list(visit: Visit, edge: VideoEdge): Promise<JsonObject> {
  const filter = readFilter(visit);
  const after = filter.after?.replace(VIDEO_ID, 'task_');
  const { tasks, more } = await edge.desk.list({
    ...filter,
    ...(after === undefined ? {} : { after }),
  });
  const data = tasks.map(showVideo);
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return { object: 'list', data, has_more: more, ...ends };
}

function content(task: Task, visit: Visit, edge: VideoEdge): Promise<Response> {
  const variant = new URL(visit.request.url).searchParams.get('variant') ?? 'video';
  const role = VARIANTS[variant];
  const index = task.doc.outputs.findIndex((output) => output.role === role);
  if (task.row.endedMs === null) throw new Fault('task_open', { message: 'It is not ready yet.' });
  return serveOutput(task, index, { visit, files: edge.files });
}

/** The shape of new-api's own video route. */
function showGeneration(task: Task, visit: Visit, edge: VideoEdge): JsonObject {
  const { row, doc } = task;
  const main = doc.outputs.findIndex(({ role }) => role === 'main');
  const url = row.state === 'succeeded' ? edge.linkOf(visit)(task, main) : null;
  const { code = '', message = '' } = row.state === 'failed' ? (doc.error ?? {}) : {};
  return {
    task_id: row.id,
    status: STATES[row.state],
    url,
    format: doc.outputs[main]?.file?.mime.split('/')[1] ?? null,
    metadata: {
      duration: (doc.outputs[main]?.file?.durationMs ?? 0) / MS_PER_S,
      width: doc.outputs[main]?.file?.width ?? null,
      height: doc.outputs[main]?.file?.height ?? null,
    },
    error: row.state === 'failed' ? { code, message } : null,
  };
}
