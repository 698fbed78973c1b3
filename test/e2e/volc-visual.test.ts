/** The visual service's own path, with the npm package `@volcengine/openapi` and without. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Service } from '@volcengine/openapi';
import { z } from 'zod';
import { createKey, ledgerCalls, showAccount } from './books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox, until } from './gateway.ts';
import { expectNothingOpen } from './media-place.ts';

const JOB_MS = 600;
const PREFIX = { pathname: '/volcv/v1', Version: '2022-08-31' };
const PNG = 'iVBORw0KGgo';
const envelope = z.object({
  code: z.number(),
  message: z.string(),
  data: z
    .object({
      task_id: z.string().optional(),
      status: z.string().optional(),
      image_urls: z.array(z.string()).nullish(),
      binary_data_base64: z.array(z.string()).nullish(),
      video_url: z.string().optional(),
    })
    .nullable(),
});
type Envelope = z.output<typeof envelope>;

let gateway: Gateway;
let sandbox: string;

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  const keys = 'AKLTsandboxVisual:sandbox-visual-secret';
  const vendors = { 'volc-visual': { base_url: `${sandbox}/volc-visual`, key: keys } };
  const yaml = `vendors: ${JSON.stringify(vendors)}\ntasks: { pace_percent: 5 }\nlog_level: warn\n`;
  gateway = await startGateway({ yaml });
});
afterAll(cleanUp);

function serviceAt(url: string, accessKeyId: string, secretKey: string) {
  const place = { host: new URL(url).host, protocol: 'http:' };
  const scope = { region: 'cn-north-1', serviceName: 'cv' };
  return new Service({ accessKeyId, secretKey, ...scope, ...place });
}

/** As its users set it up, but for host, path and keys. */
function api(action: string, key = gateway.key) {
  const service = serviceAt(gateway.url, key, 'not used here');
  const call = service.createJSONAPI(action, { Version: '2022-08-31' });
  return async (body: Record<string, unknown>): Promise<Envelope> =>
    envelope.parse(await call(body, { ...PREFIX, Action: action }));
}

async function plain(action: string, body: unknown, key = gateway.key) {
  const response = await fetch(`${gateway.url}/volcv/v1?Action=${action}&Version=2022-08-31`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: envelope.parse(await response.json()) };
}

const upstream = z.object({
  jobs: z.array(z.object({ id: z.string(), prompt: z.string() })),
});

async function jobsOf(prompt: string) {
  const { jobs } = upstream.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  return jobs.filter((job) => job.prompt === prompt);
}

async function ended(ask: Record<string, unknown>, action = 'CVSync2AsyncGetResult') {
  const seen: string[] = [];
  const last = await until(async () => {
    const said = await api(action)(ask);
    const word = said.data?.status ?? String(said.code);
    if (word !== seen.at(-1)) seen.push(word);
    return word === 'in_queue' || word === 'generating' ? undefined : said;
  }, 'the job is over');
  return { last, seen };
}

