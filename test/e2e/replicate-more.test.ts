/** npm `replicate`: streams, files, models, deadlines and bounds in time. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Replicate, { type ApiError, type Prediction } from 'replicate';
import { createKey } from './books.ts';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const LLAMA = 'meta/meta-llama-3-8b-instruct';
const SCHNELL = 'black-forest-labs/flux-schnell';
const SDXL = '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc';
const RUN_MS = 20_000;

let place: NativePlace;
let base: string;
let client: Replicate;
const calls: Prediction[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    calls.push((await request.json()) as Prediction);
    return new Response();
  },
});

beforeAll(async () => {
  const models = [{ id: LLAMA, kind: 'other', price: { units: { run: '0.01' } } }];
  place = await startNative({
    vendors: {
      replicate: { path: '/replicate/v1', key: 'sandbox-replicate-key', more: { models } },
    },
  });
  base = `${place.gateway.url}/replicate/v1`;
  client = new Replicate({ auth: place.key, baseUrl: base, useFileOutput: false });
});

afterAll(async () => {
  await receiver.stop(true);
  await cleanUp();
});

const get = (path: string) =>
  fetch(base + path, { headers: { authorization: `Bearer ${place.key}` } });

async function streamed(model: `${string}/${string}`, prompt: string) {
  const events: string[] = [];
  let text = '';
  for await (const event of client.stream(model, { input: { prompt } })) {
    events.push(event.event);
    text += event.toString();
  }
  return { events, text };
}

async function ended(id: string): Promise<Prediction> {
  return until(async () => {
    const seen = await client.predictions.get(id);
    return ['succeeded', 'failed', 'canceled'].includes(seen.status) ? seen : undefined;
  }, `prediction ${id} has ended`);
}

describe('a stream', () => {
  test(
    'brings the words as they are said, and then its end',
    async () => {
      const { events, text } = await streamed(LLAMA, 'all hands on deck');
      expect(text).toBe('all hands on deck\n.');
      expect(events.length).toBe(7);
      expect(events.at(-1)).toBe('done');
      const [job] = (await client.predictions.list()).results as [Prediction];
      expect((await ended(job.id)).output).toEqual([
        ...['all', ' hands', ' on', ' deck', '\n', '.'],
      ]);
    },
    RUN_MS,
  );

  test(
    'that breaks at the vendor is told to its end all the same, and nothing of it twice',
    async () => {
      const { events, text } = await streamed(LLAMA, 'one two sandbox-cut-stream four');
      expect(text).toBe('one two sandbox-cut-stream four\n.');
      expect(events).toEqual(['output', 'output', 'output', 'done']);
    },
    RUN_MS,
  );

  test(
    'of pictures gives our links, when they lead somewhere',
    async () => {
      const { events, text } = await streamed(SCHNELL, 'a boat');
      expect(events).toEqual(['output', 'done']);
      expect(text).toStartWith(`${place.gateway.url}/results/`);
      expect((await fetch(text)).headers.get('content-type')).toBe('image/png');
    },
    RUN_MS,
  );

  test(
    'of a failure throws, and one of a job that is over tells it anew',
    async () => {
      await expect(streamed(LLAMA, 'sandbox-fail')).rejects.toThrow('Prediction failed.');
      const made = await client.predictions.create({ model: LLAMA, input: { prompt: 'ahoy' } });
      await ended(made.id);
      const told = await (await fetch(made.urls.stream ?? '')).text();
      expect(told).toContain('event: output\ndata: ahoy\ndata: .\n\nevent: done\ndata: {}\n\n');
    },
    RUN_MS,
  );

  test('is opened by its own link only', async () => {
    const made = await client.predictions.create({ model: LLAMA, input: { prompt: 'mine' } });
    const link = made.urls.stream ?? '';
    expect(link).toStartWith(`${base}/stream/`);
    const changed = link.slice(0, -2) + (link.endsWith('AA') ? 'BB' : 'AA');
    const told = await fetch(changed);
    expect([told.status, (await told.json()) as object]).toMatchObject([404, { status: 404 }]);
    // Nor does a link to a result open one.
    const seen = await ended(made.id);
    expect(JSON.stringify(seen)).not.toContain(place.sandbox);
  });
});

describe('files', () => {
  test('are listed, the newest first, for their account alone', async () => {
    const own = await createKey(place.gateway, '--account', 'payer');
    const lister = new Replicate({ auth: own.key, baseUrl: base });
    const ids: string[] = [];
    for (let index = 0; index < 52; index += 1) {
      ids.unshift((await lister.files.create(Buffer.from(`file ${index}`))).id);
    }
    const first = await listed('/files', own.key);
    expect(first.results.map(({ id }) => id)).toEqual(ids.slice(0, 50));
    expect(first.next).toStartWith(`${base}/files?cursor=`);
    const rest = await listed(first.next?.slice(base.length) ?? '', own.key);
    expect(rest.results.map(({ id }) => id)).toEqual(ids.slice(50));
    expect(rest.next).toBeNull();
    await lister.files.delete(ids[0] ?? '');
    const now = await listed('/files', own.key);
    expect(now.results[0]?.id).toBe(ids[1] ?? '');
    const strangers = new Replicate({ auth: place.freeKey, baseUrl: base });
    expect((await strangers.files.list()) as object).toMatchObject({ results: [] });
  });

  async function listed(path: string, key: string): Promise<Listed> {
    const told = await fetch(base + path, { headers: { authorization: `Bearer ${key}` } });
    return (await told.json()) as Listed;
  }

  interface Listed {
    readonly results: readonly { readonly id: string }[];
    readonly next: string | null;
  }
});

describe('models', () => {
  test('are told of with the schema of their input', async () => {
    const model = await client.models.get('stability-ai', 'sdxl');
    expect(model).toMatchObject({ owner: 'stability-ai', name: 'sdxl' });
    expect(model.latest_version?.id).toBe(SDXL);
    const listed = (await client.models.versions.list('stability-ai', 'sdxl')) as {
      results: { id: string; openapi_schema: { components: { schemas: { Input: object } } } }[];
    };
    expect(listed.results.map(({ id }) => id)).toEqual([SDXL]);
    expect(listed.results[0]?.openapi_schema.components.schemas.Input).toMatchObject({
      properties: { num_outputs: { type: 'integer', minimum: 1, maximum: 4 } },
    });
    expect((await get('/models/nobody/nothing')).status).toBe(404);
  });
});

describe('a deadline', () => {
  test(
    'reaches the vendor, which keeps it',
    async () => {
      const body = JSON.stringify({ input: { prompt: 'sandbox-slow for long' } });
      const ask = (after: string) =>
        fetch(`${base}/models/${SCHNELL}/predictions`, {
          ...{ method: 'POST', body },
          headers: { authorization: `Bearer ${place.key}`, 'cancel-after': after },
        });
      const made = (await (await ask('1m5s')).json()) as Prediction & { deadline: string };
      const lifeMs = Date.parse(made.deadline) - Date.parse(String(made.created_at));
      expect(Math.round(lifeMs / 1_000)).toBe(65);
      for (const wrong of ['4', '4s', 'soon', '', '1h1s2m']) {
        const told = await ask(wrong);
        const said = (await told.json()) as { detail: string; status: number };
        expect([wrong, told.status, said.status]).toEqual([wrong, 422, 422]);
        expect(said.detail).toStartWith('- Cancel-After: ');
      }
    },
    RUN_MS,
  );
});

describe('lists', () => {
  test('are bounded in time on both sides', async () => {
    const first = await client.predictions.create({ model: SCHNELL, input: { prompt: 'first' } });
    await Bun.sleep(20);
    const second = await client.predictions.create({ model: SCHNELL, input: { prompt: 'second' } });
    // The client knows no bounds: it is asked as the document says.
    const ids = async (query: Record<string, string>) => {
      const told = await get(`/predictions?${new URLSearchParams(query)}`);
      return ((await told.json()) as { results: Prediction[] }).results.map(({ id }) => id);
    };
    const before = await ids({ created_before: second.created_at });
    expect(before[0]).toBe(first.id);
    expect(before).not.toContain(second.id);
    const after = await ids({ created_after: second.created_at });
    expect(after).toEqual([second.id]);
    const wrong = await get('/predictions?created_before=yesterday');
    expect([wrong.status, await wrong.json()]).toMatchObject([
      422,
      { detail: '- created_before: Must be a date and time' },
    ]);
  });
});

describe('refusals', () => {
  test('of the vendor keep its status and its words', async () => {
    // The vendor alone knows what this model's input must be.
    const work = client.predictions.create({ model: LLAMA, input: { prompt: 'x', max_tokens: 0 } });
    const error = (await work.then(
      () => null,
      (thrown: unknown) => thrown,
    )) as ApiError | null;
    expect(error?.response.status).toBe(422);
    expect(error?.message).toContain('"title":"Input validation failed"');
    expect(error?.message).toContain('input.max_tokens: Must be at least 1');
  });
});

describe('webhooks', () => {
  test(
    'of logs and of output come too, once each',
    async () => {
      for (const filter of ['logs', 'output', 'start', 'completed'] as const) {
        calls.length = 0;
        const { id } = await client.predictions.create({
          ...{ model: SCHNELL, input: { prompt: filter } },
          ...{ webhook: receiver.url.href, webhook_events_filter: [filter] },
        });
        await ended(id);
        const call = await until(() => calls[0], `${filter} has come`);
        const word = filter === 'start' ? 'processing' : 'succeeded';
        expect([filter, call.id, call.status]).toEqual([filter, id, word]);
        if (filter === 'logs') expect(call.logs).not.toBe('');
        if (filter === 'output') expect(call.output).toHaveLength(1);
        expect(calls).toHaveLength(1);
      }
    },
    RUN_MS,
  );
});
