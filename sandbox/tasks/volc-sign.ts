/** Checks a Volcengine signature in headers, from its documents (docs/6369/67269). */
import { createHash, createHmac } from 'node:crypto';
import { nowMs } from '../clock.ts';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | null;
  readonly raw: Uint8Array;
}

const SKEW_MS = 900_000;
const AUTHORIZATION = new RegExp(
  '^HMAC-SHA256 Credential=([^/,]+)/(\\d{8})/([\\w-]+)/(\\w+)/request, ' +
    'SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$',
);

const sha = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const mac = (key: string | Uint8Array, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** null: well signed by this pair. Else code, number and HTTP status of the refusal. */
export function judgeSignature(
  request: SignedRequest,
  pair: { readonly id: string; readonly secret: string; readonly scope: readonly [string, string] },
): readonly [code: string, number: number, status: number] | null {
  const read = AUTHORIZATION.exec(request.header('authorization') ?? '');
  if (read === null) return ['InvalidAuthorization', 100_024, 400];
  const [, id = '', day = '', region = '', service = '', names = '', signature = ''] = read;
  const [wantedRegion, wantedService] = pair.scope;
  if (region !== wantedRegion || service !== wantedService) {
    return ['InvalidCredential', 100_025, 400];
  }
  if (id !== pair.id) return ['InvalidAccessKey', 100_009, 401];
  const date = request.header('x-date') ?? '';
  const stamp = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!date.startsWith(day) || !(Math.abs(Date.parse(stamp) - nowMs()) < SKEW_MS)) {
    return ['InvalidTimestamp', 100_006, 400];
  }
  const bodyHash = sha(request.raw);
  const list = names.split(';');
  const isWhole = list.includes('x-date') && request.header('x-content-sha256') === bodyHash;
  if (!isWhole) return ['SignatureDoesNotMatch', 100_010, 401];
  const query = [...request.query].map((part) => part.map(encode).join('=')).sort();
  const headers = list.map((name) => `${name}:${(request.header(name) ?? '').trim()}\n`).join('');
  const parts = [request.method, request.path, query.join('&'), headers, names, bodyHash];
  const scope = `${day}/${region}/${service}/request`;
  const text = `HMAC-SHA256\n${date}\n${scope}\n${sha(parts.join('\n'))}`;
  const key = mac(mac(mac(mac(pair.secret, day), region), service), 'request');
  const isRight = mac(key, text).toString('hex') === signature;
  return isRight ? null : ['SignatureDoesNotMatch', 100_010, 401];
}
