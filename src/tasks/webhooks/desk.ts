/** What callers may do with webhooks: make, list, turn, test, replay. */
import type { Clock } from '../../kit/clock.ts';
import { Fault } from '../../kit/fault.ts';
import { type Guard, GuardError } from '../../kit/guard.ts';
import { newBytes, newId } from '../../kit/ids.ts';
import type { Sealer } from '../../kit/seal.ts';
import type {
  Deliveries,
  DeliveryFilter,
  DeliveryRow,
  WebhookProfile,
  WebhookRow,
  Webhooks,
} from '../../storage/ports.ts';
import { WEBHOOKS_MAX } from './collect.ts';
import { noticePayload, standardPayload } from './payload.ts';
import { SECRET_PREFIX } from './sign.ts';

const SECRET_BYTES = 32;
/** Both secrets sign for so long after a change. */
const OVERLAP_MS = 24 * 3_600_000;
const REPLAY_ROWS_MAX = 1_000;

export interface WebhookWish {
  readonly accountId: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly profile: WebhookProfile;
}

export interface WebhookDeskDeps {
  readonly clock: Clock;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly sealer: Sealer;
  readonly guard: Guard;
  /** Key of the installation that secrets of accounts are derived from. */
  readonly accountSecret: (accountId: string) => string;
  readonly nudge: () => void;
}

export type WebhookDesk = ReturnType<typeof makeWebhookDesk>;

function newWebhookSecret(): string {
  return SECRET_PREFIX + Buffer.from(newBytes(SECRET_BYTES)).toString('base64');
}

export function makeWebhookDesk(deps: WebhookDeskDeps) {
  const find = (id: string, accountId: string) => findWebhook(id, accountId, deps);
  const replay = async (ids: readonly string[]): Promise<number> => {
    const count = await deps.deliveries.replay(ids, deps.clock.nowMs());
    deps.nudge();
    return count;
  };
  return {
    find,
    create: (wish: WebhookWish) => create(wish, deps),
    list: (accountId: string, limit: number, after?: string) =>
      deps.webhooks.list(accountId, limit, after),
    async remove(id: string, accountId: string) {
      await find(id, accountId);
      // First the webhook, that nothing new is queued for it once what waited is dropped.
      await deps.webhooks.remove(id);
      await deps.deliveries.dropPending(id, deps.clock.nowMs());
    },
    /** A new secret; the old one signs as well for a day. */
    async rotate(id: string, accountId: string) {
      const row = await find(id, accountId);
      const secret = newWebhookSecret();
      const oldUntilMs = deps.clock.nowMs() + OVERLAP_MS;
      const sealed = deps.sealer.seal(secret, id);
      await deps.webhooks.update(id, { sealed, oldSealed: row.sealed, oldUntilMs });
      return { row: await find(id, accountId), secret };
    },
    async setState(id: string, accountId: string, state: WebhookRow['state']) {
      await find(id, accountId);
      await deps.webhooks.update(id, { state, reason: null });
      // Off is off at once; what waited can be replayed.
      if (state === 'disabled') await deps.deliveries.dropPending(id, deps.clock.nowMs());
      return find(id, accountId);
    },
    /** An event that says nothing, to see whether it arrives. */
    async test(id: string, accountId: string) {
      const delivery = testDelivery(await find(id, accountId), deps.clock.nowMs());
      await deps.deliveries.insert([delivery]);
      deps.nudge();
      return delivery;
    },
    deliveries: (filter: DeliveryFilter) => deps.deliveries.list(filter),
    async replayOne(id: string, accountId: string) {
      const row = await findDelivery(id, accountId, deps);
      await replay([row.id]);
      return findDelivery(id, accountId, deps);
    },
    /** The newest of a webhook that ended like this, since a time; whether there are more. */
    async replayAll(filter: Omit<DeliveryFilter, 'limit'>) {
      const rows = await deps.deliveries.list({ ...filter, limit: REPLAY_ROWS_MAX + 1 });
      const ids = rows.slice(0, REPLAY_ROWS_MAX).map(({ id }) => id);
      return { replayed: await replay(ids), more: rows.length > REPLAY_ROWS_MAX };
    },
    accountSecret: deps.accountSecret,
  };
}

