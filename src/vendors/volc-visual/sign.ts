/** Volcengine's request signature for the service cv in cn-north-1 (docs/6369/67269). Pure. */
import { createHash, createHmac } from 'node:crypto';
import type { SignAsk } from '../shape.ts';

const SCOPE = ['cn-north-1', 'cv', 'request'];
const ALGORITHM = 'HMAC-SHA256';
const SIGNED = 'content-type;host;x-content-sha256;x-date';
const PAIR = /^([^:\s]+):(\S+)$/;

export function sign(ask: SignAsk): Readonly<Record<string, string>> {
  const [, id, secret] = PAIR.exec(ask.credential.trim()) ?? [];
  if (id === undefined || secret === undefined) {
    throw new Error('the credential must be "<access key id>:<secret access key>"');
  }
  const url = new URL(ask.url);
  const xDate = new Date(ask.nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = xDate.slice(0, 8);
  const type = ask.headers['content-type'] ?? 'application/json';
  const bodyHash = hash(ask.body);
  const headers = [
    `content-type:${type}`,
    `host:${url.host}`,
    `x-content-sha256:${bodyHash}`,
    `x-date:${xDate}`,
  ];
  const canonical = [
    ask.method,
    url.pathname,
    canonicalQuery(url.searchParams),
    ...headers,
    '',
    SIGNED,
    bodyHash,
  ].join('\n');
  const scope = [day, ...SCOPE].join('/');
  const text = [ALGORITHM, xDate, scope, hash(canonical)].join('\n');
  const key = SCOPE.reduce<Uint8Array>(hmac, hmac(secret, day));
  const signature = Buffer.from(hmac(key, text)).toString('hex');
  return {
    'content-type': type,
    'x-date': xDate,
    'x-content-sha256': bodyHash,
    authorization:
      `${ALGORITHM} Credential=${id}/${scope}, ` +
      `SignedHeaders=${SIGNED}, Signature=${signature}`,
  };
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map((pair) => pair.map(encode).join('='))
    .sort()
    .join('&');
}

/** All but unreserved characters; `encodeURIComponent` leaves five more. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac('sha256', key).update(text).digest();
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
