/** The list of models: only what the key may use, in the shape that the client knows. */
import { mayUseModel } from '../access/keys.ts';
import { Fault } from '../kit/fault.ts';
import type { Route as ModelRoute, Routes } from '../relay/upstreams.ts';
import {
  CHAT_SHAPE,
  COHERE_SHAPE,
  CONTENT_SHAPE,
  MESSAGES_SHAPE,
  type ModelShape,
} from './model-shapes.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

/** Four formats share one path. Each kind of client gives itself away by a header of its own. */
function shapeOf({ headers }: Request): ModelShape {
  if (headers.has('anthropic-version')) return MESSAGES_SHAPE;
  if (headers.get('x-fern-sdk-name')?.startsWith('cohere')) return COHERE_SHAPE;
  return headers.has('x-goog-api-key') ? CONTENT_SHAPE : CHAT_SHAPE;
}

const contentShape = (): ModelShape => CONTENT_SHAPE;

export function modelRoutes(routes: Routes): readonly Route[] {
  return [
    ...shelf('/v1/models', shapeOf, routes),
    ...shelf('/v1beta/models', contentShape, routes).map((one) => ({ ...one, keyInQuery: 'key' })),
  ];
}

/** Another place of the plain list, and in whose words it refuses. */
interface ModelDoor {
  readonly prefix: string;
  readonly writeFault: Route['writeFault'];
}

/** The plain list at another place. */
export function modelDoorRoutes(routes: Routes, door: ModelDoor): readonly Route[] {
  const shape = { ...CHAT_SHAPE, writeFault: door.writeFault };
  return shelf(`${door.prefix}/models`, () => shape, routes);
}

type PickShape = (request: Request) => ModelShape;

function shelf(path: string, pick: PickShape, routes: Routes): readonly Route[] {
  const writeFault: Route['writeFault'] = (fault, requestId, request) =>
    pick(request).writeFault(fault, requestId, request);
  return [
    route({
      method: 'GET',
      path,
      access: 'caller',
      handle(visit) {
        const query = new URL(visit.request.url).searchParams;
        return Response.json(pick(visit.request).list(usable(visit, routes), query));
      },
      writeFault,
    }),
    route({
      method: 'GET',
      path: `${path}/*`,
      access: 'caller',
      handle: (visit) => Response.json(pick(visit.request).show(find(visit, routes))),
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
