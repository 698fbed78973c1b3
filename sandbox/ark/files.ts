/** /files: upload as a form, list by pages, read, delete: ark.md 1.7. */
import { isObject, type Json, type JsonObject } from '../../src/kit/json.ts';
import { type Answer, type Asked, nowS } from './asked.ts';
import { invalid, missing, notFound } from './refusal.ts';
import type { StoredFile } from './store.ts';

const DAY_S = 86_400;
const DAYS_DEFAULT = 7;
const DAYS_MAX = 30;
const PURPOSES = ['user_data', 'agent'];
const PAGE_MAX = 100;
const PAGE_DEFAULT = 20;
/** A video is processed this long, so that clients have something to wait for. */
const PROCESSING_MS = 300;

function jsonOf(file: StoredFile, nowMs: number): JsonObject {
  const status = nowMs < file.readyMs ? 'processing' : file.broken ? 'failed' : 'active';
  const { id, purpose, filename, bytes } = file;
  return {
    object: 'file',
    id,
    purpose,
    filename,
    bytes,
    mime_type: file.mimeType,
    created_at: file.createdS,
    expire_at: file.expireS,
    status,
    ...(file.configs === null ? {} : { preprocess_configs: file.configs }),
    ...(status === 'failed'
      ? { error: { code: 'InvalidFile', message: 'The file could not be processed.' } }
      : {}),
  };
}

type Form = Awaited<ReturnType<Response['formData']>>;

async function readForm(asked: Asked): Promise<Form> {
  const type = asked.request.headers.get('content-type') ?? '';
  if (!type.startsWith('multipart/form-data')) throw missing('file');
  try {
    const bytes = new Blob([asked.request.body.slice()]);
    return await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch {
    throw invalid('body', 'the multipart form could not be parsed');
  }
}

function readExpiry(form: Form, now: number): number {
  const value = form.get('expire_at');
  if (value === null) return now + DAYS_DEFAULT * DAY_S;
  const expireS = Number(value);
  if (!Number.isInteger(expireS) || expireS < now + DAY_S || expireS > now + DAYS_MAX * DAY_S) {
    throw invalid('expire_at', `expected 1 to ${DAYS_MAX} days from now, in seconds`);
  }
  return expireS;
}

export async function uploadFile(asked: Asked): Promise<Answer> {
  const form = await readForm(asked);
  const file = form.get('file');
  const purpose = form.get('purpose');
  if (!(file instanceof Blob)) throw missing('file');
  if (typeof purpose !== 'string') throw missing('purpose');
  if (!PURPOSES.includes(purpose)) {
    throw invalid('purpose', `expected one of ${PURPOSES.join(', ')}`);
  }
  const fps = form.get('preprocess_configs[video][fps]');
  if (fps !== null && !(Number(fps) >= 0.2 && Number(fps) <= 5)) {
    throw invalid('preprocess_configs.video.fps', 'expected 0.2 to 5');
  }
  const filename = 'name' in file && typeof file.name === 'string' ? file.name : 'file';
  const mimeType = file.type.split(';')[0] || 'application/octet-stream';
  const made: StoredFile = {
    id: asked.store.nextId('file', asked.nowMs),
    purpose,
    filename,
    bytes: file.size,
    mimeType,
    createdS: nowS(asked),
    expireS: readExpiry(form, nowS(asked)),
    readyMs: asked.nowMs + (mimeType.startsWith('video/') ? PROCESSING_MS : 0),
    broken: file.size === 0,
    configs: fps === null ? null : { video: { fps: Number(fps) } },
  };
  asked.store.files.set(made.id, made);
  return { json: jsonOf(made, asked.nowMs) };
}

function find(asked: Asked, id: string): StoredFile {
  const file = asked.store.files.get(id);
  if (file === undefined || file.expireS < nowS(asked)) throw notFound('File', id);
  return file;
}

export function getFile(asked: Asked): Answer {
  return { json: jsonOf(find(asked, asked.params[0]!), asked.nowMs) };
}

export function deleteFile(asked: Asked): Answer {
  const { id } = find(asked, asked.params[0]!);
  asked.store.files.delete(id);
  return { json: { object: 'file', id, deleted: true } };
}

export function listFiles(asked: Asked): Answer {
  const { query } = asked.request;
  const limit = Number(query.get('limit') ?? PAGE_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw invalid('limit', `expected 1 to ${PAGE_MAX}`);
  }
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw invalid('order', 'expected asc or desc');
  const purpose = query.get('purpose');
  const all = asked.store.files
    .list()
    .filter((file) => file.expireS >= nowS(asked))
    .filter((file) => purpose === null || file.purpose === purpose);
  if (order === 'desc') all.reverse();
  const after = query.get('after');
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== null && start === 0) throw notFound('File', after);
  const page = all.slice(start, start + limit);
  const json = {
    object: 'list',
    data: page.map((file) => jsonOf(file, asked.nowMs)),
    first_id: page[0]?.id ?? '',
    last_id: page.at(-1)?.id ?? '',
    has_more: start + limit < all.length,
  };
  return { json };
}

const IDS_DEPTH_MAX = 12;

/** Refuses a body that names a file that is not there, not ready or spoilt. */
export function checkFileIds(asked: Pick<Asked, 'store' | 'nowMs'>, body: JsonObject): void {
  for (const id of fileIdsOf(body, 0)) {
    const file = asked.store.files.get(id);
    if (file === undefined) throw notFound('File', id);
    if (jsonOf(file, asked.nowMs).status !== 'active') {
      throw invalid('file_id', `the file ${id} is not active`);
    }
  }
}

function fileIdsOf(value: Json, depth: number): string[] {
  if (depth > IDS_DEPTH_MAX) return [];
  if (Array.isArray(value)) return value.flatMap((one) => fileIdsOf(one, depth + 1));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'file_id' && typeof inner === 'string' ? [inner] : fileIdsOf(inner, depth + 1),
  );
}
