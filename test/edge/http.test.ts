/** Requests that are no good, and the small print of HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  ask,
  BODY,
  BODY_BYTES_MAX,
  BODY_TIME_MS,
  CHAT,
  type Edge,
  HEADER_BYTES_MAX,
  post,
  rawRequest,
  startEdge,
} from './rig.ts';

let edge: Edge;
let key: string;

beforeAll(async () => {
  edge = await startEdge();
  key = await edge.mint();
});
afterAll(() => edge.stop());

const padded = (bytes: number): string => {
  const text = JSON.stringify({ ...BODY, pad: '' });
  return text.replace('"pad":""', `"pad":"${'x'.repeat(bytes - text.length)}"`);
};

describe('bodies', () => {
  test('up to the limit pass; one byte more is 413', async () => {
    expect((await ask(edge, CHAT, post(key, padded(BODY_BYTES_MAX)))).status).toBe(200);
    const told = await ask(edge, CHAT, post(key, padded(BODY_BYTES_MAX + 1)));
    expect(told).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('that come in chunks are counted as they come', async () => {
    const chunked = (bytes: number): RequestInit => {
      const text = padded(bytes);
      const pieces = text.match(/.{1,1000}/gs) ?? [];
      const body = new ReadableStream({
        pull(controller) {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(Buffer.from(piece));
        },
      });
      return { ...post(key, ''), body };
    };
    expect((await ask(edge, CHAT, chunked(BODY_BYTES_MAX))).status).toBe(200);
    const told = await ask(edge, CHAT, chunked(BODY_BYTES_MAX + 1));
    expect(told).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('that do not arrive in time are 408', async () => {
    const head =
      `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
      'content-type: application/json\r\n';
    const half = JSON.stringify(BODY).slice(0, 20);
    const measured = await rawRequest(edge, [`${head}content-length: 99\r\n\r\n${half}`]);
    expect(measured).toStartWith('HTTP/1.1 408');
    expect(measured).toContain('"code":"body_too_slow"');
    expect(measured).toContain(`${BODY_TIME_MS} ms`);
    const drop = `${half.length.toString(16)}\r\n${half}\r\n`;
    const chunked = await rawRequest(edge, [`${head}transfer-encoding: chunked\r\n\r\n${drop}`]);
    expect(chunked).toStartWith('HTTP/1.1 408');
  });

  test('that are compressed, or a form, are 415', async () => {
    for (const encoding of ['gzip', 'br', 'zstd', 'x, gzip']) {
      const told = await ask(edge, CHAT, post(key, BODY, { 'content-encoding': encoding }));
      expect(told).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    }
    const form = post(key, 'x', { 'content-type': 'multipart/form-data; boundary=a' });
    expect(await ask(edge, CHAT, form)).toMatchObject({ status: 415 });
    const plain = await ask(edge, CHAT, post(key, BODY, { 'content-encoding': 'identity' }));
    expect(plain.status).toBe(200);
  });

  test.each([
    ['', 400, 'invalid_json'],
    ['{"model":"m"', 400, 'invalid_json'],
    ['[1]', 400, 'invalid_json'],
    [`{"model":"m","messages":${'['.repeat(5_000)}`, 400, 'json_too_deep'],
    ['{"model":"m","model":"x","messages":[{"role":"user"}]}', 400, 'invalid_json'],
    ['{"model":"m"}', 400, 'invalid_request'],
    ['{"model":"zz","messages":[{"role":"user"}]}', 404, 'model_not_found'],
  ])('%j is %d %s', async (body, status, code) => {
    expect(await ask(edge, CHAT, post(key, body))).toMatchObject({ status, code });
  });
});

describe('headers', () => {
  test('all together up to the limit pass; more is 431', async () => {
    const headers = (bytes: number) => ({ 'x-pad': 'x'.repeat(bytes) });
    expect((await ask(edge, '/healthz', { headers: headers(3_000) })).status).toBe(200);
    const told = await ask(edge, '/healthz', { headers: headers(HEADER_BYTES_MAX) });
    expect(told).toMatchObject({ status: 431, code: 'header_too_large' });
  });

  test('and URLs hold no NUL', async () => {
    for (const path of ['/v1/models/a%00b', '/v1/models?after=%00']) {
      const told = await ask(edge, path, { headers: { authorization: `Bearer ${key}` } });
      expect(told).toMatchObject({ status: 400, code: 'invalid_request' });
    }
  });

  test('that frame the request stand once', async () => {
    const text = await rawRequest(edge, [
      'GET /healthz HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
    ]);
    expect(text).toStartWith('HTTP/1.1 400');
  });
});

describe('routes that are none', () => {
  test.each([
    ['DELETE', '/', 405, 'method_not_allowed'],
    ['POST', '/v1/chat/completions/', 404, 'not_found'],
    ['GET', '/V1/models', 404, 'not_found'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['DELETE', '/v1/models', 405, 'method_not_allowed'],
    ['PUT', '/v1/chat/completions', 405, 'method_not_allowed'],
  ])('%s %s is %d', async (...[method, path, status, code]) => {
    const told = await ask(edge, path, { method });
    expect(told).toMatchObject({ status, code });
    const error = JSON.parse(told.text) as { error: { message: string } };
    expect(error.error.message).toContain(path);
  });

  test('HEAD is GET without a body', async () => {
    const response = await fetch(`${edge.url}/healthz`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('every answer', () => {
  test('has a request id: the caller’s own, or one of ours', async () => {
    const id = async (sent: string | null, path = '/healthz') => {
      const headers: Record<string, string> = sent === null ? {} : { 'x-request-id': sent };
      return (await ask(edge, path, { headers })).headers.get('x-request-id');
    };
    expect(await id('abc-1:2.3_X')).toBe('abc-1:2.3_X');
    expect(await id('abc', '/nowhere')).toBe('abc');
    for (const bad of [null, 'a b', 'x'.repeat(129), '<script>', 'a,b']) {
      expect(await id(bad)).toMatch(/^req_[0-9a-f]{32}$/);
    }
  });

  test('a fault names it in its body, and says whether to retry', async () => {
    const told = await ask(edge, CHAT, post(null, BODY, { 'x-request-id': 'r-7' }));
    expect(JSON.parse(told.text)).toMatchObject({ code: 'missing_api_key', request_id: 'r-7' });
    expect(told.headers.get('x-should-retry')).toBe('false');
    expect(told.headers.get('content-type')).toBe('application/json');
  });

  test('of a call names the call, which is in the books', async () => {
    const told = await ask(edge, CHAT, post(key, BODY, { 'x-request-id': 'r-8' }));
    const id = told.headers.get('x-gangway-call') ?? '';
    await Bun.sleep(30);
    expect(await edge.store.calls.byId(id)).toMatchObject({
      requestId: 'r-8',
      state: 'charged',
      charge: 7_000n,
      upstream: 'a',
    });
    expect((await edge.store.ledger.audit()).problems).toEqual([]);
  });

  test('says nothing of our own credentials, nor does the log', async () => {
    const told = await ask(edge, CHAT, post(key, BODY));
    edge.relay.log.flush();
    const all = JSON.stringify([told.text, [...told.headers], edge.logged]);
    expect(all).not.toContain('vendor-secret');
    expect(all).not.toContain(key);
  });
});

describe('CORS', () => {
  const origin = 'https://app.example';
  const preflight: RequestInit = {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-headers': 'authorization,x-foo' },
  };

  test('is off unless it is set', async () => {
    expect((await ask(edge, CHAT, preflight)).status).toBeGreaterThanOrEqual(404);
    const told = await ask(edge, '/healthz', { headers: { origin } });
    expect(told.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([
    [[origin], origin],
    [['*'], '*'],
    [['https://other.example'], null],
  ])('%j allows %p', async (corsOrigins, allowed) => {
    const open = await startEdge({ server: { corsOrigins } });
    const asked = await ask(open, CHAT, preflight);
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(allowed);
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,x-foo');
    const fault = await ask(open, CHAT, { ...post(null, BODY), headers: { origin } });
    expect(fault.status).toBe(401);
    expect(fault.headers.get('access-control-allow-origin')).toBe(allowed);
    const none = await ask(open, '/healthz');
    expect(none.headers.get('access-control-allow-origin')).toBeNull();
    await open.stop();
  });
});

describe('health', () => {
  test('is told to everybody, and the end of it first', async () => {
    const own = await startEdge();
    expect(JSON.parse((await ask(own, '/healthz')).text)).toEqual({ status: 'ok' });
    const ready = await ask(own, '/readyz');
    expect(JSON.parse(ready.text)).toEqual({
      status: 'ready',
      storage: 'ok',
      counters: 'ok',
      upstreams: [],
    });
    await own.store.close();
    const broken = await ask(own, '/readyz');
    expect(broken.status).toBe(503);
    expect(JSON.parse(broken.text)).toMatchObject({ storage: 'unavailable' });
    await own.stop().catch(() => undefined);
  });
});
