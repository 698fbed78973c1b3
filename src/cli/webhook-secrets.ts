/** Secrets that follow from the master key: of URLs that came with a task, and the operator's. */
import { deriveKey } from '../kit/seal.ts';
import { SECRET_PREFIX } from '../tasks/webhooks/sign.ts';

const WEBHOOK_PURPOSE = 'gangway webhooks of tasks';

export function accountSecrets(masterKey: Uint8Array): (accountId: string) => string {
  const key = deriveKey(masterKey, WEBHOOK_PURPOSE);
  return (accountId) =>
    SECRET_PREFIX + new Bun.CryptoHasher('sha256', key).update(accountId).digest('base64');
}
