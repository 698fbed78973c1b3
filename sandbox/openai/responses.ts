/** OpenAI's Responses: made, kept, read again, deleted. */
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { turnsFor } from '../answer.ts';
import { bearerService } from '../chat.ts';
import { first } from '../check.ts';
import { refuse, type Service, sendJson, type Visit } from '../service.ts';
import { wholeSpeech } from '../speech.ts';
import type { FakeVendor } from '../vendors.ts';
import { itemsOf, readResponse } from './ask.ts';
import { checkResponse, pastItems } from './check.ts';
import { responseId, responseOf, responseSpeech } from './speech.ts';

const PAGE_DEFAULT = 20;
const PAGE_MAX = 100;

/** Places under the vendor's mount that are reached by POST. */
export function responsesServices(vendor: FakeVendor): Readonly<Record<string, Service>> {
  const service = createService(vendor);
  return { '/responses': service, '/responses/input_tokens': countService(vendor, service) };
}

function createService(vendor: FakeVendor): Service {
  return {
    ...bearerService(vendor),
    check: ({ body, memory }) => checkResponse(body, vendor, memory),
    speak: (given, pieces) => {
      const { body, memory, n, createdS, plan } = given;
      const previous = body.previous_response_id;
      const past = typeof previous === 'string' ? pastItems(memory, previous) : [];
      const items = [...past, ...itemsOf(body.input).map((item, at) => named(item, n, at))];
      const ask = readResponse(body, items, vendor);
      const [turn = null] = turnsFor({ ask, name: vendor.name, plan, pieces });
      const noUsage = plan.noUsage === true;
      const answering = { body, ask, turn, n, createdS, pieces, noUsage };
      const whole = responseOf(answering);
      if (body.store !== false) memory.store(responseId(n), { answer: whole, items });
      return responseSpeech(answering, whole);
    },
  };
}

function countService(vendor: FakeVendor, service: Service): Service {
  return {
    ...service,
    isStream: () => false,
    check: (asked) => first([() => checkResponse(asked.body, vendor, asked.memory)]),
    speak: ({ body }) => {
      const tokens = readResponse(body, itemsOf(body.input), vendor).promptTokens;
      return wholeSpeech({ object: 'response.input_tokens', input_tokens: tokens }, null);
    },
  };
}

/** Stored items have ids. */
function named(item: JsonObject, n: number, at: number): JsonObject {
  const kind = item.type === undefined || item.type === 'message' ? 'msg' : 'item';
  return { id: `${kind}_in${n.toString(16)}_${at}`, type: 'message', ...item };
}

/** Reads, lists and deletes what is stored; false where the place is another's. */
export function serveStored(vendor: FakeVendor): (visit: Visit) => Promise<boolean> {
  const service = bearerService(vendor);
  return async (visit) => {
    const { place, request, state } = visit;
    const found = /^\/responses\/(resp_\w+)(?:\/(input_items|cancel))?$/.exec(place);
    if (found === null) return false;
    const [, id = '', part] = found;
    const refused = service.refused(request);
    if (refused !== null) {
      await refuse(visit, service, { kind: refused });
      return true;
    }
    const stored = state.memory.stored(id);
    if (stored === null) await lost(visit, id);
    else if (part === undefined && request.method === 'GET') await send(visit, stored.answer);
    else if (part === undefined && request.method === 'DELETE') {
      state.memory.forget(id);
      await send(visit, { id, object: 'response', deleted: true });
    } else if (part === 'input_items' && request.method === 'GET') {
      await send(visit, page(visit, stored.items));
    } else if (part === 'cancel' && request.method === 'POST') {
      await refuse(visit, service, {
        kind: 'invalid',
        detail: 'Cannot cancel a synchronous response.',
      });
    } else await refuse(visit, service, { kind: 'method' });
    return true;
  };
}

function send(visit: Visit, body: Json): Promise<void> {
  return sendJson(visit.wire, 200, body);
}

function lost(visit: Visit, id: string): Promise<void> {
  const message = `Response with id '${id}' not found.`;
  const error = { message, type: 'invalid_request_error', param: null, code: null };
  return sendJson(visit.wire, 404, { error });
}

/** Newest first unless `order=asc`; pages follow `after`. */
function page({ request }: Visit, items: readonly JsonObject[]): JsonObject {
  const { query } = request;
  const ordered = query.get('order') === 'asc' ? [...items] : [...items].reverse();
  const asked = Math.floor(Number(query.get('limit') ?? PAGE_DEFAULT));
  const limit = Math.min(PAGE_MAX, Math.max(1, asked || PAGE_DEFAULT));
  const start = ordered.findIndex(({ id }) => id === query.get('after')) + 1;
  const data = ordered.slice(start, start + limit);
  const has_more = start + limit < ordered.length;
  const ids = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return { object: 'list', data, ...ids, has_more };
}
