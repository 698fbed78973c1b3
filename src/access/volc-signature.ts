/**
 * Volcengine's request signature (HMAC-SHA256 over a canonical request), in headers or in the
 * query. Pure: the clock and the secrets come in as arguments.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Fault } from '../kit/fault.ts';
import { canonicalQueries, type Pair, readPairs } from './volc-query.ts';

/** The parts of a request that a signature covers, as they came. */
export interface SignedParts {
  readonly method: string;
  readonly path: string;
  /** The query as it stands in the URL, without the question mark. */
  readonly query: string;
  /** By lower-case name; null where it was not sent. */
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
}

export interface SigningSecret {
  readonly secret: string;
  /** What X-Security-Token must be; null: a lasting key pair, which has none. */
  readonly securityToken: string | null;
}

/** The key pair of this id; undefined where it is unknown or disabled. */
export type FindSecret = (accessKeyId: string) => Promise<SigningSecret | undefined>;

/** What a good signature says. */
export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** Hex; the same request signed in the same second has the same one. */
  readonly signature: string;
  /** From then on the signature is refused for its age. */
  readonly untilMs: number;
}

/** How far the caller's clock may be off, and how long a signature is good unless it says less. */
const SKEW_S = 900;
/** A signed address (query form) may ask to be good for longer, where it only reads. */
const EXPIRES_S_MAX = 604_800;
const MS_PER_S = 1_000;
const ALGORITHM = 'HMAC-SHA256';
const AUTHORIZATION =
  /^HMAC-SHA256 Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([^,\s]{64})$/;
const CREDENTIAL = /^([\w-]{1,128})\/(\d{8})\/([\w-]{1,64})\/([\w-]{1,64})\/request$/;
const X_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const HEX_HASH = /^[0-9a-f]{64}$/;
const EMPTY_HASH = hashHex('');
/** What the query form adds after it has signed; everything else must be signed. */
const UNSIGNED: ReadonlySet<string> = new Set([
  'X-Signature',
  'X-SignedQueries',
  'X-Security-Token',
]);

/** What a request claims about its signature, wherever it stands. */
interface Claim {
  readonly credential: string;
  readonly xDate: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly securityToken: string | null;
  readonly expires: string | null;
  readonly expiresSMax: number;
  readonly bodyHash: string;
  /** Parameters that are signed. */
  readonly pairs: readonly Pair[];
}

/**
 * Whose request this is. Faults: `missing_signature`, `invalid_authorization`,
 * `invalid_credential`, `invalid_timestamp`, `invalid_access_key`, `invalid_security_token`,
 * `signature_mismatch`.
 */
export async function verifySignature(
  parts: SignedParts,
  findSecret: FindSecret,
  nowMs: number,
): Promise<Signature> {
  const claim = readClaim(parts);
  const credential = CREDENTIAL.exec(claim.credential);
  if (credential === null) {
    throw new Fault('invalid_credential', {
      message: 'The credential must be <access key id>/<YYYYMMDD>/<region>/<service>/request.',
    });
  }
  const [, accessKeyId = '', day = '', region = '', service = ''] = credential;
  const untilMs = checkTime(claim, day, nowMs);
  const found = await findSecret(accessKeyId);
  if (found === undefined) throw new Fault('invalid_access_key');
  checkToken(claim.securityToken, found.securityToken);
  const key = [region, service, 'request'].reduce<Uint8Array>(hmac, hmac(found.secret, day));
  const scope = `${day}/${region}/${service}/request`;
  const given = Buffer.from(claim.signature);
  for (const canonical of canonicalRequests(parts, claim)) {
    const text = `${ALGORITHM}\n${claim.xDate}\n${scope}\n${hashHex(canonical)}`;
    const expected = Buffer.from(Buffer.from(hmac(key, text)).toString('hex'));
    if (given.length === expected.length && timingSafeEqual(given, expected)) {
      return { accessKeyId, region, service, signature: claim.signature, untilMs };
    }
  }
  throw new Fault('signature_mismatch');
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}

function hashHex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function readClaim(parts: SignedParts): Claim {
  const authorization = parts.header('authorization');
  if (authorization !== null) return claimOfHeaders(parts, authorization);
  const pairs = readPairs(parts.query);
  if (pairs.some(([name]) => name === 'X-Signature')) return claimOfQuery(parts, pairs);
  throw new Fault('missing_signature');
}

function claimOfHeaders(parts: SignedParts, authorization: string): Claim {
  const read = AUTHORIZATION.exec(authorization);
  if (read === null) throw new Fault('invalid_authorization');
  const [, credential = '', signedHeaders = '', signature = ''] = read;
  const xDate = parts.header('x-date');
  if (xDate === null) throw new Fault('missing_signature', { message: 'X-Date is missing.' });
  if (!signedHeaders.split(';').includes('x-date')) {
    throw new Fault('invalid_authorization', { message: 'X-Date must be among SignedHeaders.' });
  }
  const bodyHash = hashHex(parts.body);
  const sentHash = parts.header('x-content-sha256');
  if (sentHash !== null && sentHash !== bodyHash) {
    throw new Fault('signature_mismatch', {
      message: 'X-Content-Sha256 is not the hash of the body that arrived.',
    });
  }
  return {
    credential,
    xDate,
    signedHeaders,
    signature,
    securityToken: parts.header('x-security-token'),
    expires: parts.header('x-expires'),
    expiresSMax: SKEW_S,
    bodyHash,
    pairs: readPairs(parts.query),
  };
}

