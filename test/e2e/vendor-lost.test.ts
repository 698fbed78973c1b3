/**
 * A vendor takes a job, and its answer is lost: it says 500, or breaks the connection. Its own
 * client, retrying as it does by default, has one task; the vendor has one job; one is paid.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createByteDance } from '@ai-sdk/bytedance';
import RunwayML from '@runwayml/sdk';
import { experimental_generateVideo as generateVideo } from 'ai';
import { LumaAI } from 'lumaai';
import OpenAI from 'openai';
import Replicate from 'replicate';
import { z } from 'zod';
import { audit, ledgerCalls } from './books.ts';
import { cleanUp, until } from './gateway.ts';
import { jobsOf, MEDIA_VENDORS, type MediaVendor, openPlace, type Place } from './media-place.ts';

/** Time to look into the vendor's list, more than once. */
const RUN_MS = 40_000;
const LOSSES = ['sandbox-lost-answer', 'sandbox-no-answer'];

let place: Place;

beforeAll(async () => {
  const lines = [
    // What a task's callback URL is made of: two vendors repeat it in their lists.
    'public_url: http://127.0.0.1:9',
    'tasks: { pace_percent: 5, sure_after_ms: 1000 }',
  ];
  place = await openPlace({ vendors: MEDIA_VENDORS, lines });
  for (const one of CLIENTS) begin(one);
}, RUN_MS);
afterAll(cleanUp);

async function post(path: string, body: object, key = place.key): Promise<void> {
  const response = await fetch(place.gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

interface Client {
  readonly vendor: MediaVendor;
  readonly client: string;
  /** Each client has its own, so that its tasks and charges are told apart. */
  readonly model: string;
  readonly create: (prompt: string) => PromiseLike<unknown>;
  /** It has no price, so only accounts without a limit may use it. */
  readonly unpriced?: true;
  /** The vendor lists no jobs and takes no mark: nothing is sent again, and people must look. */
  readonly held?: true;
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
    ...{ vendor: 'volc-visual', client: 'a script', model: 'jimeng-video-3.0', held: true },
    create: (prompt) => {
      const query = 'Action=CVSync2AsyncSubmitTask&Version=2022-08-31';
      return post(`/volcv/v1?${query}`, { req_key: 'jimeng_t2v_v30', frames: 121, prompt });
    },
  },
];

const promptOf = (loss: string, { model }: Client): string => `${loss} of ${model}`;

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

const tasks = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      status_detail: z.string().nullable(),
      model: z.string(),
      cost: z.object({ final: z.string().nullable() }),
    }),
  ),
});

async function tasksOf({ model, unpriced }: Client) {
  const key = unpriced === true ? place.gateway.key : place.key;
  const url = `${place.gateway.url}/v1/tasks?model=${encodeURIComponent(model)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  return tasks.parse(await response.json()).data;
}

describe('an answer that was lost at the vendor', () => {
  test.each(CLIENTS.map((one) => [`${one.vendor}, ${one.client}`, one] as const))(
    '%s: one task, one job, one charge',
    async (_, one) => {
      const isOver = ({
        status,
        status_detail: detail,
      }: {
        status: string;
        status_detail: string | null;
      }) => (one.held === true ? detail === 'held_for_review' : status === 'succeeded');
      const mine = await until(
        async () => {
          const seen = await tasksOf(one);
          return seen.every(isOver) && seen.length > 0 ? seen : undefined;
        },
        `every task of ${one.model} is over`,
        RUN_MS / 2,
      );
      expect(mine).toHaveLength(LOSSES.length);
      for (const loss of LOSSES) {
        expect(await begun.get(promptOf(loss, one))).toBeNull();
        expect(await jobsOf(place, promptOf(loss, one))).toHaveLength(1);
      }
      const calls = (await ledgerCalls(place.gateway)).filter(({ model }) => model === one.model);
      const state = one.held === true ? 'open' : 'charged';
      expect(calls.map((call) => call.state)).toEqual(LOSSES.map(() => state));
      const isFree = one.held === true || one.unpriced === true;
      for (const { charge } of calls) expect(charge === '0').toBe(isFree);
    },
    RUN_MS,
  );

  test('in the end the books balance, what nobody knows of is held', async () => {
    const held = CLIENTS.filter((one) => one.held === true).length * LOSSES.length;
    const books = await audit(place.gateway);
    expect(books).toMatchObject({ balanced: true, problems: [], open_holds: held, unknown: 0 });
    const { jobs } = z
      .object({ jobs: z.array(z.unknown()) })
      .parse(await (await fetch(`${place.sandbox}/sandbox/jobs`)).json());
    expect(jobs).toHaveLength(CLIENTS.length * LOSSES.length);
  });
});
