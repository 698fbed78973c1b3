/** The list of models: only what the key may use, in the shape that the client knows. */
import { mayUseModel } from '../access/keys.ts';
import { writeFault as writeMessagesFault } from '../dialects/anthropic-messages/fault.ts';
import { writeFault as writeChatFault } from '../dialects/openai-chat/fault.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { Route as ModelRoute, Routes } from '../relay/upstreams.ts';
import { PAGE_ROWS_MAX, pageOf } from './paging.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

/** Models have no birthday in the catalogue; clients only want a number. */
const CREATED_S = 1_735_689_600;
const CREATED_AT = '2025-01-01T00:00:00Z';

/** Clients of Anthropic's say their version, whatever header they send their key in. */
const isMessages = (request: Request): boolean => request.headers.has('anthropic-version');

const writeFault: Route['writeFault'] = (fault, requestId, request) =>
  isMessages(request) ? writeMessagesFault(fault, requestId) : writeChatFault(fault, requestId);

export function modelRoutes(routes: Routes): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/models',
      access: 'caller',
      handle: (visit) => Response.json(list(visit, routes)),
      writeFault,
    }),
    route({
      method: 'GET',
      path: '/v1/models/*',
      access: 'caller',
      handle(visit) {
        const found = find(visit, routes);
        return Response.json(isMessages(visit.request) ? showMessages(found) : show(found));
      },
      writeFault,
    }),
  ];
}

function list(visit: Visit, routes: Routes): JsonObject {
  const caller = callerOf(visit);
  const usable = routes.list().filter((entry) => mayUseModel(caller, entry.model.id));
  if (!isMessages(visit.request)) return { object: 'list', data: usable.map(show) };
  const query = new URL(visit.request.url).searchParams;
  const { items, next } = pageOf(
    usable.filter(({ model }) => model.kind === 'chat'),
    {
      size: query.get('limit'),
      sizeDefault: PAGE_ROWS_MAX,
      sizeName: 'limit',
      after: query.get('after_id'),
      idOf: ({ model }) => model.id,
    },
  );
  return {
    data: items.map(showMessages),
    has_more: next !== null,
    first_id: items[0]?.model.id ?? null,
    last_id: items.at(-1)?.model.id ?? null,
  };
}

function find(visit: Visit, routes: Routes): ModelRoute {
  const found = routes.find(visit.params['*'] ?? '');
  // A model that the key may not use is no more to be seen here than in the list.
  if (mayUseModel(callerOf(visit), found.model.id)) return found;
  throw new Fault('model_not_found', { param: 'model' });
}

function show({ model }: ModelRoute): JsonObject {
  return {
    id: model.id,
    object: 'model',
    created: CREATED_S,
    owned_by: model.maker,
    kind: model.kind,
    shutdown_date: model.retires ?? null,
    context_length: model.contextTokens,
    max_output_tokens: model.outputTokensMax,
    abilities: { ...model.abilities },
  };
}

function showMessages({ model }: ModelRoute): JsonObject {
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: CREATED_AT,
    lifecycle: 'active',
    line: null,
    capabilities: null,
    max_input_tokens: model.contextTokens,
    max_tokens: model.outputTokensMax,
    deprecated_at: null,
    retires_at: model.retires === undefined ? null : `${model.retires}T00:00:00Z`,
  };
}
