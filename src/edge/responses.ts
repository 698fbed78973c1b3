/** Responses: asked, kept, read again, deleted, and gone on from. */
import { writeFault as writeChatFault } from '../dialects/openai-chat/fault.ts';
import { COUNT_DIALECT, readCountRequest, writeCount } from '../dialects/openai-responses/count.ts';
import { writeFaultEvent } from '../dialects/openai-responses/fault.ts';
import { readRequest } from '../dialects/openai-responses/request.ts';
import { listedItems } from '../dialects/openai-responses/thread.ts';
import { ResponseTrail, type Shown } from '../dialects/openai-responses/trail.ts';
import type { CallerDialect } from '../dialects/shape.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type JsonObject, parseJson } from '../kit/json.ts';
import type { Sink } from '../relay/call.ts';
import { counted } from './count.ts';
import { type Asking, type RelayEdge, relayed } from './relayed.ts';
import {
  findResponse,
  type KeepRule,
  keepResponse,
  openThread,
  type ResponseStoreDeps,
  removeResponse,
  type Thread,
} from './response-store.ts';
import { callerOf, type Method, type Route, route, type Visit } from './routes.ts';

export interface ResponsesEdge extends RelayEdge {
  readonly kept: ResponseStoreDeps;
}

/** Where these routes stand, how they read and say no, and for how long they keep responses. */
export interface ResponsesDoor
  extends Pick<CallerDialect, 'readRequest' | 'writeFault' | 'writeFaultEvent'> {
  /** Such as /v1. */
  readonly prefix: string;
  readonly rule: KeepRule;
  /** Responses say when they end, in `expire_at`. */
  readonly tellsEnd: boolean;
  /** Whether input is counted in advance there. */
  readonly counts: boolean;
  /** Vendors' words for why an answer is incomplete -> the one that clients of this door know. */
  readonly reasons: ReadonlyMap<string, string>;
}

const MS_PER_S = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

export const PLAIN_DOOR: ResponsesDoor = Object.freeze({
  prefix: '/v1',
  tellsEnd: false,
  readRequest,
  writeFault: writeChatFault,
  writeFaultEvent,
  rule: Object.freeze({ lifeMs: 30 * DAY_MS, lifeMsMax: 30 * DAY_MS }),
  counts: true,
  reasons: new Map([['length', 'max_output_tokens']]),
});

export function responsesRoutes(edge: ResponsesEdge, door: ResponsesDoor): readonly Route[] {
  const { prefix, writeFault, counts } = door;
  const one = `${prefix}/responses/:id`;
  const make = (method: Method, path: string, handle: Route['handle']): Route =>
    route({ method, path, access: 'caller', handle, writeFault });
  const counting = (visit: Visit) => count(visit, edge, door);
  return [
    make('POST', `${prefix}/responses`, (visit) => create(visit, edge, door)),
    ...(counts ? [make('POST', `${prefix}/responses/input_tokens`, counting)] : []),
    make('GET', one, (visit) => read(visit, edge)),
    make('DELETE', one, (visit) => remove(visit, edge)),
    make('GET', `${one}/input_items`, (visit) => listInput(visit, edge)),
  ];
}

function create(visit: Visit, edge: ResponsesEdge, door: ResponsesDoor): Promise<Response> {
  const { accountId } = callerOf(visit).key;
  let thread: Thread | null = null;
  let model = '';
  const keep = async (response: JsonObject, own: Shown): Promise<Shown> => {
    const reason = knownReason(response, door);
    const shown = reason === null ? own : { ...own, incomplete_details: { reason } };
    if (thread === null || own === null) return shown;
    const whole = { ...response, ...shown };
    const isKept = await keepResponse(whole, { thread, accountId, model }, edge.kept);
    return isKept ? shown : { ...shown, store: false };
  };
  const asking: Asking = {
    family: 'chat',
    dialect: 'openai-responses',
    readRequest: door.readRequest,
    writeFault: door.writeFault,
    writeFaultEvent: door.writeFaultEvent,
    async prepare(request) {
      model = request.model;
      thread = await openThread(request, { accountId, rule: door.rule }, edge.kept);
      return thread.request;
    },
    async keep(answer) {
      const response = parseJson(answer.text);
      if (!isObject(response)) return answer.text;
      const shown = await keep(response, shownOf(thread, answer.headers, door));
      return shown === null ? answer.text : JSON.stringify({ ...response, ...shown });
    },
    tap(headers, sink) {
      const shown = shownOf(thread, headers, door);
      return follow(sink, new ResponseTrail(shown, (response) => keep(response, shown)));
    },
  };
  return relayed(visit, asking, edge);
}

