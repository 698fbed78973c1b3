/** Every vendor's door: each spelling of a key that its clients know, and none of them goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { VENDORS } from '../../src/vendors/index.ts';
import { cleanUp } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

type Spelling =
  | 'bearer'
  | 'bare'
  | 'token'
  | 'x-api-key'
  | 'x-key'
  | 'mj-api-secret'
  | 'jwt'
  | 'signature'
  | 'signed query';

interface Door {
  /** Where the vendor hears it, and how our credential is spelt there. */
  readonly base: string;
  readonly own: readonly [header: string, pattern: RegExp];
  readonly spellings: readonly Spelling[];
  readonly credential: string;
  readonly create: readonly [path: string, body: object];
  /** What it answers before it has done anything. */
  readonly begun: object;
}

const VISUAL = '?Action=CVSync2AsyncSubmitTask&Version=2022-08-31';
const ID = 'made-1';

const DOORS: Readonly<Record<string, Door>> = {
  ark: {
    base: '/api/v3',
    own: ['authorization', /^Bearer our-ark$/],
    spellings: ['bearer', 'bare', 'x-api-key'],
    credential: 'our-ark',
    create: [
      '/contents/generations/tasks',
      {
        model: 'doubao-seedance-1-0-pro-250528',
        content: [{ type: 'text', text: 'a boat' }],
      },
    ],
    begun: { id: ID },
  },
  luma: {
    base: '/luma/dream-machine/v1',
    own: ['authorization', /^Bearer our-luma$/],
    spellings: ['bearer', 'bare', 'x-api-key'],
    credential: 'our-luma',
    create: ['/generations/video', { model: 'ray-2', prompt: 'a boat' }],
    begun: { id: ID, state: 'queued' },
  },
  kling: {
    base: '/kling',
    own: ['authorization', /^Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+$/],
    spellings: ['bearer', 'bare', 'jwt'],
    credential: 'our-access:our-secret',
    create: ['/v1/videos/text2video', { prompt: 'a boat' }],
    begun: { code: 0, data: { task_id: ID } },
  },
  runway: {
    base: '/runway',
    own: ['authorization', /^Bearer our-runway$/],
    spellings: ['bearer', 'bare', 'x-api-key'],
    credential: 'our-runway',
    create: ['/v1/text_to_video', { model: 'gen4.5', promptText: 'a boat', ratio: '1280:720' }],
    begun: { id: ID },
  },
  replicate: {
    base: '/replicate/v1',
    own: ['authorization', /^Bearer our-replicate$/],
    spellings: ['bearer', 'token', 'bare'],
    credential: 'our-replicate',
    create: ['/models/black-forest-labs/flux-schnell/predictions', { input: { prompt: 'a boat' } }],
    begun: { id: ID, status: 'starting' },
  },
  bfl: {
    base: '/bfl/v1',
    own: ['x-key', /^our-bfl$/],
    spellings: ['x-key', 'bearer', 'x-api-key'],
    credential: 'our-bfl',
    create: ['/flux-pro-1.1', { prompt: 'a boat' }],
    begun: { id: ID },
  },
  midjourney: {
    base: '/mj',
    own: ['mj-api-secret', /^our-mj$/],
    spellings: ['mj-api-secret', 'bearer', 'bare'],
    credential: 'our-mj',
    create: ['/submit/imagine', { prompt: 'a boat' }],
    begun: { code: 1, description: '', result: ID, properties: {} },
  },
  'volc-visual': {
    base: '/volcv/v1',
    own: ['authorization', /^HMAC-SHA256 Credential=our-id\/\d{8}\/cn-north-1\/cv\/request, /],
    spellings: ['bearer', 'bare', 'signature', 'signed query'],
    credential: 'our-id:our-secret',
    create: [VISUAL, { req_key: 'jimeng_t2v_v30', prompt: 'a boat' }],
    begun: { code: 10_000, data: { task_id: ID } },
  },
};

interface Heard {
  readonly vendor: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

let place: NativePlace;
let jwt: string;
const heard: Heard[] = [];
/** All vendors in one: it says that each job has begun, and nothing more. */
const vendor = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    const name = new URL(request.url).pathname.split('/')[1] ?? '';
    const body = await request.text();
    heard.push({ vendor: name, url: request.url, headers: request.headers, body });
    if (request.method !== 'POST') return new Response(null, { status: 503 });
    return Response.json(DOORS[name]?.begun ?? {});
  },
});

