/** The Gemini API: the methods of a model, and lists of models. */
import type { JsonObject } from '../../src/kit/json.ts';
import { FAULTS } from '../faults.ts';
import { judgeKey, type Mount, refuse, sendJson, serveCall, type Visit } from '../service.ts';
import type { WireRequest } from '../wire.ts';
import { GEMINI_ERRORS } from './errors.ts';
import { type Base, modelService } from './service.ts';

const ID = 'gemini';
const PATH = '/gemini';
const KEY = 'sandbox-gemini-key';
const MODELS = [
  ...['gemini-3.1-pro-preview', 'gemini-3.8-flash', 'gemini-2.5-pro', 'gemini-2.5-flash'],
];
const EMBEDDERS = ['gemini-embedding-001'];
const METHODS = ['generateContent', 'countTokens', 'streamGenerateContent'];
const PAGE_DEFAULT = 50;
const PAGE_MAX = 1_000;

function keyOf(request: WireRequest): string {
  return request.headers.get('x-goog-api-key') ?? request.query.get('key') ?? '';
}

const BASE: Base = {
  id: ID,
  path: PATH,
  errors: GEMINI_ERRORS,
  refused: (request) => judgeKey(KEY, keyOf(request)),
  keyOf,
  mark: (n) => ({ id: `gemini-${n}`, headers: { 'server-timing': `gfet4t7; dur=${n}` } }),
};

function modelOf(id: string): JsonObject {
  const isEmbedder = EMBEDDERS.includes(id);
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description: 'Played by the sandbox.',
    inputTokenLimit: isEmbedder ? 2_048 : 1_048_576,
    outputTokenLimit: isEmbedder ? 1 : 65_536,
    supportedGenerationMethods: isEmbedder ? ['embedContent', 'countTextTokens'] : METHODS,
    ...(isEmbedder ? {} : { temperature: 1, topP: 0.95, topK: 64, maxTemperature: 2 }),
    ...(isEmbedder ? {} : { thinking: true }),
  };
}

/** The token of a page is where it starts. */
function page({ request }: Visit): JsonObject {
  const ids = [...MODELS, ...EMBEDDERS, ...FAULTS.map(({ model }) => model)];
  const asked = Math.floor(Number(request.query.get('pageSize') ?? PAGE_DEFAULT));
  const size = Math.min(PAGE_MAX, Math.max(1, asked || PAGE_DEFAULT));
  const start = Math.max(0, Math.floor(Number(request.query.get('pageToken') ?? 0)) || 0);
  const models = ids.slice(start, start + size).map(modelOf);
  const next = start + size;
  return next < ids.length ? { models, nextPageToken: String(next) } : { models };
}

async function serve(visit: Visit): Promise<void> {
  const { place, request, wire } = visit;
  const found = /^\/(?:v1|v1beta)\/models(?:\/([^/:]+)(?::(\w+))?)?$/.exec(place);
  const model = decodeURIComponent(found?.[1] ?? '');
  const method = found?.[2];
  if (method !== undefined && request.method === 'POST') {
    const service = modelService(BASE, model, method);
    if (service !== null) return serveCall(visit, service);
  }
  const refused = BASE.refused(request);
  if (refused !== null) return refuse(visit, BASE, { kind: refused });
  if (found === null || method !== undefined || request.method !== 'GET') {
    return refuse(visit, BASE, { kind: 'route' });
  }
  return sendJson(wire, 200, model === '' ? page(visit) : modelOf(model));
}

export const GEMINI: Mount = {
  id: ID,
  path: PATH,
  key: KEY,
  models: [...MODELS, ...EMBEDDERS],
  serve,
};
