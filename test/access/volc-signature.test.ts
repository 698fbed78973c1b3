/** Every vector is accepted, and none of them with a character changed. */
import { describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { type SignedParts, verifySignature } from '../../src/access/volc-signature.ts';
import { Fault } from '../../src/kit/fault.ts';
import vectors from '../fixtures/signatures/vectors.json';
import { seededRandom } from '../suites/sim-clock.ts';

const text = z.record(z.string(), z.string());
const common = {
  name: z.string(),
  method: z.string(),
  path: z.string(),
  access_key: z.string(),
  secret_key: z.string(),
  session_token: z.string().nullable(),
};
const file = z.object({
  vectors: z.array(
    z.object({
      ...common,
      query: z.array(z.tuple([z.string(), z.string()])),
      body: z.string(),
      headers: text,
      expected: z.object({ authorization: z.string() }),
    }),
  ),
  query_vectors: z.array(
    z.object({
      ...common,
      host: z.string().nullable(),
      expected: z.object({ query_string: z.string() }),
    }),
  ),
});

const SIGNED_MS = Date.UTC(2026, 0, 15, 8, 30);
const MINUTE_MS = 60_000;
const MUTATIONS = 100;

/** A request as lists of texts, each of which may be changed. */
interface Case {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secret: string;
  readonly securityToken: string | null;
  readonly method: string;
  readonly path: string;
  readonly pairs: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const { vectors: inHeaders, query_vectors: inQuery } = file.parse(vectors);

const CASES: readonly Case[] = [
  ...inHeaders.map((vector) => ({
    ...caseOf(vector),
    pairs: vector.query,
    headers: lower({ ...vector.headers, authorization: vector.expected.authorization }),
    body: vector.body,
  })),
  ...inQuery.map((vector) => ({
    ...caseOf(vector),
    pairs: [...new URLSearchParams(vector.expected.query_string)],
    headers: lower(vector.host === null ? {} : { host: vector.host }),
    body: '',
  })),
];

function caseOf(vector: {
  name: string;
  method: string;
  path: string;
  access_key: string;
  secret_key: string;
  session_token: string | null;
}) {
  return {
    name: vector.name,
    accessKeyId: vector.access_key,
    secret: vector.secret_key,
    securityToken: vector.session_token,
    method: vector.method,
    path: vector.path,
  };
}

function lower(headers: { readonly [name: string]: string }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function partsOf(one: Case): SignedParts {
  return {
    method: one.method,
    path: one.path,
    query: one.pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&'),
    header: (name) => one.headers[name] ?? null,
    body: Buffer.from(one.body),
  };
}

/** `ok`, or the fault. The key pair is known by the vector's own id alone. */
async function verdictOf(parts: SignedParts, one: Case, nowMs = SIGNED_MS): Promise<string> {
  const { secret, securityToken } = one;
  const find = async (id: string) =>
    id === one.accessKeyId ? { secret, securityToken } : undefined;
  try {
    const signature = await verifySignature(parts, find, nowMs);
    expect(signature.accessKeyId).toBe(one.accessKeyId);
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.status < 500) return thrown.code;
    throw thrown;
  }
}

const verdict = (one: Case, nowMs?: number) => verdictOf(partsOf(one), one, nowMs);

function caseNamed(name: string): Case {
  const found = CASES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no vector ${name}`);
  return found;
}

const ALPHABET = 'abcXYZ019-_.~/=;:&% +é豆';

/** The text with one character exchanged for another. */
function mutate(original: string, random: () => number): string {
  const chars = [...original];
  const at = Math.floor(random() * chars.length);
  const others = [...ALPHABET].filter((char) => char !== chars[at]);
  chars[at] = others[Math.floor(random() * others.length)] ?? '';
  return chars.join('');
}

/** One character of one signed part changed; longer parts are hit more often. */
function mutateCase(one: Case, random: () => number): Case {
  const places: { readonly size: number; readonly change: () => Case }[] = [];
  const add = (original: string, change: (mutated: string) => Case): void => {
    if (original === '') return;
    places.push({ size: original.length, change: () => change(mutate(original, random)) });
  };
  add(one.method, (method) => ({ ...one, method }));
  add(one.path, (path) => ({ ...one, path }));
  add(one.body, (body) => ({ ...one, body }));
  for (const [name, value] of Object.entries(one.headers)) {
    add(value, (changed) => ({ ...one, headers: { ...one.headers, [name]: changed } }));
  }
  one.pairs.forEach(([name, value], index) => {
    const put = (pair: readonly [string, string]) => ({
      ...one,
      pairs: one.pairs.with(index, pair),
    });
    add(name, (changed) => put([changed, value]));
    add(value, (changed) => put([name, changed]));
  });
  const total = places.reduce((sum, { size }) => sum + size, 0);
  let at = random() * total;
  const place = places.find(({ size }) => {
    at -= size;
    return at < 0;
  });
  if (place === undefined) throw new Error('nothing to change');
  return place.change();
}

test('there are as many vectors as were computed', () => {
  expect(CASES.length).toBe(22);
});

describe.each(CASES.map((one) => [one.name, one] as const))('%s', (name, one) => {
  test('is accepted, for 15 minutes before and after', async () => {
    expect(await verdict(one)).toBe('ok');
    expect(await verdict(one, SIGNED_MS + 15 * MINUTE_MS)).toBe('ok');
    expect(await verdict(one, SIGNED_MS - 15 * MINUTE_MS)).toBe('ok');
    expect(await verdict(one, SIGNED_MS + 15 * MINUTE_MS + 1)).toBe('invalid_timestamp');
    expect(await verdict(one, SIGNED_MS - 15 * MINUTE_MS - 1)).toBe('invalid_timestamp');
  });

  test('a hundred changes of one character are refused', async () => {
    const random = seededRandom(Bun.hash.crc32(name));
    for (let count = 0; count < MUTATIONS; count += 1) {
      const mutated = mutateCase(one, random);
      const told = await verdict(mutated);
      if (told === 'ok') throw new Error(`accepted: ${JSON.stringify(mutated)}`);
    }
  });

  test('another secret is refused', async () => {
    const parts = partsOf(one);
    expect(await verdictOf(parts, { ...one, secret: `${one.secret}=` })).toBe('signature_mismatch');
  });
});

const HEADERS = caseNamed('post_json_getapikey');
const TOKEN = caseNamed('post_security_token');
const QUERY = caseNamed('presign_query_no_headers');

const withHeaders = (one: Case, headers: Record<string, string>): Case => {
  return { ...one, headers: { ...one.headers, ...headers } };
};
const withPairs = (one: Case, ...pairs: [string, string][]): Case => {
  const names = pairs.map(([name]) => name);
  return { ...one, pairs: [...one.pairs.filter(([name]) => !names.includes(name)), ...pairs] };
};
const without = (one: Case, header: string): Case => {
  const { [header]: _, ...headers } = one.headers;
  return { ...one, headers };
};

describe('each refusal by its name', () => {
  const sign = HEADERS.headers.authorization ?? '';
  test.each([
    ['no signature', without(HEADERS, 'authorization'), 'missing_signature'],
    ['no date', without(HEADERS, 'x-date'), 'missing_signature'],
    ['a bearer', withHeaders(HEADERS, { authorization: 'Bearer x' }), 'invalid_authorization'],
    [
      'a date that is not signed',
      withHeaders(HEADERS, { authorization: sign.replace(';x-date', '') }),
      'invalid_authorization',
    ],
    [
      'a scope of another kind',
      withHeaders(HEADERS, { authorization: sign.replace('/request', '/aws4_request') }),
      'invalid_credential',
    ],
    [
      'a scope of another day',
      withHeaders(HEADERS, { authorization: sign.replace('/20260115/', '/20260116/') }),
      'invalid_credential',
    ],
    ['a date of another kind', withHeaders(HEADERS, { 'x-date': 'today' }), 'invalid_timestamp'],
    [
      'an expiry of another kind',
      withHeaders(HEADERS, { 'x-expires': '1e9' }),
      'invalid_timestamp',
    ],
    ['another pair', { ...HEADERS, accessKeyId: 'AKLTother' }, 'invalid_access_key'],
    ['another body', { ...HEADERS, body: '{}' }, 'signature_mismatch'],
    [
      'a token too many',
      withHeaders(HEADERS, { 'x-security-token': 't' }),
      'invalid_security_token',
    ],
    ['a token too few', without(TOKEN, 'x-security-token'), 'invalid_security_token'],
    ['a parameter that is not signed', withPairs(QUERY, ['Id', 'x']), 'signature_mismatch'],
    ['a body that is not signed', { ...QUERY, body: '{}' }, 'invalid_authorization'],
    ['another algorithm', withPairs(QUERY, ['X-Algorithm', 'none']), 'invalid_authorization'],
    [
      'a part that stands twice',
      { ...QUERY, pairs: [...QUERY.pairs, ['X-Date', '20260115T083000Z'] as const] },
      'invalid_authorization',
    ],
    [
      'no list of what is signed',
      { ...QUERY, pairs: QUERY.pairs.filter(([name]) => name !== 'X-SignedQueries') },
      'missing_signature',
    ],
  ] as [string, Case, string][])('%s', async (_, one, code) => {
    expect(await verdict(one)).toBe(code);
  });

  test('an expiry that is shorter counts, whether it is signed or not', async () => {
    const short = withHeaders(HEADERS, { 'x-expires': '60' });
    expect(await verdict(short, SIGNED_MS + MINUTE_MS)).toBe('ok');
    expect(await verdict(short, SIGNED_MS + MINUTE_MS + 1)).toBe('invalid_timestamp');
    const long = withHeaders(HEADERS, { 'x-expires': '604800' });
    expect(await verdict(long, SIGNED_MS + 16 * MINUTE_MS)).toBe('invalid_timestamp');
  });

  test('a query that cannot be decoded', async () => {
    const parts = { ...partsOf(HEADERS), query: 'Action=%zz' };
    expect(await verdictOf(parts, HEADERS)).toBe('invalid_request');
  });
});

describe('what the official clients do differently', () => {
  test('the query as each of them writes it', async () => {
    const special = caseNamed('node_get_special_chars');
    const raw = partsOf(special).query.replaceAll('%20', '+');
    expect(await verdictOf({ ...partsOf(special), query: raw }, special)).toBe('ok');
    const whole = special.pairs
      .map((pair) => pair.map((part) => encodeURIComponent(part).replaceAll('*', '%2A')).join('='))
      .join('&');
    expect(await verdictOf({ ...partsOf(special), query: whole }, special)).toBe('ok');
  });

  test('a host that is signed without the port that everybody knows', async () => {
    for (const port of [':80', ':443']) {
      const host = `${HEADERS.headers.host}${port}`;
      expect(await verdict(withHeaders(HEADERS, { host }))).toBe('ok');
    }
    const host = `${HEADERS.headers.host}:8080`;
    expect(await verdict(withHeaders(HEADERS, { host }))).toBe('signature_mismatch');
  });
});
