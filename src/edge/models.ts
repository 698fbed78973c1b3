/** The list of models: only what the key may use, in the shape that the client knows. */
import { mayUseModel } from '../access/keys.ts';
import { Fault } from '../kit/fault.ts';
import type { Routes } from '../relay/upstreams.ts';
import type { TaskRoutes } from '../tasks/routes.ts';
import {
  CHAT_SHAPE,
  COHERE_SHAPE,
  CONTENT_SHAPE,
  type ListedModel,
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

/** What answers at once, and what is asked as tasks. */
export interface ModelEdge {
  readonly relay: { readonly routes: Routes };
  readonly slow: Pick<TaskRoutes, 'find' | 'list'>;
}

export function modelRoutes(edge: ModelEdge): readonly Route[] {
  return [
    ...shelf('/v1/models', shapeOf, edge),
    ...shelf('/v1beta/models', contentShape, edge).map((one) => ({ ...one, keyInQuery: 'key' })),
  ];
}

/** Another place of the plain list, and in whose words it refuses. */
interface ModelDoor {
  readonly prefix: string;
  readonly writeFault: Route['writeFault'];
}

/** The plain list at another place. */
export function modelDoorRoutes(edge: ModelEdge, door: ModelDoor): readonly Route[] {
  const shape = { ...CHAT_SHAPE, writeFault: door.writeFault };
  return shelf(`${door.prefix}/models`, () => shape, edge);
}

type PickShape = (request: Request) => ModelShape;

function shelf(path: string, pick: PickShape, edge: ModelEdge): readonly Route[] {
  const writeFault: Route['writeFault'] = (fault, requestId, request) =>
    pick(request).writeFault(fault, requestId, request);
  return [
    route({
      method: 'GET',
      path,
      access: 'caller',
      handle(visit) {
        const query = new URL(visit.request.url).searchParams;
        return Response.json(pick(visit.request).list(usable(visit, edge), query));
      },
      writeFault,
    }),
    route({
      method: 'GET',
      path: `${path}/*`,
      access: 'caller',
      handle: (visit) => Response.json(pick(visit.request).show(find(visit, edge))),
      writeFault,
    }),
  ];
}

function usable(visit: Visit, edge: ModelEdge): readonly ListedModel[] {
  const caller = callerOf(visit);
  return listAll(edge).filter(({ model }) => mayUseModel(caller, model.id));
}

/** A model may be both: those that answer at once come first. */
function listAll({ relay, slow }: ModelEdge): readonly ListedModel[] {
  const all = new Map<string, ListedModel>();
  for (const { model } of relay.routes.list()) all.set(model.id, { model, tasks: [] });
  for (const { model, kinds } of slow.list()) all.set(model.id, { model, tasks: kinds });
  return [...all.values()];
}

function find(visit: Visit, edge: ModelEdge): ListedModel {
  const id = findId(visit.params['*'] ?? '', edge);
  // A model that the key may not use is no more to be seen here than in the list.
  const found = usable(visit, edge).find(({ model }) => model.id === id);
  if (found !== undefined) return found;
  throw new Fault('model_not_found', { param: 'model' });
}

/** By any name under which it may be called. Fault: `model_not_found`. */
function findId(name: string, { relay, slow }: ModelEdge): string {
  try {
    return slow.find(name, null).model.id;
  } catch {
    return relay.routes.find(name).model.id;
  }
}
