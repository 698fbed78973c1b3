/** The paths of midjourney-proxy as its front ends call them, the key in its own header. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { createKey } from './books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox, until } from './gateway.ts';
import { expectNothingOpen } from './media-place.ts';

const JOB_MS = 700;
/** A lost submission is looked for after a while, which is real time. */
const OVER_MS = 20_000;
const reply = z.object({
  code: z.number(),
  description: z.string(),
  result: z.string().nullable(),
  properties: z.record(z.string(), z.unknown()),
});
const drawing = z.object({
  id: z.string(),
  action: z.string(),
  status: z.string(),
  state: z.string(),
  progress: z.string(),
  imageUrl: z.string(),
  videoUrl: z.string().optional(),
  failReason: z.string(),
  buttons: z.array(z.object({ customId: z.string(), label: z.string() })),
  properties: z.record(z.string(), z.unknown()),
});
const made = z.object({
  jobs: z.array(
    z.object({
      id: z.string(),
      vendor: z.string(),
      prompt: z.string(),
      request: z.record(z.string(), z.unknown()),
    }),
  ),
});

let gateway: Gateway;
let sandbox: string;
let hook: ReturnType<typeof Bun.serve>;
const told: unknown[] = [];

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  hook = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      told.push(await request.json());
      return new Response('ok');
    },
  });
  const vendors = { midjourney: { base_url: `${sandbox}/midjourney`, key: 'sandbox-mj-secret' } };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    `outbound: { allowed_hosts: ["127.0.0.1:${hook.port}"] }`,
    'tasks: { pace_percent: 5, sure_after_ms: 3000 }',
    'log_level: warn',
  ];
  gateway = await startGateway({ yaml: yaml.join('\n') });
});
afterAll(async () => {
  await hook.stop(true);
  await cleanUp();
});

