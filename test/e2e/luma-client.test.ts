/** npm `lumaai`, with nothing changed but its base URL. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { LumaAI } from 'lumaai';
import { createKey } from './books.ts';
import { cleanUp, until } from './gateway.ts';
import {
  expectBooksBalance,
  jobsOf,
  linkKind,
  openPlace,
  type Place,
  refusalOf,
} from './media-place.ts';

const RUN_MS = 20_000;

let place: Place;
let client: LumaAI;

const clientOf = (authToken: string): LumaAI =>
  new LumaAI({ authToken, baseURL: `${place.gateway.url}/luma/dream-machine/v1` });

beforeAll(async () => {
  place = await openPlace({ vendors: ['luma'] });
  client = clientOf(place.key);
});
afterAll(cleanUp);

const draw = (prompt: string) =>
  client.generations.video.create({
    ...{ model: 'ray-2', prompt, resolution: '540p', duration: '5s' },
  });

const ended = (id: string) =>
  until(async () => {
    const seen = await client.generations.get(id);
    return seen.state === 'completed' || seen.state === 'failed' ? seen : undefined;
  }, `generation ${id} has ended`);

describe('npm lumaai', () => {
  test(
    'makes a video, waits for it and reads its files from here',
    async () => {
      const begun = await draw('a boat');
      expect(begun).toMatchObject({ state: 'queued', model: 'ray-2', assets: null });
      const done = await ended(begun.id ?? '');
      const { video = '', image = '' } = done.assets ?? {};
      expect(video).toStartWith(`${place.gateway.url}/results/`);
      expect(await linkKind(video)).toBe('video/mp4 mp4');
      expect(await linkKind(image)).toBe('image/png png');
      const [job] = await jobsOf(place, 'a boat');
      expect(job).toBeDefined();
      expect(JSON.stringify(done)).not.toContain(job?.id ?? '');
      expect(JSON.stringify(done)).not.toContain(place.sandbox);
    },
    RUN_MS,
  );

  test(
    'makes a picture, for accounts without a limit: it has no price',
    async () => {
      const model = 'photon-1';
      const unlimited = clientOf(place.gateway.key);
      const { id = '' } = await unlimited.generations.image.create({ model, prompt: 'a cliff' });
      const drawn = await until(async () => {
        const seen = await unlimited.generations.get(id);
        return seen.state === 'completed' ? seen : undefined;
      }, 'the picture is drawn');
      expect(await linkKind(drawn.assets?.image ?? '')).toBe('image/png png');
    },
    RUN_MS,
  );

  test(
    'goes on from a video by its id here',
    async () => {
      const first = await ended((await draw('and then')).id ?? '');
      const longer = await client.generations.create({
        ...{ model: 'ray-2', prompt: 'more', resolution: '540p', duration: '5s' },
        keyframes: { frame0: { type: 'generation', id: first.id ?? '' } },
      });
      expect((await ended(longer.id ?? '')).state).toBe('completed');
      const large = await client.generations.upscale(first.id ?? '', { resolution: '1080p' });
      expect((await ended(large.id ?? '')).state).toBe('completed');
      const loud = await client.generations.audio(first.id ?? '', { prompt: 'waves' });
      expect((await ended(loud.id ?? '')).state).toBe('completed');
    },
    RUN_MS,
  );

  test(
    'lists by pages, and deletes what has ended',
    async () => {
      for (const prompt of ['one', 'two']) await ended((await draw(prompt)).id ?? '');
      const first = await client.generations.list({ limit: 1 });
      expect([first.count, first.has_more, first.generations.length]).toEqual([1, true, 1]);
      const [newest] = first.generations;
      expect(newest?.request).toMatchObject({ prompt: 'two' });
      await client.generations.delete(newest?.id ?? '');
      const gone = client.generations.get(newest?.id ?? '');
      expect(await refusalOf(gone)).toMatchObject({ status: 404 });
      const [next] = (await client.generations.list({ limit: 1 })).generations;
      expect(next?.request).toMatchObject({ prompt: 'one' });
    },
    RUN_MS,
  );

  test(
    'cannot stop what the vendor cannot stop, and is told so',
    async () => {
      const { id = '' } = await draw('not to be stopped');
      const stopped = client.generations.delete(id);
      expect(await refusalOf(stopped)).toMatchObject({ status: 409 });
      expect((await ended(id)).state).toBe('completed');
    },
    RUN_MS,
  );

  test(
    'hears of refusals and failures in the words of the vendor',
    async () => {
      const failed = await ended((await draw('sandbox-moderate')).id ?? '');
      expect(failed).toMatchObject({
        ...{ state: 'failed', assets: null },
        failure_reason: 'Content was flagged by moderation',
      });
      const refused = draw('sandbox-refuse');
      expect(await refusalOf(refused)).toMatchObject({
        status: 400,
        error: { detail: 'Prompt was flagged by moderation' },
      });
      const model = 'ray-99' as 'ray-2';
      const unknown = client.generations.create({ model, prompt: 'x' });
      expect(await refusalOf(unknown)).toMatchObject({ status: 404 });
    },
    RUN_MS,
  );

  test('is refused with a wrong key, and shown nothing of other accounts', async () => {
    const wrong = clientOf('gw-wrong').generations.list();
    expect(await refusalOf(wrong)).toMatchObject({ status: 401 });
    const { id = '' } = await draw('mine');
    await place.gateway.cli('accounts', 'create', 'other', '--balance', '1');
    const other = clientOf((await createKey(place.gateway, '--account', 'other')).key);
    expect(await refusalOf(other.generations.get(id))).toMatchObject({ status: 404 });
    expect((await other.generations.list()).generations).toEqual([]);
    await ended(id);
  });
});

test('in the end the books balance: every video paid once, failures free', async () => {
  const calls = await expectBooksBalance(place);
  const videos = calls.filter(({ model }) => model === 'ray-2');
  expect(new Set(videos.map(({ state }) => state))).toEqual(new Set(['charged', 'released']));
  const free = videos.filter(({ charge }) => charge === '0');
  // What was refused, what failed, and what was named wrongly never came this far.
  expect(free).toHaveLength(2);
});
