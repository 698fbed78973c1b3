/** Replicate's own paths, as its clients call them (npm replicate 1.4, PyPI replicate 1.0). */
import type { Json, JsonObject } from '../../kit/json.ts';
import type { Native, NativeAsk, NativeRoute } from '../native.ts';
import { list, text, unreadable, want } from './asks.ts';
import { findModel, type Named, openApi } from './models.ts';
import { listFiles, showFile, write } from './show.ts';
import { end, event, streamOf } from './stream.ts';

const TITLES: Readonly<Record<number, string>> = Object.freeze({
  401: 'Unauthenticated',
  402: 'Insufficient credit',
  404: 'Not found',
  422: 'Input validation failed',
  429: 'Too many requests',
});
const ID_CHARS = 26;

function create(path: string, modelOf: (ask: NativeAsk) => string): NativeRoute {
  const does = { does: 'create', status: 201, write } as const;
  return { method: 'POST', path, ...does, want: (ask) => want(ask, modelOf(ask)) };
}

function tell(path: string, shown: (named: Named) => Json): NativeRoute {
  const named = ({ params }: NativeAsk): Named | null => {
    const version = params.version === undefined ? '' : `:${params.version}`;
    return findModel(`${params.owner}/${params.name}${version}`);
  };
  return {
    ...{ method: 'GET', path: `/models/:owner/:name${path}`, does: 'tell' },
    write: (ask: NativeAsk): Json | null => {
      const found = named(ask);
      return found === null ? null : shown(found);
    },
  };
}

function showVersion({ schema }: Named): JsonObject {
  const { version, created } = schema;
  return { id: version, created_at: created, cog_version: '', openapi_schema: openApi(schema) };
}

/** What nobody told us of a model, such as how often it was run, is left out. */
function showModel(named: Named): JsonObject {
  const [owner = '', name = ''] = named.name.split('/');
  return {
    ...{ url: `https://replicate.com/${named.name}`, owner, name, visibility: 'public' },
    ...{ description: null, github_url: null, paper_url: null, license_url: null },
    ...{ cover_image_url: null, default_example: null },
    latest_version: showVersion(named),
  };
}

const listVersions = (named: Named): JsonObject => {
  return { previous: null, next: null, results: [showVersion(named)] };
};

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
    tell('', showModel),
    tell('/versions', listVersions),
    tell('/versions/:version', showVersion),
    { method: 'GET', path: '/stream/:pass', does: 'stream', from: streamOf, event, end },
    {
      method: 'GET',
      path: '/webhooks/default/secret',
      does: 'secret',
      write: (key) => ({ key }),
    },
  ],
  files: { path: '/files', field: 'content', write: showFile, writeList: listFiles },
  idOf: (hex) => BigInt(`0x${hex}`).toString(36).padStart(ID_CHARS, '0').slice(-ID_CHARS),
  // Older clients say Token where newer ones say Bearer.
  key: (header) => /^token +(.+)$/i.exec(header('authorization') ?? '')?.[1] ?? null,
  fault: ({ status, message }) => ({ title: TITLES[status] ?? 'Error', detail: message, status }),
};
