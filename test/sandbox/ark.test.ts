/** The pretended Ark beside chat: every place, its checks, and Ark's words when it refuses. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { inflateSync } from 'node:zlib';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { embed, nearness } from '../../sandbox/vectors.ts';
import { callsOf, eventsOf, mount, post, USER } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const EP = 'ep-20260101000000-abcde';
const TEXT_MODEL = 'doubao-embedding-large-text-250515';
const VISION_MODEL = 'doubao-embedding-vision-251215';

async function ask(line: string, body?: object | FormData, headers = {}) {
  const [method, place] = line.split(' ') as [string, string];
  const { path, key } = mount('ark');
  const json = body === undefined || body instanceof FormData;
  return fetch(`${sandbox.url}${path}${place}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(json ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
}

async function read<Shape>(line: string, body?: object | FormData): Promise<Shape> {
  const response = await ask(line, body);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${line}: ${response.status} ${text}`);
  return JSON.parse(text);
}

interface Refused {
  readonly error: { code: string; message: string; param: string; type: string };
}

const said = (content: string) => [{ role: 'user', content }];
const IMAGE = { model: 'doubao-seedream-4-5-251128', prompt: 'a cat' };

const REFUSALS: readonly (readonly [string, object, number, string])[] = [
  ['POST /embeddings', { model: TEXT_MODEL }, 400, 'MissingParameter.input'],
  ['POST /embeddings', { model: TEXT_MODEL, input: [''] }, 400, 'InvalidParameter'],
  ['POST /embeddings', { model: VISION_MODEL, input: 'x' }, 400, 'InvalidParameter'],
  ['POST /embeddings', { model: TEXT_MODEL, input: 'x', dimensions: 7 }, 400, 'InvalidParameter'],
  ['POST /embeddings/multimodal', { model: VISION_MODEL, input: 'x' }, 400, 'InvalidParameter'],
  ['POST /images/generations', { ...IMAGE, size: '1024x1024' }, 400, 'InvalidParameter'],
  ['POST /images/generations', { ...IMAGE, size: '1K' }, 400, 'InvalidParameter'],
  ['POST /images/generations', { ...IMAGE, seed: 1 }, 400, 'InvalidParameter.UnsupportedParameter'],
  ['POST /images/generations', { model: IMAGE.model }, 400, 'MissingParameter.prompt'],
  ['POST /context/create', { model: 'm', messages: USER }, 400, 'InvalidParameter'],
  ['POST /context/create', { model: EP, messages: USER, ttl: 5 }, 400, 'InvalidParameter'],
  [
    'POST /context/chat/completions',
    { model: EP, messages: USER, context_id: 'ctx-none' },
    404,
    'NotFound.Context',
  ],
  ['POST /batch/chat/completions', { model: 'm', messages: USER }, 400, 'InvalidParameter'],
  [
    'POST /batch/chat/completions',
    { model: EP, messages: USER, stream: true },
    400,
    'InvalidParameter.UnsupportedParameter',
  ],
  [
    'POST /bots/chat/completions',
    { model: 'm', messages: USER },
    404,
    'InvalidEndpointOrModel.NotFound',
  ],
  ['POST /tokenization', { model: 'm' }, 400, 'MissingParameter.text'],
  ['POST /responses', { model: 'm' }, 400, 'MissingParameter.input'],
  [
    'POST /responses',
    { model: 'm', input: 'x', instructions: 'y', caching: { type: 'enabled' } },
    400,
    'InvalidParameter',
  ],
  [
    'POST /responses',
    { model: 'm', input: 'x', previous_response_id: 'resp_none' },
    404,
    'NotFound.Response',
  ],
  ['POST /tokenization', { model: 'sandbox-500', text: 'x' }, 500, 'InternalServiceError'],
];

test.each(REFUSALS)('%s refuses %j with %d %s', async (...[line, body, status, code]) => {
  const headers = { 'x-client-request-id': 'mine-1' };
  const response = await ask(line, body, headers);
  expect(response.status).toBe(status);
  const { error } = (await response.json()) as Refused;
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/Request id: 0217\d+$/);
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(response.headers.get('x-client-request-id')).toBe('mine-1');
});

test('every place wants the key', async () => {
  const response = await ask('GET /files', undefined, { authorization: 'Bearer other' });
  expect(response.status).toBe(401);
  expect(((await response.json()) as Refused).error.code).toBe('AuthenticationError');
});

test('vectors: length 1, the same each time, near where words are shared', () => {
  const cat = embed('The cat sat on the mat', 1024);
  expect(Math.hypot(...cat)).toBeCloseTo(1, 9);
  expect(embed('The cat sat on the mat', 1024)).toEqual(cat);
  const near = nearness(cat, embed('A cat on a mat', 1024));
  expect(near).toBeGreaterThan(nearness(cat, embed('Quarterly interest rates', 1024)) + 0.2);
  const chinese = embed('北京今天的天气', 512);
  const weather = nearness(chinese, embed('今天天气如何', 512));
  expect(weather).toBeGreaterThan(nearness(chinese, embed('股票价格', 512)) + 0.2);
  expect(Math.hypot(...embed('', 8))).toBe(1);
});

test('embeddings: one for each text, floats or base64; multimodal is one object', async () => {
  interface Vectors {
    readonly data: { index: number; embedding: number[] & string }[];
    readonly usage: { prompt_tokens: number };
  }
  const body = { model: TEXT_MODEL, input: ['a cat', 'a dog'], dimensions: 512 };
  const floats = await read<Vectors>('POST /embeddings', body);
  expect(floats.data.map(({ embedding }) => embedding.length)).toEqual([512, 512]);
  expect(floats.usage.prompt_tokens).toBe(4);
  const coded = await read<Vectors>('POST /embeddings', { ...body, encoding_format: 'base64' });
  const bytes = Buffer.from(coded.data[1]!.embedding, 'base64');
  expect(bytes.readFloatLE(0)).toBeCloseTo(floats.data[1]!.embedding[0]!, 6);
  const input = [{ type: 'text', text: 'a cat' }];
  const sparse = { model: VISION_MODEL, input, sparse_embedding: { type: 'enabled' } };
  const { data } = await read<{
    data: { embedding: number[]; sparse_embedding: object[] };
  }>('POST /embeddings/multimodal', sparse);
  expect([data.embedding.length, data.sparse_embedding.length]).toEqual([2048, 2]);
});

/** Width, height and the rows of pixels of a PNG. */
function readPng(png: Buffer): { width: number; height: number; bytes: number } {
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  const at = png.indexOf('IDAT');
  const data = png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4));
  const bytes = inflateSync(data).length;
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), bytes };
}

