/** Files handed in at a vendor's own paths: taken, told of, thrown away, fetched by a link. */
import { Fault } from '../kit/fault.ts';
import { partTypes } from '../kit/form-parts.ts';
import { isObject, parseJson } from '../kit/json.ts';
import type { NativeDoor, NativeFile, NativeFiles } from '../tasks/doors.ts';
import type { Inbox, InFile } from '../tasks/inbox.ts';
import { readForm } from './body.ts';
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
      const { file, metadata } = await readUpload(visit, shown.field, edge);
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

async function readUpload(visit: Visit, field: string, edge: FilesEdge) {
  const bytes = await readForm(visit.request, edge.bodyLimits, edge.deadlines);
  const type = visit.request.headers.get('content-type') ?? '';
  const whole = new Response(new Uint8Array(bytes), { headers: { 'content-type': type } });
  const form = (await whole.formData().catch((cause: unknown) => {
    throw new Fault('invalid_request', { message: 'This is no multipart form.', cause });
  })) as FormData;
  const file = form.get(field);
  if (!(file instanceof Blob)) {
    throw new Fault('invalid_request', { message: `${field} must be a file.`, param: field });
  }
  const more = form.get('metadata');
  const text = more instanceof Blob ? await more.text() : (more ?? '{}');
  const metadata = parseJson(text);
  if (!isObject(metadata)) {
    throw new Fault('invalid_request', {
      message: 'metadata must be an object.',
      param: 'metadata',
    });
  }
  const said = partTypes(bytes, type)[[...form.keys()].indexOf(field)] ?? file.type;
  return { file: new File([file], (file as File).name ?? '', { type: said }), metadata };
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
