/** Signs requests as the vendor's page says: written apart from src/, so that it can judge it. */

export interface Wanted {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly url: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly region?: string;
  readonly atMs?: number;
}

const sha256 = (text: string): string => Bun.CryptoHasher.hash('sha256', text, 'hex');

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return new Bun.CryptoHasher('sha256', key).update(text).digest();
}

const encode = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9_.~-]/.test(char)) return char;
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');

export function stampOf(ms: number): string {
  return new Date(ms).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

/** Headers for `fetch`, the signature among them. */
export function sign(wanted: Wanted): Record<string, string> {
  const { method = 'POST', body = '', service = 'ark', region = 'cn-beijing' } = wanted;
  const url = new URL(wanted.url);
  const xDate = stampOf(wanted.atMs ?? Date.now());
  const headers: Record<string, string> = {
    host: url.host,
    'x-content-sha256': sha256(body),
    'x-date': xDate,
    ...wanted.headers,
  };
  const names = Object.keys(headers).sort();
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = [method, url.pathname, query, lines, names.join(';'), sha256(body)].join('\n');
  const day = xDate.slice(0, 8);
  const scope = `${day}/${region}/${service}/request`;
  let key = hmac(wanted.secret, day);
  for (const part of [region, service, 'request']) key = hmac(key, part);
  const text = ['HMAC-SHA256', xDate, scope, sha256(canonical)].join('\n');
  const signature = Buffer.from(hmac(key, text)).toString('hex');
  const { host: _, ...sent } = headers;
  const authorization = [
    `HMAC-SHA256 Credential=${wanted.accessKeyId}/${scope}`,
    `SignedHeaders=${names.join(';')}`,
    `Signature=${signature}`,
  ].join(', ');
  return { ...sent, authorization };
}