async function findWebhook(
  id: string,
  accountId: string,
  deps: WebhookDeskDeps,
): Promise<WebhookRow> {
  const row = await deps.webhooks.byId(id);
  if (row?.accountId === accountId) return row;
  throw new Fault('resource_not_found', {
    message: `There is no webhook "${id.slice(0, 100)}" in this account.`,
  });
}

async function findDelivery(
  id: string,
  accountId: string,
  deps: WebhookDeskDeps,
): Promise<DeliveryRow> {
  const row = await deps.deliveries.byId(id);
  if (row?.accountId === accountId) return row;
  throw new Fault('resource_not_found', {
    message: `There is no delivery "${id.slice(0, 100)}" in this account.`,
  });
}

/** Also checks that the URL may be called. Fault: `webhook_refused`. */
async function create(wish: WebhookWish, deps: WebhookDeskDeps) {
  const known = await deps.webhooks.list(wish.accountId, WEBHOOKS_MAX);
  if (known.length >= WEBHOOKS_MAX) throw tooMany();
  await checkUrl(wish.url, deps.guard);
  const id = newId('whk');
  const secret = newWebhookSecret();
  const row: WebhookRow = {
    id,
    ...wish,
    sealed: deps.sealer.seal(secret, id),
    oldSealed: null,
    oldUntilMs: null,
    state: 'active',
    reason: null,
    createdMs: deps.clock.nowMs(),
  };
  await deps.webhooks.insert(row);
  // Twins of this request may have come as far at the same moment.
  const first = await deps.webhooks.list(wish.accountId, WEBHOOKS_MAX);
  if (!first.some((one) => one.id === id)) {
    await deps.webhooks.remove(id);
    throw tooMany();
  }
  return { row, secret };
}

function tooMany(): Fault {
  return new Fault('invalid_request', {
    message: `An account may have ${WEBHOOKS_MAX} webhooks. Delete some.`,
  });
}

function testDelivery({ id, accountId, profile, url }: WebhookRow, nowMs: number): DeliveryRow {
  const event = { id: newId('evt'), type: 'webhook.test', atMs: nowMs };
  const write = profile === 'notify' ? noticePayload : standardPayload;
  return {
    id: newId('dlv'),
    accountId,
    target: id,
    webhookId: id,
    eventId: event.id,
    type: event.type,
    subject: event.id,
    place: 0,
    url,
    payload: write(event, { id, object: 'webhook' }),
    state: 'pending',
    tries: 0,
    attempts: [],
    createdMs: nowMs,
    endedMs: null,
    nextMs: nowMs,
    leaseNo: 0,
  };
}

export async function checkUrl(url: string, guard: Guard): Promise<void> {
  try {
    await guard.check(url);
  } catch (error) {
    // A name that is not known today may be known tomorrow; all else stays as it is.
    if (!(error instanceof GuardError) || error.reason === 'unknown_name') return;
    throw new Fault('webhook_refused', {
      message: `This URL may not be called (${error.reason}). It must be public http or https.`,
      param: 'url',
    });
  }
}

/** The secrets that sign for this delivery now; null: its webhook is gone. */
export function makeSecretsOf(deps: Omit<WebhookDeskDeps, 'deliveries' | 'guard' | 'nudge'>) {
  return async ({ webhookId, accountId }: DeliveryRow): Promise<readonly string[] | null> => {
    if (webhookId === null) return [deps.accountSecret(accountId)];
    const row = await deps.webhooks.byId(webhookId);
    if (row === undefined) return null;
    const { sealed, oldSealed, oldUntilMs } = row;
    const isOld = oldSealed !== null && (oldUntilMs ?? 0) > deps.clock.nowMs();
    const all = isOld ? [sealed, oldSealed] : [sealed];
    return all.map((text) => deps.sealer.open(text, webhookId));
  };
}
