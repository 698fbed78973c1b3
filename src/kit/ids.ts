/** Names for things: sortable ids, and secrets that carry a checksum. */

/** `prefix_` + 32 hex digits that sort by time of making (UUID version 7). */
export function newId(prefix: string): string {
  return `${prefix}_${Bun.randomUUIDv7().replaceAll('-', '')}`;
}

const SECRET_BYTES = 32;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BODY_CHARS = 43;
const CHECK_CHARS = 6;

function base62(value: bigint, chars: number): string {
  return write(value, BASE62, chars);
}

function base(bytes: Uint8Array, digits: string, chars: number): string {
  return write(BigInt(`0x${Buffer.from(bytes).toString('hex')}`), digits, chars);
}

function write(value: bigint, digits: string, chars: number): string {
  const radix = BigInt(digits.length);
  let rest = value;
  let out = '';
  for (let i = 0; i < chars; i += 1) {
    out = digits[Number(rest % radix)] + out;
    rest /= radix;
  }
  return out;
}

function checksum(body: string): string {
  return base62(BigInt(Bun.hash.crc32(body)), CHECK_CHARS);
}

/** A new secret: prefix, 256 random bits in base 62, six characters of CRC-32. */
export function newSecret(prefix: string): string {
  const body = base(newBytes(SECRET_BYTES), BASE62, BODY_CHARS);
  return prefix + body + checksum(prefix + body);
}

/** So many random bytes. */
export function newBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** A short random name of digits and small letters. */
export function newLetters(chars: number): string {
  return base(newBytes(chars), LETTERS, chars);
}

/** A random name of digits and letters. */
export function newName(chars: number): string {
  return base(newBytes(chars), BASE62, chars);
}

/** True where the text has the form of a secret with this prefix; says nothing about knowing it. */
export function isSecret(text: string, prefix: string): boolean {
  if (text.length !== prefix.length + BODY_CHARS + CHECK_CHARS || !text.startsWith(prefix)) {
    return false;
  }
  const cut = text.length - CHECK_CHARS;
  return checksum(text.slice(0, cut)) === text.slice(cut);
}

/** What is kept of a secret: SHA-256, hex. Fast is right here, for secrets of 256 random bits. */
export function hashSecret(secret: string): string {
  return Bun.CryptoHasher.hash('sha256', secret, 'hex');
}
