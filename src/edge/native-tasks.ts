/** Vendors' own paths for slow jobs: asked and answered in the vendor's words. */
import { parseBody } from '../dialects/openai-chat/request.ts';
import { Fault, toFault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Files } from '../storage/ports.ts';
import type { Task } from '../tasks/doc.ts';
import type {
  NativeAsk,
  NativeDoor,
  NativeFault,
  NativeRoute,
  NativeView,
} from '../tasks/doors.ts';
import { nativeView } from '../tasks/view.ts';
import type { TaskWish } from '../tasks/wish.ts';
import { readBody } from './body.ts';
import { consult, inquire, sendFile } from './native-asks.ts';
import { type FilesEdge, fileRoutes } from './native-files.ts';
import { type StreamEdge, streamTask } from './native-streams.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import { isRetried, refOf, repeatKeyOf, type TaskEdge, taskCaller } from './tasks.ts';

/** Results that may stand in one answer; more are told by their links. */
const INLINE_BYTES_MAX = 32 * 1024 * 1024;
/** Longest that an answer is held back because the caller wants the end of the job in it. */
const PATIENCE_MS_MAX = 60_000;

export interface NativeEdge extends TaskEdge, FilesEdge, Pick<StreamEdge, 'openPass'> {
  readonly files: Pick<Files, 'read'>;
  /** Signs what is sent to the URLs that an account gives with its tasks. */
  readonly secretOf: (accountId: string) => string;
}

export function nativeRoutes(doors: readonly NativeDoor[], edge: NativeEdge): readonly Route[] {
  return doors.flatMap((door) => {
    const { mount, key } = door.native;
    const places = Map.groupBy(door.native.routes, ({ method, path }) => `${method} ${path}`);
    const { files } = door.native;
    const shelves = files === undefined ? [] : fileRoutes(door, files, edge);
    const own = [...places.values()].map((routes) =>
      route({
        method: (routes[0] as NativeRoute).method,
        path: mount + (routes[0] as NativeRoute).path,
        // Clients fetch streams without their key: the link itself proves who may.
        access: routes.every(({ does }) => does === 'stream') ? 'public' : 'caller',
        ...(key === undefined ? {} : { key }),
        ...(door.native.signed === undefined ? {} : { signable: true as const }),
        handle: (visit) =>
          handle(visit, { door, one: pick(visit, routes), edge }).catch((error: unknown) =>
            inItsStatus(door, toFault(error), visit),
          ),
        writeFault: (fault, requestId) =>
          JSON.stringify(door.native.fault(faultOf(fault, requestId))),
      }),
    );
    return [...own, ...shelves];
  });
}

function faultOf({ status, code, message, detail }: Fault, requestId: string): NativeFault {
  return { status, code: detail.vendorCode ?? code, message, requestId };
}

/** Where the vendor says it under another status than ours, so do we. */
function inItsStatus({ native }: NativeDoor, fault: Fault, { requestId }: Visit): Response {
  const told = faultOf(fault, requestId);
  const status = native.faultStatus?.(told) ?? fault.status;
  if (status === fault.status) throw fault;
  return Response.json(native.fault(told), { status, headers: { ...fault.detail.headers } });
}

/** Of the routes of one path, the one whose query this is. */
function pick({ request }: Visit, routes: readonly NativeRoute[]): NativeRoute {
  const { searchParams } = new URL(request.url);
  const found = routes.find(({ query = {} }) =>
    Object.entries(query).every(([name, value]) => searchParams.get(name) === value),
  );
  if (found === undefined) throw new Fault('not_found');
  return found;
}

interface Place {
  readonly door: NativeDoor;
  readonly one: NativeRoute;
  readonly edge: NativeEdge;
}

