/** Files handed in at a vendor's own paths: taken, told of, thrown away, fetched by a link. */
import { Fault } from '../kit/fault.ts';
import type { NativeDoor, NativeFile, NativeFiles } from '../tasks/doors.ts';
import type { Inbox, InFile } from '../tasks/inbox.ts';
import { readFileForm } from './file-form.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import type { TaskEdge } from './tasks.ts';

/** Files told of in one answer. */
const PAGE = 50;

export interface FilesEdge extends Pick<TaskEdge, 'bodyLimits' | 'deadlines' | 'linkOf'> {
  readonly inbox: Inbox;
}

export function fileRoutes(door: NativeDoor, shown: NativeFiles, edge: FilesEdge): Route[] {
  const { mount, key, fault: write } = door.native;
  const place = mount + shown.path;
  const account = (visit: Visit): string => callerOf(visit).key.accountId;
  const told = (visit: Visit, file: InFile, status = 200): Response =>
    Response.json(shown.write(nativeFile(file, edge.linkOf(visit).origin + place)), { status });
  const own = (method: Route['method'], path: string, handle: Route['handle']): Route =>
    route({
      ...{ method, path: place + path, access: 'caller', handle },
      ...(key === undefined ? {} : { key }),
      writeFault: (fault, requestId) => {
        const { status, message, code } = fault;
        return JSON.stringify(write({ status, code, message, requestId }));
      },
    });
  return [
    own('POST', '', async (visit) => {
      const { file, metadata } = await readFileForm(visit, shown.field, edge);
      const name = file.name || 'file';
      return told(visit, await edge.inbox.put(account(visit), file, { name, metadata }), 201);
    }),
    own('GET', '', async (visit) => {
      const cursor = new URL(visit.request.url).searchParams.get('cursor');
      const page = { after: cursor, order: 'desc', limit: PAGE + 1 } as const;
      const found = await edge.inbox.list(account(visit), page);
      const files = found.slice(0, PAGE);
      const link = edge.linkOf(visit).origin + place;
      const next = found.length > PAGE ? (files.at(-1)?.id ?? null) : null;
      return Response.json(
        shown.writeList(
          files.map((file) => nativeFile(file, link)),
          { link, next },
        ),
      );
    }),
    own('GET', '/:id', async (visit) => {
      return told(visit, await edge.inbox.find(account(visit), visit.params.id ?? ''));
    }),
    own('DELETE', '/:id', async (visit) => {
      await edge.inbox.remove(account(visit), visit.params.id ?? '');
      return new Response(null, { status: 204 });
    }),
    // Vendors have no key here: the link itself proves what may be read.
    { ...own('GET', '/:id/download', (visit) => download(visit, edge)), access: 'public' },
  ];
}

function nativeFile(file: InFile, place: string): NativeFile {
  const { pass, ...rest } = file;
  return { ...rest, link: `${place}/${file.id}/download?pass=${encodeURIComponent(pass)}` };
}

async function download({ request, params }: Visit, { inbox }: FilesEdge): Promise<Response> {
  const pass = new URL(request.url).searchParams.get('pass') ?? '';
  const found = await inbox.open(pass, params.id ?? '');
  if (found === null) throw new Fault('not_found');
  return new Response(found.body, {
    headers: {
      'content-type': found.file.mime,
      'content-length': String(found.file.bytes),
      // What somebody handed in is no page of ours.
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    },
  });
}
