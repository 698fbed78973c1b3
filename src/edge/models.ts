/** The list of models: only what the key may use. */
import { mayUseModel } from '../access/keys.ts';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { Fault } from '../kit/fault.ts';
import type { Route as ModelRoute, Routes } from '../relay/upstreams.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

/** Models have no birthday in the catalogue; clients only want a number. */
const CREATED_S = 1_735_689_600;

export function modelRoutes(routes: Routes): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/models',
      access: 'caller',
      handle: (visit) => Response.json({ object: 'list', data: usable(visit, routes).map(show) }),
      writeFault,
    }),
    route({
      method: 'GET',
      path: '/v1/models/*',
      access: 'caller',
      handle: (visit) => Response.json(show(find(visit, routes))),
      writeFault,
    }),
  ];
}

function usable(visit: Visit, routes: Routes): readonly ModelRoute[] {
  const caller = callerOf(visit);
  return routes.list().filter((entry) => mayUseModel(caller, entry.model.id));
}

function find(visit: Visit, routes: Routes): ModelRoute {
  const found = routes.find(visit.params['*'] ?? '');
  // A model that the key may not use is no more to be seen here than in the list.
  if (mayUseModel(callerOf(visit), found.model.id)) return found;
  throw new Fault('model_not_found', { param: 'model' });
}

function show({ model }: ModelRoute) {
  return {
    id: model.id,
    object: 'model',
    created: CREATED_S,
    owned_by: model.maker,
    kind: model.kind,
    shutdown_date: model.retires ?? null,
    context_length: model.contextTokens,
    max_output_tokens: model.outputTokensMax,
    abilities: model.abilities,
  };
}
