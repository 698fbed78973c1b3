/** /v1/uploads: files of the caller's that jobs may name in place of a link. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Files } from '../storage/ports.ts';
import type { Inbox, InFile } from '../tasks/inbox.ts';
import { readFileForm } from './file-form.ts';
import { serveFile } from './results.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';
import { readPage } from './task-filter.ts';
import type { TaskEdge } from './tasks.ts';

export interface UploadEdge extends Pick<TaskEdge, 'bodyLimits' | 'deadlines' | 'admit'> {
  readonly inbox: Inbox;
  readonly files: Pick<Files, 'read'>;
  readonly clock: Pick<Clock, 'after'>;
}

/** For a whole file, which is written as it comes. */
const UPLOAD_MS = 600_000;
const NAME_CHARS_MAX = 200;

export function uploadRoutes(edge: UploadEdge): readonly Route[] {
  const { inbox, files } = edge;
  const account = (visit: Visit): string => callerOf(visit).key.accountId;
  const find = (visit: Visit): Promise<InFile> => inbox.find(account(visit), visit.params.id ?? '');
  const own = (method: Route['method'], path: string, handle: Route['handle']): Route =>
    route({ method, path, access: 'caller', handle, writeFault });
  return [
    own('POST', '/v1/uploads', (visit) => upload(visit, edge)),
    own('GET', '/v1/uploads', async (visit) => {
      const { limit, ...page } = readPage(new URL(visit.request.url).searchParams);
      const found = await inbox.list(account(visit), { ...page, limit: limit + 1 });
      const data = found.slice(0, limit).map(showUpload);
      const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
      return Response.json({ object: 'list', data, has_more: found.length > limit, ...ends });
    }),
    own('GET', '/v1/uploads/:id', async (visit) => Response.json(showUpload(await find(visit)))),
    own('DELETE', '/v1/uploads/:id', async (visit) => {
      const { id } = await find(visit);
      await inbox.remove(account(visit), id);
      return Response.json({ id, object: 'upload', deleted: true });
    }),
    own('GET', '/v1/uploads/:id/content', async (visit) =>
      serveFile(await find(visit), visit.request, files),
    ),
    route({
      method: 'GET',
      path: '/uploads/:id/:pass',
      // Vendors have no key here: the link itself proves what may be read.
      access: 'public',
      handle: async (visit) => {
        const { id = '', pass = '' } = visit.params;
        const file = await inbox.look(pass, id);
        if (file === null) throw new Fault('not_found', { message: 'This link is none of ours.' });
        return serveFile(file, visit.request, files);
      },
      writeFault,
    }),
  ];
}

function showUpload(file: InFile): JsonObject {
  const { id, name, mime, bytes, sha256, metadata } = file;
  return {
    ...{ id, object: 'upload', url: `gw-file://${id}`, name, mime, bytes, sha256, metadata },
    created_at: new Date(file.createdMs).toISOString(),
    expires_at: new Date(file.expiresMs).toISOString(),
  };
}

async function upload(visit: Visit, edge: UploadEdge): Promise<Response> {
  visit.holdOpen();
  try {
    await edge.admit(visit);
    return Response.json(showUpload(await take(visit, edge)), { status: 201 });
  } finally {
    visit.letIdle();
  }
}

async function take(visit: Visit, edge: UploadEdge): Promise<InFile> {
  const { request } = visit;
  const { accountId } = callerOf(visit).key;
  const mime = request.headers.get('content-type') ?? '';
  if (mime.startsWith('multipart/')) {
    const { file, metadata } = await readFileForm(visit, 'file', edge);
    const more = { name: file.name ?? '', metadata, isMedia: true };
    return edge.inbox.put(accountId, file, more);
  }
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw new Fault('unsupported_media_type', { message: 'Send the file uncompressed.' });
  }
  const name = new URL(request.url).searchParams.get('name') ?? '';
  if (name.length > NAME_CHARS_MAX) {
    throw new Fault('invalid_request', {
      message: `name may have ${NAME_CHARS_MAX} characters.`,
      param: 'name',
    });
  }
  const source = inTime(request, edge);
  return edge.inbox.take(accountId, source, { name, metadata: {}, mime, isMedia: true });
}

/** Piece by piece: a file is never whole in memory. */
async function* inTime(request: Request, { clock }: UploadEdge): AsyncGenerator<Uint8Array> {
  const reader = request.body?.getReader();
  const cancel = async (): Promise<void> => reader?.cancel().catch(() => undefined);
  let isLate = false;
  // A race with one promise would hold on to every piece until the end.
  const takeBack = clock.after(UPLOAD_MS, () => {
    isLate = true;
    void cancel();
  });
  try {
    while (reader !== undefined) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        const message = 'The file ended before it was complete.';
        throw new Fault('invalid_request', { message, cause });
      });
      if (isLate) {
        throw new Fault('body_too_slow', {
          message: `The file did not arrive within ${UPLOAD_MS} ms.`,
        });
      }
      if (done) return;
      yield value;
    }
  } finally {
    takeBack();
    // What is left of it is not worth reading.
    await cancel();
  }
}
