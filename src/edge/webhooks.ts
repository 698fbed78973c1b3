/** /v1/webhooks: who is told of an account's events, and what became of the telling. */
import { z } from 'zod';
import { writeFault } from '../dialects/openai-chat/fault.ts';
import { parseBody } from '../dialects/openai-chat/request.ts';
import { Fault } from '../kit/fault.ts';
import type { JsonObject } from '../kit/json.ts';
import type { DeliveryFilter, DeliveryRow, DeliveryState, WebhookRow } from '../storage/ports.ts';
import type { WebhookDesk } from '../tasks/webhooks/desk.ts';
import { ACCOUNT_NOTICES } from '../tasks/webhooks/notices.ts';
import { type BodyReader, readBody } from './body.ts';
import { callerOf, type Route, route, type Visit } from './routes.ts';

export interface WebhookEdge extends BodyReader {
  readonly webhooks: WebhookDesk;
}

const EVENTS = ['queued', 'running', 'progress', 'succeeded', 'failed', 'canceled']
  .map((name) => `task.${name}`)
  .concat(ACCOUNT_NOTICES);
const STATES: readonly string[] = ['pending', 'delivered', 'failed', 'dropped'];
const LIST_MAX = 100;
const LIST_DEFAULT = 20;
const URL_CHARS_MAX = 2_000;

const create = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(URL_CHARS_MAX),
  /** Empty: those that end a task. */
  events: z.array(z.enum(EVENTS)).max(EVENTS.length).default([]),
  profile: z.enum(['standard', 'notify']).default('standard'),
});
const replay = z.strictObject({
  since: z.iso.datetime().optional(),
  state: z.enum(['failed', 'dropped', 'delivered']).optional(),
});

export function webhookRoutes(edge: WebhookEdge): readonly Route[] {
  return [...webhooksThemselves(edge), ...actions(edge), ...deliveryRoutes(edge)];
}

function own(method: Route['method'], path: string, answer: Answer): Route {
  return route({
    method,
    path,
    access: 'caller',
    handle: async (visit) => {
      const { status = 200, body } = await answer(visit, callerOf(visit).key.accountId);
      return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
    },
    writeFault,
  });
}

function idOf(visit: Visit): string {
  return visit.params.id ?? '';
}

function webhooksThemselves(edge: WebhookEdge): readonly Route[] {
  const { webhooks } = edge;
  return [
    own('POST', '/v1/webhooks', async (visit, accountId) => {
      const wish = await readJson(visit, create, edge);
      const { row, secret } = await webhooks.create({ accountId, ...wish });
      return { status: 201, body: { ...show(row), secret } };
    }),
    own('GET', '/v1/webhooks', async (visit, accountId) => {
      const { limit, after } = readPage(new URL(visit.request.url).searchParams);
      return { body: pageOf(await webhooks.list(accountId, limit + 1, after), limit, show) };
    }),
    own('GET', '/v1/webhooks/secret', async (_, accountId) => ({
      body: { object: 'webhook.secret', secret: webhooks.accountSecret(accountId) },
    })),
    own('GET', '/v1/webhooks/:id', async (visit, accountId) => ({
      body: show(await webhooks.find(idOf(visit), accountId)),
    })),
    own('DELETE', '/v1/webhooks/:id', async (visit, accountId) => {
      await webhooks.remove(idOf(visit), accountId);
      return { body: { id: idOf(visit), object: 'webhook', deleted: true } };
    }),
  ];
}

function actions({ webhooks, ...edge }: WebhookEdge): readonly Route[] {
  const act = (name: string, answer: Answer): Route =>
    own('POST', `/v1/webhooks/:id/${name}`, answer);
  return [
    act('rotate', async (visit, accountId) => {
      const { row, secret } = await webhooks.rotate(idOf(visit), accountId);
      return { body: { ...show(row), secret } };
    }),
    act('enable', async (visit, accountId) => ({
      body: show(await webhooks.setState(idOf(visit), accountId, 'active')),
    })),
    act('disable', async (visit, accountId) => ({
      body: show(await webhooks.setState(idOf(visit), accountId, 'disabled')),
    })),
    act('test', async (visit, accountId) => ({
      status: 202,
      body: showDelivery(await webhooks.test(idOf(visit), accountId)),
    })),
    act('replay', async (visit, accountId) => {
      const { since, state } = await readJson(visit, replay, edge);
      const { id } = await webhooks.find(idOf(visit), accountId);
      const sinceMs = since === undefined ? {} : { sinceMs: Date.parse(since) };
      const states = state === undefined ? (['failed', 'dropped'] as const) : [state];
      let replayed = 0;
      let more = false;
      for (const one of states) {
        const filter = { accountId, webhookId: id, state: one, ...sinceMs };
        const done = await webhooks.replayAll(filter);
        replayed += done.replayed;
        more ||= done.more;
      }
      return { status: 202, body: { object: 'webhook.replay', replayed, has_more: more } };
    }),
  ];
}

