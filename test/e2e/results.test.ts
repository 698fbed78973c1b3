/** Results in our keeping: whole, in parts, by key and by link; the quota, and their end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cleanUp } from './gateway.ts';
import { makeTaskPlace, type TaskPlace } from './task-place.ts';

const RUN_MS = 30_000;

let place: TaskPlace;
let path: string;
let link: string;
let whole: Buffer;
let etag: string;

beforeAll(async () => {
  place = await makeTaskPlace();
  const body = { model: 'flux-dev', input: { prompt: 'kept' } };
  const { body: made } = await place.ask('POST', '/v1/tasks', { body });
  const done = await place.ended(made.id);
  path = `${place.gateway.url}/v1/tasks/${made.id}/outputs/0`;
  const [output] = done.outputs as { url: string; sha256: string; bytes: number }[];
  link = output?.url ?? '';
  const response = await get();
  whole = Buffer.from(await response.arrayBuffer());
  etag = response.headers.get('etag') ?? '';
  expect([response.status, whole.length]).toEqual([200, output?.bytes ?? 0]);
  expect(etag).toBe(`"${output?.sha256}"`);
}, RUN_MS);
afterAll(cleanUp);

function get(headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(path, { method, headers: { authorization: `Bearer ${place.key}`, ...headers } });
}

describe('a result', () => {
  test('is what its checksum says, and no page of ours', async () => {
    const response = await get();
    const hash = new Bun.CryptoHasher('sha256').update(whole).digest('hex');
    expect(etag).toBe(`"${hash}"`);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...{ 'content-type': 'image/png', 'accept-ranges': 'bytes' },
      ...{ 'x-content-type-options': 'nosniff' },
      'content-security-policy': "default-src 'none'; sandbox",
    });
  });

  test.each([
    ['bytes=0-3', 0, 4],
    ['bytes=4-', 4, undefined],
    ['bytes=-5', -5, undefined],
    ['bytes=0-999999999', 0, undefined],
  ])('%s is a part of it', async (range, start, end) => {
    const response = await get({ range });
    const part = whole.subarray(start, end);
    const from = start < 0 ? whole.length + start : start;
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(
      `bytes ${from}-${from + part.length - 1}/${whole.length}`,
    );
    expect(response.headers.get('content-length')).toBe(String(part.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(part)).toBe(true);
  });

  test.each(['bytes=0-0,2-3', 'lines=1-2', 'bytes=5-2', 'bytes=-'])(
    '%s is none that counts: the whole comes',
    async (range) => {
      const response = await get({ range });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect([response.status, bytes.equals(whole)]).toEqual([200, true]);
    },
  );

  test.each(['bytes=999999999-', 'bytes=-0'])('%s lies beyond it', async (range) => {
    const response = await get({ range });
    expect([response.status, response.headers.get('content-range')]).toEqual([
      ...[416, `bytes */${whole.length}`],
    ]);
  });

  test('a part only of the same file', async () => {
    const range = 'bytes=0-3';
    expect((await get({ range, 'if-range': etag })).status).toBe(206);
    const other = await get({ range, 'if-range': '"another"' });
    expect([other.status, (await other.arrayBuffer()).byteLength]).toEqual([200, whole.length]);
  });

  test('HEAD tells of it and brings nothing', async () => {
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(whole.length)]);
    expect((await head.arrayBuffer()).byteLength).toBe(0);
    const part = await get({ range: 'bytes=0-3' }, 'HEAD');
    expect([part.status, part.headers.get('content-length')]).toEqual([206, '4']);
  });

  test('is not sent to who has it', async () => {
    const response = await get({ 'if-none-match': etag });
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([304, 0]);
  });

  test('belongs to its account, and there is no other of it', async () => {
    const key = await place.stranger();
    const stranger = await place.ask('GET', path, { key });
    expect([stranger.status, stranger.body.error.code]).toEqual([404, 'resource_not_found']);
    const second = await place.ask('GET', path.replace(/0$/, '1'));
    expect([second.status, second.body.error.code]).toEqual([404, 'resource_not_found']);
    expect((await place.ask('GET', path, { key: null })).status).toBe(401);
  });
});

describe('a link', () => {
  test('needs no key, and takes ranges', async () => {
    const response = await fetch(link, { headers: { range: 'bytes=0-3' } });
    expect(response.status).toBe(206);
    expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(0, 4))).toBe(true);
  });

  test('that was changed in any place is none', async () => {
    const start = link.indexOf('/results/') + '/results/'.length;
    for (let at = start; at < link.length; at += 7) {
      const char = link[at] === 'x' ? 'y' : 'x';
      const told = await place.ask('GET', link.slice(0, at) + char + link.slice(at + 1), {
        key: null,
      });
      expect([told.status, told.body.error.code]).toEqual([404, 'not_found']);
    }
    expect((await place.ask('GET', link.slice(0, -1), { key: null })).status).toBe(404);
  });
});

describe('what is not kept', () => {
  test(
    'for its link died at once, or its account keeps too much: the task says why',
    async () => {
      const small = await makeTaskPlace('results: { account_mb_max: 1 }');
      const make = async (input: object, params: object = {}) => {
        const body = { model: 'flux-2-pro', input, params };
        const { body: made } = await small.ask('POST', '/v1/tasks', { body });
        return small.ended(made.id);
      };
      const dead = await make({ prompt: 'sandbox-dead-link' });
      const lost = { kept: false, problem: 'link_dead' };
      expect([dead.status, dead.outputs]).toMatchObject(['succeeded', [lost]]);
      const filler = Buffer.concat([whole, Buffer.alloc(1024 * 1024 - whole.length - 100)]);
      const headers = { 'content-type': 'image/png' };
      const { status } = await small.ask('POST', '/v1/uploads', { body: filler, headers });
      expect(status).toBe(201);
      const full = await make({ prompt: 'no room' });
      expect([full.status, full.outputs]).toMatchObject([
        ...['succeeded', [{ kept: false, problem: 'quota_exceeded' }]],
      ]);
    },
    RUN_MS,
  );
});
