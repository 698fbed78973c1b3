/** /v1/tasks over HTTP: made, seen, listed, heard of, stopped, thrown away. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ledgerCalls, settledCalls } from './books.ts';
import { cleanUp, launchGateway, until } from './gateway.ts';
import { makeTaskPlace, type TaskPlace } from './task-place.ts';

const RUN_MS = 30_000;
const RAY = { resolution: '540p', duration: 5 };
const SEEDANCE = 'doubao-seedance-1-0-pro-250528';

let place: TaskPlace;
let other: string;

beforeAll(async () => {
  place = await makeTaskPlace();
  other = await place.stranger();
}, RUN_MS);
afterAll(cleanUp);

async function make(body: object, headers: Record<string, string> = {}) {
  const told = await place.ask('POST', '/v1/tasks', { body, headers });
  expect([told.status, told.body.error]).toMatchObject([202, null]);
  return told;
}

const ray = (prompt: string, more: object = {}) => ({
  ...{ model: 'ray-2', input: { prompt }, params: RAY },
  ...more,
});

describe('a task', () => {
  test('says where it is, when to look, and what it costs at every moment', async () => {
    const { body: made, headers } = await make(ray('one', { metadata: { shot: '7' } }));
    expect(headers.get('location')).toBe(`/v1/tasks/${made.id}`);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    const { expires_at: end, created_at: start } = made;
    const cost = made.cost as Record<string, string | null>;
    // 0.40 USD at 7.1 yuan: luma's price of five seconds at 540p.
    expect(cost).toMatchObject({ currency: 'CNY', estimated: '2.84', reserved: '2.84' });
    expect(cost.final).toBeNull();
    // Two days, as the settings say where nothing else was said.
    expect(Date.parse(String(end)) - Date.parse(String(start))).toBe(172_800_000);
    const done = await place.ended(made.id);
    expect(done).toMatchObject({
      ...{ status: 'succeeded', kind: 'text_to_video', model: 'ray-2', provider: 'luma' },
      ...{ metadata: { shot: '7' }, warnings: [], error: null, parent_task: null },
      cost: { currency: 'CNY', estimated: '2.84', reserved: '0', final: '2.84' },
      usage: { unit: 'item', quantity: 1, output_seconds: 5, source: 'file' },
    });
    const times = ['created_at', 'submitted_at', 'started_at', 'completed_at'];
    const stamps = times.map((name) => Date.parse(String(done[name])));
    expect(stamps.some(Number.isNaN)).toBe(false);
    expect([...stamps].sort((a, b) => a - b)).toEqual(stamps);
    const [output] = done.outputs as Record<string, unknown>[];
    expect(output).toMatchObject({ type: 'video', role: 'main', mime: 'video/mp4', duration: 5 });
  });

  test('shows the last words of its vendor, and nothing that is ours to keep', async () => {
    const { body: made } = await make(ray('raw'));
    await place.ended(made.id);
    const { status, body: raw } = await place.ask('GET', `/v1/tasks/${made.id}/raw`);
    expect([status, raw]).toMatchObject([
      200,
      {
        ...{ object: 'task.raw', task_id: made.id, provider: 'luma', status: 'succeeded' },
        body: { state: 'completed', request: { prompt: 'raw' } },
      },
    ]);
    expect(JSON.stringify(raw)).not.toContain('sandbox-luma-key');
    const stranger = await place.ask('GET', `/v1/tasks/${made.id}/raw`, { key: other });
    expect(stranger.status).toBe(404);
  });

  test.each([
    ['fps', { ...RAY, fps: 30 }, 'params.fps'],
    ['n', { ...RAY, n: 2 }, 'params.n'],
    ['seed', { ...RAY, seed: 1 }, 'params.seed'],
  ])('%s that the vendor cannot take is refused by its public name', async (_, params, param) => {
    const told = await place.ask('POST', '/v1/tasks', { body: ray('strict', { params }) });
    expect([told.status, told.body.error.code, told.body.error.param]).toEqual([
      ...[400, 'unsupported_parameter', param],
    ]);
  });

  test('with strict: false does without them, and says which', async () => {
    const params = { ...RAY, fps: 30, n: 2, seed: 1, audio: true };
    const input = { prompt: 'lenient', negative_prompt: 'rain' };
    const { body: made } = await make(ray('', { input, params, strict: false }));
    const warned = (made.warnings as { param: string; code: string }[]).map(({ param }) => param);
    const all = ['params.fps', 'params.seed', 'params.audio', 'params.n', 'input.negative_prompt'];
    expect(warned.sort()).toEqual(all.sort());
    const done = await place.ended(made.id);
    expect([done.status, (done.warnings as unknown[]).length]).toEqual(['succeeded', 5]);
    const job = (await place.jobs()).find(({ prompt }) => prompt === 'lenient');
    expect(job?.request).toMatchObject({ resolution: '540p', duration: '5s' });
    expect(Object.keys(job?.request ?? {})).not.toContain('seed');
  });

  test('whose kind the model does not know stays refused, strict or not', async () => {
    const body = ray('x', { kind: 'lip_sync', strict: false });
    const told = await place.ask('POST', '/v1/tasks', { body });
    expect([told.status, told.body.error.param]).toEqual([400, 'kind']);
  });

  test.each([
    ['ray-2', { model: 'ray-3' }],
    ['ray-2', { duration: '9s' }],
    ['ray-2', { resolution: '4k' }],
    ['ray-2', { callback_url: 'https://evil.test/' }],
    ['kling-v2-1', { n: 9 }],
    ['kling-v2-1', { callback_url: 'https://evil.test/' }],
    ['flux-2-pro', { width: 4_096, height: 4_096 }],
    ['flux-2-pro', { webhook_url: 'https://evil.test/' }],
    ['runway-gen4-turbo', { duration: 10 }],
    [SEEDANCE, { duration: 12 }],
    [SEEDANCE, { model: 'doubao-seedance-2-0' }],
  ])('%s: provider_options may not carry %j', async (model, options) => {
    const name = Object.keys(options)[0];
    const body = { model, input: { prompt: 'x' }, provider_options: options };
    const told = await place.ask('POST', '/v1/tasks', { body });
    expect([told.status, told.body.error.code, told.body.error.param]).toEqual([
      ...[400, 'unsupported_parameter', `provider_options.${name}`],
    ]);
    const video = { model, prompt: 'x', provider_options: options };
    const alike = await place.ask('POST', '/v1/videos', { body: video });
    expect([alike.status, alike.body.error.code]).toEqual([400, 'unsupported_parameter']);
  });

  test('options that are priced are held for: flex costs half, frames their number', async () => {
    const body = { model: SEEDANCE, input: { prompt: 'x' }, params: { resolution: '480p' } };
    const cost = async (options: object) => {
      const told = await make({ ...body, provider_options: options });
      return Number((told.body.cost as { estimated: string }).estimated);
    };
    const plain = await cost({});
    expect(await cost({ service_tier: 'flex' })).toBeCloseTo(plain / 2, 3);
    expect(await cost({ frames: 241 })).toBeGreaterThan(plain * 1.9);
  });
});

describe('its events', () => {
  test('are a list, and a stream that ends with it', async () => {
    const { body: made } = await make(ray('events'));
    const path = `${place.gateway.url}/v1/tasks/${made.id}/events`;
    const headers = { authorization: `Bearer ${place.key}`, accept: 'text/event-stream' };
    const response = await fetch(path, { headers });
    expect(response.headers.get('content-type')).toStartWith('text/event-stream');
    const text = await response.text();
    const told = [...text.matchAll(/^id: (\S+)\nevent: (\S+)\ndata: (.*)\n\n/gm)];
    const types = told.map(([, , type]) => type);
    expect(types).toEqual(['task.queued', 'task.running', 'task.succeeded']);
    expect(JSON.parse(told.at(-1)?.[3] ?? '')).toMatchObject({ id: made.id, status: 'succeeded' });
    const { body: list } = await place.ask('GET', `/v1/tasks/${made.id}/events`);
    expect(list.data.map(({ id, type }) => [id, type])).toEqual(
      told.map(([, id, type]) => [id as string, type as string]),
    );
    const back = { ...headers, 'last-event-id': told[1]?.[1] ?? '' };
    const rest = await (await fetch(path, { headers: back })).text();
    expect(rest.match(/^event: .*/gm)).toEqual(['event: task.succeeded']);
    expect((await place.ask('GET', `/v1/tasks/${made.id}/events`, { key: other })).status).toBe(
      404,
    );
  });

  test('tell of progress who asks for it', async () => {
    const body = {
      model: 'runway-gen4.5',
      input: { prompt: 'sandbox-slow' },
      params: { duration: 5 },
    };
    const { body: made } = await make(body);
    const path = `/v1/tasks/${made.id}/events`;
    const seen = await until(async () => {
      const { body: list } = await place.ask('GET', `${path}?progress=true`);
      return list.data.find(({ type }) => type === 'task.progress');
    }, 'it tells of progress');
    expect(seen.progress).toBeWithin(1, 100);
    const { body: plain } = await place.ask('GET', path);
    expect(plain.data.some(({ type }) => type === 'task.progress')).toBe(false);
    await place.ask('POST', `/v1/tasks/${made.id}/cancel`);
  });
});

