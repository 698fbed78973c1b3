/** Apps over HTTP: made, traded for tokens, used, revoked. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SimClock } from '../suites/sim-clock.ts';
import { ask, BODY, CHAT, type Edge, post, startEdge, type Told } from './rig.ts';

const TOKEN = '/oauth/token';
const APPS = '/platform/v1/apps';
const STRICT_BODY = { ...BODY, stream: false };

let edge: Edge;
let operator: string;
let clock: SimClock;

beforeAll(async () => {
  clock = new SimClock();
  edge = await startEdge({ tokenClock: clock });
  operator = await edge.mint({ role: 'operator' });
});
afterAll(() => edge.stop());

const basic = (key: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`,
});
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = (told: Told) => JSON.parse(told.text) as Record<string, unknown>;

async function tokenOf(pair: { apiKey: string; apiSecret: string }): Promise<string> {
  const sent = { api_key: pair.apiKey, api_secret: pair.apiSecret };
  return String(json(await ask(edge, TOKEN, post(null, sent))).access_token);
}

describe('POST /oauth/token', () => {
  test('takes Basic, form and JSON, under either pair of names', async () => {
    const { apiKey: k, apiSecret: s } = await edge.mintApp();
    const grant = { grant_type: 'client_credentials' };
    const bodyOf = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
    const asks: RequestInit[] = [
      post(null, bodyOf(grant), { ...form, ...basic(k, s) }),
      { method: 'POST', headers: basic(k, s) },
      post(null, bodyOf({ ...grant, client_id: k, client_secret: s }), form),
      post(null, bodyOf({ api_key: k, api_secret: s }), form),
      post(null, { ...grant, client_id: k, client_secret: s }),
      post(null, { api_key: k, api_secret: s }),
      post('sk-gw-other', { api_key: k, api_secret: s }),
    ];
    for (const init of asks) {
      const told = await ask(edge, TOKEN, init);
      expect(json(told)).toEqual({
        access_token: expect.stringMatching(/^at-gw-/),
        token_type: 'Bearer',
        expires_in: 7_200,
      });
      expect(told.headers.get('cache-control')).toBe('no-store');
      const token = String(json(told).access_token);
      expect((await ask(edge, CHAT, post(token, STRICT_BODY))).status).toBe(200);
    }
  });

  test('refuses by name', async () => {
    const { apiKey: k, apiSecret: s } = await edge.mintApp();
    const other = await edge.mintApp();
    const cases: [RequestInit, number, string, string | null][] = [
      [post(null, {}), 401, 'missing_api_key', 'client_id'],
      [post(null, { api_key: k }), 401, 'missing_api_key', 'client_secret'],
      [post(null, { api_key: k, api_secret: 7 }), 401, 'missing_api_key', 'client_secret'],
      [post(null, { api_key: k, api_secret: other.apiSecret }), 401, 'invalid_api_key', null],
      [post(null, '', basic(k, 'as-gw-nope')), 401, 'invalid_api_key', null],
      [post(null, { grant_type: 'password' }), 400, 'invalid_request', 'grant_type'],
      [post(null, '{"api_key":'), 400, 'invalid_json', null],
      [post(null, '["x"]'), 400, 'invalid_json', null],
      [post(null, 'x'.repeat(16_385)), 413, 'body_too_large', null],
    ];
    for (const [init, status, code, param] of cases) {
      const told = await ask(edge, TOKEN, init);
      expect([init.body, told.status, told.code, told.param]).toEqual([
        init.body,
        status,
        code,
        param,
      ]);
      for (const secret of [s, other.apiSecret]) expect(told.text).not.toContain(secret);
    }
  });
});

describe('an access token', () => {
  test('holds its app to the strict contract, unless the app is free of it', async () => {
    const strict = await tokenOf(await edge.mintApp());
    const free = await tokenOf(await edge.mintApp({ contract: null }));
    const status = async (token: string, body: object) =>
      (await ask(edge, CHAT, post(token, body))).status;
    expect(await status(strict, STRICT_BODY)).toBe(200);
    expect(await status(strict, BODY)).toBe(422);
    expect(await status(strict, { ...STRICT_BODY, temperature: 1 })).toBe(400);
    expect(await status(free, { ...BODY, temperature: 1 })).toBe(200);
  });

  test('may be sent wherever a key may, and is no operator’s', async () => {
    const token = await tokenOf(await edge.mintApp());
    for (const name of ['authorization', 'x-api-key', 'api-key']) {
      expect((await ask(edge, '/v1/models', { headers: { [name]: token } })).status).toBe(200);
    }
    const told = await ask(edge, '/metrics', { headers: { authorization: token } });
    expect(told).toMatchObject({ status: 403, code: 'operator_only' });
  });

  test('all tokens of an app share its 60 requests a minute', async () => {
    const app = await edge.mintApp();
    const tokens = [await tokenOf(app), await tokenOf(app)];
    for (let at = 0; at < 60; at += 1) {
      const told = await ask(edge, CHAT, post(tokens[at % 2] ?? '', STRICT_BODY));
      expect([at, told.status]).toEqual([at, 200]);
      expect(told.headers.get('x-ratelimit-remaining-requests')).toBe(String(59 - at));
    }
    for (const token of tokens) {
      const told = await ask(edge, CHAT, post(token, STRICT_BODY));
      expect(told).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    }
    const other = await tokenOf(await edge.mintApp());
    expect((await ask(edge, CHAT, post(other, STRICT_BODY))).status).toBe(200);
  });

  test('its calls stand in the books under the app', async () => {
    const app = await edge.mintApp();
    await ask(edge, CHAT, post(await tokenOf(app), STRICT_BODY));
    await Bun.sleep(50);
    const calls = await edge.store.calls.list({ limit: 5, keyId: app.row.id });
    expect(calls).toMatchObject([{ accountId: 'default', state: 'charged' }]);
    expect((await edge.store.ledger.audit()).problems).toEqual([]);
  });

  test('ends after two hours; the message tells it from a wrong one', async () => {
    const token = await tokenOf(await edge.mintApp());
    clock.jump(7_200_000);
    const told = await ask(edge, CHAT, post(token, STRICT_BODY));
    expect(told).toMatchObject({ status: 401, code: 'invalid_access_token' });
    expect(told.text).toContain('expired');
    expect(told.headers.get('x-should-retry')).toBe('false');
    const wrong = await ask(edge, CHAT, post(`${token}x`, STRICT_BODY));
    expect(wrong).toMatchObject({ status: 401, code: 'invalid_access_token' });
    expect(wrong.text).not.toContain('expired');
  });

  test('dies within a second of its app, revoked by another process', async () => {
    const app = await edge.mintApp();
    const token = await tokenOf(app);
    expect((await ask(edge, CHAT, post(token, STRICT_BODY))).status).toBe(200);
    const other = await edge.openOther();
    await other.apps.revoke(app.row.id);
    const startMs = performance.now();
    for (let status = 200; status === 200; ) {
      status = (await ask(edge, '/v1/models', { headers: { authorization: token } })).status;
      expect(performance.now() - startMs).toBeLessThan(1_000);
    }
    const told = await ask(edge, CHAT, post(token, STRICT_BODY));
    expect(told).toMatchObject({ status: 401, code: 'invalid_access_token' });
    expect(told.text).toContain('revoked');
  });
});

describe('/platform/v1/apps', () => {
  const wish = {
    account: 'default',
    name: '我的应用',
    callback_domain: 'app.example.com',
    scenario: 'customer service',
  };

  test('makes an app and shows its key and secret once', async () => {
    const made = await ask(edge, APPS, post(operator, wish));
    expect(made.status).toBe(201);
    const app = json(made);
    expect(app).toMatchObject({ ...wish, contract: 'strict', state: 'active', object: 'app' });
    const pair = { apiKey: String(app.api_key), apiSecret: String(app.api_secret) };
    expect(await tokenOf(pair)).toStartWith('at-gw-');
    const headers = { authorization: operator };
    for (const path of [APPS, `${APPS}/${app.id}`]) {
      const shown = await ask(edge, `${path}?limit=1000`, { headers });
      expect(shown.status).toBe(200);
      expect(shown.text).toContain(String(app.id));
      expect(shown.text).not.toMatch(/a[ks]-gw-/);
    }
    const revoked = await ask(edge, `${APPS}/${app.id}`, { headers, method: 'DELETE' });
    expect(json(revoked)).toMatchObject({ id: app.id, state: 'revoked' });
    const sent = { api_key: pair.apiKey, api_secret: pair.apiSecret };
    const told = await ask(edge, TOKEN, post(null, sent));
    expect(told).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(told.text).toContain('revoked');
  });

  test('lists by pages', async () => {
    await edge.mintApp();
    const headers = { authorization: operator };
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const told = json(await ask(edge, `${APPS}?limit=2&after=${after}`, { headers }));
      const page = told as { data: { id: string }[]; has_more: boolean; last: string };
      ids.push(...page.data.map(({ id }) => id));
      if (!page.has_more) break;
      after = page.last;
    }
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids.length).toBe((await edge.store.apps.list({ limit: 1_000 })).length);
  });

  test('names the field that is wrong', async () => {
    const headers = { authorization: operator };
    const cases: [string, RequestInit, number, string, string | null][] = [
      [APPS, post(operator, { ...wish, name: 7 }), 400, 'invalid_request', 'name'],
      [APPS, post(operator, { ...wish, scenario: undefined }), 400, 'invalid_request', 'scenario'],
      [
        APPS,
        post(operator, { ...wish, callback_domain: 'a b' }),
        400,
        'invalid_request',
        'callback_domain',
      ],
      [APPS, post(operator, { ...wish, account: 'nobody' }), 400, 'invalid_request', 'account'],
      [APPS, post(operator, { ...wish, contract: 'loose' }), 400, 'invalid_request', 'contract'],
      [APPS, post(operator, { ...wish, secret: 'x' }), 400, 'unknown_parameter', 'secret'],
      [`${APPS}?limit=0`, { headers }, 400, 'invalid_request', 'limit'],
      [`${APPS}?limit=1001`, { headers }, 400, 'invalid_request', 'limit'],
      [`${APPS}?page=2`, { headers }, 400, 'unknown_parameter', 'page'],
      [`${APPS}?account=nobody`, { headers }, 400, 'invalid_request', 'account'],
      [`${APPS}/app_none`, { headers }, 404, 'not_found', null],
      [`${APPS}/app_none`, { headers, method: 'DELETE' }, 404, 'not_found', null],
    ];
    for (const [path, init, status, code, param] of cases) {
      const told = await ask(edge, path, init);
      expect([path, init.body, told.status, told.code, told.param]).toEqual([
        path,
        init.body,
        status,
        code,
        param,
      ]);
    }
  });
});
