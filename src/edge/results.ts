/** Results of tasks: by key, or by a link that carries its own proof; whole or in parts. */
import { writeFault } from '../dialects/openai-chat/fault.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import type { Signer } from '../kit/signed.ts';
import type { Files } from '../storage/ports.ts';
import type { Desk } from '../tasks/desk.ts';
import type { KeptFile, Task } from '../tasks/doc.ts';
import type { LinkOf } from '../tasks/view.ts';
import { type Route, route, type Visit } from './routes.ts';
import { refOf } from './tasks.ts';

export interface ResultEdge {
  readonly desk: Desk;
  readonly files: Files;
  readonly clock: Clock;
  /** Signs links. */
  readonly signer: Signer;
  readonly linkLifeMs: number;
  /** Our own address where the settings say it; null: as the caller reached us. */
  readonly publicUrl: string | null;
}

const MS_PER_S = 1_000;
const RETRY_AFTER_S = 5;
const INDEX = /^\d{1,4}$/;
/** Begins what is signed, so that no pass opens a result and no link a stream. */
const PASS = 'watch';
const PASS_LIFE_MS = 3_600_000;
const RANGE = /^bytes=(\d*)-(\d*)$/;

export function resultRoutes(edge: ResultEdge): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/tasks/:id/outputs/:index',
      access: 'caller',
      handle: async (visit) => {
        const task = await edge.desk.find(refOf(visit));
        return serveOutput(task, indexOf(visit.params.index), { visit, files: edge.files });
      },
      writeFault,
    }),
    route({
      method: 'GET',
      path: '/results/:link',
      access: 'public',
      handle: (visit) => byLink(visit, edge),
      writeFault,
    }),
  ];
}

function indexOf(text = ''): number {
  return INDEX.test(text) ? Number(text) : Number.NaN;
}

/** Links to what we keep; to the vendor's own place where we do not. */
export function makeLinkOf(edge: Omit<ResultEdge, 'desk' | 'files'>, origin: string): LinkOf {
  const ours = edge.publicUrl ?? origin;
  const linkOf = (task: Task, index: number): string | null => {
    const output = task.doc.outputs[index];
    if (output === undefined) return null;
    const { file, url } = output;
    if (file === null) return url.startsWith('http') ? url : null;
    const lifeMs = edge.clock.nowMs() + edge.linkLifeMs;
    const endS = Math.floor(Math.min(file.expiresMs ?? lifeMs, lifeMs) / MS_PER_S);
    const { accountId, id: taskId } = task.row;
    return linkTo({ accountId, taskId, index, endS }, edge.signer, ours);
  };
  const passOf = ({ row }: Task): string => {
    const endS = Math.floor((edge.clock.nowMs() + PASS_LIFE_MS) / MS_PER_S);
    return edge.signer.sign([PASS, row.accountId, row.id, endS].join('~'));
  };
  return Object.assign(linkOf, { origin: ours, passOf });
}

/** The task that a pass opens. Faults: `not_found`, `result_gone`, `resource_not_found`. */
export async function openPass(
  pass: string,
  { desk, signer, clock }: Pick<ResultEdge, 'desk' | 'signer' | 'clock'>,
): Promise<Task> {
  const [kind, accountId = '', id = '', endS = '0'] = signer.open(pass)?.split('~') ?? [];
  if (kind !== PASS) throw new Fault('not_found', { message: 'This link is not one of ours.' });
  if (Number(endS) * MS_PER_S < clock.nowMs()) {
    throw new Fault('result_gone', { message: 'This link has expired. Ask for the task again.' });
  }
  return desk.find({ id, mount: '', accountId });
}

interface Linked {
  readonly accountId: string;
  readonly taskId: string;
  readonly index: number;
  readonly endS: number;
}

export function linkTo({ accountId, taskId, index, endS }: Linked, signer: Signer, origin: string) {
  return `${origin}/results/${signer.sign([accountId, taskId, index, endS].join('~'))}`;
}

async function byLink(visit: Visit, edge: ResultEdge): Promise<Response> {
  const text = edge.signer.open(visit.params.link ?? '');
  const [accountId = '', id = '', index = '', endS = '0'] = text?.split('~') ?? [];
  if (text === null) throw new Fault('not_found', { message: 'This link is not one of ours.' });
  if (Number(endS) * MS_PER_S < edge.clock.nowMs()) {
    throw new Fault('result_gone', { message: 'This link has expired. Ask for the task again.' });
  }
  const task = await edge.desk.find({ id, mount: '', accountId });
  return serveOutput(task, Number(index), { visit, files: edge.files });
}

export async function serveOutput(
  { doc, row }: Task,
  index: number,
  { visit, files }: { readonly visit: Visit; readonly files: Pick<Files, 'read'> },
): Promise<Response> {
  const output = row.state === 'succeeded' ? doc.outputs[index] : undefined;
  if (output === undefined) {
    throw new Fault('resource_not_found', { message: `This task has no output ${index}.` });
  }
  const { file, url } = output;
  if (file === null) {
    if (!url.startsWith('http')) throw new Fault('result_gone');
    return new Response(null, { status: 302, headers: { location: url } });
  }
  return serveFile(file, visit.request, files);
}

/** What a file must say of itself to be served. */
export type Served = Pick<KeptFile, 'key' | 'bytes' | 'mime' | 'sha256'>;

/** Whole or in part. */
export async function serveFile(
  file: Served,
  request: Request,
  files: Pick<Files, 'read'>,
): Promise<Response> {
  const etag = `"${file.sha256}"`;
  const headers: Record<string, string> = {
    'content-type': file.mime,
    'accept-ranges': 'bytes',
    etag,
    'cache-control': 'private, max-age=3600',
    'content-disposition': 'inline',
    // Nothing that a model made is a page of ours.
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
  };
  if (names(request.headers.get('if-none-match'), etag)) {
    return new Response(null, { status: 304, headers });
  }
  // Parts of one file and of another one make no whole.
  const ifRange = request.headers.get('if-range');
  const isSame = ifRange === null || ifRange === etag;
  const range = isSame ? readRange(request.headers.get('range'), file.bytes) : null;
  if (range === 'unsatisfiable') {
    headers['content-range'] = `bytes */${file.bytes}`;
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: file.bytes };
  headers['content-length'] = String(end - start);
  if (range !== null) headers['content-range'] = `bytes ${start}-${end - 1}/${file.bytes}`;
  const status = range === null ? 200 : 206;
  if (request.method === 'HEAD') return new Response(null, { status, headers });
  const body = await files.read(file.key, { start, end }).catch((cause: unknown) => {
    throw new Fault('storage_unavailable', { cause, retryAfterS: RETRY_AFTER_S });
  });
  if (body === null) throw new Fault('result_gone');
  return new Response(body, { status, headers });
}

/** A list of tags, weak ones among them, or any at all. */
function names(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()));
}

/** One range; several, or another unit, are answered with the whole, as the standard allows. */
function readRange(header: string | null, bytes: number) {
  const [, first = '', last = ''] = RANGE.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  // No range at all, and not one that is not there.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  return start >= end || start >= bytes ? 'unsatisfiable' : { start, end };
}
