/** Requests for pictures are tasks: asked for as such, repeated, left, cut off, too slow. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { audit, ledgerCalls, settledCalls } from './books.ts';
import { cleanUp, type Gateway, startGateway, until } from './gateway.ts';
import {
  askedFor,
  expectBalanced,
  type ImagePlace,
  JOB_MS,
  openPlace,
  RUN_MS,
  sizeOf,
} from './images-place.ts';

const MODEL = 'gpt-image-2.6-flare';
const SLOW = `${MODEL}`;
const task = z.looseObject({
  id: z.string(),
  status: z.string(),
  outputs: z.array(z.looseObject({ url: z.string(), kept: z.boolean(), width: z.number() })),
  error: z.looseObject({ code: z.string(), charged: z.boolean() }).nullable(),
  metadata: z.record(z.string(), z.unknown()),
  cost: z.looseObject({ estimated: z.string(), final: z.string().nullable() }),
});

let place: ImagePlace;

beforeAll(async () => {
  place = await openPlace();
});

afterAll(async () => {
  await expectBalanced(place.gateway);
  await cleanUp();
});

type Options = {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly at?: Pick<ImagePlace, 'gateway' | 'key'>;
};

async function generate(body: object, { headers, signal, at = place }: Options = {}) {
  const response = await fetch(`${at.gateway.url}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${at.key}`, ...headers },
    body: JSON.stringify({ model: MODEL, ...body }),
    ...(signal === undefined ? {} : { signal }),
  });
  return { response, body: (await response.json()) as Record<string, unknown> };
}

async function read(id: string, { gateway, key }: Pick<ImagePlace, 'gateway' | 'key'> = place) {
  const headers = { authorization: `Bearer ${key}` };
  const response = await fetch(`${gateway.url}/v1/tasks/${id}`, { headers });
  return task.parse(await response.json());
}

function ended(id: string, at?: Pick<ImagePlace, 'gateway' | 'key'>) {
  return until(
    async () => {
      const now = await read(id, at);
      return ['queued', 'running'].includes(now.status) ? undefined : now;
    },
    'the task has ended',
    10_000,
  );
}

describe('Prefer: respond-async', () => {
  test(
    'is answered with the task, which ends as any other',
    async () => {
      const headers = { prefer: 'respond-async' };
      const { response, body } = await generate(
        { prompt: 'later', size: '1024x1024', user: 'caller-1' },
        { headers },
      );
      const made = task.parse(body);
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toBe(`/v1/tasks/${made.id}`);
      expect(response.headers.get('preference-applied')).toBe('respond-async');
      expect(made).toMatchObject({ object: 'task', kind: 'text_to_image', model: MODEL });
      const done = await ended(made.id);
      expect(done).toMatchObject({ status: 'succeeded', metadata: { user: 'caller-1' } });
      expect(done.outputs).toMatchObject([{ kept: true, mime: 'image/png', width: 1024 }]);
      const file = await fetch(done.outputs[0]?.url ?? '');
      expect(sizeOf(new Uint8Array(await file.arrayBuffer()))).toBe('1024x1024');
    },
    RUN_MS,
  );

  test(
    'with wait=N waits that long, and answers with the pictures where they come in time',
    async () => {
      const soon = await generate(
        { prompt: 'soon' },
        { headers: { prefer: 'respond-async, wait=10' } },
      );
      expect([soon.response.status, soon.body.data]).toMatchObject([200, [{}]]);
      expect(soon.response.headers.get('preference-applied')).toBe('respond-async, wait=10');
      const late = await generate(
        { prompt: 'sandbox-slow' },
        { headers: { prefer: 'respond-async; wait=1, wait=1' } },
      );
      expect([late.response.status, late.body.status]).toEqual([202, 'running']);
      expect((await ended(String(late.body.id))).status).toBe('succeeded');
    },
    RUN_MS,
  );

  test('what is wrong is told at once all the same', async () => {
    const { response } = await generate(
      { prompt: 'x', n: 99 },
      { headers: { prefer: 'respond-async' } },
    );
    expect(response.status).toBe(400);
  });
});

describe('a request that takes too long', () => {
  test(
    'names its task, in a fault that no client repeats by itself; the task goes on',
    async () => {
      const headers = { prefer: 'wait=1' };
      const { response, body } = await generate({ prompt: 'sandbox-slow, much' }, { headers });
      expect([response.status, body.code]).toEqual([424, 'task_running']);
      expect(response.headers.get('x-should-retry')).toBe('false');
      const id = response.headers.get('x-gangway-task') ?? '';
      expect(String(body.message)).toContain(id);
      expect((await ended(id)).status).toBe('succeeded');
      expect(await askedFor(place.sandbox, 'sandbox-slow, much')).toHaveLength(1);
    },
    RUN_MS,
  );

  test(
    'a caller who leaves does not lose the task',
    async () => {
      const leave = new AbortController();
      const prompt = 'sandbox-slow, and I am off';
      const asking = generate({ prompt }, { signal: leave.signal });
      await until(async () => (await askedFor(place.sandbox, prompt)).length > 0, 'it was asked');
      leave.abort();
      await expect(asking).rejects.toThrow();
      const headers = { authorization: `Bearer ${place.key}` };
      const list = await fetch(`${place.gateway.url}/v1/tasks?status=running`, { headers });
      const { data } = (await list.json()) as { data: { id: string }[] };
      expect((await ended(data[0]?.id ?? '')).status).toBe('succeeded');
    },
    RUN_MS,
  );
});

describe('Idempotency-Key', () => {
  test(
    'a repeat, during and after, is the same task; another request under it is refused',
    async () => {
      const headers = { 'idempotency-key': 'boat-1' };
      const ask = () => generate({ prompt: 'once only' }, { headers });
      const [first, twin] = await Promise.all([ask(), Bun.sleep(JOB_MS / 3).then(ask)]);
      const again = await ask();
      const tasks = [first, twin, again].map(({ response }) =>
        response.headers.get('x-gangway-task'),
      );
      expect(new Set(tasks).size).toBe(1);
      expect(again.body).toEqual(first.body);
      expect(again.response.headers.get('idempotent-replayed')).toBe('true');
      expect(await askedFor(place.sandbox, 'once only')).toHaveLength(1);
      const other = await generate({ prompt: 'something else' }, { headers });
      expect([other.response.status, other.body.code]).toEqual([409, 'idempotency_mismatch']);
    },
    RUN_MS,
  );
});

describe('/v1/tasks', () => {
  test(
    'has the same models, with the same fields',
    async () => {
      const response = await fetch(`${place.gateway.url}/v1/tasks`, {
        method: 'POST',
        headers: { authorization: `Bearer ${place.key}` },
        body: JSON.stringify({
          model: MODEL,
          input: { prompt: 'as a task' },
          params: { size: '1024x1536', quality: 'low', output_format: 'webp' },
        }),
      });
      expect(response.status).toBe(202);
      const done = await ended(task.parse(await response.json()).id);
      expect(done.outputs[0]).toMatchObject({ mime: 'image/webp' });
      // 408 tokens at 30 USD a million, and 3 at 5, at 7.1.
      expect(done.cost.final).toBe('0.0870105');
      expect(Number(done.cost.estimated)).toBeGreaterThan(0.0870105);
    },
    RUN_MS,
  );

  test('a field that no service of the model takes is refused by its name there', async () => {
    const response = await fetch(`${place.gateway.url}/v1/tasks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${place.key}` },
      body: JSON.stringify({
        model: 'flux-dev',
        input: { prompt: 'x' },
        params: { quality: 'low' },
      }),
    });
    expect(await response.json()).toMatchObject({ error: { param: 'params.quality' } });
  });
});

describe('an answer that was lost', () => {
  test.each(['sandbox-lost-answer', 'sandbox-no-answer'])(
    '%s: is not asked for twice, fails, and costs nothing',
    async (prompt) => {
      const { response, body } = await generate({ prompt });
      expect([response.status, body.code]).toEqual([502, 'vendor_error']);
      expect(response.headers.get('x-should-retry')).toBe('false');
      const known = await read(response.headers.get('x-gangway-task') ?? '');
      expect(known.error).toMatchObject({ code: 'answer_lost', charged: false });
      expect(known.cost.final).toBe('0');
      expect(await askedFor(place.sandbox, prompt)).toHaveLength(1);
    },
    RUN_MS,
  );

  test(
    'is not what an error of the vendor’s own is: that is tried again, three times in all',
    async () => {
      const { response, body } = await generate({ prompt: 'sandbox-fail' });
      expect([response.status, body.code]).toEqual([502, 'vendor_error']);
      const known = await read(response.headers.get('x-gangway-task') ?? '');
      expect(known.error).toMatchObject({ code: 'vendor_error', charged: false });
      expect(await askedFor(place.sandbox, 'sandbox-fail')).toHaveLength(3);
    },
    RUN_MS,
  );

  test(
    'is paid where the operator says so, by the most that it can have cost',
    async () => {
      const own = await openPlace('tasks: { lost_answer: charge }');
      const { response } = await generate({ prompt: 'sandbox-no-answer' }, { at: own });
      const known = await read(response.headers.get('x-gangway-task') ?? '', own);
      expect(known.error).toMatchObject({ code: 'answer_lost', charged: true });
      expect(known.cost.final).toBe(known.cost.estimated);
      expect(known.cost.final).not.toBe('0');
      await expectBalanced(own.gateway);
    },
    RUN_MS,
  );

  test(
    'waits for people where the operator says so',
    async () => {
      const own = await openPlace('tasks: { lost_answer: review, image_wait_ms: 4000 }');
      const { response, body } = await generate({ prompt: 'sandbox-no-answer' }, { at: own });
      expect(body.code).toBe('task_running');
      const known = await read(response.headers.get('x-gangway-task') ?? '', own);
      expect(known).toMatchObject({ status: 'running', status_detail: 'held_for_review' });
      expect(await audit(own.gateway)).toMatchObject({ balanced: true, open_holds: 1 });
    },
    RUN_MS,
  );

  test(
    'dies with the process: after kill -9 the task has failed, and was sent once',
    async () => {
      const own = await openPlace('', 3_000);
      const asking = generate({ prompt: 'cut off by a crash' }, { at: own }).catch(() => null);
      const asked = () => askedFor(own.sandbox, 'cut off by a crash');
      await until(async () => (await asked()).length > 0, 'the vendor was asked');
      await own.gateway.kill();
      await asking;
      const { yaml } = own;
      const again: Gateway = await startGateway({ data: own.gateway.data, yaml });
      const calls = await settledCalls(again);
      expect(calls).toMatchObject([{ state: 'released', charge: '0', fault: 'answer_lost' }]);
      expect(await asked()).toHaveLength(1);
      expect(await audit(again)).toMatchObject({ balanced: true, open_holds: 0 });
    },
    RUN_MS,
  );
});

describe('money', () => {
  test(
    'a long wait for one picture holds up nobody else, and each is charged once',
    async () => {
      const before = new Set((await ledgerCalls(place.gateway)).map(({ id }) => id));
      const many = Array.from({ length: 24 }, (_, index) =>
        generate({ model: SLOW, prompt: `sandbox-slow crowd ${index}`, size: '1024x1024' }),
      );
      await until(
        async () => (await askedFor(place.sandbox, 'crowd')).length === 24,
        'all are at the vendor at once',
      );
      const quick = await generate({ model: 'flux-pro-1.1', prompt: 'quick' });
      expect(quick.response.status).toBe(200);
      const all = await Promise.all(many);
      expect(new Set(all.map(({ response }) => response.status))).toEqual(new Set([200]));
      const calls = await settledCalls(place.gateway);
      const charges = calls.filter(({ id, model }) => !before.has(id) && model === MODEL);
      expect(charges).toHaveLength(24);
      expect(new Set(charges.map(({ state }) => state))).toEqual(new Set(['charged']));
    },
    RUN_MS,
  );
});

describe('where results are not kept', () => {
  test(
    'a picture whose link was dead is told of by that link; as bytes it cannot be had',
    async () => {
      const body = { model: 'flux-pro-1.1', prompt: 'sandbox-dead-link' };
      const links = await generate(body);
      const [first] = links.body.data as { url: string }[];
      expect(first?.url).toStartWith(place.sandbox);
      const bytes = await generate({ ...body, response_format: 'b64_json' });
      expect([bytes.response.status, bytes.body.code]).toEqual([410, 'result_gone']);
      const id = bytes.response.headers.get('x-gangway-task') ?? '';
      expect(String(bytes.body.message)).toContain(id);
    },
    RUN_MS,
  );

  test(
    'links stay the vendor’s, and what came as bytes is kept all the same',
    async () => {
      const own = await openPlace('results: { keep: false }');
      const flux = await generate({ model: 'flux-pro-1.1', prompt: 'a link' }, { at: own });
      const [first] = flux.body.data as { url: string }[];
      expect(first?.url).toStartWith(own.sandbox);
      const inline = await generate({ prompt: 'bytes', size: '1024x1024' }, { at: own });
      const [bytes] = inline.body.data as { b64_json: string }[];
      expect(sizeOf(Buffer.from(bytes?.b64_json ?? '', 'base64'))).toBe('1024x1024');
      const asked = await generate({ prompt: 'x', response_format: 'b64_json' }, { at: own });
      expect(asked.body.error).toMatchObject({ param: 'response_format' });
    },
    RUN_MS,
  );
});
