/**
 * Verifies AWS Signature Version 4 from what was received, byte for byte.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { nowMs } from '../clock.ts';
import type { WireRequest } from '../wire.ts';

export const ACCESS_KEY_ID = 'AKIASANDBOX000000000';
export const SECRET_ACCESS_KEY = 'sandbox-bedrock-secret';
export const REGION = 'us-east-1';
const SERVICE = 'bedrock';
const SKEW_MS = 5 * 60 * 1000;
const AUTHORIZATION = new RegExp(
  '^AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/([^/]+)/([^/]+)/aws4_request, ?' +
    'SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$',
);
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
/** Headers that a signature must cover. */
const COVERED = ['host', 'x-amz-date'];

export type Verdict = 'good' | 'no-key' | 'bad-key' | 'expired' | 'mismatch';

export function verify(request: WireRequest): Verdict {
  const header = request.headers.get('authorization') ?? '';
  if (header === '') return 'no-key';
  const [, id, day, region, service, names = '', signature = ''] = AUTHORIZATION.exec(header) ?? [];
  if (id !== ACCESS_KEY_ID) return 'bad-key';
  const stamp = request.headers.get('x-amz-date') ?? '';
  const [, ...parts] = DATE.exec(stamp) ?? [];
  const [year, month, date, hour, minute, second] = parts.map(Number);
  if (second === undefined || !stamp.startsWith(String(day))) return 'mismatch';
  const sentMs = Date.UTC(year!, month! - 1, date!, hour!, minute!, second);
  if (Math.abs(nowMs() - sentMs) > SKEW_MS) return 'expired';
  if (region !== REGION || service !== SERVICE) return 'mismatch';
  const signed = names.split(';');
  if (!COVERED.every((name) => signed.includes(name))) return 'mismatch';
  if (!isPayloadHeld(request)) return 'mismatch';
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical(request, signed))].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(String(part)).digest(),
    `AWS4${SECRET_ACCESS_KEY}`,
  );
  const own = createHmac('sha256', key).update(text).digest();
  return timingSafeEqual(own, Buffer.from(signature, 'hex')) ? 'good' : 'mismatch';
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A hash of the body that is sent must be the body's. */
function isPayloadHeld(request: WireRequest): boolean {
  const sent = request.headers.get('x-amz-content-sha256');
  return sent === undefined || sent === sha256(request.body);
}

function canonical(request: WireRequest, signed: readonly string[]): string {
  // The path as it was sent is encoded once more, as every service but S3 does.
  const path = request.path
    .split('/')
    .map((part) => encodeRfc3986(part))
    .join('/');
  const query = [...request.query]
    .map(([name, value]) => `${encodeRfc3986(name)}=${encodeRfc3986(value)}`)
    .sort()
    .join('&');
  const headers = signed.map((name) => {
    const value = (request.headers.get(name) ?? '').trim().replace(/ +/g, ' ');
    return `${name}:${value}\n`;
  });
  const body = sha256(request.body);
  return [request.method, path, query, headers.join(''), signed.join(';'), body].join('\n');
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
