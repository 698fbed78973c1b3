/** Clients that send a creation again after a 500, a 429 or a broken line: made and paid once. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import RunwayML from '@runwayml/sdk';
import LumaAI from 'lumaai';
import OpenAI from 'openai';
import Replicate from 'replicate';
import { settledCalls } from './books.ts';
import { cleanUp } from './gateway.ts';
import { makeTaskPlace, type TaskPlace } from './task-place.ts';

const RUN_MS = 40_000;
const LEAVE_MS = 250;
const SCHNELL = 'black-forest-labs/flux-schnell';

let place: TaskPlace;
let line: ReturnType<typeof badLine>;

beforeAll(async () => {
  // With a public address, by which a creation that was not answered is found at the vendor.
  place = await makeTaskPlace('public_url: http://127.0.0.1:9\ntasks: { pace_percent: 5 }');
  line = badLine(place.gateway.url);
}, RUN_MS);
afterAll(async () => {
  await line.stop();
  await cleanUp();
});

/** What the line does with the first creations that come: answers for the gateway, or hangs up. */
type Trouble = 'answers 500' | 'answers 429' | 'cuts';

function badLine(target: string) {
  const troubles: Trouble[] = [];
  const tries: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 30,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const trouble = request.method === 'POST' ? troubles.shift() : undefined;
      if (request.method === 'POST') tries.push(request.headers.get('x-stainless-retry-count'));
      const leaving = new AbortController();
      if (trouble === 'cuts') setTimeout(() => leaving.abort(), LEAVE_MS);
      const init = { method: request.method, headers: request.headers, signal: leaving.signal };
      const body = request.method === 'POST' ? { body: await request.arrayBuffer() } : {};
      const answer = await fetch(target + pathname + search, { ...init, ...body }).catch(
        () => null,
      );
      if (answer === null) return Response.json({ detail: 'cut' }, { status: 429 });
      if (trouble === undefined) return answer;
      await answer.arrayBuffer();
      const headers = { 'retry-after-ms': '50' };
      return Response.json({}, { status: trouble === 'answers 500' ? 500 : 429, headers });
    },
  });
  return {
    url: server.url.href.replace(/\/$/, ''),
    troubles,
    tries,
    stop: () => server.stop(true),
  };
}

async function made(prompt: string) {
  const told = (at: Record<string, unknown>) => (at.input as { prompt?: string })?.prompt;
  const jobs = await place.jobs();
  return jobs.filter((job) => job.prompt === prompt || told(job.request) === prompt);
}

async function once(id: string, prompt: string, tries: number): Promise<void> {
  const done = await place.ended(id);
  expect(done.status).toBe('succeeded');
  expect(await made(prompt)).toHaveLength(1);
  expect(line.tries.splice(0)).toHaveLength(tries);
  const calls = await settledCalls(place.gateway);
  expect(calls.filter((call) => call.id === done.call_id && call.state === 'charged')).toHaveLength(
    1,
  );
}

/** By our own name for it. */
async function taskOf(model: string): Promise<string> {
  const { body } = await place.ask('GET', '/v1/tasks?limit=1');
  expect(body.data[0]?.model).toBe(model);
  return String(body.data[0]?.id);
}

const noise = ['answers 500', 'answers 429'] as const;

describe('made once, whoever answered the first two tries', () => {
  test(
    'npm openai',
    async () => {
      const client = new OpenAI({ apiKey: place.key, baseURL: `${line.url}/v1`, maxRetries: 2 });
      line.troubles.push(...noise);
      const prompt = 'retried by openai sandbox-lost-answer';
      const { id } = await client.videos.create({ model: 'ray-2', prompt });
      await once(id.replace('video_', 'task_'), prompt, 3);
    },
    RUN_MS,
  );

  test(
    'npm lumaai',
    async () => {
      const baseURL = `${line.url}/luma/dream-machine/v1`;
      const client = new LumaAI({ authToken: place.key, baseURL, maxRetries: 2 });
      line.troubles.push(...noise);
      const prompt = 'retried by lumaai sandbox-lost-answer';
      await client.generations.create({ model: 'ray-2', prompt });
      await once(await taskOf('ray-2'), prompt, 3);
    },
    RUN_MS,
  );

  test(
    'npm @runwayml/sdk',
    async () => {
      const client = new RunwayML({
        ...{ apiKey: place.key, baseURL: `${line.url}/runway`, maxRetries: 2 },
      });
      line.troubles.push(...noise);
      // This vendor lists no tasks: one whose answer was lost would be held for people.
      const promptText = 'retried by runway';
      const wish = { model: 'gen4.5', promptText, ratio: '1280:720', duration: 5 } as const;
      await client.textToVideo.create(wish);
      await once(await taskOf('runway-gen4.5'), promptText, 3);
    },
    RUN_MS,
  );

  test(
    'npm replicate, which does not say that it tries again: the first one left before the answer',
    async () => {
      const baseUrl = `${line.url}/replicate/v1`;
      const client = new Replicate({ auth: place.key, baseUrl, useFileOutput: false });
      line.troubles.push('cuts');
      const prompt = 'retried by replicate sandbox-slow sandbox-lost-answer';
      await client.predictions.create({ model: SCHNELL, input: { prompt }, wait: 5 });
      await once(await taskOf(SCHNELL), prompt, 2);
    },
    RUN_MS,
  );
});

describe('what says nothing of a retry', () => {
  const body = (prompt: string) => ({ model: 'flux-dev', input: { prompt } });
  const retry = { 'x-stainless-retry-count': '1' };

  test('is a second wish, for two pictures of one prompt are a usual one', async () => {
    const ids = new Set<string>();
    for (let at = 0; at < 2; at += 1) {
      ids.add((await place.ask('POST', '/v1/tasks', { body: body('twice') })).body.id);
    }
    expect(ids.size).toBe(2);
  });

  test('a retry of another wish, by another key, of what nobody took is new', async () => {
    const first = await place.ask('POST', '/v1/tasks', { body: body('mine') });
    const again = await place.ask('POST', '/v1/tasks', { body: body('mine'), headers: retry });
    expect([again.status, again.body.id]).toEqual([200, first.body.id]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await place.ask('POST', '/v1/tasks', { body: body('other'), headers: retry });
    expect(other.body.id).not.toBe(first.body.id);
    const key = await place.stranger();
    const more = { body: body('mine'), headers: retry, key };
    const theirs = await place.ask('POST', '/v1/tasks', more);
    expect([theirs.status, theirs.body.id === first.body.id]).toEqual([202, false]);
    const broke = { body: { model: 'ray-2', input: { prompt: 'sandbox-balance' } } };
    for (const headers of [{}, retry]) {
      const told = await place.ask('POST', '/v1/tasks', { ...broke, headers });
      expect([told.status, told.body.error.code]).toEqual([502, 'vendor_refused_us']);
    }
    const { body: all } = await place.ask('GET', '/v1/tasks?limit=2');
    expect(all.data.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  test(
    'and a gateway that was told so knows no retries',
    async () => {
      const plain = await makeTaskPlace('tasks: { retry_window_s: 0, pace_percent: 5 }');
      const ids = new Set<string>();
      for (const headers of [{}, retry]) {
        ids.add((await plain.ask('POST', '/v1/tasks', { body: body('x'), headers })).body.id);
      }
      expect(ids.size).toBe(2);
    },
    RUN_MS,
  );
});