describe('stopping and throwing away', () => {
  test('what runs where the vendor can, which costs nothing; 409 where it cannot', async () => {
    const body = {
      model: 'runway-gen4.5',
      input: { prompt: 'sandbox-slow' },
      params: { duration: 5 },
    };
    const { body: made } = await make(body);
    const stopped = await place.ask('POST', `/v1/tasks/${made.id}/cancel`);
    expect([200, 202]).toContain(stopped.status);
    const done = await place.ended(made.id);
    expect([done.status, done.cost]).toMatchObject(['canceled', { final: '0', reserved: '0' }]);
    const again = await place.ask('POST', `/v1/tasks/${made.id}/cancel`);
    expect([again.status, again.body.error.code]).toEqual([409, 'task_ended']);
    const { body: stubborn } = await make(ray('sandbox-slow'));
    const refused = await place.ask('POST', `/v1/tasks/${stubborn.id}/cancel`);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'cancel_unsupported']);
    const open = await place.ask('DELETE', `/v1/tasks/${stubborn.id}`);
    expect([open.status, open.body.error.code]).toEqual([409, 'task_open']);
  });

  test('what has ended, and its results with it', async () => {
    const { body: made } = await make({ model: 'flux-dev', input: { prompt: 'thrown away' } });
    const done = await place.ended(made.id);
    const [output] = done.outputs as { url: string }[];
    expect((await fetch(output?.url ?? '')).status).toBe(200);
    for (const [method, path] of [
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['GET', ''],
    ] as const) {
      const told = await place.ask(method, `/v1/tasks/${made.id}${path}`, { key: other });
      expect([told.status, told.body.error.code]).toEqual([404, 'resource_not_found']);
    }
    const gone = await place.ask('DELETE', `/v1/tasks/${made.id}`);
    expect(gone.body).toEqual({ id: made.id, object: 'task', deleted: true } as never);
    expect((await place.ask('GET', `/v1/tasks/${made.id}`)).status).toBe(404);
    expect((await fetch(output?.url ?? '')).status).toBe(404);
  });
});