interface Pictures {
  readonly data: { url?: string; b64_json?: string; size?: string; error?: { code: string } }[];
  readonly usage: { generated_images: number; output_tokens: number };
}

test('images: a link to a real picture, or its bytes; failed ones are not counted', async () => {
  const linked = await read<Pictures>('POST /images/generations', { ...IMAGE, size: '2560x1440' });
  const fetched = await fetch(linked.data[0]!.url!);
  expect(fetched.headers.get('content-type')).toBe('image/png');
  const png = readPng(Buffer.from(await fetched.arrayBuffer()));
  expect(png).toEqual({ width: 2560, height: 1440, bytes: (2560 / 8 + 1) * 1440 });
  expect((await fetch(`${sandbox.url}/ark/pictures/none.png`)).status).toBe(403);
  const group = await read<Pictures>('POST /images/generations', {
    ...IMAGE,
    prompt: '3 pictures of a cat; fail 2',
    sequential_image_generation: 'auto',
    response_format: 'b64_json',
  });
  expect(group.data.map((one) => one.error === undefined)).toEqual([true, false, true]);
  expect(readPng(Buffer.from(group.data[0]!.b64_json!, 'base64')).width).toBe(2048);
  expect(group.usage).toMatchObject({ generated_images: 2, output_tokens: 32_768 });
});

