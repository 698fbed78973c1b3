/** Notices become deliveries: to the operator's webhooks, and to the account's that asks. */
import { newId } from '../../kit/ids.ts';
import type { JsonObject } from '../../kit/json.ts';
import type {
  DeliveryRow,
  NoticeRow,
  Notices,
  WebhookProfile,
  WebhookRow,
} from '../../storage/ports.ts';
import { bounded, type CollectDeps, WEBHOOKS_MAX } from './collect.ts';
import { standardPayload } from './payload.ts';

const NOTICES_AT_ONCE = 100;
const MS_PER_S = 1_000;

export const NOTICE_EVENTS: readonly string[] = Object.freeze([
  'notice.balance_low',
  'notice.upstream_down',
  'notice.upstream_up',
  'notice.model_retiring',
  'notice.test',
]);
/** What accounts may be told of. */
export const ACCOUNT_NOTICES: readonly string[] = Object.freeze([
  'notice.balance_low',
  'notice.model_retiring',
]);

/** A receiver of the installation's own, from the settings. */
export interface OperatorWebhook {
  /** The same as long as its URL is. */
  readonly target: string;
  readonly url: string;
  /** Empty: all notices. */
  readonly events: readonly string[];
  readonly profile: Exclude<WebhookProfile, 'native'>;
}

export interface NoticeDeps extends CollectDeps {
  readonly notices: Pick<Notices, 'untold' | 'markTold'>;
  readonly operator: {
    /** Whose deliveries to the operator are. */
    readonly accountId: string;
    readonly webhooks: readonly OperatorWebhook[];
  };
}

/** Answers how many there were. Each is told once, also after a crash in between: its id stays. */
export async function collectNotices(deps: NoticeDeps): Promise<number> {
  const notices = await deps.notices.untold(NOTICES_AT_ONCE);
  for (const notice of notices) {
    const deliveries = [...toOperator(notice, deps), ...(await toAccount(notice, deps))];
    if (deliveries.length > 0) await deps.deliveries.insert(await bounded(deliveries, deps));
    await deps.notices.markTold(notice.id);
  }
  return notices.length;
}

function toOperator(notice: NoticeRow, deps: NoticeDeps): DeliveryRow[] {
  const { accountId, webhooks } = deps.operator;
  // Of a model's end he has a notice of his own, and needs none for each account.
  if (notice.accountId !== null && notice.type === 'notice.model_retiring') return [];
  return webhooks
    .filter(({ events }) => events.length === 0 || events.includes(notice.type))
    .map(({ target, url, profile }) => {
      const place = { accountId, target, webhookId: null, url };
      return delivery(notice, place, { payload: write(notice, profile, true), deps });
    });
}

async function toAccount(notice: NoticeRow, deps: NoticeDeps): Promise<DeliveryRow[]> {
  const { accountId, type } = notice;
  if (accountId === null) return [];
  const webhooks = await deps.webhooks.list(accountId, WEBHOOKS_MAX);
  return webhooks
    .filter(({ state, events }: WebhookRow) => state === 'active' && events.includes(type))
    .map(({ id, url, profile }) => {
      const place = { accountId, target: id, webhookId: id, url };
      return delivery(notice, place, { payload: write(notice, profile, false), deps });
    });
}

type Place = Pick<DeliveryRow, 'accountId' | 'target' | 'webhookId' | 'url'>;

interface Sending {
  readonly payload: string;
  readonly deps: NoticeDeps;
}

function delivery(notice: NoticeRow, place: Place, { payload, deps }: Sending): DeliveryRow {
  const nowMs = deps.clock.nowMs();
  return {
    id: newId('dlv'),
    ...place,
    eventId: notice.eventId,
    type: notice.type,
    subject: notice.subject,
    // Those of one subject come one after another.
    place: notice.atMs,
    payload,
    state: 'pending',
    tries: 0,
    attempts: [],
    createdMs: nowMs,
    endedMs: null,
    nextMs: nowMs,
    leaseNo: 0,
  };
}

function write(notice: NoticeRow, profile: WebhookProfile, isOperator: boolean): string {
  const data = JSON.parse(notice.data) as JsonObject;
  const event = { id: notice.eventId, type: notice.type, atMs: notice.atMs };
  if (profile !== 'notify') return standardPayload(event, data);
  const [type, title, content] = words(notice.type, data, isOperator);
  const timestamp = Math.floor(notice.atMs / MS_PER_S);
  return JSON.stringify({ type, title, content, values: [data], timestamp });
}

type Words = readonly [type: string, title: string, content: string];

/** The types that receivers of that shape know, and sentences that people can read. */
function words(type: string, data: JsonObject, isOperator: boolean): Words {
  const of = (name: string): string => String(data[name] ?? '');
  switch (type) {
    case 'notice.balance_low': {
      const sum = `${of('balance')} ${of('currency')}, below ${of('below')}`;
      return [
        isOperator ? 'user_quota_warning_for_admin' : 'quota_exceed',
        `The balance of ${of('account_name')} is low`,
        `The account ${of('account_name')} has ${sum}.`,
      ];
    }
    case 'notice.upstream_down':
      return [
        'channel_update',
        `${of('upstream')} is down`,
        `The upstream ${of('upstream')} fails since ${of('since')}: ${of('cause')}.`,
      ];
    case 'notice.upstream_up':
      return [
        'channel_update',
        `${of('upstream')} is up`,
        `The upstream ${of('upstream')}, which was down since ${of('since')}, is up again.`,
      ];
    case 'notice.model_retiring':
      return [
        'model_retiring',
        `The model ${of('model')} ends on ${of('retires')}`,
        `The vendor ends the model ${of('model')} on ${of('retires')}. Move to another before.`,
      ];
    default:
      return ['notice_test', 'A notice to try', 'This notice says nothing: it arrived.'];
  }
}
