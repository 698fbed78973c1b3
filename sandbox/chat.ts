/** The mounts of vendors that speak OpenAI's chat format. */
import type { JsonObject } from '../src/kit/json.ts';
import { turnsFor } from './answer.ts';
import { readAsk } from './ask.ts';
import { checkChat } from './check.ts';
import { FAULTS } from './faults.ts';
import { chatSpeech } from './reply.ts';
import {
  bearerOf,
  judgeKey,
  type Mount,
  refuse,
  type Service,
  sendJson,
  serveCall,
  type Visit,
} from './service.ts';
import type { FakeVendor } from './vendors.ts';
import type { Headers, WireRequest } from './wire.ts';

/** When the pretended models were made, for lists of models. */
const MODELS_MADE_S = 1_760_000_000;

/** More of a vendor's services: place -> service, beside the chat that all of them have. */
export type MoreServices = Readonly<Record<string, Service>>;

/** What the services and lists of a vendor share. */
export type Bearer = Pick<FakeVendor, 'id' | 'path' | 'key' | 'models' | 'errors'>;

/** A mount that serves a vendor's chat, its lists of models, other services, and `more`. */
export function chatMount(
  vendor: FakeVendor,
  services: MoreServices = {},
  more?: (visit: Visit) => Promise<boolean>,
): Mount {
  return restMount(vendor, { '/chat/completions': chatService(vendor), ...services }, more);
}

/** Services that are reached with a bearer's key, lists of models, and what `more` serves. */
export function restMount(
  vendor: Bearer,
  services: MoreServices,
  more: (visit: Visit) => Promise<boolean> = async () => false,
): Mount {
  const serve = async (visit: Visit): Promise<void> => {
    const { place, request } = visit;
    const service = services[place];
    if (service !== undefined && request.method === 'POST') return serveCall(visit, service);
    if (await more(visit)) return;
    return lists(visit, vendor, service !== undefined);
  };
  return { id: vendor.id, path: vendor.path, key: vendor.key, models: vendor.models, serve };
}

/** What every service of a vendor shares: its key, its errors, its request ids. */
export function bearerService(
  vendor: Omit<Bearer, 'models'>,
): Pick<Service, 'id' | 'path' | 'errors' | 'refused' | 'mark' | 'modelOf' | 'isStream'> {
  return {
    id: vendor.id,
    path: vendor.path,
    errors: vendor.errors,
    refused: (request) => judgeKey(vendor.key, bearerOf(request)),
    mark: (n, request) => mark(vendor.id, n, request),
    modelOf: (body) => (typeof body.model === 'string' ? body.model : ''),
    isStream: (body) => body.stream === true,
  };
}

export function chatService(vendor: FakeVendor): Service {
  return {
    ...bearerService(vendor),
    check: ({ body }) => checkChat(body, vendor),
    speak: ({ body, n, createdS, plan }, pieces) => {
      const ask = readAsk(body, vendor);
      const turns = turnsFor({ ask, name: vendor.name, plan, pieces });
      const noUsage = plan.noUsage === true;
      return chatSpeech({ vendor, ask, turns, n, createdS, pieces, noUsage });
    },
  };
}

function mark(vendor: string, n: number, request: WireRequest): { id: string; headers: Headers } {
  const id = `${vendor === 'ark' ? '0217' : 'req-'}${String(n).padStart(20, '0')}`;
  const headers: Record<string, string> = { 'x-request-id': id };
  const client = request.headers.get('x-client-request-id');
  if (vendor === 'ark' && client !== undefined) headers['x-client-request-id'] = client;
  return { id, headers };
}

/** A vendor's models and the sandbox's, one model, or the vendor's own word for no such page. */
async function lists(visit: Visit, vendor: Bearer, isKnown: boolean): Promise<void> {
  const { place, request, wire } = visit;
  const service = bearerService(vendor);
  const refused = service.refused(request);
  const key = bearerOf(request);
  if (refused !== null) return refuse(visit, service, { kind: refused, key });
  const listed = place === '/models' || place.startsWith('/models/');
  if (!listed && !isKnown) return refuse(visit, service, { kind: 'route' });
  if (!listed || request.method !== 'GET') return refuse(visit, service, { kind: 'method' });
  if (place === '/models') {
    const data = [...vendor.models, ...FAULTS.map(({ model }) => model)].map(modelOf(vendor));
    return sendJson(wire, 200, { object: 'list', data });
  }
  return sendJson(wire, 200, modelOf(vendor)(decodeURIComponent(place.slice('/models/'.length))));
}

function modelOf(vendor: Bearer): (id: string) => JsonObject {
  return (id) => ({ id, object: 'model', created: MODELS_MADE_S, owned_by: vendor.id });
}
