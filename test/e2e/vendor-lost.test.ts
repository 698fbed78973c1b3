/**
 * A vendor takes a job, and its answer is lost: it says 500, or breaks the connection. Its own
 * client, retrying as it does by default, has one task; the vendor has one job; one is paid.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createByteDance } from '@ai-sdk/bytedance';
import RunwayML from '@runwayml/sdk';
import { Service } from '@volcengine/openapi';
import { experimental_generateVideo as generateVideo } from 'ai';
import { LumaAI } from 'lumaai';
import OpenAI from 'openai';
import Replicate from 'replicate';
import { cleanUp } from './gateway.ts';
import {
  expectNoMore,
  expectOneOfEach,
  LOSSES,
  LOST_RUN_MS,
  type LostClient,
  openLossyPlace,
  promptOf,
} from './lost-jobs.ts';
import type { Place } from './media-place.ts';

let place: Place;

beforeAll(async () => {
  place = await openLossyPlace();
  for (const one of CLIENTS) begin(one);
}, LOST_RUN_MS);
afterAll(cleanUp);

async function post(path: string, body: object, key = place.key): Promise<void> {
  const response = await fetch(place.gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

interface Client extends LostClient {
  readonly create: (prompt: string) => PromiseLike<unknown>;
}

const CLIENTS: readonly Client[] = [
  {
    ...{ vendor: 'ark', client: 'npm @ai-sdk/bytedance', model: 'doubao-seedance-1-0-pro-250528' },
    create: (prompt) => {
      const at = { apiKey: place.key, baseURL: `${place.gateway.url}/api/v3` };
      const model = createByteDance(at).video('doubao-seedance-1-0-pro-250528');
      const download = async () => ({ data: new Uint8Array(1), mediaType: 'video/mp4' });
      const providerOptions = { bytedance: { pollIntervalMs: 100 } };
      return generateVideo({ model, prompt, download, providerOptions });
    },
  },
  {
    ...{ vendor: 'ark', client: 'npm openai', model: 'doubao-seedance-1-0-lite-t2v-250428' },
    create: (prompt) => {
      const client = new OpenAI({ apiKey: place.key, baseURL: `${place.gateway.url}/v1` });
      return client.videos.create({ model: 'doubao-seedance-1-0-lite-t2v-250428', prompt });
    },
  },
  {
    ...{ vendor: 'luma', client: 'npm lumaai', model: 'ray-2' },
    create: (prompt) => {
      const baseURL = `${place.gateway.url}/luma/dream-machine/v1`;
      const client = new LumaAI({ authToken: place.key, baseURL });
      const shape = { resolution: '540p', duration: '5s' } as const;
      return client.generations.create({ model: 'ray-2', prompt, ...shape });
    },
  },
  {
    ...{ vendor: 'runway', client: 'npm @runwayml/sdk', model: 'runway-gen4.5', held: true },
    create: (promptText) => {
      const at = { apiKey: place.key, baseURL: `${place.gateway.url}/runway` };
      const shape = { model: 'gen4.5', ratio: '1280:720', duration: 5 } as const;
      return new RunwayML(at).textToVideo.create({ ...shape, promptText });
    },
  },
  {
    ...{ vendor: 'replicate', client: 'npm replicate', model: 'black-forest-labs/flux-schnell' },
    create: (prompt) => {
      const baseUrl = `${place.gateway.url}/replicate/v1`;
      const client = new Replicate({ auth: place.key, baseUrl });
      const model = 'black-forest-labs/flux-schnell';
      return client.predictions.create({ model, input: { prompt } });
    },
  },
  {
    ...{ vendor: 'bfl', client: 'a script', model: 'flux-pro-1.1', held: true },
    create: (prompt) => post('/bfl/v1/flux-pro-1.1', { prompt }),
  },
  {
    ...{ vendor: 'kling', client: 'a script', model: 'kling-v2-6' },
    create: (prompt) => post('/kling/v1/videos/text2video', { prompt, model_name: 'kling-v2-6' }),
  },
  {
    ...{ vendor: 'midjourney', client: 'a script', model: 'midjourney', unpriced: true },
    create: (prompt) => post('/mj/submit/imagine', { prompt }, place.gateway.key),
  },
  {
    ...{ vendor: 'volc-visual', client: 'npm @volcengine/openapi', model: 'jimeng-video-3.0' },
    held: true,
    create: (prompt) => {
      const { host } = new URL(place.gateway.url);
      const Action = 'CVSync2AsyncSubmitTask';
      const at = { pathname: '/volcv/v1', Version: '2022-08-31', Action };
      const service = new Service({
        ...{ accessKeyId: place.key, secretKey: 'not used here', host, protocol: 'http:' },
        ...{ region: 'cn-north-1', serviceName: 'cv' },
      });
      const ask = { req_key: 'jimeng_t2v_v30', frames: 121, prompt };
      return service.createJSONAPI(Action, { Version: at.Version })(ask, at);
    },
  },
];

/** Of all at once; what comes of it is looked at in the tests. */
const begun = new Map<string, Promise<unknown>>();
function begin(one: Client): void {
  for (const loss of LOSSES) {
    const prompt = promptOf(loss, one);
    const work = Promise.resolve(one.create(prompt)).then(
      () => null,
      (error: unknown) => error,
    );
    begun.set(prompt, work);
  }
}

describe('an answer that was lost at the vendor', () => {
  test.each(CLIENTS.map((one) => [`${one.vendor}, ${one.client}`, one] as const))(
    '%s: one task, one job, one charge',
    async (_, one) => {
      await expectOneOfEach(one, place);
      for (const loss of LOSSES) expect(await begun.get(promptOf(loss, one))).toBeNull();
    },
    LOST_RUN_MS,
  );

  test('in the end the books balance, what nobody knows of is held', async () => {
    await expectNoMore(CLIENTS, place);
  });
});
