/** /v1/videos: OpenAI's shape over any vendor of videos. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { makePng } from '../../sandbox/tasks/files.ts';
import { makeMp4 } from '../../sandbox/tasks/mp4.ts';
import { cleanUp, until } from './gateway.ts';
import { makeTaskPlace, type Shown, type TaskPlace } from './task-place.ts';

const RUN_MS = 30_000;
const PUBLIC = 'http://127.0.0.1:9';
const SEEDANCE = 'doubao-seedance-1-0-pro-250528';

let place: TaskPlace;
beforeAll(async () => {
  place = await makeTaskPlace(`public_url: ${PUBLIC}\ntasks: { pace_percent: 5 }`);
}, RUN_MS);
afterAll(cleanUp);

const post = (path: string, body: object) => place.ask('POST', `/v1/videos${path}`, { body });

async function completed(id: string): Promise<Shown> {
  return until(
    async () => {
      const { body } = await place.ask('GET', `/v1/videos/${id}`);
      return ['completed', 'failed'].includes(body.status) ? body : undefined;
    },
    `${id} is completed`,
    15_000,
  );
}

async function make(body: object): Promise<Shown> {
  const { status, body: made } = await post('', body);
  expect([status, made.error]).toMatchObject([200, null]);
  return made;
}

async function sent(prompt: string) {
  const jobs = await place.jobs();
  return jobs.find((job) => job.prompt.trim() === prompt)?.request ?? {};
}

describe('a video', () => {
  test('is made, waited for as told, fetched, listed, deleted', async () => {
    const told = await post('', {
      model: 'ray-2',
      prompt: 'a boat',
      seconds: '5',
      size: '1280x720',
    });
    expect(Number(told.headers.get('openai-poll-after-ms'))).toBeGreaterThan(0);
    const { id } = told.body;
    expect(id).toMatch(/^video_[0-9a-f]{32}$/);
    expect(told.body).toMatchObject({
      ...{ object: 'video', model: 'ray-2', prompt: 'a boat', seconds: '5', size: '1280x720' },
      ...{ remixed_from_video_id: null, error: null },
    });
    const early = await place.ask('GET', `/v1/videos/${id}/content`);
    expect([early.status, early.body.error.code]).toEqual([409, 'task_open']);
    const done = await completed(id);
    expect(done).toMatchObject({ status: 'completed', progress: 100 });
    expect(done.completed_at).toBeGreaterThanOrEqual(Number(done.created_at));
    expect(done.expires_at).toBeGreaterThan(Number(done.completed_at));
    const headers = { authorization: `Bearer ${place.key}`, accept: 'application/binary' };
    const video = await fetch(`${place.gateway.url}/v1/videos/${id}/content`, { headers });
    expect(Buffer.from(await video.arrayBuffer()).toString('latin1', 4, 8)).toBe('ftyp');
    const cover = `${place.gateway.url}/v1/videos/${id}/content?variant=thumbnail`;
    expect((await fetch(cover, { headers })).headers.get('content-type')).toBe('image/png');
    const odd = await place.ask('GET', `/v1/videos/${id}/content?variant=spritesheet`);
    expect([odd.status, odd.body.error.param]).toEqual([400, 'variant']);
    const gone = await place.ask('DELETE', `/v1/videos/${id}`);
    expect(gone.body).toEqual({ id, object: 'video.deleted', deleted: true } as never);
    expect((await place.ask('GET', `/v1/videos/${id}`)).status).toBe(404);
  });

  test('of a size that each vendor hears in its own words', async () => {
    const size = '1280x720';
    await make({ model: 'ray-2', prompt: 'size luma', size });
    await make({ model: SEEDANCE, prompt: 'size ark', size });
    await make({ model: 'runway-gen4.5', prompt: 'size runway', size });
    expect(await sent('size luma')).toMatchObject({ resolution: '720p', aspect_ratio: '16:9' });
    expect(await sent('size ark')).toMatchObject({ resolution: '720p', ratio: '16:9' });
    expect(await sent('size runway')).toMatchObject({ ratio: '1280:720' });
    const kling = await post('', { model: 'kling-v2-1', prompt: 'x', size });
    expect([kling.status, kling.body.error.code]).toEqual([400, 'unsupported_parameter']);
  });

  test('by a form, its picture handed in as an upload, once for the same bytes', async () => {
    const create = async (prompt: string) => {
      const body = new FormData();
      for (const [name, value] of Object.entries({ model: 'ray-2', prompt, seconds: '5' })) {
        body.set(name, value);
      }
      body.set('input_reference', new File([makePng(3)], 'a.png', { type: 'image/png' }));
      return place.ask('POST', '/v1/videos', { body });
    };
    const [one, two] = [await create('form one'), await create('form two')];
    expect([one.status, two.status]).toEqual([200, 200]);
    const frames = await Promise.all(['form one', 'form two'].map((prompt) => sent(prompt)));
    const urls = frames.map(
      ({ keyframes }) => (keyframes as { frame0: { url: string } }).frame0.url,
    );
    expect(urls[0]).toStartWith(`${PUBLIC}/uploads/`);
    expect(urls[1]).toBe(urls[0] as string);
    const { body: uploads } = await place.ask('GET', '/v1/uploads');
    expect(uploads.data.filter(({ name }) => name === 'a.png')).toHaveLength(1);
    const wrong = new FormData();
    wrong.set('model', 'ray-2');
    wrong.set('prompt', 'x');
    wrong.set('input_reference', new File(['<html>'], 'a.png', { type: 'image/png' }));
    expect((await place.ask('POST', '/v1/videos', { body: wrong })).status).toBe(415);
  });

  test.each([
    [{ prompt: 'x' }, 'model'],
    [{ model: 'ray-2' }, 'prompt'],
    [{ model: 'ray-2', prompt: 'x', seconds: 'long' }, 'seconds'],
    [{ model: 'ray-2', prompt: 'x', seconds: '99999' }, 'seconds'],
    [{ model: 'ray-2', prompt: 'x', size: 'large' }, 'size'],
    [{ model: 'ray-2', prompt: 'x', input_reference: 'ftp://a' }, 'input_reference'],
    [{ model: 'ray-2', prompt: 'x', provider_options: 'x' }, 'provider_options'],
  ])('%j is refused, and says for which field', async (body, param) => {
    const told = await post('', body);
    expect([told.status, told.body.error.param]).toEqual([400, param]);
  });

  test('that is canceled or fails is failed, and says why', async () => {
    const { id } = await make({ model: 'runway-gen4.5', prompt: 'sandbox-slow', seconds: '5' });
    await place.ask('POST', `/v1/tasks/${id.replace('video_', 'task_')}/cancel`);
    expect(await completed(id)).toMatchObject({ status: 'failed', error: { code: 'canceled' } });
    const other = await make({ model: 'ray-2', prompt: 'sandbox-fail', seconds: '5' });
    expect(await completed(other.id)).toMatchObject({ error: { code: 'vendor_error' } });
  });
});

describe('one built on another', () => {
  test('a remix goes to the same model, with the video that was made', async () => {
    const source = await make({ model: SEEDANCE, prompt: 'first', seconds: '5', size: '1280x720' });
    const early = await post(`/${source.id}/remix`, { prompt: 'too early' });
    expect([early.status, early.body.error.param]).toEqual([400, 'video']);
    await completed(source.id);
    const { status, body: made } = await post(`/${source.id}/remix`, { prompt: 'at night' });
    expect([status, made]).toMatchObject([
      ...[200, { model: expect.any(String), remixed_from_video_id: source.id, seconds: '5' }],
    ]);
    const { content, model } = await sent('at night');
    expect(model).toBe((await sent('first')).model as string);
    const [, video] = content as { role: string; video_url: { url: string } }[];
    expect(video?.role).toBe('reference_video');
    const file = await fetch(video?.video_url.url.replace(PUBLIC, place.gateway.url) ?? '');
    expect(file.headers.get('content-type')).toBe('video/mp4');
    expect((await completed(made.id)).status).toBe('completed');
  });

  test('an edit of a video by its id, and of one that is handed in', async () => {
    const source = await make({ model: SEEDANCE, prompt: 'to edit', seconds: '5' });
    await completed(source.id);
    const edited = await post('/edits', { prompt: 'in rain', video: { id: source.id } });
    expect(edited.body).toMatchObject({ remixed_from_video_id: source.id });
    const form = new FormData();
    form.set('prompt', 'in form');
    form.set('video[id]', source.id);
    const again = await place.ask('POST', '/v1/videos/edits', { body: form });
    expect(again.body).toMatchObject({ remixed_from_video_id: source.id });
    const own = new FormData();
    own.set('prompt', 'in snow');
    own.set('model', SEEDANCE);
    own.set('video', new File([makeMp4(2, 9)], 'own.mp4', { type: 'video/mp4' }));
    const handed = await place.ask('POST', '/v1/videos/edits', { body: own });
    expect([handed.status, handed.body.remixed_from_video_id]).toEqual([200, null]);
    expect(JSON.stringify(await sent('in snow'))).toContain(`${PUBLIC}/uploads/`);
    own.delete('model');
    const nobody = await place.ask('POST', '/v1/videos/edits', { body: own });
    expect([nobody.status, nobody.body.error.param]).toEqual([400, 'model']);
  });

  test('an extension, where the vendor extends', async () => {
    const source = await make({ model: 'ray-2', prompt: 'to extend', seconds: '5' });
    await completed(source.id);
    const wish = { prompt: 'and on', seconds: '5', video: { id: source.id } };
    const { status, body: made } = await post('/extensions', wish);
    expect([status, made.remixed_from_video_id]).toEqual([200, source.id]);
    const jobs = await place.jobs();
    const first = jobs.find(({ prompt }) => prompt === 'to extend');
    expect((await sent('and on')).keyframes).toEqual({
      frame0: { type: 'generation', id: first?.id },
    });
  });

  test('an extension at a vendor that names the video, and not the job', async () => {
    const source = await make({ model: 'kling-v1-6', prompt: 'kling first', seconds: '5' });
    expect((await completed(source.id)).error).toBeNull();
    const wish = { prompt: 'kling on', seconds: '5', video: { id: source.id } };
    const { status, body: made } = await post('/extensions', wish);
    expect([status, made.remixed_from_video_id]).toEqual([200, source.id]);
    expect((await sent('kling on')).video_id).toMatch(/./);
  });

  test('is refused in clear words where the vendor cannot', async () => {
    const ray = await make({ model: 'ray-2', prompt: 'no remix', seconds: '5' });
    const seedance = await make({ model: SEEDANCE, prompt: 'no extension', seconds: '5' });
    await Promise.all([completed(ray.id), completed(seedance.id)]);
    const told = [
      await post(`/${ray.id}/remix`, { prompt: 'x' }),
      await post('/extensions', { prompt: 'x', seconds: '5', video: { id: seedance.id } }),
    ];
    for (const { status, body } of told) {
      const { code, param, message } = body.error;
      expect([status, code, param]).toEqual([400, 'unsupported_parameter', 'video']);
      expect(message).toContain('cannot build on it');
    }
    const key = await place.stranger();
    const foreign = await place.ask('POST', `/v1/videos/${ray.id}/remix`, {
      ...{ body: { prompt: 'x' }, key },
    });
    expect(foreign.status).toBe(404);
    const none = await post('/edits', { prompt: 'x' });
    expect([none.status, none.body.error.param]).toEqual([400, 'video']);
  });
});

test("the vendor's last words keep the token of its callback to themselves", async () => {
  const { id } = await make({ model: 'ray-2', prompt: 'echoed', seconds: '5' });
  await completed(id);
  const told = (await sent('echoed')).callback_url as string;
  expect(told).toMatch(/^http:\/\/127\.0\.0\.1:9\/_cb\/luma\/\w{32}$/);
  const { body } = await place.ask('GET', `/v1/tasks/${id.replace('video_', 'task_')}/raw`);
  const { request } = body.body as { request: { callback_url: string } };
  expect(request.callback_url).toBe(told.replace(/\w{32}$/, '[removed]'));
});

test('the list has videos only, by pages, both ways', async () => {
  const key = await place.stranger().catch(() => '');
  await place.gateway.cli('accounts', 'create', 'lister', '--balance', '100');
  const made = (await place.gateway.cli('keys', 'create', '--account', 'lister')) as {
    key: string;
  };
  expect(key).not.toBe(made.key);
  const ids: string[] = [];
  for (const model of ['ray-2', 'flux-dev', 'ray-2', 'ray-2']) {
    const isVideo = model === 'ray-2';
    const body = isVideo ? { model, prompt: 'x' } : { model, input: { prompt: 'x' } };
    const path = isVideo ? '/v1/videos' : '/v1/tasks';
    const told = await place.ask('POST', path, { body, key: made.key });
    if (isVideo) ids.push(told.body.id);
  }
  const list = async (order: string) => {
    const all: string[] = [];
    for (let after = ''; ; ) {
      const path = `/v1/videos?limit=2&order=${order}${after}`;
      const { body } = await place.ask('GET', path, { key: made.key });
      all.push(...body.data.map(({ id }) => id));
      if (body.has_more !== true) return all;
      after = `&after=${body.last_id}`;
    }
  };
  expect(await list('asc')).toEqual(ids);
  expect(await list('desc')).toEqual([...ids].reverse());
});