describe('with the client of the vendor', () => {
  test('a picture is edited while one waits, as base64 or as a link of ours', async () => {
    const ask = { req_key: 'byteedit_v2.0', prompt: 'night', binary_data_base64: [PNG], seed: -1 };
    const bare = await api('CVProcess')(ask);
    expect(bare.code).toBe(10_000);
    expect(bare.data?.binary_data_base64?.[0]).toStartWith(PNG);
    const linked = await api('CVProcess')({ ...ask, return_url: true });
    const link = linked.data?.image_urls?.[0] ?? '';
    expect(link).toStartWith(`${gateway.url}/results/`);
    const file = await fetch(link);
    expect(file.headers.get('content-type')).toBe('image/png');
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
  });

  test('a picture is drawn in its own time, under an id of ours', async () => {
    const ask = { req_key: 'jimeng_t2i_v40', prompt: 'a quiet harbour' };
    const { data } = await api('CVSync2AsyncSubmitTask')(ask);
    const [made] = await jobsOf(ask.prompt);
    expect(data?.task_id).toMatch(/^\d{19}$/);
    expect(data?.task_id).not.toBe(made?.id);
    const question = { req_key: ask.req_key, task_id: data?.task_id };
    const { last, seen } = await ended({ ...question, req_json: '{"return_url":true}' });
    expect(seen.at(-1)).toBe('done');
    expect(last.data?.image_urls?.[0]).toStartWith(`${gateway.url}/results/`);
    const bare = await api('CVSync2AsyncGetResult')(question);
    expect(bare.data?.binary_data_base64?.[0]).toStartWith(PNG);
    expect(bare.data?.image_urls).toBeNull();
    const late = { ...question, req_json: '{"logo_info":{"add_logo":true}}' };
    const refused = await plain('CVSync2AsyncGetResult', late);
    expect(refused).toMatchObject({ status: 400, body: { code: 50_200 } });
  });

  test('a video of a speaker is made by the other pair of actions', async () => {
    const ask = {
      req_key: 'jimeng_realman_avatar_picture_omni_v15',
      image_url: 'https://example.com/face.png',
      audio_url: 'https://example.com/speech.mp3',
    };
    const { data } = await api('CVSubmitTask')(ask);
    const { last } = await ended({ req_key: ask.req_key, task_id: data?.task_id }, 'CVGetResult');
    const file = await fetch(last.data?.video_url ?? '');
    expect(file.headers.get('content-type')).toBe('video/mp4');
  });
});

test('the sandbox takes what the client signs with its pair, and nothing else', async () => {
  const ask = { req_key: 'jimeng_t2i_v40', prompt: 'straight to the vendor' };
  const at = { ...PREFIX, pathname: '/volc-visual/', Action: 'CVSync2AsyncSubmitTask' };
  const call = async (id: string, secret: string): Promise<string> => {
    const service = serviceAt(sandbox, id, secret);
    const said = await service
      .createJSONAPI(at.Action, PREFIX)(ask, at)
      .catch((error: unknown) => error);
    return JSON.stringify(said);
  };
  expect(await call('AKLTsandboxVisual', 'sandbox-visual-secret')).toContain('"code":10000');
  expect(await call('AKLTsandboxVisual', 'another')).toContain('SignatureDoesNotMatch');
  expect(await call('AKLTnobody', 'sandbox-visual-secret')).toContain('InvalidAccessKey');
});

describe("refusals are the vendor's own", () => {
  const ask = { req_key: 'jimeng_t2i_v40' };

  test('of the input, at once', async () => {
    const said = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'sandbox-refuse' });
    expect(said).toMatchObject({ status: 400, body: { code: 50_412, data: null } });
    expect(said.body.message).toContain('Text Risk');
  });

  test('of the result, when it is asked for and while one waits', async () => {
    const { body } = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'sandbox-moderate' });
    const question = { ...ask, task_id: body.data?.task_id };
    const last = await until(async () => {
      const said = await plain('CVSync2AsyncGetResult', question);
      return said.status === 200 ? undefined : said;
    }, 'the job has failed');
    expect(last).toMatchObject({ status: 400, body: { code: 50_511, data: null } });
    const sync = { req_key: 'high_aes_general_v20', prompt: 'sandbox-moderate' };
    expect(await plain('CVProcess', sync)).toMatchObject({ status: 400, body: { code: 50_511 } });
  });

  test('of too much at once and of a service that is not opened, without our account', async () => {
    const closed = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'sandbox-balance' });
    expect(closed.status).toBeGreaterThanOrEqual(500);
    expect(JSON.stringify(closed.body)).not.toContain('Access Denied');
    const unknown = await plain('CVSync2AsyncSubmitTask', { prompt: 'x' });
    expect(unknown).toMatchObject({ status: 400, body: { code: 50_200 } });
    expect(unknown.body.message).toContain('req_key');
  });

  test('of jobs that are unknown, or of somebody else', async () => {
    const { body } = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'mine' });
    await gateway.cli('accounts', 'create', 'other', '--balance', '10');
    const { key } = await createKey(gateway, '--account', 'other');
    const question = { ...ask, task_id: body.data?.task_id };
    for (const said of [
      await plain('CVSync2AsyncGetResult', question, key),
      await plain('CVSync2AsyncGetResult', { ...question, task_id: '1' }),
    ]) {
      expect(said).toMatchObject({ status: 200, body: { data: { status: 'not_found' } } });
    }
    // Its pictures have no price that we know: nobody may run them on credit.
    const poor = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'no price' }, key);
    expect(poor.status).toBe(400);
    expect(await jobsOf('no price')).toEqual([]);
  });

  test('of keys and actions, in the outer envelope', async () => {
    const post = async (action: string, authorization: string) => {
      const url = `${gateway.url}/volcv/v1?Action=${action}&Version=2022-08-31`;
      const response = await fetch(url, { method: 'POST', headers: { authorization }, body: '{}' });
      const { ResponseMetadata: meta } = z
        .object({ ResponseMetadata: z.object({ Error: z.object({ Code: z.string() }) }) })
        .parse(await response.json());
      return [response.status, meta.Error.Code];
    };
    const scope = '20261126/cn-north-1/cv/request, SignedHeaders=x-date, Signature=00';
    const bad = `HMAC-SHA256 Credential=AKLTnobody/${scope}`;
    expect(await post('CVProcess', bad)).toEqual([401, 'InvalidAccessKey']);
    const good = `Bearer ${gateway.key}`;
    expect(await post('CVNothing', good)).toEqual([404, 'InvalidActionOrVersion']);
  });
});

