/**
 * Tokens that callers sign themselves: a JWT (HS256) whose issuer is one of our access keys and
 * which is signed with that key's secret. Clients of vendors that know nothing else bring them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type JsonObject, parseJson } from '../kit/json.ts';
import type { Sealer } from '../kit/seal.ts';
import type { AccessKeys, FoundAccessKey, KeyRow } from '../storage/ports.ts';
import type { Caller, TokenReader } from './keys.ts';

/** How far the caller's clock may be off. */
const LEEWAY_S = 60;
/** A token that is good for longer is a password that cannot be taken back: refused. */
const LIFE_S_MAX = 86_400;
/** Pairs kept in memory; beyond, the oldest is read again when it comes. */
const CACHED_PAIRS_MAX = 10_000;
const MS_PER_S = 1_000;
/** The beginning of `{"` in base64url: no key and no token of ours begins so. */
const PREFIX = 'eyJ';
const ISSUER = /^[\w-]{1,128}$/;

export interface SelfSignedDeps {
  readonly pairs: Pick<AccessKeys, 'found' | 'onChange'>;
  readonly sealer: Sealer;
  readonly clock: Clock;
}

interface Pair {
  readonly caller: Caller;
  readonly secret: string;
}

/** Faults: `invalid_signed_token`, `signed_token_early`, `signed_token_expired`. */
export function makeSelfSigned({ pairs, sealer, clock }: SelfSignedDeps): TokenReader {
  const cache = new Map<string, Pair>();
  let changes = 0;
  pairs.onChange(() => {
    changes += 1;
    cache.clear();
  });
  const read = async (id: string): Promise<Pair | undefined> => {
    const before = changes;
    const found = await pairs.found(id);
    if (found === undefined || found.pair.state !== 'active') return undefined;
    const secret = sealer.open(found.pair.sealed, id);
    const pair = { caller: callerOf(found), secret };
    if (cache.size >= CACHED_PAIRS_MAX) cache.delete(cache.keys().next().value ?? '');
    // What was read before a change must not outlive it.
    if (changes === before) cache.set(id, pair);
    return pair;
  };
  return {
    prefix: PREFIX,
    identify(token) {
      const claim = readClaim(token);
      const check = (pair: Pair | undefined): Caller => {
        // Which of the two was wrong is nobody's business.
        if (pair === undefined || !isSigned(claim, pair.secret)) throw invalid(UNSIGNED);
        checkTimes(claim, Math.floor(clock.nowMs() / MS_PER_S));
        return pair.caller;
      };
      const known = cache.get(claim.issuer);
      return known === undefined ? read(claim.issuer).then(check) : check(known);
    },
  };
}

const UNSIGNED = 'This token is not signed by an access key that is known here (HS256, iss, exp).';

function invalid(message: string): Fault {
  return new Fault('invalid_signed_token', { message });
}

interface Claim {
  readonly issuer: string;
  readonly claims: JsonObject;
  /** What is signed. */
  readonly text: string;
  readonly mac: Uint8Array;
}

function readClaim(token: string): Claim {
  const [head = '', body = '', mac = '', ...more] = token.split('.');
  const said = partOf(head);
  const claims = partOf(body);
  if (more.length > 0 || mac === '' || said === null || claims === null) {
    throw invalid('This is no JWT: three parts in base64url are needed.');
  }
  // The token must not choose how it is checked.
  if (said.alg !== 'HS256') throw invalid('The token must be signed with HS256.');
  const issuer = claims.iss;
  if (typeof issuer !== 'string' || !ISSUER.test(issuer)) {
    throw invalid('The claim iss must be the id of an access key.');
  }
  return { issuer, claims, text: `${head}.${body}`, mac: Buffer.from(mac, 'base64url') };
}

function partOf(text: string): JsonObject | null {
  const read = parseJson(Buffer.from(text, 'base64url').toString());
  return isObject(read) ? read : null;
}

function isSigned({ text, mac }: Claim, secret: string): boolean {
  const right = createHmac('sha256', secret).update(text).digest();
  return right.length === mac.length && timingSafeEqual(right, mac);
}

function checkTimes({ claims }: Claim, nowS: number): void {
  const { exp, nbf } = claims;
  if (typeof exp !== 'number' || !Number.isFinite(exp)) {
    throw invalid('The claim exp must be a time in seconds.');
  }
  if (exp + LEEWAY_S <= nowS) throw new Fault('signed_token_expired');
  if (exp > nowS + LIFE_S_MAX + LEEWAY_S) {
    throw invalid(`The claim exp must be at most ${LIFE_S_MAX} seconds from now.`);
  }
  if (nbf === undefined || nbf === null) return;
  if (typeof nbf !== 'number') throw invalid('The claim nbf must be a time in seconds.');
  if (nbf - LEEWAY_S > nowS) throw new Fault('signed_token_early');
}

function callerOf({ pair, accountUnlimited }: FoundAccessKey): Caller {
  const key = Object.freeze(keyOfPair(pair));
  return Object.freeze({ key, models: null, addresses: null, unlimited: accountUnlimited });
}

/** To limits and books a pair is a key of its account that bears the pair's id. */
function keyOfPair({ id, accountId, createdMs }: FoundAccessKey['pair']): KeyRow {
  return {
    ...{ id, accountId, createdMs, name: id, hash: '', hint: id.slice(-4) },
    ...{ role: 'caller', state: 'active', expiresMs: null, models: null, addresses: null },
    ...{ requestsPerMinute: null, tokensPerMinute: null, concurrency: null, budget: null },
    ...{ onDisconnect: 'drain', contract: null, rescue: null },
    ...{ jsonAttemptsMax: null, jsonAgainMax: null },
  };
}
