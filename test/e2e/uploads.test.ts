/** Files handed in once, and named in jobs of any vendor and any format. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { makePng } from '../../sandbox/tasks/files.ts';
import { makeMp4 } from '../../sandbox/tasks/mp4.ts';
import { cleanUp, until } from './gateway.ts';
import { makeTaskPlace, type TaskPlace } from './task-place.ts';

const RUN_MS = 30_000;
const PUBLIC = 'http://127.0.0.1:9';
const PNG = makePng(7);
const BASE64 = Buffer.from(PNG).toString('base64');

let place: TaskPlace;
let open: TaskPlace;
let other: string;

beforeAll(async () => {
  place = await makeTaskPlace('results: { upload_mb_max: 1, account_mb_max: 3 }');
  open = await makeTaskPlace(`public_url: ${PUBLIC}`);
  other = await place.stranger();
}, RUN_MS);
afterAll(cleanUp);

const png = { 'content-type': 'image/png' };

async function upload(at: TaskPlace, bytes = PNG, headers: Record<string, string> = png) {
  const { status, body } = await at.ask('POST', '/v1/uploads?name=a.png', { body: bytes, headers });
  expect(status).toBe(201);
  return body as typeof body & { readonly url: string };
}

async function sent(at: TaskPlace, prompt: string) {
  const found = await until(
    async () => (await at.jobs()).find((job) => job.prompt.trim() === prompt),
    `the vendor has "${prompt}"`,
  );
  return found.request;
}

/** The most that the gateway ever had. */
function memoryMb(): number {
  const status = readFileSync(`/proc/${open.gateway.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
}

describe('handing in', () => {
  test('raw: known by its bytes, told of, fetched whole and in parts, thrown away', async () => {
    const made = await upload(place);
    expect(made).toMatchObject({
      ...{ object: 'upload', url: `gw-file://${made.id}`, name: 'a.png', mime: 'image/png' },
      ...{ bytes: PNG.length, sha256: new Bun.CryptoHasher('sha256').update(PNG).digest('hex') },
    });
    const life = Date.parse(String(made.expires_at)) - Date.parse(String(made.created_at));
    expect(life).toBe(24 * 3_600_000);
    const seen = await place.ask('GET', `/v1/uploads/${made.id}`);
    expect(seen.body).toMatchObject({ id: made.id, mime: 'image/png' });
    const headers = { authorization: `Bearer ${place.key}`, range: 'bytes=1-3' };
    const part = await fetch(`${place.gateway.url}/v1/uploads/${made.id}/content`, { headers });
    expect([part.status, await part.text()]).toEqual([206, 'PNG']);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/content'],
    ] as const) {
      const path_ = `/v1/uploads/${made.id}${path}`;
      const told = await place.ask(method, path_, { key: other });
      expect([told.status, told.body.error.code]).toEqual([404, 'resource_not_found']);
    }
    const gone = await place.ask('DELETE', `/v1/uploads/${made.id}`);
    expect(gone.body).toEqual({ id: made.id, object: 'upload', deleted: true } as never);
    expect((await place.ask('GET', `/v1/uploads/${made.id}`)).status).toBe(404);
    expect((await place.ask('DELETE', `/v1/uploads/${made.id}`)).status).toBe(404);
  });

  test('as a form, with what is to be remembered of it', async () => {
    const body = new FormData();
    body.set('file', new File([makeMp4(1, 1)], 'b.mp4'));
    body.set('metadata', '{"scene":"1"}');
    const { status, body: made } = await place.ask('POST', '/v1/uploads', { body });
    expect([status, made]).toMatchObject([
      201,
      { name: 'b.mp4', mime: 'video/mp4', metadata: { scene: '1' } },
    ]);
    const empty = new FormData();
    empty.set('name', 'x');
    const wrong = await place.ask('POST', '/v1/uploads', { body: empty });
    expect([wrong.status, wrong.body.error.param]).toEqual([400, 'file']);
  });

  test.each([
    ['bytes of nothing known', new TextEncoder().encode('<html>'), {}],
    ['a page that is called a picture', new TextEncoder().encode('<html>'), png],
    ['a picture that is called a video', PNG, { 'content-type': 'video/mp4' }],
    ['nothing at all', new Uint8Array(), png],
    ['what is compressed', PNG, { ...png, 'content-encoding': 'gzip' }],
  ])('%s is refused, and not kept', async (_, body, headers) => {
    const told = await place.ask('POST', '/v1/uploads', { body, headers });
    expect([told.status, told.body.error.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('no more than one may have, and no more than all of them', async () => {
    const key = place.key;
    const large = Buffer.concat([PNG, Buffer.alloc(1024 * 1024)]);
    const told = await place.ask('POST', '/v1/uploads', { body: large, headers: png });
    expect([told.status, told.body.error.code]).toEqual([413, 'body_too_large']);
    const most = Buffer.concat([PNG, Buffer.alloc(1024 * 1024 - PNG.length)]);
    const made: string[] = [];
    let last = { status: 201 };
    while (last.status === 201 && made.length < 5) {
      const next = await place.ask('POST', '/v1/uploads', { body: most, headers: png, key });
      last = next;
      if (next.status === 201) made.push(next.body.id);
    }
    expect([made.length, last.status]).toEqual([2, 413]);
    for (const id of made) await place.ask('DELETE', `/v1/uploads/${id}`);
    const small = await upload(place);
    await place.ask('DELETE', `/v1/uploads/${small.id}`);
  });

  test(
    'a large one passes through, and is never whole in memory',
    async () => {
      const [pieces, pieceBytes] = [150, 1024 * 1024];
      const before = memoryMb();
      const body = new ReadableStream({
        type: 'direct',
        async pull(controller: ReadableStreamDirectController) {
          controller.write(PNG);
          for (let at = 0; at < pieces; at += 1) {
            controller.write(new Uint8Array(pieceBytes));
            await controller.flush();
          }
          controller.close();
        },
      } as Bun.DirectUnderlyingSource);
      const response = await fetch(`${open.gateway.url}/v1/uploads`, {
        method: 'POST',
        headers: { authorization: `Bearer ${open.key}`, ...png },
        body,
      });
      const made = (await response.json()) as { id: string; bytes: number };
      expect([response.status, made.bytes]).toEqual([201, PNG.length + pieces * pieceBytes]);
      expect(memoryMb() - before).toBeLessThan(pieces / 2);
      await open.ask('DELETE', `/v1/uploads/${made.id}`);
    },
    RUN_MS,
  );

  test('a list by pages, both ways', async () => {
    const ids: string[] = [];
    for (let at = 0; at < 3; at += 1) ids.push((await upload(open)).id);
    const read = async (order: string) => {
      const all: string[] = [];
      for (let after = ''; ; ) {
        const { body } = await open.ask('GET', `/v1/uploads?limit=2&order=${order}${after}`);
        all.push(...body.data.map(({ id }) => id));
        if (body.has_more !== true) return all;
        after = `&after=${body.last_id}`;
      }
    };
    expect(await read('asc')).toEqual(ids);
    expect(await read('desc')).toEqual([...ids].reverse());
    const wrong = await open.ask('GET', '/v1/uploads?limit=0');
    expect([wrong.status, wrong.body.error.param]).toEqual([400, 'limit']);
  });
});

describe('in a job', () => {
  const video = (model: string, prompt: string, url: string) => ({
    model,
    input: { prompt, media: [{ type: 'image', role: 'first_frame', url }] },
    params: { duration: 5 },
  });

  test('small, and the vendor takes data: the vendor gets the bytes', async () => {
    const { url } = await upload(place);
    const told = await place.ask('POST', '/v1/tasks', {
      body: video('runway-gen4-turbo', 'by data', url),
    });
    expect(told.status).toBe(202);
    const { promptImage } = await sent(place, 'by data');
    expect(promptImage).toEqual([{ uri: `data:image/png;base64,${BASE64}`, position: 'first' }]);
  });

  test('a vendor that wants base64 alone gets that', async () => {
    const { url } = await upload(place);
    await place.ask('POST', '/v1/tasks', { body: video('kling-v2-1', 'by base64', url) });
    expect((await sent(place, 'by base64')).image).toBe(BASE64);
  });

  test('a vendor that fetches gets a link, which anybody can follow while it is kept', async () => {
    const { url, id } = await upload(open);
    await open.ask('POST', '/v1/tasks', { body: video('ray-2', 'by link', url) });
    const { keyframes } = (await sent(open, 'by link')) as {
      keyframes: { frame0: { url: string } };
    };
    const link = keyframes.frame0.url;
    expect(link).toStartWith(`${PUBLIC}/uploads/${id}/`);
    const here = link.replace(PUBLIC, open.gateway.url);
    const file = await fetch(here);
    expect(Buffer.from(await file.arrayBuffer()).equals(PNG)).toBe(true);
    const cut = `${here.slice(0, -1)}${here.endsWith('A') ? 'B' : 'A'}`;
    expect((await fetch(cut)).status).toBe(404);
    const pass = here.split('/').at(-1);
    const second = await upload(open);
    expect((await fetch(`${open.gateway.url}/uploads/${second.id}/${pass}`)).status).toBe(404);
    await open.ask('DELETE', `/v1/uploads/${id}`);
    expect((await fetch(here)).status).toBe(404);
  });

  test('without an address of ours such a vendor cannot have it, and that is said', async () => {
    const { url } = await upload(place);
    const told = await place.ask('POST', '/v1/tasks', { body: video('ray-2', 'no way', url) });
    expect([told.status, told.body.error.code, told.body.error.param]).toEqual([
      ...[400, 'public_url_needed', 'input.media[0].url'],
    ]);
    expect((await place.jobs()).some(({ prompt }) => prompt === 'no way')).toBe(false);
  });

  test.each(['gw-file://nothinghere', 'gw-task://task_00000000000000000000000000000000/0'])(
    '%s is nobody here',
    async (url) => {
      const told = await place.ask('POST', '/v1/tasks', { body: video('kling-v2-1', 'x', url) });
      expect([told.status, told.body.error.code, told.body.error.param]).toEqual([
        ...[404, 'resource_not_found', 'input.media[0].url'],
      ]);
    },
  );

  test("another account's is not there for it", async () => {
    const { url } = await upload(place);
    const body = video('kling-v2-1', 'theft', url);
    const told = await place.ask('POST', '/v1/tasks', { body, key: other });
    expect([told.status, told.body.error.code]).toEqual([404, 'resource_not_found']);
  });

  test("in a vendor's own format, wherever the string stands", async () => {
    const { url } = await upload(open);
    const content = [
      { type: 'text', text: 'own format' },
      { type: 'image_url', image_url: { url }, role: 'first_frame' },
    ];
    const body = { model: 'doubao-seedance-1-0-pro-250528', content };
    const told = await open.ask('POST', '/api/v3/contents/generations/tasks', { body });
    expect(told.status).toBe(200);
    const request = await sent(open, 'own format');
    expect(JSON.stringify(request)).toContain(`${PUBLIC}/uploads/`);
    expect(JSON.stringify(request)).not.toContain('gw-file');
  });

  test("in fields of a vendor's own beside a job in our words", async () => {
    const { url } = await upload(place);
    const told = await place.ask('POST', '/v1/tasks', {
      body: {
        model: 'flux-kontext-pro',
        input: { prompt: 'by option' },
        provider_options: { input_image_2: url },
      },
    });
    expect(told.status).toBe(202);
    expect((await sent(place, 'by option')).input_image_2).toBe(BASE64);
  });

  test('what an earlier task made is named the same way', async () => {
    const first = await open.ask('POST', '/v1/tasks', {
      body: { model: 'flux-dev', input: { prompt: 'a frame' } },
    });
    await open.ended(first.body.id);
    const url = `gw-task://${first.body.id}/0`;
    const body = video('ray-2', 'from a task', url);
    expect((await open.ask('POST', '/v1/tasks', { body })).status).toBe(202);
    const { keyframes } = (await sent(open, 'from a task')) as {
      keyframes: { frame0: { url: string } };
    };
    const file = await fetch(keyframes.frame0.url.replace(PUBLIC, open.gateway.url));
    expect(file.headers.get('content-type')).toBe('image/png');
  });

  test(
    'one that is gone before the job could be sent ends the job',
    async () => {
      const { url, id } = await upload(place);
      const body = video('kling-v2-1', 'sandbox-busy', url);
      const making = place.ask('POST', '/v1/tasks', { body });
      await Bun.sleep(200);
      await place.ask('DELETE', `/v1/uploads/${id}`);
      const told = await making;
      expect([told.status, told.body.error.code]).toEqual([404, 'resource_not_found']);
    },
    RUN_MS,
  );
});