test('a video costs what its length does, once, and a job that failed costs nothing', async () => {
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  const { key } = await createKey(gateway, '--account', 'payer');
  const ask = { req_key: 'jimeng_t2v_v30', frames: 241 };
  const { body } = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'ten seconds' }, key);
  const broken = await plain('CVSync2AsyncSubmitTask', { ...ask, prompt: 'sandbox-fail' }, key);
  for (const id of [body.data?.task_id, broken.body.data?.task_id]) {
    await until(async () => {
      const question = { req_key: ask.req_key, task_id: id };
      const said = await plain('CVSync2AsyncGetResult', question, key);
      return /in_queue|generating/.test(said.body.data?.status ?? '') ? undefined : said;
    }, 'it is over');
  }
  const calls = (await ledgerCalls(gateway)).filter(({ charge }) => charge !== '0');
  const mine = calls.filter(({ model }) => model === 'jimeng-video-3.0');
  expect(mine).toHaveLength(1);
  // 0.28 a second, by the length of the file itself.
  expect(Number(mine[0]?.charge)).toBeCloseTo(2.8, 1);
  expect(await showAccount(gateway, 'payer')).toMatchObject({ held: '0' });
});

test('the same models are asked in the words of /v1/tasks', async () => {
  const shape = z.object({
    id: z.string(),
    status: z.string(),
    outputs: z.array(z.object({ type: z.string(), mime: z.string().optional() })),
  });
  const run = async (body: unknown) => {
    const headers = { authorization: `Bearer ${gateway.key}` };
    const text = JSON.stringify(body);
    const tasks = `${gateway.url}/v1/tasks`;
    const response = await fetch(tasks, { method: 'POST', headers, body: text });
    const { id } = shape.parse(await response.json());
    return until(async () => {
      const task = shape.parse(await (await fetch(`${tasks}/${id}`, { headers })).json());
      return /succeeded|failed/.test(task.status) ? task : undefined;
    }, 'the task is over');
  };
  const media = [{ type: 'image', role: 'reference', url: `data:image/png;base64,${PNG}` }];
  const edit = { model: 'seededit-2.0', input: { prompt: 'by day', media } };
  const film = {
    model: 'jimeng-video-3.0',
    input: { prompt: 'a boat' },
    params: { duration: 10, aspect_ratio: '16:9', seed: 7 },
  };
  expect(await run(edit)).toMatchObject({ status: 'succeeded', outputs: [{ mime: 'image/png' }] });
  expect(await run(film)).toMatchObject({ status: 'succeeded', outputs: [{ mime: 'video/mp4' }] });
});

test('in the end no call is open', async () => {
  expect((await expectNothingOpen({ gateway })).length).toBeGreaterThan(0);
});