test('images stream one event for each picture and close with the usage', async () => {
  const response = await ask('POST /images/generations', {
    ...IMAGE,
    prompt: '2 pictures; fail 1',
    sequential_image_generation: 'auto',
    stream: true,
  });
  const text = await response.text();
  const events = eventsOf(text) as { type: string; usage?: object }[];
  expect(events.map((event) => event.type ?? event)).toEqual([
    'image_generation.partial_failed',
    'image_generation.partial_succeeded',
    'image_generation.completed',
    '[DONE]' as never,
  ]);
  expect(events[2]!.usage).toMatchObject({ generated_images: 1 });
  expect(text).toContain('event: image_generation.completed\ndata: ');
  const calls = await callsOf(sandbox.url);
  expect(calls.calls.at(-1)!.usage).toMatchObject({ generated_images: 1 });
});

interface FileLike {
  readonly id: string;
  readonly status: string;
  readonly bytes: number;
  readonly filename: string;
}

function form(name: string, type = 'text/plain'): FormData {
  const made = new FormData();
  made.set('purpose', 'user_data');
  made.set('file', new File(['hello'], name, { type }));
  return made;
}

test('files: uploaded, waited for, listed by pages, named in a chat, deleted', async () => {
  const first = await read<FileLike>('POST /files', form('a.txt'));
  const video = await read<FileLike>('POST /files', form('b.mp4', 'video/mp4'));
  expect(first).toMatchObject({ status: 'active', bytes: 5, filename: 'a.txt' });
  expect(video.status).toBe('processing');
  const list = await read<{ data: FileLike[]; has_more: boolean; last_id: string }>(
    'GET /files?limit=1',
  );
  expect([list.data[0]!.id, list.has_more]).toEqual([video.id, true]);
  const next = await read<typeof list>(`GET /files?limit=5&after=${list.last_id}`);
  expect(next.data.map(({ id }) => id)).toContain(first.id);
  const content = [{ type: 'file', file: { file_id: first.id } }];
  const body = { model: 'm', messages: [{ role: 'user', content }] };
  expect((await post(sandbox.url, 'ark', { body })).status).toBe(200);
  expect(await read('DELETE /files/'.concat(first.id))).toMatchObject({ deleted: true });
  expect((await ask(`GET /files/${first.id}`)).status).toBe(404);
  expect((await post(sandbox.url, 'ark', { body })).status).toBe(400);
  expect((await ask('POST /files', new FormData())).status).toBe(400);
});

test('a context remembers, and its tokens are cached', async () => {
  interface Chat {
    readonly usage: { prompt_tokens_details: { cached_tokens: number } };
  }
  const messages = [{ role: 'system', content: 'Answer in JSON with keys: city.' }];
  const made = await read<{ id: string; ttl: number; usage: object }>('POST /context/create', {
    model: EP,
    messages,
  });
  expect(made).toMatchObject({ ttl: 86_400, mode: 'session' });
  const body = { model: EP, context_id: made.id, messages: said('Where is it?') };
  const one = await read<Chat>('POST /context/chat/completions', body);
  const two = await read<Chat>('POST /context/chat/completions', body);
  const cached = [one, two].map(({ usage }) => usage.prompt_tokens_details.cached_tokens);
  expect(cached[0]).toBeGreaterThan(0);
  expect(cached[1]).toBeGreaterThan(cached[0]!);
  expect((await ask('POST /context/chat/completions', { ...body, tools: [] })).status).toBe(400);
});

test('bots say which model they used, batch answers endpoints, tokens have places', async () => {
  const bot = await read('POST /bots/chat/completions', {
    model: 'bot-1',
    messages: said('Say yes'),
    metadata: { a: 'b' },
  });
  expect(bot).toMatchObject({
    choices: [{ message: { content: 'yes' } }],
    metadata: { a: 'b' },
    bot_usage: { model_usage: [{ name: 'doubao-seed-1-6-251015' }] },
  });
  const body = { model: EP, messages: said('Say yes') };
  const batch = await read('POST /batch/chat/completions', body);
  expect(batch).toMatchObject({ choices: [{ message: { content: 'yes' } }] });
  const tokens = await read('POST /tokenization', { model: 'm', text: ['你好 ab'] });
  expect(tokens).toMatchObject({
    data: [
      {
        total_tokens: 3,
        offset_mapping: [
          [0, 1],
          [1, 2],
          [2, 5],
        ],
      },
    ],
  });
});
