/** Who gets in, and what is told to who does not. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { route } from '../../src/edge/routes.ts';
import { parseCidrs } from '../../src/kit/cidr.ts';
import { ask, BODY, CHAT, type Edge, post, STRICT, startEdge } from './rig.ts';

/** All that anybody may ask. */
const PUBLIC = ['GET /healthz', 'GET /readyz'];

let edge: Edge;
let key: string;
let operator: string;

beforeAll(async () => {
  edge = await startEdge();
  key = await edge.mint();
  operator = await edge.mint({ role: 'operator' });
});
afterAll(() => edge.stop());

describe('the list of routes', () => {
  test('is the one that is known', () => {
    const known = edge.server.routes.map((one) => `${one.access} ${one.method} ${one.path}`);
    expect(known.sort()).toEqual([
      'caller DELETE /api/v3/files/:id',
      'caller DELETE /api/v3/responses/:id',
      'caller DELETE /v1/responses/:id',
      'caller GET /api/v3/files',
      'caller GET /api/v3/files/:id',
      'caller GET /api/v3/models',
      'caller GET /api/v3/models/*',
      'caller GET /api/v3/responses/:id',
      'caller GET /api/v3/responses/:id/input_items',
      'caller GET /v1/models',
      'caller GET /v1/models/*',
      'caller GET /v1/responses/:id',
      'caller GET /v1/responses/:id/input_items',
      'caller GET /v1beta/models',
      'caller GET /v1beta/models/*',
      'caller POST /api/doubao/v1/chat/completions',
      'caller POST /api/v3/batch/chat/completions',
      'caller POST /api/v3/bots/chat/completions',
      'caller POST /api/v3/chat/completions',
      'caller POST /api/v3/compatible/v1/messages',
      'caller POST /api/v3/compatible/v1/messages/count_tokens',
      'caller POST /api/v3/context/chat/completions',
      'caller POST /api/v3/context/create',
      'caller POST /api/v3/embeddings',
      'caller POST /api/v3/embeddings/multimodal',
      'caller POST /api/v3/files',
      'caller POST /api/v3/images/generations',
      'caller POST /api/v3/responses',
      'caller POST /api/v3/tokenization',
      'caller POST /rerank',
      'caller POST /v1/chat/completions',
      'caller POST /v1/embeddings',
      'caller POST /v1/messages',
      'caller POST /v1/messages/count_tokens',
      'caller POST /v1/models/*',
      'caller POST /v1/rerank',
      'caller POST /v1/responses',
      'caller POST /v1/responses/input_tokens',
      'caller POST /v1beta/models/*',
      'caller POST /v2/chat',
      'caller POST /v2/embed',
      'caller POST /v2/rerank',
      'operator DELETE /platform/v1/apps/:id',
      'operator GET /metrics',
      'operator GET /platform/v1/apps',
      'operator GET /platform/v1/apps/:id',
      'operator POST /platform/v1/apps',
      'public GET /healthz',
      'public GET /readyz',
      'public POST /oauth/token',
      'signature GET /',
      'signature POST /',
    ]);
  });

  test('each without a key is 401, but for the public ones', async () => {
    for (const { method, path, access } of edge.server.routes) {
      if (access === 'signature') continue;
      const open = PUBLIC.includes(`${method} ${path}`);
      for (const authorization of ['', 'Bearer sk-gw-wrong', 'Bearer ']) {
        const told = await ask(edge, path.replace('*', 'm'), {
          method,
          headers: authorization === '' ? {} : { authorization },
          ...(method === 'POST' ? { body: JSON.stringify(BODY) } : {}),
        });
        expect([path, told.status]).toEqual([path, open ? 200 : 401]);
        if (!open) expect(told.text).toMatch(/(missing|invalid)_api_key|AuthenticationError/);
      }
    }
  });

  test('each that must be signed refuses what is not, a good key included', async () => {
    const signed = edge.server.routes.filter(({ access }) => access === 'signature');
    expect(signed.length).toBe(2);
    for (const { method, path } of signed) {
      for (const authorization of [null, 'Bearer ', key, `Bearer ${operator}`, 'HMAC-SHA256 x']) {
        const headers = new Headers(
          authorization === null ? [] : [['authorization', authorization]],
        );
        const told = await ask(edge, `${path}?Action=ListApiKeys&Version=2024-01-01`, {
          method,
          headers,
        });
        expect(told.status).toBe(400);
        const code = authorization === null ? 'MissingRequestInfo' : 'InvalidAuthorization';
        expect(told.text).toContain(`"Code":"${code}"`);
      }
    }
  });

  test('one that says nothing of access cannot be made', () => {
    const definition = { method: 'GET', path: '/x', handle: () => new Response() } as const;
    const writeFault = () => '';
    const made = { ...definition, writeFault, access: JSON.parse('"everyone"') };
    expect(() => route(made)).toThrow('GET /x has no access rule');
  });

  test('an operator’s route is not for callers', async () => {
    const asCaller = await ask(edge, '/metrics', { headers: { authorization: `Bearer ${key}` } });
    expect(asCaller).toMatchObject({ status: 403, code: 'operator_only' });
    const told = await ask(edge, '/metrics', { headers: { 'x-api-key': operator } });
    expect(told.status).toBe(200);
    expect(told.text).toContain('gangway_open_calls 0');
    expect(told.text).not.toContain(key);
  });
});

