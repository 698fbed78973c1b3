/** Results in our keeping, from a vendor's link to a link of ours: on disk, on S3, after a kill. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { z } from 'zod';
import { makeMp4 } from '../../sandbox/tasks/mp4.ts';
import { needs } from '../needs.ts';
import { type S3Server, startS3 } from '../storage/s3-place.ts';
import { createKey } from './books.ts';
import { cleanUp, type Gateway, startGateway, until } from './gateway.ts';

const FILM = makeMp4(2, 3);
/** More than one part of an upload. */
const LARGE = new Uint8Array(9 * 1024 * 1024);
LARGE.set(FILM);
const RUN_MS = 25_000;

const task = z.object({
  id: z.string(),
  status: z.string(),
  status_detail: z.string().nullable(),
  outputs: z.array(
    z.looseObject({
      url: z.string().nullable(),
      kept: z.boolean(),
      problem: z.string().optional(),
      bytes: z.number().optional(),
      sha256: z.string().optional(),
    }),
  ),
});

/** Luma's two answers that matter here, and files that behave as the test wants. */
let files: Record<string, (request: Request) => Response | Promise<Response>>;
/** Links that the vendor gives, one after the other; the last one again and again. */
let links: string[];
let vendor: ReturnType<typeof Bun.serve>;

beforeEach(() => {
  files = { '/film': () => new Response(FILM, { headers: { 'content-type': 'video/mp4' } }) };
  links = ['/film'];
});
beforeAll(() => {
  vendor = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === '/v1/generations/video') {
        return Response.json({ id: crypto.randomUUID(), state: 'queued' }, { status: 201 });
      }
      const id = /^\/v1\/generations\/([\w-]+)$/.exec(pathname)?.[1];
      if (id === undefined) return files[pathname]?.(request) ?? new Response('', { status: 404 });
      const link = links.length > 1 ? links.shift() : links[0];
      const video = new URL(link ?? '', vendor.url).href;
      return Response.json({ id, state: 'completed', assets: { video } });
    },
  });
});
afterAll(async () => {
  await cleanUp();
  await vendor.stop(true);
});

interface Started {
  readonly gateway: Gateway;
  readonly key: string;
}

async function start(more: Record<string, string> = {}, data?: string): Promise<Started> {
  const luma = { base_url: `${vendor.url.origin}/v1`, key: 'any' };
  const yaml = `vendors: ${JSON.stringify({ luma })}\ntasks: { pace_percent: 1 }\n`;
  const env = { GANGWAY_LOG_LEVEL: 'warn', ...more };
  const gateway = await startGateway({ yaml, env, ...(data === undefined ? {} : { data }) });
  if (gateway.key === '') return { gateway, key: '' };
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  return { gateway, key: (await createKey(gateway, '--account', 'payer')).key };
}

