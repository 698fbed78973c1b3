/** Ark's own paths of contents/generations/tasks, in its words. */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { JobMedia } from '../job.ts';
import type { Native, NativeAsk, NativeListAsk, NativeView, NativeWant } from '../native.ts';
import { plainExpiry } from './amounts.ts';
import { writeFault } from './fault.ts';

const PAGE_MAX = 500;
const MS_PER_S = 1_000;
const WORDS: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'cancelled',
});
const ROLES: Readonly<Record<string, string>> = Object.freeze({
  first_frame: 'first_frame',
  last_frame: 'last_frame',
  reference_image: 'reference',
  reference_video: 'base',
  reference_audio: 'audio',
});

function want({ body }: NativeAsk): NativeWant {
  const content = Array.isArray(body.content) ? (body.content as readonly Json[]) : null;
  if (content === null || content.length === 0) {
    throw new Fault('invalid_request', { message: 'content is required.', param: 'content' });
  }
  const media: JobMedia[] = [];
  const sources: string[] = [];
  const texts: string[] = [];
  for (const one of content) {
    if (!isObject(one)) continue;
    if (typeof one.text === 'string') texts.push(one.text);
    for (const type of ['image', 'video', 'audio'] as const) {
      const place = one[`${type}_url`];
      if (!isObject(place) || typeof place.url !== 'string') continue;
      const role = typeof one.role === 'string' ? (ROLES[one.role] ?? one.role) : 'first_frame';
      media.push({ type, role, url: place.url });
    }
    const draft = isObject(one.draft_task) ? one.draft_task.id : undefined;
    if (typeof draft === 'string') sources.push(draft);
  }
  return {
    model: typeof body.model === 'string' ? body.model : null,
    kind: kindOf(media),
    prompt: texts.length === 0 ? null : texts.join('\n'),
    media,
    params: {},
    callbackUrl: typeof body.callback_url === 'string' ? body.callback_url : null,
    sources,
  };
}

function kindOf(media: readonly JobMedia[]): string {
  if (media.length === 0) return 'text_to_video';
  if (media.some(({ type }) => type === 'video')) return 'video_to_video';
  if (media.some(({ role }) => role === 'reference')) return 'reference_to_video';
  return media.some(({ role }) => role === 'last_frame') ? 'frames_to_video' : 'image_to_video';
}

function write(view: NativeView): JsonObject {
  const said = view.body ?? {};
  const expiry = plainExpiry(view.asked.execution_expires_after);
  const isOver = view.state === 'succeeded' || view.state === 'failed';
  const { content, ...rest } = said;
  const error = view.error === null ? null : errorOf(view.error);
  return {
    ...('status' in rest ? rest : {}),
    id: view.id,
    model: view.model,
    // `expired` is the vendor's own word for one way to fail.
    status: isOver && said.status === 'expired' ? 'expired' : WORDS[view.state],
    error,
    ...(view.state === 'succeeded' && content !== undefined ? { content } : {}),
    execution_expires_after: expiry,
    created_at: Math.floor(view.createdMs / MS_PER_S),
    updated_at: Math.floor(view.updatedMs / MS_PER_S),
  };
}

function errorOf({ code, message }: { readonly code: string | null; readonly message: string }) {
  return { code: code ?? 'InternalServiceError', message };
}

function listAsk({ query }: NativeAsk): NativeListAsk {
  const page = pageNumber(query, 'page_num', 1);
  const limit = pageNumber(query, 'page_size', 10);
  const status = query.get('filter.status');
  const state = Object.entries(WORDS).find(([, word]) => word === status)?.[0];
  const ids = query.getAll('filter.task_ids');
  return {
    offset: (page - 1) * limit,
    limit,
    states: status === null ? null : [(state ?? 'failed') as NativeView['state']],
    ids: ids.length === 0 ? null : ids.slice(0, PAGE_MAX),
    model: query.get('filter.model'),
  };
}

function pageNumber(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  const value = text === null ? fallback : Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= PAGE_MAX) return value;
  throw new Fault('invalid_request', {
    message: `${name} must be a whole number from 1 to ${PAGE_MAX}.`,
    param: name,
  });
}

export const arkNative: Native = {
  mount: '/api/v3/contents/generations/tasks',
  routes: [
    { method: 'POST', path: '', does: 'create', want, status: 200, write: ({ id }) => ({ id }) },
    { method: 'GET', path: '/:id', does: 'read', write },
    {
      method: 'GET',
      path: '',
      does: 'list',
      ask: listAsk,
      write: ({ views, total }) => ({ items: views.map(write), total }),
    },
    {
      method: 'DELETE',
      path: '/:id',
      does: 'remove',
      means: (state) => {
        if (state === 'queued') return 'cancel';
        return state === 'succeeded' || state === 'failed' ? 'delete' : 'refuse';
      },
      status: 200,
      write: () => ({}),
    },
  ],
  idOf: (hex, createdMs) => {
    const stamp = new Date(createdMs).toISOString().replaceAll(/[-T:]/g, '').slice(0, 14);
    return `cgt-${stamp}-${hex.slice(0, 12)}`;
  },
  fault: writeFault,
};
