/** Reasoning that only the sandbox can read again: text with a check over it. */

const SECRET = 'sandbox-reasoning';

function checkOf(text: string): string {
  return new Bun.CryptoHasher('sha256', SECRET).update(text).digest('hex');
}

export function seal(reasoning: string): string {
  const text = Buffer.from(reasoning).toString('base64url');
  return `gAAAAA${text}.${checkOf(text)}`;
}

export function isSealed(sealed: string): boolean {
  const [text, check] = sealed.replace(/^gAAAAA/, '').split('.');
  return text !== undefined && check === checkOf(text);
}
