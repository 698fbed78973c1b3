/** Tokens that renew themselves, and the fetch that uses them, against a made-up gateway. */
import { describe, expect, test } from 'bun:test';
import { type AuthOptions, GangwayError, gangwayAuth } from 'gangway/client';
import { SimClock } from '../suites/sim-clock.ts';

const BASE = 'https://gw.test';
const CHAT = `${BASE}/v1/chat/completions`;

type Answer = () => Response | Promise<Response>;

const fault = (status: number, code: string, headers = {}) =>
  Response.json({ code, message: `it is ${code}`, request_id: 'req_1' }, { status, headers });

/** Gives tokens t1, t2, …; answers calls as the script says, and then with 200. */
function start(script: readonly Answer[] = [], more: Partial<AuthOptions> = {}) {
  const clock = new SimClock();
  const calls: { url: string; token: string | null; body: unknown }[] = [];
  const sent: { url: string; body: unknown }[] = [];
  const answers = [...script];
  const world = { expiresIn: 7_200, token: null as Answer | null };
  const slept: number[] = [];
  const fetch: AuthOptions['fetch'] = async (input, init) => {
    const url = String(input);
    if (url.endsWith('/oauth/token')) {
      sent.push({ url, body: JSON.parse(String(init?.body)) });
      await Promise.resolve();
      if (world.token !== null) return world.token();
      const given = { access_token: `t${sent.length}`, expires_in: world.expiresIn };
      return Response.json({ ...given, token_type: 'Bearer' });
    }
    calls.push({ url, token: new Headers(init?.headers).get('authorization'), body: init?.body });
    const next = answers.shift();
    return next === undefined ? Response.json({ choices: [{}] }) : next();
  };
  const auth = gangwayAuth({
    baseUrl: BASE,
    apiKey: 'ak',
    apiSecret: 'as',
    fetch,
    clock: {
      nowMs: () => clock.nowMs(),
      sleep: async (ms) => {
        slept.push(ms);
        clock.jump(ms);
      },
    },
    ...more,
  });
  const tokens = () => calls.map(({ token }) => token);
  return { auth, clock, calls, tokens, sent, slept, world };
}

const body = JSON.stringify({ model: 'm' });

describe('token', () => {
  test('is asked for once, however many wait for it', async () => {
    const { auth, sent } = start();
    const given = await Promise.all([auth.token(), auth.token(), auth.token()]);
    expect(given).toEqual(['t1', 't1', 't1']);
    expect(await auth.token()).toBe('t1');
    expect(sent).toEqual([
      {
        url: `${BASE}/oauth/token`,
        body: { grant_type: 'client_credentials', client_id: 'ak', client_secret: 'as' },
      },
    ]);
  });

  test.each(['', '/', '/v1', '/v1/', '/api/doubao/v1'])('baseUrl may end in %p', async (end) => {
    const { auth, sent } = start([], { baseUrl: BASE + end });
    await auth.token();
    expect(sent[0]?.url).toBe(`${BASE}/oauth/token`);
  });

  test.each([
    [7_200, 6_900_000],
    [60, 54_000],
  ])('of %p s is renewed after %p ms', async (expiresIn, renewMs) => {
    const { auth, clock, world } = start();
    world.expiresIn = expiresIn;
    await auth.token();
    clock.jump(renewMs - 1);
    expect(await auth.token()).toBe('t1');
    clock.jump(1);
    expect(await auth.token()).toBe('t2');
  });

  test('that is not given is an error, and is asked for again next time', async () => {
    const { auth, world } = start();
    world.token = () => fault(401, 'invalid_api_key');
    const thrown = await auth.token().catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(GangwayError);
    expect(thrown).toMatchObject({ code: 'invalid_api_key', status: 401, requestId: 'req_1' });
    world.token = () => Response.json({ hello: 1 });
    await expect(auth.token()).rejects.toMatchObject({ code: 'no_token' });
    world.token = () => {
      throw new Error('no network');
    };
    await expect(auth.token()).rejects.toThrow('no network');
    world.token = null;
    expect(await auth.token()).toStartWith('t');
  });
});