async function call(path: string, body: unknown, key = gateway.key) {
  const response = await fetch(gateway.url + path, {
    method: body === null ? 'GET' : 'POST',
    headers: path.startsWith('/mj') ? { 'mj-api-secret': key } : { authorization: key },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  const ourId = response.headers.get('x-gangway-task') ?? '';
  return { status: response.status, ourId, json: (await response.json()) as unknown };
}

async function submit(path: string, body: unknown) {
  const { status, ourId, json } = await call(path, body);
  expect(status).toBe(200);
  return { ...reply.parse(json), ourId };
}

async function look(id: string | null) {
  return drawing.parse((await call(`/mj/task/${id}/fetch`, null)).json);
}

function over(id: string | null, words: readonly string[] = ['SUCCESS', 'FAILURE', 'CANCEL']) {
  const isOver = async () => {
    const task = await look(id);
    return words.includes(task.status) ? task : undefined;
  };
  return until(isOver, `${id} is over`, OVER_MS);
}

async function atVendor(prompt: string) {
  const { jobs } = made.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  return jobs.filter((job) => job.prompt === prompt);
}

describe('a drawing', () => {
  test('is made in the mode of its prefix, shown in its words, and told of', async () => {
    const prompt = 'a lighthouse --ar 3:2';
    const notifyHook = `http://127.0.0.1:${hook.port}/mj`;
    const said = await submit('/mj-fast/mj/submit/imagine', { prompt, state: 'mine', notifyHook });
    expect(said.code).toBe(1);
    expect(JSON.stringify(said)).not.toContain('discord');
    const [job] = await atVendor(prompt);
    expect(job?.request).toMatchObject({ mode: 'fast' });
    expect(job?.id).not.toBe(said.result);
    // Our mark went there; the caller's own comes back.
    expect(job?.request.state).not.toBe('mine');
    const task = await over(said.result);
    expect(task).toMatchObject({ id: said.result, status: 'SUCCESS', state: 'mine' });
    expect(task.progress).toBe('100%');
    expect(JSON.stringify(task)).not.toMatch(/discordInstance|notifyHook|sandbox\/files/);
    const file = await fetch(task.imageUrl);
    expect(file.headers.get('content-type')).toBe('image/png');
    const last = await until(
      () => told.map((one) => drawing.parse(one)).find(({ status }) => status === 'SUCCESS'),
      'the end is told',
    );
    expect(last).toMatchObject({ id: said.result, state: 'mine' });
  });

  test('leads to others by its buttons and by words', async () => {
    const first = await submit('/mj/submit/imagine', { prompt: 'a fox' });
    const { buttons } = await over(first.result);
    const button = buttons.find(({ label }) => label === 'U1')?.customId;
    const [parent] = await atVendor('a fox');
    const action = { taskId: first.result, customId: button };
    const upscaled = await submit('/mj-relax/mj/submit/action', action);
    const content = `${first.result} V2`;
    const changed = await submit('/mj/submit/simple-change', { content });
    expect((await over(upscaled.result)).status).toBe('SUCCESS');
    expect((await over(changed.result)).status).toBe('SUCCESS');
    const children = (await atVendor('')).filter(({ request }) => request.parent === parent?.id);
    expect(children.map(({ request }) => request.mode).sort()).toEqual(['default', 'relax']);
    expect(children.map(({ request }) => request.content)).toContain(`${parent?.id} V2`);
  });

  test('that waits for more words goes on once they come', async () => {
    const first = await submit('/mj/submit/imagine', { prompt: 'a bridge' });
    const { buttons } = await over(first.result);
    const customId = buttons.find(({ label }) => label === 'Custom Zoom')?.customId;
    const zoom = await submit('/mj/submit/action', { taskId: first.result, customId });
    expect(zoom.code).toBe(21);
    expect((await over(zoom.result, ['MODAL'])).imageUrl).toBe('');
    const answer = { taskId: zoom.result, prompt: 'a bridge --zoom 2' };
    const modal = await submit('/mj/submit/modal', answer);
    expect((await over(modal.result)).status).toBe('SUCCESS');
    // The same job at the proxy: paid for once, by its answer.
    const task = z.object({ usage: z.object({ units: z.record(z.string(), z.number()) }) });
    await over(zoom.result);
    const waited = await call(`/v1/tasks/${zoom.ourId}`, null);
    expect(task.parse(waited.json).usage.units).toEqual({});
  });

  test('may move', async () => {
    const film = { prompt: 'waves', image: 'https://example.com/sea.png', motion: 'low' };
    const { videoUrl } = await over((await submit('/mj/submit/video', film)).result);
    const file = await fetch(videoUrl ?? '');
    expect(file.headers.get('content-type')).toBe('video/mp4');
  });

  test('is listed by its ids, and only to its owner', async () => {
    const { result } = await submit('/mj/submit/imagine', { prompt: 'a list' });
    const list = async (key: string) =>
      z
        .array(drawing)
        .parse((await call('/mj/task/list-by-condition', { ids: [result, '1'] }, key)).json);
    expect((await list(gateway.key)).map(({ id }) => id)).toEqual([result ?? '']);
    await gateway.cli('accounts', 'create', 'other', '--balance', '10');
    const { key } = await createKey(gateway, '--account', 'other');
    expect(await list(key)).toEqual([]);
    expect((await call(`/mj/task/${result}/fetch`, null, key)).status).toBe(404);
    const theft = await call('/mj/submit/change', { taskId: result, action: 'REROLL' }, key);
    expect(theft.status).toBe(404);
  });

  test('is stopped', async () => {
    const { result } = await submit('/mj/submit/imagine', { prompt: 'sandbox-slow river' });
    expect((await call(`/mj/task/${result}/cancel`, {})).json).toMatchObject({ code: 1 });
    expect((await over(result)).status).not.toBe('SUCCESS');
  });

  test('is asked in the words of /v1/tasks too', async () => {
    const body = {
      model: 'midjourney',
      input: { prompt: 'a kite' },
      params: { mode: 'relax', aspect_ratio: '2:3' },
    };
    const { status, ourId } = await call('/v1/tasks', body);
    expect(status).toBe(202);
    const [job] = await atVendor('a kite --ar 2:3');
    expect(job?.request.mode).toBe('relax');
    const shape = z.object({
      status: z.string(),
      outputs: z.array(z.object({ mime: z.string() })),
    });
    const task = await until(async () => {
      const { json } = await call(`/v1/tasks/${ourId}`, null);
      const read = shape.safeParse(json);
      return read.success && read.data.status === 'succeeded' ? read.data : undefined;
    }, 'the task is over');
    expect(task.outputs).toEqual([{ mime: 'image/png' }]);
  });

  test('whose submission was never answered is found by our mark', async () => {
    const prompt = 'sandbox-lost-answer tower';
    const { result } = await submit('/mj/submit/imagine', { prompt });
    expect((await over(result)).status).toBe('SUCCESS');
    expect(await atVendor(prompt)).toHaveLength(1);
  });
});

describe('refusals', () => {
  test('of a request come under 200 with the code of the proxy', async () => {
    const banned = await submit('/mj/submit/imagine', { prompt: 'sandbox-refuse' });
    expect(banned).toMatchObject({ code: 24, result: null });
    expect(await submit('/mj/submit/imagine', {})).toMatchObject({ code: 4 });
    expect(await submit('/mj/submit/blend', { base64Array: [] })).toMatchObject({ code: 4 });
  });

  test('of keys, unknown tasks and a broken proxy do not', async () => {
    const nobody = await call('/mj/submit/imagine', { prompt: 'x' }, 'sk-gw-nobody');
    expect(nobody.status).toBe(401);
    expect((await call('/mj/task/1/fetch', null)).status).toBe(404);
    const broken = await call('/mj/submit/imagine', { prompt: 'sandbox-balance' });
    expect(broken.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(broken.json)).not.toContain('No account');
  });
});

test('what follows from a drawing is done where that was made, whoever comes first', async () => {
  const [first, second] = [
    await startSandbox('--job-ms', '300'),
    await startSandbox('--job-ms', '400'),
  ];
  const yaml = (firstUrl: string): string => {
    const key = 'sandbox-mj-secret';
    const midjourney = [
      { name: 'first', base_url: firstUrl, key, priority: 0 },
      { name: 'second', base_url: `${second.url}/midjourney`, key, priority: 1 },
    ];
    return `vendors: ${JSON.stringify({ midjourney })}\ntasks: { pace_percent: 5 }\n`;
  };
  // The one that would be asked first is away for as long as the drawing begins.
  const away = await startGateway({ yaml: yaml('http://127.0.0.1:9/midjourney') });
  const post = async (at: Gateway, path: string, body: unknown): Promise<string> => {
    const headers = { authorization: `Bearer ${away.key}` };
    const text = JSON.stringify(body);
    const response = await fetch(at.url + path, { method: 'POST', headers, body: text });
    const { code, result } = reply.parse(await response.json());
    expect([1, 22]).toContain(code);
    return result ?? '';
  };
  const parent = await post(away, '/mj/submit/imagine', { prompt: 'at the second' });
  await away.stop();
  const back = await startGateway({ data: away.data, yaml: yaml(`${first.url}/midjourney`) });
  const headers = { authorization: `Bearer ${away.key}` };
  await until(
    async () => {
      const response = await fetch(`${back.url}/mj/task/${parent}/fetch`, { headers });
      const { status } = drawing.parse(await response.json());
      return status === 'SUCCESS' ? status : undefined;
    },
    'the drawing is done',
    40_000,
  );
  await post(back, '/mj/submit/change', { taskId: parent, action: 'UPSCALE', index: 1 });
  await post(back, '/mj/submit/imagine', { prompt: 'a new one' });
  const prompts = async (url: string): Promise<unknown[]> => {
    const { jobs } = made.parse(await (await fetch(`${url}/sandbox/jobs`)).json());
    return jobs.map(({ request, prompt }) => request.action ?? prompt).reverse();
  };
  expect(await prompts(second.url)).toEqual(['IMAGINE', 'UPSCALE']);
  expect(await prompts(first.url)).toEqual(['IMAGINE']);
}, 60_000);

test(
  'in the end no call is open',
  async () => {
    expect((await expectNothingOpen({ gateway })).length).toBeGreaterThan(0);
  },
  OVER_MS,
);
