/**
 * Tokens that callers sign themselves: a JWT (HS256) whose issuer is one of our access keys and
 * which is signed with that key's secret. Clients of vendors that know nothing else bring them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { Fault } from '../kit/fault.ts';
import { isObject, type JsonObject, parseJson } from '../kit/json.ts';
import type { Caller, TokenReader } from './keys.ts';
import type { PairCaller, PairCallers } from './pair-callers.ts';

/** How far the caller's clock may be off. */
const LEEWAY_S = 60;
/** A token that is good for longer is a password that cannot be taken back: refused. */
const LIFE_S_MAX = 86_400;
const MS_PER_S = 1_000;
/** The beginning of `{"` in base64url: no key and no token of ours begins so. */
const PREFIX = 'eyJ';
const ISSUER = /^[\w-]{1,128}$/;

export interface SelfSignedDeps {
  readonly pairs: PairCallers;
  readonly clock: Clock;
}

/** Faults: `invalid_signed_token`, `signed_token_early`, `signed_token_expired`. */
export function makeSelfSigned({ pairs, clock }: SelfSignedDeps): TokenReader {
  return {
    prefix: PREFIX,
    identify(token) {
      const claim = readClaim(token);
      const check = (pair: PairCaller | undefined): Caller => {
        // Which of the two was wrong is nobody's business.
        if (pair === undefined || !isSigned(claim, pair.secret)) throw invalid(UNSIGNED);
        checkTimes(claim, Math.floor(clock.nowMs() / MS_PER_S));
        return pair.caller;
      };
      const pair = pairs.find(claim.issuer);
      return pair instanceof Promise ? pair.then(check) : check(pair);
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