async function handle(visit: Visit, { door, one, edge }: Place): Promise<Response> {
  const { mount } = door.native;
  const linkOf = edge.linkOf(visit);
  switch (one.does) {
    case 'create':
      return create(visit, { door, one, edge });
    case 'read':
      return show(visit, { door, one, edge });
    case 'list': {
      const asked = one.ask(await readAsk(visit, one, edge));
      const filter = {
        accountId: callerOf(visit).key.accountId,
        mount,
        limit: asked.limit,
        offset: asked.offset,
        ...(asked.states === null ? {} : { states: asked.states }),
        ...(asked.ids === null ? {} : { nativeIds: asked.ids }),
        ...(asked.model === null ? {} : { model: asked.model }),
        ...(asked.createdAfterMs === undefined ? {} : { createdAfterMs: asked.createdAfterMs }),
        ...(asked.createdBeforeMs === undefined ? {} : { createdBeforeMs: asked.createdBeforeMs }),
        ...(asked.kind === undefined ? {} : { kind: asked.kind }),
      };
      const after = await rowAfter(asked.after, { visit, mount, edge });
      const { tasks, more } = await edge.desk.list({ ...filter, ...after });
      const total = await edge.desk.count(filter);
      const views = tasks.map((task) => nativeView(task, linkOf));
      const base = linkOf.origin + mount;
      return Response.json(one.write({ ...asked, base, views, total, more }));
    }
    case 'remove': {
      const ref = refOf(visit, mount);
      const task = await edge.desk.find(ref);
      const means = one.means(task.row.state);
      if (means === 'refuse') throw new Fault('cancel_unsupported');
      const gone =
        means === 'show'
          ? task
          : await (means === 'cancel' ? edge.desk.cancel(ref) : edge.desk.remove(ref));
      const body = one.write(nativeView(gone, linkOf));
      if (body === null) return new Response(null, { status: one.status });
      return Response.json(body, { status: one.status });
    }
    case 'tell': {
      const body = one.write(askOf(visit, {}));
      if (body === null) throw new Fault('not_found');
      return Response.json(body);
    }
    case 'inquire':
      return inquire(one, await readAsk(visit, one, edge), { visit, door, edge });
    case 'consult':
      return consult(one, await readAsk(visit, one, edge), { visit, door, edge });
    case 'file':
      return sendFile(one, { visit, door, edge });
    case 'stream':
      return streamTask(visit, { visit, one, edge });
    case 'secret':
      return Response.json(one.write(edge.secretOf(callerOf(visit).key.accountId)));
  }
}

interface ListPlace {
  readonly visit: Visit;
  readonly mount: string;
  readonly edge: NativeEdge;
}

/** A page goes on after a task that the caller names by the vendor's kind of id. */
async function rowAfter(after: string | undefined, { visit, mount, edge }: ListPlace) {
  if (after === undefined) return {};
  const { row } = await edge.desk.find({ ...refOf(visit, mount), id: after });
  return { after: row.id };
}

async function show(visit: Visit, { door, one, edge }: ReadPlace): Promise<Response> {
  const ask = await readAsk(visit, one, edge);
  const ref = refOf(visit, door.native.mount);
  const id = one.idAt?.(ask) ?? ref.id;
  const task = await edge.desk.find({ ...ref, id }).catch((error: unknown) => {
    if (one.missing !== undefined && toFault(error).code === 'resource_not_found') return null;
    throw error;
  });
  if (task === null) return Response.json(one.missing?.() ?? null);
  const view = await viewOf(task, { visit, ask, one, edge });
  return Response.json(one.write(view), { status: one.status?.(view) ?? 200 });
}

/** The body counts where the vendor asks by POST. */
async function readAsk(visit: Visit, one: NativeRoute, edge: NativeEdge): Promise<NativeAsk> {
  if (one.method !== 'POST') return askOf(visit, {});
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  return askOf(visit, parseBody(text).body);
}

interface Asked {
  readonly visit: Visit;
  readonly ask: NativeAsk;
  readonly one: NativeRoute;
  readonly edge: NativeEdge;
}

async function viewOf(task: Task, { visit, ask, one, edge }: Asked): Promise<NativeView> {
  const view = nativeView(task, edge.linkOf(visit));
  const kept = task.doc.outputs.flatMap(({ file }) => (file === null ? [] : [file]));
  const bytes = kept.reduce((sum, file) => sum + file.bytes, 0);
  const isInline = one.inline?.(ask) === true && kept.every(({ mime }) => /^image/.test(mime));
  if (view.state !== 'succeeded' || !isInline || kept.length === 0) return view;
  if (kept.length < task.doc.outputs.length || bytes > INLINE_BYTES_MAX) return view;
  const files: string[] = [];
  for (const { key } of kept) {
    const stream = await edge.files.read(key);
    if (stream === null) return view;
    files.push(Buffer.from(await new Response(stream).arrayBuffer()).toString('base64'));
  }
  return { ...view, files };
}