describe('fetch', () => {
  test('carries the token instead of what the client says', async () => {
    const { auth, calls } = start();
    const headers = { authorization: 'Bearer unused', 'x-more': '1' };
    expect((await auth.fetch(CHAT, { method: 'POST', body, headers })).status).toBe(200);
    await auth.fetch(new Request(CHAT, { method: 'POST', body }));
    expect(calls.map(({ token }) => token)).toEqual(['Bearer t1', 'Bearer t1']);
    expect(Buffer.from(calls[1]?.body as ArrayBuffer).toString()).toBe(body);
  });

  test.each(['invalid_api_key', 'invalid_access_token'])(
    '%s: a new token once, the call once more',
    async (code) => {
      const { auth, tokens, slept } = start([() => fault(401, code)]);
      expect((await auth.fetch(CHAT, { method: 'POST', body })).status).toBe(200);
      expect(tokens()).toEqual(['Bearer t1', 'Bearer t2']);
      expect(slept).toEqual([]);
      const stubborn = start(Array(5).fill(() => fault(401, code)));
      const response = await stubborn.auth.fetch(CHAT, { method: 'POST', body });
      expect([response.status, stubborn.calls.length]).toEqual([401, 2]);
      expect(await response.json()).toMatchObject({ code });
    },
  );

  test('calls that are refused together renew together', async () => {
    const refuse = () => fault(401, 'invalid_access_token');
    const { auth, sent, calls } = start([refuse, refuse, refuse]);
    await auth.token();
    const answers = await Promise.all([1, 2, 3].map(() => auth.fetch(CHAT)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect([sent.length, calls.length]).toEqual([2, 6]);
  });

  test('refused key and secret are an answer that clients can raise', async () => {
    const { auth, calls, world } = start();
    world.token = () => fault(401, 'invalid_api_key');
    const response = await auth.fetch(CHAT);
    expect([response.status, calls.length]).toEqual([401, 0]);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ code: 'invalid_api_key' });
  });

  test('another refusal is nobody’s to repeat', async () => {
    const { auth, calls } = start([() => fault(401, 'key_disabled'), () => fault(429, 'busy')]);
    expect((await auth.fetch(CHAT)).status).toBe(401);
    expect((await auth.fetch(CHAT)).status).toBe(429);
    expect(calls.length).toBe(2);
  });

  test('a 5xx is tried twice more, a second apart, and no more by the client', async () => {
    const fail = () => fault(503, 'overloaded', { 'x-should-retry': 'true' });
    const twice = start([fail, fail]);
    expect((await twice.auth.fetch(CHAT, { method: 'POST', body })).status).toBe(200);
    expect(twice.slept).toEqual([1_000, 1_000]);
    const thrice = start([fail, fail, fail]);
    const response = await thrice.auth.fetch(CHAT, { method: 'POST', body });
    expect([response.status, thrice.calls.length]).toEqual([503, 3]);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ code: 'overloaded' });
    const never = start([fail], { retries: 0 });
    expect((await never.auth.fetch(CHAT)).status).toBe(503);
    const soon = start([fail], { retryDelayMs: 5 });
    await soon.auth.fetch(CHAT);
    expect(soon.slept).toEqual([5]);
  });

  test('a 5xx that the gateway calls final is not tried again', async () => {
    const final = () => fault(502, 'vendor_refused_us', { 'x-should-retry': 'false' });
    const { auth, calls } = start([final]);
    expect((await auth.fetch(CHAT)).status).toBe(502);
    expect(calls.length).toBe(1);
  });

  test('a body that streams is sent once', async () => {
    const { auth, calls } = start([() => fault(503, 'overloaded')]);
    const stream = new Blob([body]).stream();
    const response = await auth.fetch(CHAT, { method: 'POST', body: stream });
    expect([response.status, calls.length]).toEqual([503, 1]);
  });

  test('whoever leaves while it waits is let go', async () => {
    const left = new AbortController();
    const clock = { nowMs: () => 0, sleep: () => new Promise<void>(() => left.abort()) };
    const { auth } = start([() => fault(503, 'overloaded')], { clock });
    await expect(auth.fetch(CHAT, { signal: left.signal })).rejects.toThrow('abort');
  });

  test('the token goes nowhere else', async () => {
    const { auth, calls } = start();
    const thrown = auth.fetch('https://evil.test/v1/chat/completions');
    await expect(thrown).rejects.toMatchObject({ code: 'other_origin' });
    expect(calls).toEqual([]);
  });
});
