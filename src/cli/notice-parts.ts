/** What the watch and the postman want to know of the settings of notices. */
import { hashSecret } from '../kit/ids.ts';
import { parseMoney } from '../kit/money.ts';
import { HOUSE_ACCOUNT } from '../storage/accounts.ts';
import type { WatchSettings } from '../tasks/watch.ts';
import type { OperatorWebhook } from '../tasks/webhooks/notices.ts';
import { SECRET_PREFIX } from '../tasks/webhooks/sign.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';

const MS_PER_S = 1_000;
const TARGET_CHARS = 32;

export interface OperatorReceivers {
  /** Whose the deliveries are. */
  readonly accountId: string;
  readonly webhooks: readonly OperatorWebhook[];
  /** undefined: no receiver of the operator's. */
  secretOf(target: string): string | undefined;
}

/** `own`: what signs where no secret is named. Throws an Error that names the wrong setting. */
export async function operatorReceivers(
  { notices }: Settings,
  secrets: Pick<Secrets, 'read'>,
  own: string,
): Promise<OperatorReceivers> {
  const bySecret = new Map<string, string>();
  const webhooks: OperatorWebhook[] = [];
  for (const [at, wish] of notices.webhooks.entries()) {
    const { url, events, profile } = wish;
    const target = `operator:${hashSecret(url).slice(0, TARGET_CHARS)}`;
    const secret = wish.secret === undefined ? own : await secrets.read(wish.secret);
    if (profile === 'standard' && !secret.startsWith(SECRET_PREFIX)) {
      throw new Error(`notices.webhooks.${at}.secret: must begin with ${SECRET_PREFIX}.`);
    }
    if (bySecret.has(target)) throw new Error(`notices.webhooks.${at}.url: stands there twice.`);
    bySecret.set(target, secret);
    webhooks.push({ target, url, events, profile });
  }
  // Of one that was taken out of the settings, what is still on its way is signed as by default.
  const secretOf = (target: string): string | undefined =>
    target.startsWith('operator:') ? (bySecret.get(target) ?? own) : undefined;
  return { accountId: HOUSE_ACCOUNT, webhooks, secretOf };
}

export function balanceBelow({ notices }: Settings): bigint | null {
  return notices.balance_below === null ? null : (parseMoney(notices.balance_below) ?? null);
}

export function watchSettings(settings: Settings): WatchSettings {
  const { notices, currency } = settings;
  return {
    currency,
    balanceBelow: balanceBelow(settings),
    downAfterMs: notices.down_after_s * MS_PER_S,
    upAfterMs: notices.up_after_s * MS_PER_S,
    retiringDays: notices.retiring_days,
  };
}