beforeAll(async () => {
  const base = `http://127.0.0.1:${vendor.port}`;
  const more = Object.entries(DOORS).map(([id, { credential }]) => [
    id,
    { path: '', key: credential, more: { base_url: `${base}/${id}` } },
  ]);
  place = await startNative({ vendors: Object.fromEntries(more) });
  const pair = (await place.gateway.cli('access-keys', 'create', '--json')) as {
    access_key_id: string;
    secret_access_key: string;
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 1_800;
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: pair.access_key_id, exp })}`;
  const mac = createHmac('sha256', pair.secret_access_key).update(text).digest('base64url');
  jwt = `${text}.${mac}`;
});

afterAll(async () => {
  await vendor.stop(true);
  await cleanUp();
});

interface Spelt {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  /** What must not be heard by the vendor. */
  readonly secret: string;
}

function spell(spelling: Spelling, key: string): Spelt {
  const scope = `${key}/20261126/cn-north-1/cv/request`;
  const plain = { query: '', secret: key };
  switch (spelling) {
    case 'bearer':
      return { ...plain, headers: { authorization: `Bearer ${key}` } };
    case 'bare':
      return { ...plain, headers: { authorization: key } };
    case 'token':
      return { ...plain, headers: { authorization: `Token ${key}` } };
    case 'jwt':
      return { query: '', secret: jwt, headers: { authorization: `Bearer ${jwt}` } };
    case 'signature': {
      const signed = `SignedHeaders=x-date, Signature=${'0'.repeat(64)}`;
      const authorization = `HMAC-SHA256 Credential=${scope}, ${signed}`;
      return { ...plain, headers: { authorization, 'x-date': '20261126T000000Z' } };
    }
    case 'signed query': {
      const query = new URLSearchParams({
        ...{ 'X-Algorithm': 'HMAC-SHA256', 'X-Credential': scope, 'X-Date': '20261126T000000Z' },
        'X-Signature': '0'.repeat(64),
      });
      return { query: `&${query}`, headers: {}, secret: key };
    }
    default:
      return { ...plain, headers: { [spelling]: key } };
  }
}

const CASES = Object.entries(DOORS).flatMap(([id, door]) =>
  door.spellings.map((spelling) => [id, spelling, door] as const),
);

test('every vendor with paths of its own stands in the table', () => {
  const doors = Object.entries(VENDORS)
    .filter(([, { long = [] }]) => long.some(({ native }) => native !== undefined))
    .map(([id]) => id);
  expect(Object.keys(DOORS).sort()).toEqual(doors.sort());
});

describe('a key', () => {
  test.each(CASES)('at %s, spelt as %s', async (id, spelling, door) => {
    const [path, body] = door.create;
    const { headers, query, secret } = spell(spelling, place.freeKey);
    const url = place.gateway.url + door.base + path + query;
    heard.length = 0;
    const made = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    expect([made.status < 300, await made.text()]).toEqual([true, expect.any(String)]);
    const [asked] = heard.filter(({ vendor: name }) => name === id);
    if (asked === undefined) throw new Error('the vendor heard nothing');
    // Ours, and nothing of the caller's anywhere.
    expect(asked.headers.get(door.own[0])).toMatch(door.own[1]);
    const all = [asked.url, asked.body, ...[...asked.headers].flat()].join('\n');
    expect(all).not.toContain(secret);
    expect(all).not.toContain(place.freeKey);
    for (const other of ['x-api-key', 'x-key', 'mj-api-secret', 'api-key']) {
      if (other !== door.own[0]) expect([other, asked.headers.get(other)]).toEqual([other, null]);
    }
    // Nor is it kept with the task.
    const task = await fetch(
      `${place.gateway.url}/v1/tasks/${made.headers.get('x-gangway-task')}`,
      {
        headers: { authorization: `Bearer ${place.freeKey}` },
      },
    );
    expect(await task.text()).not.toContain(secret);
  });

  test.each(Object.entries(DOORS))('that nobody knows, at %s: 401', async (_, door) => {
    const [path, body] = door.create;
    for (const spelling of door.spellings.filter((one) => one !== 'jwt')) {
      const { headers, query } = spell(spelling, 'sk-gw-nobody');
      const url = place.gateway.url + door.base + path + query;
      heard.length = 0;
      const told = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
      expect([spelling, told.status]).toEqual([spelling, 401]);
      expect(heard).toEqual([]);
    }
  });
});