function knownReason({ incomplete_details: details }: JsonObject, door: ResponsesDoor) {
  const reason = isObject(details) ? details.reason : null;
  return typeof reason === 'string' ? (door.reasons.get(reason) ?? null) : null;
}

/** Of all that the request goes on from; nothing is kept of it. */
function count(visit: Visit, edge: ResponsesEdge, door: ResponsesDoor): Promise<Response> {
  const { accountId } = callerOf(visit).key;
  const asking: Asking = {
    family: 'tokenization',
    dialect: COUNT_DIALECT,
    readRequest: readCountRequest,
    writeFault: door.writeFault,
    writeFaultEvent: door.writeFaultEvent,
    async prepare(request) {
      const thread = await openThread(request, { accountId, rule: door.rule }, edge.kept);
      const { text } = thread.request;
      // Vendors count free of charge, so nothing need be held for it.
      return { ...readCountRequest(text, Buffer.byteLength(text)), inputTokensBound: 0 };
    },
  };
  return counted(visit, { asking, edge, write: writeCount });
}

/** What is kept here has an id of ours, so that two accounts never have the same. */
function shownOf(
  thread: Thread | null,
  headers: Readonly<Record<string, string>>,
  door: ResponsesDoor,
): Shown {
  if (thread === null || thread.input === null) return null;
  const call = headers['x-gangway-call'] ?? '';
  return {
    id: call.replace(/^[a-z]+_/, 'resp_'),
    previous_response_id: thread.previousId,
    store: true,
    ...(door.tellsEnd ? { expire_at: Math.floor(thread.expiresMs / MS_PER_S) } : {}),
  };
}

function follow(sink: Sink, trail: ResponseTrail): Sink {
  return {
    write(bytes) {
      const seen = trail.look(bytes);
      if (!(seen instanceof Promise)) return sink.write(seen);
      return seen.then((text) => sink.write(text));
    },
  };
}

async function read(visit: Visit, edge: ResponsesEdge): Promise<Response> {
  const query = new URL(visit.request.url).searchParams;
  if (query.get('stream') === 'true') {
    throw new Fault('unsupported_parameter', {
      message: 'stream: a response that is kept is read whole. Leave it out.',
      param: 'stream',
    });
  }
  const { response } = await findResponse(idOf(visit), accountOf(visit), edge.kept);
  return new Response(response, { headers: { 'content-type': 'application/json' } });
}

async function remove(visit: Visit, edge: ResponsesEdge): Promise<Response> {
  await removeResponse(idOf(visit), accountOf(visit), edge.kept);
  return Response.json({ id: idOf(visit), object: 'response', deleted: true });
}

const PAGE_ITEMS = 20;
const PAGE_ITEMS_MAX = 100;

/** Newest first unless asked otherwise; `after` names the last item of the page before. */
async function listInput(visit: Visit, edge: ResponsesEdge): Promise<Response> {
  const query = new URL(visit.request.url).searchParams;
  const limit = pageSize(query.get('limit'));
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', 'must be asc or desc');
  const row = await findResponse(idOf(visit), accountOf(visit), edge.kept);
  const input = parseJson(row.input) as readonly JsonObject[];
  const items = listedItems(input, row.id);
  if (order === 'desc') items.reverse();
  const after = query.get('after');
  const at = after === null ? -1 : items.findIndex(({ id }) => id === after);
  if (after !== null && at < 0) throw wrong('after', 'names no item of this input');
  const data = items.slice(at + 1, at + 1 + limit);
  return Response.json({
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: at + 1 + limit < items.length,
  });
}

function pageSize(text: string | null): number {
  if (text === null) return PAGE_ITEMS;
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= PAGE_ITEMS_MAX) return limit;
  throw wrong('limit', `must be a whole number from 1 to ${PAGE_ITEMS_MAX}`);
}

const wrong = (param: string, why: string): Fault =>
  new Fault('invalid_request', { message: `${param} ${why}.`, param });

const idOf = (visit: Visit): string => visit.params.id ?? '';
const accountOf = (visit: Visit): string => callerOf(visit).key.accountId;
