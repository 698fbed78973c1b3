/**
 * AWS Signature Version 4 over one request.
 * docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read 2026-11.
 */
import { createHash, createHmac } from 'node:crypto';

/** What is signed; vendors/shape.ts has the same. */
interface Ask {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly credential: string;
  readonly nowMs: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 'bedrock';
const REGION_DEFAULT = 'us-east-1';
const ENDPOINT = /^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|api\.aws)/;

/** Headers that prove the credential. A key without a colon is sent as it is. */
export function signAws(ask: Ask): Readonly<Record<string, string>> {
  const { credential, nowMs } = ask;
  const [id = '', secret, ...session] = credential.split(':');
  if (secret === undefined) return { authorization: `Bearer ${credential}` };
  if (id === '' || secret === '') throw new Error('the credential is not ID:SECRET');
  const url = new URL(ask.url);
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const token = session.join(':');
  const added = {
    'x-amz-date': stamp,
    ...(token === '' ? {} : { 'x-amz-security-token': token }),
  };
  const signed = { host: url.host, ...added };
  const names = Object.keys(signed).sort();
  const region = ENDPOINT.exec(url.hostname)?.[1] ?? REGION_DEFAULT;
  const scope = `${stamp.slice(0, 8)}/${region}/${SERVICE}/aws4_request`;
  const canonical = [
    ask.method,
    canonicalPath(url),
    canonicalQuery(url),
    ...names.map((name) => `${name}:${signed[name as keyof typeof signed]}`),
    '',
    names.join(';'),
    sha256(ask.body),
  ].join('\n');
  const text = [ALGORITHM, stamp, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((above, part) => hmac(above, part), `AWS4${secret}`);
  const signature = hmac(key, text).toString('hex');
  const by = `Credential=${id}/${scope}, SignedHeaders=${names.join(';')}`;
  return { ...added, authorization: `${ALGORITHM} ${by}, Signature=${signature}` };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** The path as it is sent is encoded once more. */
const canonicalPath = (url: URL): string => url.pathname.split('/').map(encode).join('/');

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
