/** Content in Gemini's format: model and method stand in the path. */
import { mayUseModel } from '../access/keys.ts';
import { COUNT_DIALECT, readCountRequest, writeCount } from '../dialects/gemini-generate/count.ts';
import { writeFault, writeFaultEvent } from '../dialects/gemini-generate/fault.ts';
import { readRequest } from '../dialects/gemini-generate/request.ts';
import type { Place } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Route as ModelRoute } from '../relay/upstreams.ts';
import { counted } from './count.ts';
import { pageOf } from './paging.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

const PATH = '/v1beta/models';
const PAGE_ROWS = 50;

/** `models/gemini-x:generateContent` -> model and method; a model's name may hold a colon. */
function targetOf({ params }: Visit): { readonly model: string; readonly method: string } {
  const target = params['*'] ?? '';
  const colon = target.lastIndexOf(':');
  if (colon < 0) return { model: target, method: '' };
  return { model: target.slice(0, colon), method: target.slice(colon + 1) };
}

const place = (visit: Visit): Place => ({ model: targetOf(visit).model });
const streamPlace = (visit: Visit): Place => ({ ...place(visit), stream: true });

const GENERATE: Asking = Object.freeze({
  family: 'chat',
  dialect: 'gemini-generate',
  readRequest,
  place,
  writeFault,
  writeFaultEvent,
});
const STREAM: Asking = Object.freeze({ ...GENERATE, place: streamPlace });
const COUNT: Asking = Object.freeze({
  ...GENERATE,
  family: 'tokenization',
  dialect: COUNT_DIALECT,
  readRequest: readCountRequest,
});

type Method = (visit: Visit, edge: RelayEdge) => Promise<Response>;

const METHODS: Readonly<Record<string, Method>> = {
  generateContent: (visit, edge) => relayed(visit, GENERATE, edge),
  streamGenerateContent(visit, edge) {
    if (new URL(visit.request.url).searchParams.get('alt') === 'sse') {
      return relayed(visit, STREAM, edge);
    }
    throw new Fault('invalid_request', {
      message: 'Streams are sent as events only. Add ?alt=sse, as every official client does.',
      param: 'alt',
    });
  },
  countTokens: (visit, edge) => counted(visit, { asking: COUNT, edge, write: writeCount }),
};

function methodOf(visit: Visit): Method {
  const { method } = targetOf(visit);
  const found = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (found !== undefined) return found;
  throw new Fault('not_found', {
    message: `There is no method "${method.slice(0, 100)}". ${Object.keys(METHODS).join(', ')} are.`,
  });
}

export function contentRoutes(edge: RelayEdge): readonly Route[] {
  const shared = { access: 'caller', writeFault, keyInQuery: 'key' } satisfies Partial<Route>;
  return [
    route({
      ...shared,
      method: 'POST',
      path: `${PATH}/*`,
      handle: (visit) => methodOf(visit)(visit, edge),
    }),
    route({ ...shared, method: 'GET', path: PATH, handle: (visit) => list(visit, edge) }),
    route({
      ...shared,
      method: 'GET',
      path: `${PATH}/*`,
      handle: (visit) => Response.json(show(find(visit, edge))),
    }),
  ];
}

function list(visit: Visit, edge: RelayEdge): Response {
  const caller = callerOf(visit);
  const usable = edge.relay.routes
    .list()
    .filter(({ model }) => model.kind === 'chat' && mayUseModel(caller, model.id));
  const query = new URL(visit.request.url).searchParams;
  const { items, next } = pageOf(usable, {
    size: query.get('pageSize'),
    sizeDefault: PAGE_ROWS,
    sizeName: 'pageSize',
    after: query.get('pageToken'),
    idOf: ({ model }) => model.id,
  });
  const models = items.map(show);
  return Response.json(next === null ? { models } : { models, nextPageToken: next });
}

function find(visit: Visit, edge: RelayEdge): ModelRoute {
  const found = edge.relay.routes.find(visit.params['*'] ?? '');
  // A model that the key may not use is no more to be seen here than in the list.
  if (mayUseModel(callerOf(visit), found.model.id)) return found;
  throw new Fault('model_not_found', { param: 'model' });
}

function show({ model }: ModelRoute): JsonObject {
  return {
    name: `models/${model.id}`,
    version: '001',
    displayName: model.id,
    inputTokenLimit: model.contextTokens,
    outputTokenLimit: model.outputTokensMax,
    supportedGenerationMethods: Object.keys(METHODS),
    thinking: model.abilities.reasoning,
  };
}
