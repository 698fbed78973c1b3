/** Replicate's own paths, as its clients call them (npm replicate 1.4, PyPI replicate 1.0). */
import { Fault } from '../../kit/fault.ts';
import { isObject, type Json } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeRoute, NativeWant } from '../native.ts';
import { findModel, openApi } from './models.ts';
import { showFile, write } from './show.ts';

/** The vendor's events -> ours. There is no news of outputs and logs before the end. */
const EVENTS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  start: ['task.running'],
  output: ['task.succeeded'],
  logs: [],
  completed: ['task.succeeded', 'task.failed', 'task.canceled'],
});
const TITLES: Readonly<Record<number, string>> = Object.freeze({
  401: 'Unauthenticated',
  402: 'Insufficient credit',
  404: 'Not found',
  422: 'Input validation failed',
  429: 'Too many requests',
});
const PAGE = 100;
const WAIT_S = 60;
const MS_PER_S = 1_000;
const UNREADABLE = 422;
const ID_CHARS = 26;

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function unreadable(param: string, what: string): Fault {
  const message = `- ${param}: ${what}`;
  return new Fault('invalid_request', { status: UNREADABLE, message, param });
}

function want(ask: NativeAsk, model: string): NativeWant {
  const { body } = ask;
  const input = isObject(body.input) ? body.input : {};
  const makes = findModel(model)?.schema.makes;
  const hasImage = ['image', 'image_prompt', 'first_frame_image'].some((name) => name in input);
  const wait = /^wait(?:=(\d+))?$/.exec(ask.header('prefer') ?? '');
  const events = eventsOf(body.webhook_events_filter ?? null);
  return {
    model,
    kind: makes === undefined ? 'prediction' : `${hasImage ? 'image' : 'text'}_to_${makes}`,
    prompt: text(input.prompt),
    media: [],
    params: {},
    callbackUrl: events?.length === 0 ? null : text(body.webhook),
    ...(events === null ? {} : { callbackEvents: events }),
    ...(wait === null ? {} : { patienceMs: Number(wait[1] ?? WAIT_S) * MS_PER_S }),
    sources: [],
  };
}

function eventsOf(filter: Json): readonly string[] | null {
  if (filter === null) return null;
  const names = Array.isArray(filter) ? (filter as readonly Json[]) : [];
  const ours = names.map((name) => (typeof name === 'string' ? EVENTS[name] : undefined));
  if (names.length === 0 || ours.includes(undefined)) {
    throw unreadable('webhook_events_filter', `Must be of ${Object.keys(EVENTS).join(', ')}`);
  }
  return [...new Set(ours.flatMap((one) => one ?? []))];
}

function create(path: string, modelOf: (ask: NativeAsk) => string): NativeRoute {
  const does = { does: 'create', status: 201, write } as const;
  return { method: 'POST', path, ...does, want: (ask) => want(ask, modelOf(ask)) };
}

const list: NativeRoute = {
  method: 'GET',
  path: '/predictions',
  does: 'list',
  ask({ query }) {
    const after = query.get('cursor');
    const since = query.get('created_after');
    const createdAfterMs = since === null ? Number.NaN : Date.parse(since);
    if (since !== null && Number.isNaN(createdAfterMs)) {
      throw unreadable('created_after', 'Must be a date and time');
    }
    if (query.has('created_before')) throw unreadable('created_before', 'Is not served here');
    return {
      ...{ offset: 0, limit: PAGE, states: null, ids: null, model: null },
      ...(after === null ? {} : { after }),
      ...(since === null ? {} : { createdAfterMs }),
    };
  },
  write({ base, views, more, createdAfterMs }) {
    const next = new URL(`${base}/predictions`);
    next.searchParams.set('cursor', views.at(-1)?.id ?? '');
    if (createdAfterMs !== undefined) {
      next.searchParams.set('created_after', new Date(createdAfterMs).toISOString());
    }
    return { previous: null, next: more ? next.href : null, results: views.map(write) };
  },
};

function tellVersion({ params }: NativeAsk): Json | null {
  const found = findModel(`${params.owner}/${params.name}:${params.version}`);
  if (found === null) return null;
  const { version, created } = found.schema;
  const schema = openApi(found.schema);
  return { id: version, created_at: created, cog_version: '', openapi_schema: schema };
}

export const replicateNative: Native = {
  mount: '/replicate/v1',
  routes: [
    create('/predictions', ({ body }) => {
      const version = text(body.version);
      if (version === null) throw unreadable('version', 'Field required');
      return version;
    }),
    create('/models/:owner/:name/predictions', ({ params }) => `${params.owner}/${params.name}`),
    create(
      '/deployments/:owner/:name/predictions',
      ({ params }) => `deployments/${params.owner}/${params.name}`,
    ),
    { method: 'GET', path: '/predictions/:id', does: 'read', write },
    list,
    {
      method: 'POST',
      path: '/predictions/:id/cancel',
      does: 'remove',
      means: (state) => (state === 'queued' || state === 'running' ? 'cancel' : 'show'),
      status: 200,
      write,
    },
    {
      method: 'GET',
      path: '/models/:owner/:name/versions/:version',
      does: 'tell',
      write: tellVersion,
    },
    {
      method: 'GET',
      path: '/webhooks/default/secret',
      does: 'secret',
      write: (key) => ({ key }),
    },
  ],
  files: { path: '/files', field: 'content', write: showFile },
  idOf: (hex) => BigInt(`0x${hex}`).toString(36).padStart(ID_CHARS, '0').slice(-ID_CHARS),
  // Older clients say Token where newer ones say Bearer.
  key: (header) => /^token +(.+)$/i.exec(header('authorization') ?? '')?.[1] ?? null,
  fault: ({ status, message }) => ({ title: TITLES[status] ?? 'Error', detail: message, status }),
};