function claimOfQuery(parts: SignedParts, pairs: readonly Pair[]): Claim {
  const one = (name: string): string | null => {
    const values = pairs.filter(([other]) => other === name);
    if (values.length > 1) {
      throw new Fault('invalid_authorization', { message: `${name} stands twice.` });
    }
    return values[0]?.[1] ?? null;
  };
  const needed = (name: string): string => {
    const value = one(name);
    if (value !== null) return value;
    throw new Fault('missing_signature', { message: `${name} is missing.` });
  };
  if (needed('X-Algorithm') !== ALGORITHM) {
    throw new Fault('invalid_authorization', { message: `X-Algorithm must be ${ALGORITHM}.` });
  }
  const signed = new Set(needed('X-SignedQueries').split(';'));
  const loose = pairs.find(([name]) => !signed.has(name) && !UNSIGNED.has(name));
  // What is not signed could be added by anybody who sees the address.
  if (loose !== undefined) {
    throw new Fault('signature_mismatch', {
      message: `The parameter ${loose[0].slice(0, 100)} is not among X-SignedQueries.`,
    });
  }
  if (parts.body.length > 0) {
    throw new Fault('invalid_authorization', {
      message: 'A signature in the query does not cover a body. Sign in headers instead.',
    });
  }
  return {
    credential: needed('X-Credential'),
    xDate: needed('X-Date'),
    signedHeaders: one('X-SignedHeaders') ?? '',
    signature: needed('X-Signature'),
    securityToken: one('X-Security-Token'),
    expires: one('X-Expires'),
    expiresSMax: parts.method === 'GET' ? EXPIRES_S_MAX : SKEW_S,
    bodyHash: EMPTY_HASH,
    pairs: pairs.filter(([name]) => signed.has(name) && name !== 'X-Signature'),
  };
}

/** Answers when the signature ends. */
function checkTime(claim: Claim, day: string, nowMs: number): number {
  const read = X_DATE.exec(claim.xDate);
  const [, year, month, date, hour, minute, second] = (read ?? []).map(Number);
  const signedMs =
    year === undefined || month === undefined
      ? Number.NaN
      : Date.UTC(year, month - 1, date, hour, minute, second);
  if (Number.isNaN(signedMs)) {
    throw new Fault('invalid_timestamp', { message: 'X-Date must be YYYYMMDDTHHMMSSZ, in UTC.' });
  }
  if (claim.xDate.slice(0, day.length) !== day) {
    throw new Fault('invalid_credential', {
      message: 'The day of the credential is not the day of X-Date.',
    });
  }
  const expires = claim.expires === null ? SKEW_S : Number(claim.expires);
  if (!Number.isInteger(expires) || expires < 1 || expires > EXPIRES_S_MAX) {
    throw new Fault('invalid_timestamp', {
      message: `X-Expires must be 1 to ${EXPIRES_S_MAX} seconds.`,
    });
  }
  const untilMs = signedMs + Math.min(expires, claim.expiresSMax) * MS_PER_S;
  if (nowMs > untilMs || nowMs < signedMs - SKEW_S * MS_PER_S) {
    throw new Fault('invalid_timestamp', {
      message: `X-Date ${claim.xDate} is too far from the time here. Check the clock; sign anew.`,
    });
  }
  return untilMs;
}

function checkToken(given: string | null, expected: string | null): void {
  if (given === null && expected === null) return;
  const [a, b] = [given ?? '', expected ?? ''].map((text) => Buffer.from(hashHex(text)));
  if (given !== null && expected !== null && a && b && timingSafeEqual(a, b)) return;
  throw new Fault('invalid_security_token');
}

/** All canonical forms that the official clients would have signed for this request. */
function* canonicalRequests(parts: SignedParts, claim: Claim): Generator<string> {
  if (!HEX_HASH.test(claim.signature)) return;
  const names = claim.signedHeaders === '' ? [] : claim.signedHeaders.split(';');
  // The list is taken as given: some clients do not sort it.
  const headers = names.map((name) => ({ name, value: parts.header(name)?.trim() }));
  if (headers.some(({ value }) => value === undefined)) return;
  for (const hostOf of [(host: string) => host, withoutDefaultPort]) {
    const lines = headers.map(({ name, value = '' }) => {
      return `${name}:${name === 'host' ? hostOf(value) : value}`;
    });
    for (const query of canonicalQueries(claim.pairs)) {
      yield [
        parts.method,
        parts.path,
        query,
        // Also where no header is signed, an empty line stands for them.
        `${lines.join('\n')}\n`,
        claim.signedHeaders,
        claim.bodyHash,
      ].join('\n');
    }
  }
}

/** The Python client signs the host without these ports, whatever it sends. */
function withoutDefaultPort(host: string): string {
  return host.replace(/:(80|443)$/, '');
}
