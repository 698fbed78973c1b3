/** Videos as clients of OpenAI and of new-api ask for them: the same tasks in other shapes. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { Fault, toFault } from '../kit/fault.ts';
import { isObject, type JsonObject } from '../kit/json.ts';
import type { Files } from '../storage/ports.ts';
import type { Task } from '../tasks/doc.ts';
import type { TaskWish } from '../tasks/wish.ts';
import { type AnyBodyReader, readAnyBody } from './any-body.ts';
import { serveOutput } from './results.ts';
import { type Route, route, type Visit } from './routes.ts';
import { readFilter } from './task-filter.ts';
import { isRetried, refOf, repeatKeyOf, type TaskEdge, taskCaller } from './tasks.ts';
import {
  readOptions,
  readParams,
  readText,
  readUrl,
  STATES,
  showGeneration,
  showVideo,
  taskId,
  videoId,
  wrong,
} from './video-shapes.ts';

export interface VideoEdge extends TaskEdge, AnyBodyReader {
  readonly files: Pick<Files, 'read'>;
}

/** What clients that wait are told; their own default is a second. */
const POLL_AFTER_MS = 3_000;
const VARIANTS: Readonly<Record<string, string>> = Object.freeze({
  video: 'main',
  thumbnail: 'cover',
});

export function videoRoutes(edge: VideoEdge): readonly Route[] {
  const own = (method: Route['method'], path: string, handle: Route['handle']): Route =>
    route({ method, path, access: 'caller', handle, writeFault });
  const find = (visit: Visit): Promise<Task> => findVideo(visit.params.id ?? '', visit, edge);
  const make = (path: string, wish: MakeWish): Route =>
    own('POST', path, async (visit) => respond(showVideo(await create(visit, wish, edge))));
  return [
    make('/v1/videos', wishOf),
    own('GET', '/v1/videos', async (visit) => respond(await list(visit, edge))),
    make('/v1/videos/edits', editOf),
    make('/v1/videos/extensions', extensionOf),
    make('/v1/videos/:id/remix', async (body, visit) => remixOf(await find(visit), body, visit)),
    own('GET', '/v1/videos/:id', async (visit) => respond(showVideo(await find(visit)))),
    own('DELETE', '/v1/videos/:id', async (visit) => {
      const { row } = await find(visit);
      await edge.desk.remove({ id: row.id, mount: '', accountId: row.accountId });
      return respond({ id: videoId(row.id), object: 'video.deleted', deleted: true });
    }),
    own('GET', '/v1/videos/:id/content', async (visit) => content(await find(visit), visit, edge)),
    own('POST', '/v1/video/generations', async (visit) => {
      const { row } = await create(visit, wishOf, edge);
      return respond({ task_id: row.id, status: STATES[row.state] });
    }),
    own('GET', '/v1/video/generations/:id', async (visit) => {
      return respond(showGeneration(await find(visit), edge.linkOf(visit)));
    }),
  ];
}

function findVideo(id: string, visit: Visit, edge: VideoEdge): Promise<Task> {
  return edge.desk.find({ ...refOf(visit), id: taskId(id) });
}

function respond(body: JsonObject): Response {
  const headers = { 'cache-control': 'no-store', 'openai-poll-after-ms': String(POLL_AFTER_MS) };
  return Response.json(body, { headers });
}

type MakeWish = (body: JsonObject, visit: Visit, edge: VideoEdge) => Promise<TaskWish>;

async function create(visit: Visit, wish: MakeWish, edge: VideoEdge): Promise<Task> {
  visit.holdOpen();
  try {
    await edge.admit(visit);
    const body = await readAnyBody(visit, edge);
    const wished = await wish(body, visit, edge);
    return await edge.desk
      .create(wished, visit.request.signal)
      .catch((thrown: unknown) => Promise.reject(inItsWords(toFault(thrown), wished)));
  } finally {
    visit.letIdle();
  }
}

/** Clients of this shape know no kinds of tasks. */
function inItsWords(fault: Fault, { kind }: TaskWish): Fault {
  if (kind === null || fault.code !== 'unsupported_parameter') return fault;
  return new Fault('unsupported_parameter', {
    ...fault.detail,
    message: `The model of this video cannot build on it in this way. ${fault.message}`,
    param: 'video',
  });
}

