/** Luma's own paths, as its clients call them (lumaai 1.19 and 1.21, read and run). */
import { isObject, type Json, type JsonObject } from '../../kit/json.ts';
import type { JobMedia } from '../job.ts';
import type { Native, NativeAsk, NativeRoute, NativeView, NativeWant } from '../native.ts';

const STATES: Readonly<Record<NativeView['state'], string>> = Object.freeze({
  queued: 'queued',
  running: 'dreaming',
  succeeded: 'completed',
  failed: 'failed',
  canceled: 'failed',
});
const LIMIT = 100;
/** How long an answer is held back for who wants the picture in it. */
const SYNC_S = 60;
const MS_PER_S = 1_000;

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Frames are images, or earlier jobs, which stand in the body by their id. */
function want(ask: NativeAsk, kind: string): NativeWant {
  const { body, params } = ask;
  const media: JobMedia[] = [];
  const sources = params.id === undefined ? [] : [params.id];
  const frames = isObject(body.keyframes) ? body.keyframes : {};
  for (const [name, role] of [
    ['frame0', 'first_frame'],
    ['frame1', 'last_frame'],
  ] as const) {
    const frame = frames[name];
    if (!isObject(frame)) continue;
    const [id, url] = [text(frame.id), text(frame.url)];
    if (frame.type === 'generation' && id !== null) sources.push(id);
    else if (url !== null) media.push({ type: 'image', role, url });
  }
  const duration = Number.parseInt(text(body.duration) ?? '', 10);
  const resolution = text(body.resolution);
  return {
    model: text(body.model),
    kind: kind === 'video' ? videoKind(media, sources) : kind,
    prompt: text(body.prompt),
    media,
    params: {
      ...(Number.isNaN(duration) ? {} : { durationS: duration }),
      ...(resolution === null ? {} : { resolution }),
    },
    callbackUrl: text(body.callback_url),
    ...(body.sync === true ? { patienceMs: patience(body.sync_timeout) } : {}),
    sources,
  };
}

function patience(seconds: Json | undefined): number {
  return (typeof seconds === 'number' && seconds > 0 ? seconds : SYNC_S) * MS_PER_S;
}

function videoKind(media: readonly JobMedia[], sources: readonly string[]): string {
  if (sources.length > 0) return 'extend';
  if (media.length === 0) return 'text_to_video';
  return media.length > 1 ? 'frames_to_video' : 'image_to_video';
}

/** The vendor's last words; what it would have said where it has said nothing yet. */
function write(view: NativeView): JsonObject {
  const { asked } = view;
  const bare = {
    id: view.id,
    generation_type: text(asked.generation_type) ?? 'video',
    state: STATES[view.state],
    failure_reason: view.error?.message ?? null,
    created_at: new Date(view.createdMs).toISOString(),
    assets: null,
    model: view.model,
  };
  const { callback_url: callback, ...request } = asked;
  const said = view.body ?? {};
  return {
    ...bare,
    ...said,
    id: view.id,
    // Its own word for the state, but not before results are where our links lead.
    state: bare.state,
    ...(view.state === 'succeeded' ? {} : { assets: null }),
    failure_reason: bare.failure_reason,
    request: callback === undefined ? request : { ...request, callback_url: callback },
  };
}

function create(path: string, kind: string): NativeRoute {
  const does = { does: 'create', status: 201, write } as const;
  return { method: 'POST', path, ...does, want: (ask) => want(ask, kind) };
}

export const lumaNative: Native = {
  mount: '/luma/dream-machine/v1',
  routes: [
    create('/generations', 'video'),
    create('/generations/video', 'video'),
    create('/generations/image', 'text_to_image'),
    create('/generations/video/modify', 'video_to_video'),
    create('/generations/video/reframe', 'reframe'),
    create('/generations/image/reframe', 'image_to_image'),
    create('/generations/:id/upscale', 'upscale'),
    create('/generations/:id/audio', 'add_audio'),
    {
      method: 'GET',
      path: '/generations/concepts/list',
      does: 'consult',
      model: 'ray-2',
      ask: () => ({ method: 'GET', path: '/generations/concepts/list', body: null }),
      write: ({ body }) => body,
    },
    { method: 'GET', path: '/ping', does: 'tell', write: () => ({ message: 'pong' }) },
    { method: 'GET', path: '/generations/:id', does: 'read', write },
    {
      method: 'GET',
      path: '/generations',
      does: 'list',
      ask: ({ query }) => ({
        offset: number(query.get('offset'), 0, Number.MAX_SAFE_INTEGER),
        limit: number(query.get('limit'), 10, LIMIT),
        ...{ states: null, ids: null, model: null },
      }),
      write: ({ views, total, limit, offset }) => ({
        generations: views.map(write),
        count: views.length,
        has_more: offset + views.length < total,
        limit,
        offset,
      }),
    },
    {
      method: 'DELETE',
      path: '/generations/:id',
      does: 'remove',
      means: (state) => (state === 'queued' || state === 'running' ? 'refuse' : 'delete'),
      status: 204,
      write: () => null,
    },
  ],
  idOf: (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5'),
  fault: ({ message }) => ({ detail: message }),
};

function number(value: string | null, fallback: number, max: number): number {
  const read = Number.parseInt(value ?? '', 10);
  return Number.isNaN(read) || read < 0 ? fallback : Math.min(read, max);
}
