/** Anthropic: messages, their token count, models. */
import { isObject, type JsonObject } from '../../src/kit/json.ts';
import { turnsFor } from '../answer.ts';
import { FAULTS } from '../faults.ts';
import {
  bearerOf,
  judgeKey,
  type Mount,
  type Refusal,
  refuse,
  type Service,
  sendJson,
  serveCall,
  type Visit,
} from '../service.ts';
import { wholeSpeech } from '../speech.ts';
import type { Headers, WireRequest } from '../wire.ts';
import { readMessage } from './ask.ts';
import { cacheUse } from './cache.ts';
import { checkCount, checkMessage } from './check.ts';
import { ANTHROPIC_ERRORS } from './errors.ts';
import { messageSpeech } from './speech.ts';

const ID = 'anthropic';
const PATH = '/anthropic';
const KEY = 'sandbox-anthropic-key';
const MODELS = [
  ...['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-sonnet-4-6', 'claude-haiku-4-5-20251001'],
];
const MODELS_MADE = '2026-02-17T00:00:00Z';
const PAGE_DEFAULT = 20;
const PAGE_MAX = 1_000;
const ORGANIZATION = '00000000-0000-4000-8000-000000000000';

/** With both headers it is `x-api-key` that counts. */
function keyOf(request: WireRequest): string {
  return request.headers.get('x-api-key') ?? bearerOf(request);
}

function mark(n: number): { id: string; headers: Headers } {
  const id = `req_011C${String(n).padStart(20, '0')}`;
  return { id, headers: { 'request-id': id, 'anthropic-organization-id': ORGANIZATION } };
}

const SHARED: Pick<
  Service,
  'id' | 'path' | 'errors' | 'refused' | 'keyOf' | 'mark' | 'modelOf' | 'isStream'
> = {
  id: ID,
  path: PATH,
  errors: ANTHROPIC_ERRORS,
  refused: (request): Refusal => judgeKey(KEY, keyOf(request)),
  keyOf,
  mark,
  modelOf: (body) => (typeof body.model === 'string' ? body.model : ''),
  isStream: (body) => body.stream === true,
};

const MESSAGES: Service = {
  ...SHARED,
  check: checkMessage,
  speak: ({ body, n, plan, memory }, pieces) => {
    const ask = readMessage(body);
    const [turn = null] = turnsFor({ ask, name: 'Anthropic', plan, pieces });
    const cache = cacheUse(body, ask, memory);
    const { thinking } = body;
    const withheld = isObject(thinking) && thinking.display === 'omitted';
    return messageSpeech({ ask, turn, n, pieces, cache, noUsage: plan.noUsage === true, withheld });
  },
};

const COUNT: Service = {
  ...SHARED,
  isStream: () => false,
  check: checkCount,
  speak: ({ body }) => wholeSpeech({ input_tokens: readMessage(body).promptTokens }, null),
};

function modelOf(id: string): JsonObject {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: MODELS_MADE,
    lifecycle: 'active',
    line: null,
    capabilities: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    deprecated_at: null,
    retires_at: null,
  };
}

function page({ request }: Visit): JsonObject {
  const ids = [...MODELS, ...FAULTS.map(({ model }) => model)];
  const asked = Number(request.query.get('limit') ?? PAGE_DEFAULT);
  const limit = Math.min(PAGE_MAX, Math.max(1, Math.floor(asked) || PAGE_DEFAULT));
  const start = ids.indexOf(request.query.get('after_id') ?? '') + 1;
  const found = ids.slice(start, start + limit);
  return {
    data: found.map(modelOf),
    has_more: start + limit < ids.length,
    first_id: found[0] ?? null,
    last_id: found.at(-1) ?? null,
  };
}

async function serve(visit: Visit): Promise<void> {
  const { place, request, wire } = visit;
  const isPost = request.method === 'POST';
  if (place === '/v1/messages' && isPost) return serveCall(visit, MESSAGES);
  if (place === '/v1/messages/count_tokens' && isPost) return serveCall(visit, COUNT);
  const refused = SHARED.refused(request);
  if (refused !== null) return refuse(visit, SHARED, { kind: refused });
  const isModels = place === '/v1/models' || place.startsWith('/v1/models/');
  const known = isModels || place === '/v1/messages' || place === '/v1/messages/count_tokens';
  if (!known) return refuse(visit, SHARED, { kind: 'route' });
  if (!isModels || request.method !== 'GET') return refuse(visit, SHARED, { kind: 'method' });
  if (place === '/v1/models') return sendJson(wire, 200, page(visit));
  const name = decodeURIComponent(place.slice('/v1/models/'.length));
  return sendJson(wire, 200, modelOf(name));
}

export const ANTHROPIC: Mount = { id: ID, path: PATH, key: KEY, models: MODELS, serve };
