/** Vendors' own paths for slow jobs: asked and answered in the vendor's words. */
import { parseBody } from '../dialects/openai-chat/request.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { NativeAsk, NativeDoor, NativeRoute } from '../tasks/doors.ts';
import { nativeView } from '../tasks/view.ts';
import { readBody } from './body.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import { refOf, repeatKeyOf, type TaskEdge, taskCaller } from './tasks.ts';

export function nativeRoutes(doors: readonly NativeDoor[], edge: TaskEdge): readonly Route[] {
  return doors.flatMap((door) =>
    door.native.routes.map((one) =>
      route({
        method: one.method,
        path: door.native.mount + one.path,
        access: 'caller',
        handle: (visit) => handle(visit, { door, one, edge }),
        writeFault: (fault, requestId) => {
          const { status, message, detail } = fault;
          const code = detail.vendorCode ?? fault.code;
          return JSON.stringify(door.native.fault({ status, code, message, requestId }));
        },
      }),
    ),
  );
}

interface Place {
  readonly door: NativeDoor;
  readonly one: NativeRoute;
  readonly edge: TaskEdge;
}

async function handle(visit: Visit, { door, one, edge }: Place): Promise<Response> {
  const { mount } = door.native;
  const linkOf = edge.linkOf(visit);
  switch (one.does) {
    case 'create':
      return create(visit, { door, one, edge });
    case 'read': {
      const task = await edge.desk.find(refOf(visit, mount));
      return Response.json(one.write(nativeView(task, linkOf)));
    }
    case 'list': {
      const asked = one.ask(askOf(visit, {}));
      const filter = {
        accountId: callerOf(visit).key.accountId,
        mount,
        limit: asked.limit,
        offset: asked.offset,
        ...(asked.states === null ? {} : { states: asked.states }),
        ...(asked.ids === null ? {} : { nativeIds: asked.ids }),
        ...(asked.model === null ? {} : { model: asked.model }),
        ...(asked.kind === undefined ? {} : { kind: asked.kind }),
      };
      const { tasks } = await edge.desk.list(filter);
      const total = await edge.desk.count(filter);
      const views = tasks.map((task) => nativeView(task, linkOf));
      return Response.json(one.write({ ...asked, views, total }));
    }
    case 'remove': {
      const ref = refOf(visit, mount);
      const task = await edge.desk.find(ref);
      const means = one.means(task.row.state);
      if (means === 'refuse') throw new Fault('cancel_unsupported');
      const gone = means === 'cancel' ? await edge.desk.cancel(ref) : await edge.desk.remove(ref);
      const body = one.write(nativeView(gone, linkOf));
      if (body === null) return new Response(null, { status: one.status });
      return Response.json(body, { status: one.status });
    }
  }
}

function askOf(visit: Visit, body: JsonObject): NativeAsk {
  return { params: visit.params, query: new URL(visit.request.url).searchParams, body };
}

interface CreatePlace extends Place {
  readonly one: Extract<NativeRoute, { does: 'create' }>;
}

async function create(visit: Visit, { door, one, edge }: CreatePlace): Promise<Response> {
  visit.holdOpen();
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  const body = parseBody(text).body;
  const want = one.want(askOf(visit, body));
  const caller = taskCaller(visit);
  const named = want.model === null ? null : await edge.resolve(want.model, caller.accountId);
  await edge.admit(visit);
  const { mount, idOf } = door.native;
  const path = one.path.replaceAll(/:(\w+)/g, (_, name: string) => visit.params[name] ?? '');
  const task = await edge.desk.create({
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
    native: { path, body },
    sources: want.sources,
    callback:
      want.callbackUrl === null ? null : { url: want.callbackUrl, events: [], profile: 'native' },
    metadata: null,
    repeatKey: repeatKeyOf(visit),
  });
  visit.letIdle();
  return Response.json(one.write(nativeView(task, edge.linkOf(visit))), {
    status: one.status,
    headers: { 'x-gangway-task': task.row.id },
  });
}
