/**
 * Hostile HTTP is refused before it reaches a handler, and nothing is ever read as two requests
 * where the sender meant one. Where Bun lets something through, the test says so and the edge
 * must refuse it: see `LET_THROUGH`.
 */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import { call, LOCALHOST, makeGet, waitFor } from './rig.ts';

const WAIT_MS_MAX = 2_000;
const QUIET_MS = 60;
const HEADER_BYTES_ALLOWED = 15_000;
const HEADER_BYTES_REFUSED = 20_000;
const HEADER_COUNT_REFUSED = 300;

interface Seen {
  readonly path: string;
  readonly headers: Headers;
  body: string;
}
let seen: Seen[] = [];
const server = Bun.serve({
  hostname: LOCALHOST,
  port: 0,
  async fetch(request) {
    const own: Seen = { path: new URL(request.url).pathname, headers: request.headers, body: '' };
    seen.push(own);
    own.body = await request.text().catch(() => 'broken');
    return new Response('ok');
  },
});
afterAll(() => void server.stop(true));
beforeEach(() => {
  seen = [];
});

const HOST = 'Host: x\r\n';
const NEXT = makeGet('/smuggled');
const post = (headers: string, body = '') =>
  `POST / HTTP/1.1\r\n${HOST}${headers}\r\n${body}${NEXT}`;
const get = (headers: string) => `GET / HTTP/1.1\r\n${HOST}${headers}\r\n`;
const EMPTY_CHUNKED = '0\r\n\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

