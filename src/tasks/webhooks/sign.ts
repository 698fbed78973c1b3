/** Standard Webhooks (standardwebhooks.com): how a delivery proves whose it is. */

export const SECRET_PREFIX = 'whsec_';

export interface Signed {
  readonly id: string;
  readonly atS: number;
  readonly body: string;
}

/** One signature for each secret that is good now, so that receivers can change theirs in peace. */
export function signWebhook(message: Signed, secrets: readonly string[]): Record<string, string> {
  const text = `${message.id}.${message.atS}.${message.body}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
    return `v1,${new Bun.CryptoHasher('sha256', key).update(text).digest('base64')}`;
  });
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.atS),
    'webhook-signature': signatures.join(' '),
  };
}

/** As receivers made for another gateway check it: of the body alone, in hex. */
export function signNotice(body: string, secret: string): Record<string, string> {
  const mac = new Bun.CryptoHasher('sha256', secret).update(body).digest('hex');
  return { 'x-webhook-signature': mac };
}