async function create({ gateway, key }: Started): Promise<string> {
  const params = { resolution: '540p', duration: 5 };
  const response = await fetch(`${gateway.url}/v1/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'ray-2', input: { prompt: 'a boat' }, params }),
  });
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

const look = async ({ gateway, key }: Started, id: string) => {
  const headers = { authorization: `Bearer ${key}` };
  return task.parse(await (await fetch(`${gateway.url}/v1/tasks/${id}`, { headers })).json());
};

async function ended(at: Started, id: string) {
  const over = await until(
    async () => {
      const seen = await look(at, id);
      return seen.status === 'succeeded' && seen;
    },
    'the task has succeeded',
    RUN_MS,
  );
  const [output] = over.outputs;
  if (output === undefined) throw new Error('no output');
  return output;
}

/** What every link of ours does, wherever the file is. */
async function checkLink(link: string, bytes: Uint8Array, isSized = true): Promise<void> {
  const whole = await fetch(link);
  expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'video/mp4']);
  const head = await fetch(link, { method: 'HEAD' });
  const length = (one: Response) => one.headers.get('content-length');
  expect([head.status, length(head)]).toEqual([200, String(bytes.length)]);
  // What comes from elsewhere goes on as it comes: the runtime says no length of it.
  expect(length(whole)).toBe(isSized ? String(bytes.length) : null);
  const etag = whole.headers.get('etag') ?? '';
  expect(Bun.SHA256.hash(await whole.bytes(), 'hex')).toBe(Bun.SHA256.hash(bytes, 'hex'));
  const last = bytes.length - 1;
  const cases = [
    ['bytes=0-0', 206, 0, 1],
    ['bytes=5-9', 206, 5, 10],
    [`bytes=${last}-`, 206, last, last + 1],
    ['bytes=-3', 206, last - 2, last + 1],
    [`bytes=10-${bytes.length * 2}`, 206, 10, last + 1],
    ['bytes=9-5', 200, 0, last + 1],
    ['bytes=0-1,5-6', 200, 0, last + 1],
    ['pages=1-2', 200, 0, last + 1],
  ] as const;
  for (const [range, status, from, to] of cases) {
    const part = await fetch(link, { headers: { range } });
    const got = await part.bytes();
    expect([range, part.status, got.length]).toEqual([range, status, to - from]);
    expect(got.subarray(0, 100)).toEqual(bytes.subarray(from, Math.min(to, from + 100)));
    const said = status === 206 ? `bytes ${from}-${to - 1}/${bytes.length}` : null;
    expect(part.headers.get('content-range')).toBe(said);
  }
  for (const range of [`bytes=${bytes.length}-`, 'bytes=-0']) {
    const none = await fetch(link, { headers: { range } });
    const said = none.headers.get('content-range');
    expect([range, none.status, said]).toEqual([range, 416, `bytes */${bytes.length}`]);
  }
  for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    expect((await fetch(link, { headers: { 'if-none-match': tag } })).status).toBe(304);
  }
  const range = 'bytes=0-1';
  expect((await fetch(link, { headers: { range, 'if-range': etag } })).status).toBe(206);
  expect((await fetch(link, { headers: { range, 'if-range': '"other"' } })).status).toBe(200);
  const turned = link.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A'));
  expect((await fetch(turned)).status).toBe(404);
}

const list = (dir: string): readonly string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

describe('on disk', () => {
  let at: Started;
  beforeAll(async () => {
    at = await start();
  });

  test(
    'a result is had by link and by key, by nobody else, until it is thrown away',
    async () => {
      const id = await create(at);
      const output = await ended(at, id);
      expect(output).toMatchObject({ kept: true, bytes: FILM.length, duration: 2, width: 128 });
      await checkLink(output.url ?? '', FILM);
      const path = `${at.gateway.url}/v1/tasks/${id}`;
      const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
      expect(await (await fetch(`${path}/outputs/0`, as(at.key))).bytes()).toEqual(FILM);
      for (const index of ['1', '-1', 'x', '0.5', '%20']) {
        expect((await fetch(`${path}/outputs/${index}`, as(at.key))).status).toBe(404);
      }
      const other = (await createKey(at.gateway)).key;
      expect((await fetch(`${path}/outputs/0`, as(other))).status).toBe(404);
      const gone = await fetch(path, { method: 'DELETE', ...as(at.key) });
      expect(gone.status).toBe(200);
      expect((await fetch(output.url ?? '')).status).toBe(404);
      expect(list(`${at.gateway.data}/results`)).toEqual([]);
    },
    RUN_MS,
  );

  test(
    'a link that was dead is asked for anew; one that stays dead is said to be',
    async () => {
      files['/old'] = () => new Response('expired', { status: 403 });
      links = ['/old', '/film'];
      expect(await ended(at, await create(at))).toMatchObject({ kept: true, bytes: FILM.length });
      links = ['/old'];
      const dead = await ended(at, await create(at));
      const url = new URL('/old', vendor.url).href;
      expect(dead).toMatchObject({ kept: false, problem: 'link_dead', url });
    },
    RUN_MS,
  );

  test(
    'a page, and a way inside, are no result; the task and its money end all the same',
    async () => {
      const before = list(`${at.gateway.data}/results`);
      files['/page'] = () =>
        new Response('<html>no</html>', { headers: { 'content-type': 'video/mp4' } });
      files['/inside'] = () => Response.redirect('http://169.254.169.254/', 302);
      for (const [link, problem] of [
        ...[
          ['/page', 'wrong_type'],
          ['/inside', 'address_refused'],
        ],
        ['http://10.0.0.1/film', 'address_refused'],
      ] as const) {
        links = [link];
        expect(await ended(at, await create(at))).toMatchObject({ kept: false, problem });
      }
      expect(list(`${at.gateway.data}/results`)).toEqual(before);
    },
    RUN_MS,
  );

  test(
    'a gateway that is killed in the middle of a copy makes it anew, and leaves no part of it',
    async () => {
      let asked = 0;
      files['/film'] = () => {
        asked += 1;
        if (asked > 1) return new Response(FILM);
        const half = new ReadableStream({
          start: (controller) => controller.enqueue(FILM.subarray(0, 500)),
        });
        return new Response(half);
      };
      const first = await start();
      const dir = `${first.gateway.data}/results`;
      const id = await create(first);
      await until(() => list(dir).some((name) => name.endsWith('.part')), 'a part is there');
      expect((await look(first, id)).status_detail).toBe('storing');
      await first.gateway.kill();
      const again = { ...(await start({}, first.gateway.data)), key: first.key };
      const output = await ended(again, id);
      expect(output).toMatchObject({ kept: true, bytes: FILM.length });
      expect(asked).toBe(2);
      expect(list(dir)).toHaveLength(1);
    },
    RUN_MS,
  );
});

describe('on S3', () => {
  const needful = needs('moto');
  let server: S3Server | undefined;
  let good: Started | undefined;
  afterAll(() => server?.stop());
  const settings = (place: S3Server['place']) => ({
    GANGWAY_RESULTS_S3_BUCKET: place.bucket,
    GANGWAY_RESULTS_S3_ENDPOINT: place.endpoint ?? '',
    GANGWAY_RESULTS_S3_REGION: 'us-east-1',
    GANGWAY_RESULTS_S3_PREFIX: place.prefix,
    GANGWAY_RESULTS_S3_ACCESS_KEY_ID: place.accessKeyId,
    GANGWAY_RESULTS_S3_SECRET_ACCESS_KEY: 'env:OUR_S3_SECRET',
    OUR_S3_SECRET: place.secretAccessKey,
  });

  needful(
    'a large result goes up in parts, is had by our link, and goes with its task',
    async () => {
      server = await startS3();
      const at = await start(settings(server.place));
      good = at;
      files['/film'] = () => new Response(LARGE, { headers: { 'content-type': 'video/mp4' } });
      const id = await create(at);
      const output = await ended(at, id);
      expect(output).toMatchObject({ kept: true, bytes: LARGE.length });
      expect(output.url).toStartWith(at.gateway.url);
      const there = await server.list();
      expect([there.length, there[0]?.startsWith('gw/')]).toEqual([1, true]);
      expect(there[0]).toContain(`/${id}/0-`);
      await checkLink(output.url ?? '', LARGE, false);
      files['/film'] = () => new Response('<html>');
      expect(await ended(at, await create(at))).toMatchObject({ problem: 'wrong_type' });
      expect(await server.list()).toHaveLength(1);
      const headers = { authorization: `Bearer ${at.key}` };
      await fetch(`${at.gateway.url}/v1/tasks/${id}`, { method: 'DELETE', headers });
      expect(await server.list()).toEqual([]);
      expect(list(`${at.gateway.data}/results`)).toEqual([]);
    },
    RUN_MS,
  );

  needful(
    'a store that refuses us is said to; the task ends and keeps the vendor’s link',
    async () => {
      server ??= await startS3();
      const at = await start(settings(server.wrong));
      const output = await ended(at, await create(at));
      const url = new URL('/film', vendor.url).href;
      expect(output).toMatchObject({ kept: false, problem: 'storage_failed', url });
      expect(at.gateway.err()).toMatch(/SignatureDoesNotMatch|signature we calculated/);
      expect(at.gateway.err()).not.toContain('not the secret');
      expect(await server.list()).toEqual([]);
    },
    RUN_MS,
  );

  needful(
    'a store that is away is no result that is gone',
    async () => {
      if (server === undefined || good === undefined) throw new Error('no store');
      const output = await ended(good, await create(good));
      server.stop();
      const away = await fetch(output.url ?? '');
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await away.json()).toMatchObject({ code: 'storage_unavailable' });
    },
    RUN_MS,
  );
});