function deliveryRoutes({ webhooks }: WebhookEdge): readonly Route[] {
  return [
    own('GET', '/v1/webhook-deliveries', async (visit, accountId) => {
      const filter = readFilter(visit, accountId);
      const rows = await webhooks.deliveries({ ...filter, limit: filter.limit + 1 });
      return { body: pageOf(rows, filter.limit, showDelivery) };
    }),
    own('POST', '/v1/webhook-deliveries/:id/replay', async (visit, accountId) => ({
      status: 202,
      body: showDelivery(await webhooks.replayOne(idOf(visit), accountId)),
    })),
  ];
}

type Answer = (
  visit: Visit,
  accountId: string,
) => Promise<{ readonly status?: number; readonly body: JsonObject }>;

async function readJson<T>(visit: Visit, schema: z.ZodType<T>, edge: BodyReader): Promise<T> {
  const { text } = await readBody(visit.request, edge.bodyLimits, edge.deadlines);
  const parsed = schema.safeParse(text === '' ? {} : parseBody(text).body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = issue?.path.map(String).join('.') || 'body';
  throw new Fault('invalid_request', { message: `${param}: ${issue?.message ?? ''}`, param });
}

function readPage(query: URLSearchParams): { readonly limit: number; readonly after?: string } {
  const limit = Number(query.get('limit') ?? LIST_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_MAX) {
    throw new Fault('invalid_request', {
      message: `limit must be a whole number from 1 to ${LIST_MAX}.`,
      param: 'limit',
    });
  }
  const after = query.get('after');
  return { limit, ...(after === null ? {} : { after }) };
}

/** Of rows that were asked for with one more than the page holds. */
function pageOf<Row extends { readonly id: string }>(
  rows: readonly Row[],
  limit: number,
  write: (row: Row) => JsonObject,
): JsonObject {
  const page = rows.slice(0, limit);
  const ends = { first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null };
  return { object: 'list', data: page.map(write), has_more: rows.length > limit, ...ends };
}

function readFilter(visit: Visit, accountId: string): DeliveryFilter {
  const query = new URL(visit.request.url).searchParams;
  const [state, webhookId] = [query.get('state'), query.get('webhook_id')];
  const subject = query.get('task_id');
  if (state !== null && !STATES.includes(state)) {
    const message = `state must be one of ${STATES.join(', ')}.`;
    throw new Fault('invalid_request', { message, param: 'state' });
  }
  return {
    accountId,
    ...readPage(query),
    ...(state === null ? {} : { state: state as DeliveryState }),
    ...(webhookId === null ? {} : { webhookId }),
    ...(subject === null ? {} : { subject }),
  };
}

function show(row: WebhookRow): JsonObject {
  const { id, url, events, profile, state, reason } = row;
  const created = new Date(row.createdMs).toISOString();
  return { id, object: 'webhook', url, events, profile, state, reason, created_at: created };
}

function showDelivery(row: DeliveryRow): JsonObject {
  const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: row.id,
    object: 'webhook.delivery',
    webhook_id: row.webhookId,
    event_id: row.eventId,
    type: row.type,
    task_id: row.type.startsWith('task.') ? row.subject : null,
    subject: row.subject,
    url: row.url,
    state: row.state,
    tries: row.tries,
    attempts: row.attempts.map(({ atMs, status, error, ms }) => {
      return { at: iso(atMs), status, error, ms };
    }),
    created_at: iso(row.createdMs),
    ended_at: iso(row.endedMs),
    next_at: row.state === 'pending' ? iso(row.nextMs) : null,
  };
}