/** Refused while the headers are read: no handler runs. */
const REFUSED: Readonly<Record<string, string>> = {
  'CL and TE': post(`Content-Length: 5\r\n${CHUNKED}`, EMPTY_CHUNKED),
  'TE and CL': post(`${CHUNKED}Content-Length: 5\r\n`, EMPTY_CHUNKED),
  'CL of zero and TE': post(`Content-Length: 0\r\n${CHUNKED}`, EMPTY_CHUNKED),
  'two CL that differ': post('Content-Length: 0\r\nContent-Length: 41\r\n'),
  'a list of CL': post('Content-Length: 3, 3\r\n', 'abc'),
  'CL with a plus': post('Content-Length: +3\r\n', 'abc'),
  'CL with a minus': post('Content-Length: -3\r\n', 'abc'),
  'CL in hex': post('Content-Length: 0x3\r\n', 'abc'),
  'CL with a space': post('Content-Length: 1 3\r\n', 'abc'),
  'CL beyond 64 bits': post('Content-Length: 18446744073709551619\r\n', 'abc'),
  'an empty CL': post('Content-Length: \r\n'),
  'TE identity': post('Transfer-Encoding: identity\r\n'),
  'TE gzip': post('Transfer-Encoding: gzip\r\n', EMPTY_CHUNKED),
  'TE that does not end in chunked': post('Transfer-Encoding: chunked, gzip\r\n', EMPTY_CHUNKED),
  'TE gzip, chunked': post('Transfer-Encoding: gzip, chunked\r\n', EMPTY_CHUNKED),
  'TE chunked twice': post('Transfer-Encoding: chunked, chunked\r\n', EMPTY_CHUNKED),
  'two TE': post(`${CHUNKED}Transfer-Encoding: identity\r\n`, EMPTY_CHUNKED),
  'TE xchunked': post('Transfer-Encoding: xchunked\r\n', EMPTY_CHUNKED),
  'TE with a vertical tab': post('Transfer-Encoding: \x0bchunked\r\n', EMPTY_CHUNKED),
  'TE in quotes': post('Transfer-Encoding: "chunked"\r\n', EMPTY_CHUNKED),
  'TE in HTTP/1.0': post(CHUNKED, EMPTY_CHUNKED).replace('HTTP/1.1', 'HTTP/1.0'),
  'a folded TE': post('Transfer-Encoding:\r\n chunked\r\n', EMPTY_CHUNKED),
  'a folded header': get('X: a\r\n b\r\n'),
  'a folded first header': 'GET / HTTP/1.1\r\n Host: x\r\n\r\n',
  'a space before the colon of CL': post('Content-Length : 41\r\n'),
  'a space before the colon of TE': post('Transfer-Encoding : chunked\r\n', EMPTY_CHUNKED),
  'a header without a colon': get('Foo\r\n'),
  'a header without a name': get(': foo\r\n'),
  'bare LF everywhere': 'GET / HTTP/1.1\nHost: x\n\n',
  'bare LF after a header': 'GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n',
  'bare LF at the end': `GET / HTTP/1.1\r\nHost: x\r\n\n${NEXT}`,
  'bare CR in a header': get('X: a\rY: b\r\n'),
  'NUL in a value': get('X: a\0b\r\n'),
  'NUL in a name': get('X\0Y: a\r\n'),
  'a control sign in a value': get('X: a\x01b\r\n'),
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'an unknown method': `FOO / HTTP/1.1\r\n${HOST}\r\n`,
  'a method with a tab': `GE\tT / HTTP/1.1\r\n${HOST}\r\n`,
  'a method in small letters': `get / HTTP/1.1\r\n${HOST}\r\n`,
  'HTTP/0.9': 'GET /\r\n\r\n',
  'HTTP/1.2': `GET / HTTP/1.2\r\n${HOST}\r\n`,
  'HTTP/2 by prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a space in the path': `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
  'TLS on the plain port': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

/** Refused while the body is read: the handler runs once and its body breaks. */
const BROKEN_BODIES: Readonly<Record<string, string>> = {
  'a size that is no number': `zz\r\nabc\r\n${EMPTY_CHUNKED}`,
  'a negative size': `-1\r\nabc\r\n${EMPTY_CHUNKED}`,
  'a size with 0x': `0x3\r\nabc\r\n${EMPTY_CHUNKED}`,
  'a size beyond 64 bits': `ffffffffffffffff1\r\nabc\r\n${EMPTY_CHUNKED}`,
  'a size ended by bare LF': '3\nabc\n0\n\n',
  'no line end after the data': `3\r\nabcXX${EMPTY_CHUNKED}`,
  'bare LF in an extension': `3;a\nb\r\nabc\r\n${EMPTY_CHUNKED}`,
  'a space before the size': ` 3\r\nabc\r\n${EMPTY_CHUNKED}`,
  'no size': `\r\nabc\r\n${EMPTY_CHUNKED}`,
};

async function send(bytes: string) {
  const caller = await call(server.port ?? 0, bytes);
  const isClosed = await waitFor(caller.isClosed, WAIT_MS_MAX);
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(caller.text())?.[1] ?? 0);
  caller.leave();
  return { isClosed, status };
}

describe('refused with the headers', () => {
  test.concurrent.each(Object.entries(REFUSED))('%s', async (_, bytes) => {
    const { isClosed, status } = await send(bytes);
    expect(isClosed).toBe(true);
    expect([0, 400, 431, 505]).toContain(status);
  });

  test('and no handler ran for any of them', async () => {
    await Promise.all(Object.values(REFUSED).map(send));
    expect(seen).toEqual([]);
  });
});

describe('refused with the body', () => {
  test.each(Object.entries(BROKEN_BODIES))('%s', async (_, body) => {
    const { isClosed, status } = await send(post(CHUNKED, body));
    expect(isClosed).toBe(true);
    expect(status).toBe(400);
    expect(seen.map(({ path, body: read }) => [path, read])).toEqual([['/', 'broken']]);
  });
});

describe('size of headers', () => {
  const single = (bytes: number) => get(`X: ${'a'.repeat(bytes)}\r\n`);

  test('one header of 20 KB, 300 headers, a path of 20 KB: 431', async () => {
    const many = Array.from({ length: HEADER_COUNT_REFUSED }, (_, index) => `X${index}: y\r\n`);
    const longPath = makeGet(`/${'a'.repeat(HEADER_BYTES_REFUSED)}`);
    for (const bytes of [single(HEADER_BYTES_REFUSED), get(many.join('')), longPath]) {
      expect(await send(bytes)).toEqual({ isClosed: true, status: 431 });
    }
    expect(seen).toEqual([]);
  });

  test('one header of 15 KB is taken', async () => {
    const caller = await call(server.port ?? 0, single(HEADER_BYTES_ALLOWED));
    expect(await waitFor(() => caller.text().includes('200 OK'), WAIT_MS_MAX)).toBe(true);
    caller.leave();
  });
});

/** Read without harm to the framing, but not what we want: the edge refuses these itself. */
describe('let through by Bun', () => {
  async function sendOpen(bytes: string): Promise<Seen | undefined> {
    const caller = await call(server.port ?? 0, bytes);
    await waitFor(() => seen.length > 0 && caller.text().includes('200 OK'), WAIT_MS_MAX);
    await Bun.sleep(QUIET_MS);
    caller.leave();
    return seen[0];
  }

  test('two equal CL: one body, and the header shows both', async () => {
    const got = await sendOpen(post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'));
    expect(got?.body).toBe('abc');
    expect(got?.headers.get('content-length')).toBe('3, 3');
    expect(seen.map(({ path }) => path)).toEqual(['/', '/smuggled']);
  });

  test('two Host headers: the request arrives', async () => {
    const got = await sendOpen('GET /two HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    expect(got?.headers.get('host')).toBe('a, b');
  });

  test('CONNECT and an absolute address: the handler sees them', async () => {
    await sendOpen(`CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n`);
    await sendOpen(`GET http://evil/abs HTTP/1.1\r\n${HOST}\r\n`);
    expect(seen.at(-1)?.path).toBe('/abs');
    expect(seen).toHaveLength(2);
  });
});