function askOf(visit: Visit, body: JsonObject): NativeAsk {
  const { request, params } = visit;
  const header = (name: string): string | null => request.headers.get(name);
  return { params, query: new URL(request.url).searchParams, body, header };
}

interface ReadPlace extends Place {
  readonly one: Extract<NativeRoute, { does: 'read' }>;
}

interface CreatePlace extends Place {
  readonly one: Extract<NativeRoute, { does: 'create' }>;
}

async function create(visit: Visit, { door, one, edge }: CreatePlace): Promise<Response> {
  visit.holdOpen();
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  const body = parseBody(text).body;
  const ask = askOf(visit, body);
  // What was signed once begins one job.
  visit.signed?.signer.claimOnce();
  const want = one.want(ask);
  const caller = taskCaller(visit);
  const named = want.model === null ? null : await edge.resolve(want.model, caller.accountId);
  await edge.admit(visit);
  const { mount, idOf } = door.native;
  const place = one.path.replaceAll(/:(\w+)/g, (_, name: string) => visit.params[name] ?? '');
  const path = one.query === undefined ? place : `${place}?${unsigned(ask.query)}`;
  const wish: TaskWish = {
    requestId: visit.requestId,
    caller,
    model: named?.model ?? null,
    endpoint: named?.endpoint ?? null,
    door: { vendor: door.vendor, mount, idOf },
    kind: want.kind,
    prompt: want.prompt,
    negativePrompt: null,
    media: want.media,
    params: want.params,
    options: {},
    native: { path, body, ...(want.headers === undefined ? {} : { headers: want.headers }) },
    ...(want.ownName === undefined ? {} : { ownName: want.ownName }),
    sources: want.sources,
    callback:
      want.callbackUrl === null
        ? null
        : { url: want.callbackUrl, events: want.callbackEvents ?? [], profile: 'native' },
    metadata: null,
    repeatKey: repeatKeyOf(visit),
    retried: isRetried(visit),
  };
  const made = await edge.desk.create(wish, visit.request.signal);
  const waited = one.waitMs === undefined ? made : await waitFor(made, one.waitMs, edge);
  const task = want.patienceMs === undefined ? waited : await linger(made, want.patienceMs, edge);
  visit.letIdle();
  const view = await viewOf(task, { visit, ask, one, edge });
  return Response.json(one.write(view), {
    status: typeof one.status === 'number' ? one.status : one.status(view),
    headers: { 'x-gangway-task': task.row.id },
  });
}

/** Without what signs a request: the caller's credential is nothing to keep. */
function unsigned(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !/^x-/i.test(name)));
}

/** Its end. The job goes on where it takes too long, and is found by its id in our own API. */
async function waitFor(made: Task, ms: number, { desk, clock }: NativeEdge): Promise<Task> {
  const { id, accountId } = made.row;
  const endMs = clock.tickMs() + ms;
  let task = made;
  while (task.row.endedMs === null) {
    const leftMs = endMs - clock.tickMs();
    if (leftMs <= 0) {
      throw new Fault('vendor_timeout', {
        message: `The job takes longer than a request may. It goes on as task ${id}.`,
        headers: { 'x-gangway-task': id },
      });
    }
    task = await desk.wait({ id, mount: '', accountId }, task.doc.updatedMs, leftMs);
  }
  return task;
}

/** As it stands at its end, or when the caller's patience is over. */
async function linger(made: Task, ms: number, { desk, clock }: NativeEdge): Promise<Task> {
  const { id, accountId } = made.row;
  const endMs = clock.tickMs() + Math.min(ms, PATIENCE_MS_MAX);
  let task = made;
  while (task.row.endedMs === null && clock.tickMs() < endMs) {
    const leftMs = endMs - clock.tickMs();
    task = await desk.wait({ id, mount: '', accountId }, task.doc.updatedMs, leftMs);
  }
  return task;
}
