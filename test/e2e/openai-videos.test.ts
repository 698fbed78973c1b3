/** npm `openai`, its videos, over models of two vendors, with nothing changed but its base URL. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import { createKey } from './books.ts';
import { cleanUp, until } from './gateway.ts';
import {
  expectBooksBalance,
  fileKind,
  jobsOf,
  openPlace,
  type Place,
  refusalOf,
} from './media-place.ts';

const RUN_MS = 20_000;
const SEEDANCE = 'doubao-seedance-1-0-pro-250528';
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9' +
    'awAAAABJRU5ErkJggg==',
  'base64',
);

let place: Place;
let client: OpenAI;

const clientOf = (apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${place.gateway.url}/v1` });

beforeAll(async () => {
  place = await openPlace({ vendors: ['ark', 'luma'] });
  client = clientOf(place.key);
});
afterAll(cleanUp);

const film = (prompt: string, model = SEEDANCE) =>
  client.videos.create({ model, prompt, seconds: '5' as '4', size: '1280x720' });

const ended = (id: string) =>
  until(async () => {
    const seen = await client.videos.retrieve(id);
    return seen.status === 'completed' || seen.status === 'failed' ? seen : undefined;
  }, `video ${id} has ended`);

async function contentOf(id: string, variant?: 'thumbnail'): Promise<string> {
  const query = variant === undefined ? {} : { variant };
  const response = await client.videos.downloadContent(id, query);
  const said = response.headers.get('content-type');
  return `${said} ${fileKind(new Uint8Array(await response.arrayBuffer()))}`;
}

describe('npm openai, videos', () => {
  test(
    'makes one, waits for it and downloads it, with a model of either vendor',
    async () => {
      const begun = await film('a boat');
      expect(begun).toMatchObject({
        ...{ object: 'video', status: 'queued', progress: 0, model: SEEDANCE },
        ...{ prompt: 'a boat', seconds: '5', error: null, completed_at: null },
      });
      expect(begun.id).toMatch(/^video_/);
      const done = await ended(begun.id);
      expect(done).toMatchObject({ status: 'completed', progress: 100 });
      expect(done.size).toMatch(/^\d+x\d+$/);
      expect(await contentOf(begun.id)).toBe('video/mp4 mp4');
      const other = await ended((await film('a kite', 'ray-2')).id);
      expect(await contentOf(other.id)).toBe('video/mp4 mp4');
      expect(await contentOf(other.id, 'thumbnail')).toBe('image/png png');
    },
    RUN_MS,
  );

  test(
    'begins with a picture that is sent along as a file',
    async () => {
      const picture = await toFile(PIXEL, 'first.png', { type: 'image/png' });
      const begun = await client.videos.create({
        ...{ model: SEEDANCE, prompt: 'it moves', seconds: '5' as '4' },
        input_reference: picture,
      });
      expect((await ended(begun.id)).status).toBe('completed');
      const { jobs } = (await (await fetch(`${place.sandbox}/sandbox/jobs`)).json()) as {
        jobs: { prompt: string; request: { content: { image_url?: { url: string } }[] } }[];
      };
      const job = jobs.find(({ prompt }) => prompt.includes('it moves'));
      const sent = job?.request.content.find((one) => one.image_url !== undefined);
      expect(sent?.image_url?.url).toBe(`data:image/png;base64,${PIXEL.toString('base64')}`);
    },
    RUN_MS,
  );

  test(
    'goes through its list by pages, and deletes',
    async () => {
      const ids: string[] = [];
      for (const prompt of ['one', 'two', 'three']) ids.push((await film(prompt)).id);
      for (const id of ids) await ended(id);
      const seen: string[] = [];
      for await (const { id } of client.videos.list({ limit: 2 })) seen.push(id);
      expect(seen.slice(0, 3)).toEqual(ids.toReversed());
      expect(new Set(seen).size).toBe(seen.length);
      const [id = ''] = ids;
      expect(await client.videos.delete(id)).toMatchObject({ id, deleted: true });
      expect(await refusalOf(client.videos.retrieve(id))).toMatchObject({ status: 404 });
      expect(await refusalOf(client.videos.downloadContent(id))).toMatchObject({ status: 404 });
    },
    RUN_MS,
  );

  test(
    'does not download or delete what is not ready',
    async () => {
      const { id } = await film('not yet');
      for (const early of [client.videos.downloadContent(id), client.videos.delete(id)]) {
        expect(await refusalOf(early)).toMatchObject({ status: 409, code: 'task_open' });
      }
      await ended(id);
    },
    RUN_MS,
  );

  test(
    'hears of refusals and failures, and of what is wrong',
    async () => {
      for (const model of [SEEDANCE, 'ray-2']) {
        const failed = await ended((await film('sandbox-moderate', model)).id);
        expect([failed.status, failed.error?.code]).toEqual(['failed', 'vendor_rejected']);
        expect(await refusalOf(client.videos.downloadContent(failed.id))).toMatchObject({
          status: 404,
        });
      }
      // What the vendor refuses at once is no video.
      const code = 'InputTextSensitiveContentDetected';
      expect(await refusalOf(film('sandbox-refuse'))).toMatchObject({ status: 400, code });
      const nobody = film('x', 'sora-99');
      expect(await refusalOf(nobody)).toMatchObject({ status: 404, code: 'model_not_found' });
      const odd = client.videos.create({ model: SEEDANCE, prompt: 'x', size: 'big' as '720x1280' });
      expect(await refusalOf(odd)).toMatchObject({ status: 400, param: 'size' });
    },
    RUN_MS,
  );

  test('is refused with a wrong key, and shown nothing of other accounts', async () => {
    const wrong = clientOf('gw-wrong').videos.list();
    expect(await refusalOf(wrong)).toBeInstanceOf(OpenAI.AuthenticationError);
    const { id } = await film('mine');
    await place.gateway.cli('accounts', 'create', 'other', '--balance', '1');
    const other = clientOf((await createKey(place.gateway, '--account', 'other')).key);
    expect(await refusalOf(other.videos.retrieve(id))).toMatchObject({ status: 404 });
    expect((await other.videos.list()).data).toEqual([]);
    await ended(id);
  });
});

test('in the end the books balance: what was made was paid, once, and nothing else', async () => {
  const calls = await expectBooksBalance(place);
  const paid = calls.filter(({ state }) => state === 'charged');
  expect(paid.every(({ charge }) => charge !== '0')).toBe(true);
  expect(await jobsOf(place, 'a kite')).toHaveLength(1);
});