describe('credentials', () => {
  test.each([
    ['authorization', 'Bearer '],
    ['authorization', ''],
    ['x-api-key', ''],
    ['api-key', ''],
  ])('%s: %s<key>', async (name, prefix) => {
    const told = await ask(edge, '/v1/models', { headers: { [name]: prefix + key } });
    expect(told.status).toBe(200);
  });

  test('a disabled key is out within a second, an expired one at once', async () => {
    const secret = await edge.mint({ name: 'off' });
    const headers = { authorization: `Bearer ${secret}` };
    expect((await ask(edge, '/v1/models', { headers })).status).toBe(200);
    const row = (await edge.store.keys.list({ limit: 100 })).find((one) => one.name === 'off');
    await edge.store.keys.setState(row?.id ?? '', 'disabled');
    const told = await ask(edge, '/v1/models', { headers });
    expect(told).toMatchObject({ status: 401, code: 'key_disabled' });
    const old = await edge.mint({ expiresMs: Date.now() - 1 });
    const late = await ask(edge, '/v1/models', { headers: { authorization: old } });
    expect(late).toMatchObject({ status: 401, code: 'key_expired' });
  });

  test('a key is held to its addresses', async () => {
    const [here, there] = [
      await edge.mint({ addresses: ['127.0.0.0/8'] }),
      await edge.mint({ addresses: ['10.0.0.0/8'] }),
    ];
    const get = (secret: string, more = {}) =>
      ask(edge, '/v1/models', { headers: { authorization: secret, ...more } });
    expect((await get(here)).status).toBe(200);
    expect(await get(there)).toMatchObject({ status: 403, code: 'address_not_allowed' });
    const forged = await get(there, { 'x-forwarded-for': '10.0.0.1' });
    expect(forged.status).toBe(403);
  });

  test('a forwarded address is believed from trusted proxies only, from the right', async () => {
    const trusted = await startEdge({
      server: { trustedProxies: parseCidrs(['127.0.0.1', '192.168.0.0/16']) },
    });
    const secret = await trusted.mint({ addresses: ['10.0.0.0/8'] });
    const status = async (chain: string | null) => {
      const headers = new Headers({ authorization: secret });
      if (chain !== null) headers.set('x-forwarded-for', chain);
      return (await ask(trusted, '/v1/models', { headers })).status;
    };
    expect(await status('10.0.0.1')).toBe(200);
    expect(await status('203.0.113.9, 10.0.0.1, 192.168.1.1')).toBe(200);
    expect(await status('10.0.0.1, 203.0.113.9')).toBe(403);
    expect(await status('192.168.1.1, ,')).toBe(403);
    expect(await status(null)).toBe(403);
    await trusted.stop();
  });
});

describe('models', () => {
  test('a key sees those that it may use, and no others', async () => {
    const some = { authorization: await edge.mint({ models: ['other'] }) };
    const all = { authorization: key };
    const list = async (headers: Record<string, string>) =>
      JSON.parse((await ask(edge, '/v1/models', { headers })).text) as { data: { id: string }[] };
    expect((await list(all)).data.map(({ id }) => id)).toEqual(['m', 'other']);
    expect((await list(some)).data.map(({ id }) => id)).toEqual(['other']);
    const one = await ask(edge, '/v1/models/other', { headers: some });
    expect(JSON.parse(one.text)).toMatchObject({ id: 'other', object: 'model', owned_by: 'acme' });
    for (const [path, headers] of [
      ['/v1/models/m', some],
      ['/v1/models/nope', all],
    ] as const) {
      const told = await ask(edge, path, { headers });
      expect(told).toMatchObject({ status: 404, code: 'model_not_found' });
    }
    const called = await ask(edge, CHAT, post(some.authorization, BODY));
    expect(called).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
  });

  test('a path is decoded, and one that cannot be is 400', async () => {
    const headers = { authorization: key };
    expect((await ask(edge, '/v1/models/%6d', { headers })).status).toBe(200);
    const told = await ask(edge, '/v1/models/%zz', { headers });
    expect(told).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('the strict path', () => {
  test('has the tutorial’s contract', async () => {
    const good = await ask(edge, STRICT, post(key, { ...BODY, stream: false }));
    expect(good.status).toBe(200);
    const missing = await ask(edge, STRICT, post(key, BODY));
    expect(missing).toMatchObject({ status: 422, code: 'invalid_parameter', param: 'stream' });
    const extra = await ask(edge, STRICT, post(key, { ...BODY, stream: false, temperature: 1 }));
    expect(extra).toMatchObject({ status: 400, code: 'unknown_parameter', param: 'temperature' });
  });

  test('so does any path for a key that carries it', async () => {
    const strict = await edge.mint({ contract: 'strict' });
    const messages = { ...BODY, max_tokens: 9 };
    const contents = { contents: [{ parts: [{ text: 'hi' }] }] };
    for (const [path, body] of [
      ['/v1/messages', messages],
      ['/v1beta/models/m:generateContent', contents],
    ] as const) {
      const past = await ask(edge, path, post(strict, body));
      expect([past.status, past.code]).toEqual([404, 'not_found']);
    }
    const told = await ask(edge, CHAT, post(strict, BODY));
    expect(told).toMatchObject({ status: 422, param: 'stream' });
  });

  test('is limited by address before the key is looked at', async () => {
    const strictLeak = { ratePerS: 0.001, burst: 5, nodelay: true };
    const limited = await startEdge({ strictLeak });
    const statuses: number[] = [];
    for (let times = 0; times < 8; times += 1) {
      statuses.push((await ask(limited, STRICT, post(null, BODY))).status);
    }
    expect(statuses).toEqual([...Array(6).fill(401), 429, 429]);
    const told = await ask(limited, STRICT, post(null, BODY));
    expect(told.code).toBe('address_limit_exceeded');
    expect(Number(told.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(limited, CHAT, post(null, BODY))).status).toBe(401);
    await limited.stop();
  });
});