/** What all of them say alike. */
function baseWish(body: JsonObject, visit: Visit): Omit<TaskWish, 'model' | 'endpoint' | 'kind'> {
  return {
    requestId: visit.requestId,
    caller: taskCaller(visit),
    door: null,
    prompt: readText(body, 'prompt'),
    negativePrompt: null,
    media: [],
    params: {},
    options: readOptions(body),
    native: null,
    sources: [],
    callback: null,
    metadata: null,
    repeatKey: repeatKeyOf(visit),
    retried: isRetried(visit),
    leave: 'shape',
  };
}

async function wishOf(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<TaskWish> {
  const model = readText(body, 'model');
  const base = baseWish(body, visit);
  const given = body.input_reference ?? body.image ?? body.image_url;
  const url = readUrl(given, 'input_reference');
  return {
    ...base,
    ...(await edge.resolve(model, base.caller.accountId)),
    kind: null,
    media: url === null ? [] : [{ type: 'image', role: 'first_frame', url }],
    params: readParams(body),
  };
}

/** Another one after a video that was made here, by the same upstream's same model. */
function remixOf(source: Task, body: JsonObject, visit: Visit): TaskWish {
  const base = baseWish(body, visit);
  const { durationS } = source.job.params;
  return {
    ...base,
    ...{ model: null, endpoint: null, kind: 'video_to_video' },
    media: [{ type: 'video', role: 'base', url: mainOutput(source) }],
    params: durationS === undefined ? {} : { durationS },
    sources: [source.row.id],
  };
}

function mainOutput({ row, doc }: Task): string {
  const index = doc.outputs.findIndex(({ role, type }) => role === 'main' && type === 'video');
  if (row.state === 'succeeded' && index >= 0) return `gw-task://${row.id}/${index}`;
  throw new Fault('invalid_request', {
    message: `${videoId(row.id)} is ${STATES[row.state]}: only a completed video can be used.`,
    param: 'video',
  });
}

/** A video that was made here by its id; one that was handed in, with a `model` to do it. */
async function editOf(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<TaskWish> {
  const source = await sourceOf(body, visit, edge);
  if (source !== null) return remixOf(source, body, visit);
  return { ...(await onFile(body, visit, edge)), kind: 'video_to_video' };
}

async function extensionOf(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<TaskWish> {
  const params = readParams(body);
  const source = await sourceOf(body, visit, edge);
  if (source === null) return { ...(await onFile(body, visit, edge)), kind: 'extend', params };
  mainOutput(source);
  const base = baseWish(body, visit);
  const sources = [source.row.id];
  return { ...base, model: null, endpoint: null, kind: 'extend', params, sources };
}

async function sourceOf(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<Task | null> {
  const { video } = body;
  if (video === undefined) throw wrong('video', 'is required');
  if (!isObject(video) || typeof video.id !== 'string') return null;
  return findVideo(video.id, visit, edge);
}

async function onFile(body: JsonObject, visit: Visit, edge: VideoEdge): Promise<TaskWish> {
  const model = readText(body, 'model');
  const base = baseWish(body, visit);
  const url = readUrl(body.video, 'video') ?? '';
  const named = await edge.resolve(model, base.caller.accountId);
  return { ...base, ...named, kind: null, media: [{ type: 'video', role: 'base', url }] };
}

/** Only what makes videos: pictures and sounds are tasks, and no videos. */
async function list(visit: Visit, edge: VideoEdge): Promise<JsonObject> {
  const models = edge.desk.videoModels();
  const filter = { ...readFilter(visit), models };
  const none = { tasks: [], more: false };
  const { tasks, more } = models.length === 0 ? none : await edge.desk.list(filter);
  const data = tasks.map(showVideo);
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return { object: 'list', data, has_more: more, ...ends };
}

function content(task: Task, visit: Visit, edge: VideoEdge): Promise<Response> {
  const variant = new URL(visit.request.url).searchParams.get('variant') ?? 'video';
  const role = VARIANTS[variant];
  if (role === undefined) throw wrong('variant', 'must be video or thumbnail');
  const index = task.doc.outputs.findIndex((output) => output.role === role);
  if (task.row.endedMs === null) throw new Fault('task_open', { message: 'It is not ready yet.' });
  return serveOutput(task, index, { visit, files: edge.files });
}