describe('the list', () => {
  test('by pages in both orders, filtered, and of this account alone', async () => {
    await place.gateway.cli('accounts', 'create', 'lister', '--balance', '100');
    const { key } = (await place.gateway.cli('keys', 'create', '--account', 'lister')) as {
      key: string;
    };
    const ids: string[] = [];
    const models = ['flux-dev', 'ray-2', 'flux-dev', 'ray-2', 'flux-dev'];
    for (const model of models) {
      const params = model === 'ray-2' ? RAY : {};
      const body = { model, input: { prompt: 'listed' }, params };
      ids.push((await place.ask('POST', '/v1/tasks', { body, key })).body.id);
    }
    const list = async (query: string): Promise<string[]> => {
      const all: string[] = [];
      for (let after = ''; ; ) {
        const { status, body } = await place.ask('GET', `/v1/tasks?${query}${after}`, { key });
        expect(status).toBe(200);
        all.push(...body.data.map(({ id }) => id));
        if (body.has_more !== true) return all;
        after = `&after=${body.last_id}`;
      }
    };
    const newest = [...ids].reverse();
    expect(await list('limit=2')).toEqual(newest);
    expect(await list('limit=2&order=asc')).toEqual(ids);
    expect(await list('model=ray-2&order=asc')).toEqual([ids[1], ids[3]] as string[]);
    expect(await list('kind=text_to_image')).toEqual(newest.filter((_, at) => at % 2 === 0));
    for (const id of ids)
      await until(
        async () => {
          const { body } = await place.ask('GET', `/v1/tasks/${id}?wait=5`, { key });
          return body.status === 'succeeded' ? body : undefined;
        },
        'it has ended',
        15_000,
      );
    expect(await list('status=queued,running')).toEqual([]);
    expect(await list('status=succeeded')).toEqual(newest);
    const { body: third } = await place.ask('GET', `/v1/tasks/${ids[2]}`, { key });
    const at = encodeURIComponent(String(third.created_at));
    expect(await list(`created_after=${at}&order=asc`)).toEqual(ids.slice(2));
    expect(await list(`created_before=${at}&order=asc`)).toEqual(ids.slice(0, 2));
    expect((await place.ask('GET', `/v1/tasks/${ids[0]}`)).status).toBe(404);
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['order=up', 'order'],
    ['status=done', 'status'],
    ['created_after=yesterday', 'created_after'],
    ['created_before=x', 'created_before'],
    ['after=nothing', 'after'],
    ['colour=red', 'colour'],
  ])('%s is refused and named', async (query, param) => {
    const told = await place.ask('GET', `/v1/tasks?${query}`);
    expect([told.status, told.body.error.param]).toEqual([400, param]);
  });
});

