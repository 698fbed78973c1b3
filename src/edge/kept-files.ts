/** Files that a vendor keeps for requests to name: uploaded through, listed and owned here. */
import { writeFault } from '../dialects/volc-ark/fault.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../kit/json.ts';
import { askPlain, listUpstreams } from '../relay/plain.ts';
import type { Upstream } from '../relay/upstreams.ts';
import type { ResourceRow } from '../storage/ports.ts';
import { readForm } from './body.ts';
import { findOwn } from './pins.ts';
import type { RelayEdge } from './relayed.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

/** Files of one account at once. */
const FILES_MAX = 10_000;
const PAGE_MAX = 100;
const PAGE_DEFAULT = 20;
/** For a vendor that does not say how long it keeps a file. */
const DAYS_DEFAULT = 7;
const DAY_MS = 86_400_000;
const MS_PER_S = 1_000;

export function fileRoutes(edge: RelayEdge, prefix: string): readonly Route[] {
  const at = (method: Route['method'], path: string, handle: Handle): Route =>
    route({
      method,
      path: prefix + path,
      access: 'caller',
      handle: (visit) => limited(visit, edge, handle),
      writeFault,
    });
  return [
    at('POST', '/files', upload),
    at('GET', '/files', list),
    at('GET', '/files/:id', get),
    at('DELETE', '/files/:id', remove),
  ];
}

type Handle = (visit: Visit, edge: RelayEdge) => Promise<Json>;

/** Nothing of this is paid for, but it counts as a request. */
async function limited(visit: Visit, edge: RelayEdge, handle: Handle): Promise<Response> {
  const { key } = callerOf(visit);
  const admission = await edge.limits.admit(key, 0, undefined);
  visit.holdOpen();
  try {
    return Response.json(await handle(visit, edge));
  } finally {
    visit.letIdle();
    admission.leave(0);
  }
}

async function upload(visit: Visit, edge: RelayEdge): Promise<Json> {
  const { relay, resources } = edge;
  const { accountId } = callerOf(visit).key;
  const type = visit.request.headers.get('content-type') ?? '';
  const body = await readForm(visit.request, edge.bodyLimits, edge.deadlines);
  if ((await resources.count(accountId, 'file', relay.clock.nowMs())) >= FILES_MAX) {
    throw new Fault('invalid_request', {
      message: `This account has ${FILES_MAX} files, as many as it may. Delete some.`,
    });
  }
  const upstream = listUpstreams(relay).find(
    ({ vendor, withheld }) => vendor.files !== undefined && withheld !== true,
  );
  if (upstream === undefined) throw new Fault('no_upstream', { message: 'No vendor keeps files.' });
  const path = upstream.vendor.files?.path ?? '';
  const ask = { method: 'POST', path, type, body, left: visit.request.signal } as const;
  const file = await askPlain(upstream, ask, relay);
  const id = isObject(file) ? file.id : undefined;
  if (!isObject(file) || typeof id !== 'string') throw new Fault('vendor_malformed');
  const nowMs = relay.clock.nowMs();
  const row: ResourceRow = {
    id,
    accountId,
    kind: 'file',
    upstream: upstream.id,
    body: JSON.stringify(file),
    createdMs: nowMs,
    expiresMs: endOf(file, nowMs),
  };
  if (!(await resources.insert(row))) throw new Fault('vendor_malformed');
  return file;
}

function endOf({ expire_at: end }: JsonObject, nowMs: number): number {
  return typeof end === 'number' ? end * MS_PER_S : nowMs + DAYS_DEFAULT * DAY_MS;
}

interface Owned {
  readonly row: ResourceRow;
  readonly upstream: Upstream;
  readonly path: string;
}

async function own(visit: Visit, { relay, resources }: RelayEdge): Promise<Owned> {
  const { accountId } = callerOf(visit).key;
  const id = visit.params.id ?? '';
  const row = await findOwn(resources, { id, accountId, kind: 'file' }, relay.clock.nowMs());
  const upstream = listUpstreams(relay).find((one) => one.id === row.upstream);
  if (upstream === undefined) throw new Fault('no_upstream');
  return { row, upstream, path: `${upstream.vendor.files?.path}/${encodeURIComponent(id)}` };
}

/** Asked anew, for a file is looked at while the vendor works on it. */
async function get(visit: Visit, edge: RelayEdge): Promise<Json> {
  const { row, upstream, path } = await own(visit, edge);
  const ask = { method: 'GET', path, body: null, left: visit.request.signal } as const;
  const file = await askPlain(upstream, ask, edge.relay);
  if (!isObject(file)) throw new Fault('vendor_malformed');
  const body = JSON.stringify(file);
  if (body !== row.body) {
    const expiresMs = endOf(file, row.expiresMs);
    await edge.resources.update(row.id, { body, expiresMs });
  }
  return file;
}

async function remove(visit: Visit, edge: RelayEdge): Promise<Json> {
  const { row, upstream, path } = await own(visit, edge);
  const ask = { method: 'DELETE', path, body: null, left: visit.request.signal } as const;
  const answer = await askPlain(upstream, ask, edge.relay);
  await edge.resources.remove(row.id);
  return answer;
}

async function list(visit: Visit, { relay, resources }: RelayEdge): Promise<Json> {
  const { searchParams: query } = new URL(visit.request.url);
  const limit = Number(query.get('limit') ?? PAGE_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw new Fault('invalid_request', {
      message: `limit must be a whole number from 1 to ${PAGE_MAX}.`,
      param: 'limit',
    });
  }
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') {
    throw new Fault('invalid_request', { message: 'order must be asc or desc.', param: 'order' });
  }
  const { accountId } = callerOf(visit).key;
  const page = { accountId, kind: 'file', order, nowMs: relay.clock.nowMs() } as const;
  const purpose = query.get('purpose');
  const found: JsonObject[] = [];
  let after = query.get('after');
  // One more than asked for tells whether there are more; a purpose may need several looks.
  for (let seen = 0; seen < FILES_MAX && found.length <= limit; seen += PAGE_MAX) {
    const rows = await resources.list({ ...page, after, limit: PAGE_MAX });
    for (const row of rows) {
      const file = parseJson(row.body);
      if (isObject(file) && (purpose === null || file.purpose === purpose)) found.push(file);
    }
    after = rows.at(-1)?.id ?? null;
    if (rows.length < PAGE_MAX) break;
  }
  const data = found.slice(0, limit);
  const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
  return { object: 'list', data, ...ends, has_more: found.length > limit };
}
