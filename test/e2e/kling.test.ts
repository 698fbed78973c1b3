/** Kling's own paths, as a script calls them that knows only Kling's document. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createKey, ledgerCalls, nanos } from './books.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';
import { expectBooksBalance } from './media-place.ts';

const JOB_MS = 400;
const RUN_MS = 20_000;
const IMAGE = 'https://images.test/face.png';
const SOUND = 'https://sounds.test/word.mp3';

interface Data {
  readonly task_id: string;
  readonly task_status: string;
  readonly task_status_msg?: string;
  readonly task_info: { readonly external_task_id?: string };
  readonly created_at: number;
  readonly final_unit_deduction?: string;
  readonly task_result?: {
    readonly videos?: readonly { readonly id: string; readonly url: string }[];
    readonly images?: readonly { readonly index: number; readonly url: string }[];
  };
}

interface Told<T = Data> {
  readonly status: number;
  readonly task: string;
  readonly body: {
    readonly code: number;
    readonly message: string;
    readonly request_id: string;
    readonly data: T;
  };
}

interface Made {
  readonly id: string;
  readonly vendor: string;
  readonly prompt: string;
  readonly request: Readonly<Record<string, unknown>>;
}

let gateway: Gateway;
let sandbox: string;
let key: string;
const calls: Data[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    calls.push((await request.json()) as Data);
    return new Response();
  },
});

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  const vendors = {
    kling: {
      base_url: `${sandbox}/klingai`,
      key: 'sandbox-kling-access:sandbox-kling-secret',
    },
  };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10, sure_after_ms: 3000 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
  ].join('\n');
  gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '1000');
  key = (await createKey(gateway, '--account', 'payer')).key;
});

afterAll(async () => {
  await receiver.stop(true);
  await cleanUp();
});

async function ask<T = Data>(path: string, body?: object, auth = key): Promise<Told<T>> {
  const response = await fetch(`${gateway.url}/kling${path}`, {
    headers: { authorization: `Bearer ${auth}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const task = response.headers.get('x-gangway-task') ?? '';
  return { status: response.status, task, body: (await response.json()) as Told<T>['body'] };
}

async function ended(path: string, id: string): Promise<Data> {
  return until(async () => {
    const { data } = (await ask(`${path}/${id}`)).body;
    return ['succeed', 'failed'].includes(data.task_status) ? data : undefined;
  }, `${path}/${id} has ended`);
}

async function run(path: string, body: object): Promise<Data> {
  const told = await ask(path, body);
  expect([told.status, told.body]).toMatchObject([
    200,
    { code: 0, message: 'SUCCEED', data: { task_status: 'submitted' } },
  ]);
  return ended(path, told.body.data.task_id);
}

async function made(): Promise<readonly Made[]> {
  const answer = await (await fetch(`${sandbox}/sandbox/jobs`)).json();
  return (answer as { jobs: readonly Made[] }).jobs;
}

const bytesOf = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());

describe('videos', () => {
  test(
    'of a text: made, fetched, told of, and charged by the units that were deducted',
    async () => {
      const told = await ask('/v1/videos/text2video', {
        model_name: 'kling-v2-6',
        prompt: 'a boat',
        mode: 'pro',
        duration: '10',
        external_task_id: 'mine-1',
        callback_url: `http://127.0.0.1:${receiver.port}/told`,
      });
      expect(told.body.data.task_id).toMatch(/^\d{10,20}$/);
      const data = await ended('/v1/videos/text2video', told.body.data.task_id);
      expect(data).toMatchObject({
        task_id: told.body.data.task_id,
        task_status: 'succeed',
        task_info: { external_task_id: 'mine-1' },
        final_unit_deduction: '5',
      });
      const url = data.task_result?.videos?.[0]?.url ?? '';
      expect(url.startsWith(gateway.url)).toBe(true);
      expect((await bytesOf(url)).subarray(4, 8).toString()).toBe('ftyp');
      const job = (await made()).find(({ prompt }) => prompt === 'a boat');
      // Its name there is ours: two callers may choose the same.
      expect(job?.request.external_task_id).not.toBe('mine-1');
      expect(job?.request.callback_url).toBeUndefined();
      expect(job?.id).not.toBe(data.task_id);
      const call = (await ledgerCalls(gateway)).find(({ model }) => model === 'kling-v2-6');
      // Five units of $0.14, and 7.1 yuan the dollar.
      expect(nanos(call?.charge ?? '0')).toBe(nanos('4.97'));
      expect(call).toMatchObject({ state: 'charged', usageSource: 'vendor' });
      const last = await until(() => calls.find((one) => one.task_status === 'succeed'), 'told');
      // Flat, as the vendor's callbacks are.
      expect(last).toMatchObject({ task_id: data.task_id, task_status: 'succeed' });
    },
    RUN_MS,
  );

  test(
    'that build on one another, by the id of the video',
    async () => {
      const first = await run('/v1/videos/image2video', { image: IMAGE, prompt: 'waves' });
      const video = first.task_result?.videos?.[0]?.id ?? '';
      expect(video).toBe(first.task_id);
      const longer = await run('/v1/videos/video-extend', { video_id: video, prompt: 'more' });
      expect(longer.task_status).toBe('succeed');
      const speaks = await run('/v1/videos/lip-sync', {
        input: { video_id: video, mode: 'text2video', text: 'ahoy', voice_id: 'v', voice_speed: 1 },
      });
      expect(speaks.task_status).toBe('succeed');
      const foreign = await ask('/v1/videos/video-extend', { video_id: 'somebody-elses' });
      expect([foreign.status, foreign.body.code]).toEqual([404, 1203]);
    },
    RUN_MS,
  );

  test(
    'of every other family',
    async () => {
      const bodies: Readonly<Record<string, object>> = {
        'multi-image2video': { image_list: [{ image: IMAGE }], prompt: 'both' },
        'omni-video': { prompt: 'as <<<image_1>>>', image_list: [{ image_url: IMAGE }] },
        'motion-control': {
          ...{ image_url: IMAGE, video_url: 'https://videos.test/dance.mp4' },
          ...{ character_orientation: 'image', mode: 'std' },
        },
        effects: { effect_scene: 'squish', input: { image: IMAGE, duration: '5' } },
        'avatar/image2video': { image: IMAGE, sound_file: SOUND },
      };
      const runs = Object.entries(bodies).map(([name, body]) => run(`/v1/videos/${name}`, body));
      for (const { task_status: word } of await Promise.all(runs)) expect(word).toBe('succeed');
    },
    RUN_MS,
  );
});

test(
  'images of every family; ours are other models than the videos of that name',
  async () => {
    const several = await run('/v1/images/generations', {
      ...{ model_name: 'kling-v2-1', prompt: 'two boats', n: 2 },
    });
    expect(several.task_result?.images?.map(({ index }) => index)).toEqual([0, 1]);
    const url = several.task_result?.images?.[1]?.url ?? '';
    expect((await bytesOf(url)).subarray(1, 4).toString()).toBe('PNG');
    const call = (await ledgerCalls(gateway)).find(({ model }) => model === 'kling-image-v2-1');
    // Eight units of image packs, $0.028.
    expect(nanos(call?.charge ?? '0')).toBe(nanos('0.1988'));
    const ratios = { up_expansion_ratio: 0.1, down_expansion_ratio: 0.1 };
    const sides = { left_expansion_ratio: 0, right_expansion_ratio: 0 };
    const runs = [
      run('/v1/images/multi-image2image', { subject_image_list: [{ subject_image: IMAGE }] }),
      run('/v1/images/editing/expand', { image: IMAGE, ...ratios, ...sides }),
      run('/v1/images/kolors-virtual-try-on', { human_image: IMAGE, cloth_image: IMAGE }),
    ];
    for (const { task_status: word } of await Promise.all(runs)) expect(word).toBe('succeed');
  },
  RUN_MS,
);

test(
  'each path lists its own jobs, newest first, by pages',
  async () => {
    const path = '/v1/videos/text2video';
    const one = await run(path, { prompt: 'listed first' });
    const two = await run(path, { prompt: 'listed second' });
    const first = await ask<Data[]>(`${path}?pageNum=1&pageSize=1`);
    const second = await ask<Data[]>(`${path}?pageNum=2&pageSize=1`);
    expect(first.body.data.map(({ task_id: id }) => id)).toEqual([two.task_id]);
    expect(second.body.data.map(({ task_id: id }) => id)).toEqual([one.task_id]);
    const others = await ask<Data[]>('/v1/videos/effects');
    expect(others.body.data.map(({ task_id: id }) => id)).not.toContain(one.task_id);
    expect((await ask(`${path}?pageSize=501`)).body.code).toBe(1201);
  },
  RUN_MS,
);

describe('what goes wrong is said in its words', () => {
  const path = '/v1/videos/text2video';

  test('no key, no such task, no such model, a body that lacks something', async () => {
    const cases = [
      await ask(path, { prompt: 'x' }, 'nobody'),
      await ask(`${path}/123`),
      await ask(path, { prompt: 'x', model_name: 'kling-v99' }),
      await ask('/v1/videos/video-extend', {}),
      await ask('/v1/videos/image2video', { prompt: 'no image' }),
    ];
    expect(cases.map(({ status, body }) => [status, body.code])).toEqual([
      [401, 1002],
      [404, 1203],
      [404, 1203],
      [400, 1201],
      [400, 1201],
    ]);
    for (const { body } of cases) expect(body.request_id).not.toBe('');
  });

  test(
    'a refusal, a failure, and an account of ours without money',
    async () => {
      const refused = await ask(path, { prompt: 'sandbox-refuse' });
      expect([refused.status, refused.body.code]).toEqual([400, 1301]);
      const failed = await run(path, { prompt: 'sandbox-moderate' });
      expect(failed).toMatchObject({
        task_status: 'failed',
        task_status_msg: 'Failure to pass the risk control system',
      });
      // Not the caller's debt: nothing of 1101 is shown.
      const poor = await ask(path, { prompt: 'sandbox-balance' });
      expect([poor.status >= 500, poor.body.code >= 5_000]).toEqual([true, true]);
    },
    RUN_MS,
  );

  test(
    'a creation whose answer was lost is found again by our own id, and not sent twice',
    async () => {
      const lost = await ask(path, { prompt: 'sandbox-lost-answer' });
      expect(lost.status).toBe(200);
      const data = await ended(path, lost.body.data.task_id);
      expect(data.task_status).toBe('succeed');
      const same = (await made()).filter(({ prompt }) => prompt === 'sandbox-lost-answer');
      expect(same).toHaveLength(1);
    },
    RUN_MS,
  );
});

test(
  'our own API makes them too',
  async () => {
    const response = await fetch(`${gateway.url}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({
        model: 'kling-v3',
        input: {
          prompt: 'from frame to frame',
          media: [
            { type: 'image', role: 'first_frame', url: 'data:image/png;base64,AAAA' },
            { type: 'image', role: 'last_frame', url: IMAGE },
          ],
        },
        params: { duration: 5, mode: 'pro', audio: true },
      }),
    });
    expect([response.status, await response.clone().text()]).toEqual([202, expect.any(String)]);
    const jobs = await until(
      async () => (await made()).find(({ prompt }) => prompt === 'from frame to frame'),
      'it has arrived',
    );
    expect(jobs.request).toMatchObject({
      ...{ image: 'AAAA', image_tail: IMAGE, model_name: 'kling-v3' },
      ...{ duration: '5', mode: 'pro', sound: 'on' },
    });
  },
  RUN_MS,
);

test(
  'in the end the books balance',
  async () => {
    await expectBooksBalance({ gateway });
  },
  RUN_MS,
);
