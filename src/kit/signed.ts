/** Short texts that this installation gives out and knows again as its own. */
import { timingSafeEqual } from 'node:crypto';

export interface Signer {
  /** The text, a dot, and its HMAC-SHA256 in base64url. */
  sign(text: string): string;
  /** The text that was signed; null where it was not signed with this key. */
  open(signed: string): string | null;
}

export function makeSigner(key: Uint8Array): Signer {
  const mac = (text: string): string =>
    new Bun.CryptoHasher('sha256', key).update(text).digest('base64url');
  return {
    sign: (text) => `${text}.${mac(text)}`,
    open(signed) {
      const cut = signed.lastIndexOf('.');
      if (cut < 0) return null;
      const text = signed.slice(0, cut);
      return isSame(signed.slice(cut + 1), mac(text)) ? text : null;
    },
  };
}

/** Compares in a time that says nothing about where two texts differ. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
