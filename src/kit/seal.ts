/** Secrets that must be read again, such as signing keys, sealed before they touch the disk. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Env } from './env.ts';
import { hashSecret, newBytes, newName } from './ids.ts';
import { readSecret } from './secret.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_CHARS = 8;
const VERSION = 'v1';
const VARIABLE = 'GANGWAY_MASTER_KEY';
const FILE = 'master.key';

export interface Sealer {
  /** Tells master keys apart; says nothing about the key itself. */
  readonly keyId: string;
  /** `v1.<key id>.<nonce>.<ciphertext and tag>`, bound to the record that it stands in. */
  seal(secret: string, recordId: string): string;
  /** Throws an Error where the text was changed, moved, or sealed with another master key. */
  open(sealed: string, recordId: string): string;
}

/** AES-256-GCM, a new nonce each time; `recordId` is authenticated: rows cannot be swapped. */
export function makeSealer(masterKey: Uint8Array): Sealer {
  if (masterKey.length !== KEY_BYTES) throw new Error(`a master key has ${KEY_BYTES} bytes`);
  const label = Buffer.concat([Buffer.from('gangway master key '), masterKey]).toString('hex');
  const keyId = hashSecret(label).slice(0, KEY_ID_CHARS);
  return {
    keyId,
    seal(secret, recordId) {
      const nonce = newBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, masterKey, nonce);
      cipher.setAAD(Buffer.from(`${VERSION}.${keyId}.${recordId}`));
      const text = [cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()];
      const parts = [Buffer.from(nonce), Buffer.concat(text)];
      return [VERSION, keyId, ...parts.map((part) => part.toString('base64url'))].join('.');
    },
    open(sealed, recordId) {
      const [version, sealedWith, nonce = '', text = '', ...more] = sealed.split('.');
      if (version !== VERSION || more.length > 0) throw new Error('this is not a sealed secret');
      if (sealedWith !== keyId) {
        throw new Error(`sealed with master key ${sealedWith}, but this one is ${keyId}`);
      }
      const bytes = Buffer.from(text, 'base64url');
      const cut = bytes.length - TAG_BYTES;
      if (cut < 0) throw new Error('this is not a sealed secret');
      const nonceBytes = Buffer.from(nonce, 'base64url');
      const opener = createDecipheriv(CIPHER, masterKey, nonceBytes, { authTagLength: TAG_BYTES });
      opener.setAAD(Buffer.from(`${VERSION}.${keyId}.${recordId}`));
      opener.setAuthTag(bytes.subarray(cut));
      return opener.update(bytes.subarray(0, cut)).toString('utf8') + opener.final('utf8');
    },
  };
}

/**
 * The installation's master key: from GANGWAY_MASTER_KEY (base64 or hex, or a reference to it),
 * else from a file in the data folder, which the first start makes. Throws an Error that says what
 * is wrong, never what the key is.
 */
export function readMasterKey(dir: string, env: Env): Uint8Array {
  const given = env[VARIABLE];
  if (given !== undefined && given !== '') return parseMasterKey(readSecret(given, env), VARIABLE);
  const path = join(dir, FILE);
  const kept = readFile(path) ?? makeFile(dir, path);
  return parseMasterKey(kept.trim(), path);
}

/** A key for one purpose, of the master key: whoever learns it learns nothing of the others. */
export function deriveKey(masterKey: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, '', purpose, KEY_BYTES));
}

function parseMasterKey(text: string, where: string): Uint8Array {
  const isHex = /^[0-9a-fA-F]{64}$/.test(text);
  const isBase64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(text);
  const bytes = isHex ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if ((isHex || isBase64) && bytes.length === KEY_BYTES) return bytes;
  throw new Error(`${where}: the master key must be ${KEY_BYTES} bytes, in base64 or hex.`);
}

function readFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`The master key ${path} cannot be read.`, { cause: error });
  }
}

/** Written aside and linked, so that two processes agree on one key and nobody reads half of it. */
function makeFile(dir: string, path: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const aside = `${path}.${newName(12)}`;
  const text = `${Buffer.from(newBytes(KEY_BYTES)).toString('base64')}\n`;
  writeFileSync(aside, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(aside, path);
    return text;
  } catch (error) {
    const other = readFile(path);
    if (other === null) throw new Error(`${path} cannot be made.`, { cause: error });
    return other;
  } finally {
    rmSync(aside);
  }
}
