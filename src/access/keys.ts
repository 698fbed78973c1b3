/**
 * Who is calling: API keys, looked up by hash, kept in memory until something changes; and tokens
 * of several kinds, wherever a key is taken.
 */

import { type CidrSet, parseCidrs } from '../kit/cidr.ts';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { hashSecret, isSecret, newId, newSecret } from '../kit/ids.ts';
import type { FoundKey, KeyRole, KeyRow, Keys } from '../storage/ports.ts';
import { APP_KEY_PREFIX } from './apps.ts';

export const KEY_PREFIX = 'sk-gw-';
/** Keys kept in memory; beyond, the oldest is read again when it comes. */
const CACHED_KEYS_MAX = 100_000;
/** Longest credential that is looked at. */
const CREDENTIAL_CHARS_MAX = 512;

/** A key, ready for the hot path. */
export interface Caller {
  readonly key: KeyRow;
  readonly models: ReadonlySet<string> | null;
  readonly addresses: CidrSet | null;
  /** Neither its account nor its own budget limits it. */
  readonly unlimited: boolean;
}

/** Knows the callers behind tokens of one kind. */
export interface TokenReader {
  /** What all its tokens begin with. */
  readonly prefix: string;
  identify(token: string): Caller | Promise<Caller>;
}

export interface Access {
  /** The caller behind this credential. Faults: missing, unknown, disabled, expired. */
  identify(credential: string | null): Caller | Promise<Caller>;
}

/**
 * The credential of a request: `Authorization: Bearer`, bare `Authorization`, `x-api-key`,
 * `api-key`, `x-goog-api-key`. null where none was sent.
 */
export function readCredential(header: (name: string) => string | null): string | null {
  const authorization = header('authorization');
  if (authorization !== null && authorization !== '') {
    return BEARER.test(authorization) ? authorization.slice(7).trim() : authorization.trim();
  }
  return header('x-api-key') ?? header('api-key') ?? header('x-goog-api-key');
}

const BEARER = /^bearer /i;

export function makeAccess(keys: Keys, clock: Clock, readers: readonly TokenReader[]): Access {
  const cache = new Map<string, Caller>();
  let changes = 0;
  keys.onChange(() => {
    changes += 1;
    cache.clear();
  });
  const read = async (hash: string): Promise<Caller> => {
    const before = changes;
    const found = await keys.byHash(hash);
    if (found === undefined) throw new Fault('invalid_api_key');
    const caller = prepareCaller(found);
    if (cache.size >= CACHED_KEYS_MAX) cache.delete(cache.keys().next().value ?? '');
    // What was read before a change must not outlive it.
    if (changes === before) cache.set(hash, caller);
    return usable(caller, clock.nowMs());
  };
  return {
    identify(credential) {
      if (credential === null || credential === '') throw new Fault('missing_api_key');
      if (credential.length > CREDENTIAL_CHARS_MAX) throw new Fault('invalid_api_key');
      const reader = readers.find(({ prefix }) => credential.startsWith(prefix));
      if (reader !== undefined) return reader.identify(credential);
      const hash = hashSecret(credential);
      const known = cache.get(hash);
      if (known !== undefined) return usable(known, clock.nowMs());
      // The checksum turns guesses away before they cost a read.
      if (!isSecret(credential, KEY_PREFIX)) throw unknownKey(credential);
      return read(hash);
    },
  };
}

function unknownKey(credential: string): Fault {
  if (!credential.startsWith(APP_KEY_PREFIX)) return new Fault('invalid_api_key');
  return new Fault('invalid_api_key', {
    message: "This is an app's API key. Trade it, with its secret, for a token: POST /oauth/token.",
  });
}

function prepareCaller({ key, accountUnlimited }: FoundKey): Caller {
  return Object.freeze({
    key,
    unlimited: accountUnlimited && key.budget === null,
    models: key.models === null ? null : new Set(key.models),
    addresses: key.addresses === null ? null : parseCidrs(key.addresses),
  });
}

function usable(caller: Caller, nowMs: number): Caller {
  if (caller.key.state === 'disabled') throw new Fault('key_disabled');
  if (caller.key.expiresMs !== null && caller.key.expiresMs <= nowMs)
    throw new Fault('key_expired');
  return caller;
}

/** What an operator says of a new key; everything else has a default. */
export interface NewKey {
  readonly accountId: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly expiresMs?: number | null;
  readonly models?: readonly string[] | null;
  readonly addresses?: readonly string[] | null;
  readonly requestsPerMinute?: number | null;
  readonly tokensPerMinute?: number | null;
  readonly concurrency?: number | null;
  readonly budget?: bigint | null;
  readonly onDisconnect?: KeyRow['onDisconnect'];
  readonly contract?: KeyRow['contract'];
  readonly rescue?: KeyRow['rescue'];
  readonly jsonAttemptsMax?: number | null;
  readonly jsonAgainMax?: bigint | null;
}

/** A new key and its secret, which exists nowhere else: show it once. */
export function mintKey(wish: NewKey, nowMs: number): { row: KeyRow; secret: string } {
  const secret = newSecret(KEY_PREFIX);
  const row: KeyRow = {
    id: newId('key'),
    accountId: wish.accountId,
    name: wish.name,
    hash: hashSecret(secret),
    hint: secret.slice(-4),
    role: wish.role,
    state: 'active',
    createdMs: nowMs,
    expiresMs: wish.expiresMs ?? null,
    models: wish.models ?? null,
    addresses: wish.addresses ?? null,
    requestsPerMinute: wish.requestsPerMinute ?? null,
    tokensPerMinute: wish.tokensPerMinute ?? null,
    concurrency: wish.concurrency ?? null,
    budget: wish.budget ?? null,
    onDisconnect: wish.onDisconnect ?? 'drain',
    contract: wish.contract ?? null,
    rescue: wish.rescue ?? null,
    jsonAttemptsMax: wish.jsonAttemptsMax ?? null,
    jsonAgainMax: wish.jsonAgainMax ?? null,
  };
  return { row, secret };
}

/** Refuses what this key may not do. */
export function checkAddress(caller: Caller, address: string): void {
  if (caller.addresses !== null && !caller.addresses.has(address)) {
    throw new Fault('address_not_allowed');
  }
}

export function mayUseModel(caller: Caller, model: string): boolean {
  return caller.models === null || caller.models.has(model);
}