describe('a deadline', () => {
  test(
    'that passes stops the job where the vendor can: failed, and paid back',
    async () => {
      const body = {
        model: 'runway-gen4.5',
        input: { prompt: 'sandbox-slow late' },
        params: { duration: 5 },
      };
      const { body: made } = await make({ ...body, expires_in: 1 });
      const life = Date.parse(String(made.expires_at)) - Date.parse(String(made.created_at));
      expect(life).toBe(1_000);
      const done = await place.ended(made.id);
      expect(done).toMatchObject({
        status: 'failed',
        error: { code: 'timeout', retryable: true, charged: false },
        cost: { final: '0', reserved: '0' },
      });
      const job = (await place.jobs()).find(({ prompt }) => prompt === 'sandbox-slow late');
      expect(job?.state).toBe('cancelled');
    },
    RUN_MS,
  );

  test(
    'that passes where the vendor goes on: failed, and paid for, as its rule says',
    async () => {
      const { body: made } = await make(ray('sandbox-slow on', { expires_in: 1 }));
      const done = await place.ended(made.id);
      expect(done).toMatchObject({
        status: 'failed',
        error: { code: 'timeout', charged: true },
        cost: { final: '2.84', reserved: '0' },
      });
      const calls = await settledCalls(place.gateway);
      const call = calls.find(({ id }) => id === done.call_id);
      expect([call?.state, call?.fault]).toEqual(['charged', 'timeout']);
    },
    RUN_MS,
  );

  test.each([0, -1, 1.5, 2_592_001, 'soon'])('of %p is refused', async (life) => {
    const told = await place.ask('POST', '/v1/tasks', { body: ray('x', { expires_in: life }) });
    expect([told.status, told.body.error.param]).toEqual([400, 'expires_in']);
  });
});

test('an exception for a vendor that is none stops the start, and is named', async () => {
  const yaml = 'sandbox: off\ntasks: { refund_always: [runwy] }';
  const { child, err } = launchGateway({ yaml });
  expect(await child.exited).not.toBe(0);
  await until(
    () => err().includes('tasks.refund_always: there is no vendor "runwy"'),
    'it says so',
  );
});

test('all of it is in the books, once', async () => {
  const calls = await ledgerCalls(place.gateway);
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
});
