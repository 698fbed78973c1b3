/** npm `replicate`, with nothing changed but its base URL. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import Replicate, { type ApiError, type Prediction, validateWebhook } from 'replicate';
import { Webhook } from 'standardwebhooks';
import { createKey, ledgerCalls } from './books.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';
import { expectBooksBalance } from './media-place.ts';

const JOB_MS = 400;
const SDXL = '7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc';
const SCHNELL = 'black-forest-labs/flux-schnell';
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const RUN_MS = 20_000;

interface Call {
  readonly headers: Headers;
  readonly body: string;
}

let gateway: Gateway;
let sandbox: string;
let key: string;
let client: Replicate;
const calls: Call[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    calls.push({ headers: request.headers, body: await request.text() });
    return new Response();
  },
});

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  const vendors = {
    replicate: {
      ...{ base_url: `${sandbox}/replicate/v1`, key: 'sandbox-replicate-key' },
      models: [
        { id: 'deployments/acme/portraits', kind: 'image', price: { units: { run: '0.25' } } },
      ],
    },
  };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
  ].join('\n');
  gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  key = (await createKey(gateway, '--account', 'payer')).key;
  client = clientOf(key);
});

afterAll(async () => {
  await receiver.stop(true);
  await cleanUp();
});

function clientOf(auth: string): Replicate {
  return new Replicate({ auth, baseUrl: `${gateway.url}/replicate/v1`, useFileOutput: false });
}

async function ended(id: string): Promise<Prediction> {
  return until(async () => {
    const seen = await client.predictions.get(id);
    return ['succeeded', 'failed', 'canceled'].includes(seen.status) ? seen : undefined;
  }, `prediction ${id} has ended`);
}

async function made(): Promise<{ vendor: string; id: string; request: Prediction }[]> {
  const answer = await (await fetch(`${sandbox}/sandbox/jobs`)).json();
  return (answer as { jobs: { vendor: string; id: string; request: Prediction }[] }).jobs;
}

async function refusal(work: Promise<unknown>) {
  const error = (await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )) as ApiError | null;
  if (error === null) throw new Error('it was not refused');
  // The client has read the body already, and quotes it.
  const said = /\{.*\}/.exec(error.message)?.[0] ?? '{}';
  const { status } = error.response;
  return { status, body: JSON.parse(said) as { title: string; detail: string } };
}

describe('npm replicate', () => {
  test(
    'runs an official model by its name and reads the pictures from here',
    async () => {
      const input = { prompt: 'a red boat', num_outputs: 2 };
      const output = (await client.run(SCHNELL, { input })) as string[];
      expect(output).toHaveLength(2);
      for (const link of output) {
        expect(link.startsWith(gateway.url)).toBe(true);
        const file = new Uint8Array(await (await fetch(link)).arrayBuffer());
        expect([...file.slice(0, 8)]).toEqual(PNG);
      }
    },
    RUN_MS,
  );

  test(
    'runs a version, in every way of writing one, and polls it',
    async () => {
      const input = { prompt: 'a boat', width: 1024 };
      const wait = { mode: 'poll', interval: 50 } as const;
      const output = await client.run(`stability-ai/sdxl:${SDXL}`, { input, wait });
      expect((output as string[])[0]).toStartWith(`${gateway.url}/results/`);
      const begun = await client.predictions.create({ version: SDXL, input });
      expect(begun.status).toBe('starting');
      expect(begun.id).toMatch(/^[a-z0-9]{26}$/);
      const seen = await ended(begun.id);
      expect(seen).toMatchObject({
        ...{ status: 'succeeded', version: SDXL, model: 'stability-ai/sdxl', input, error: null },
        urls: {
          get: `${gateway.url}/replicate/v1/predictions/${begun.id}`,
          cancel: `${gateway.url}/replicate/v1/predictions/${begun.id}/cancel`,
        },
      });
      // Nothing that leads to the vendor, nor the vendor's own id.
      expect(JSON.stringify(seen)).not.toContain(sandbox);
      for (const { id } of await made()) expect(JSON.stringify(seen)).not.toContain(id);
    },
    RUN_MS,
  );

  test(
    'runs a deployment that the operator named and priced',
    async () => {
      const before = new Set((await ledgerCalls(gateway)).map(({ id }) => id));
      const input = { prompt: 'a face' };
      const begun = await client.deployments.predictions.create('acme', 'portraits', { input });
      const seen = await ended(begun.id);
      expect(seen).toMatchObject({ status: 'succeeded', deployment: 'acme/portraits' });
      const calls = (await ledgerCalls(gateway)).filter(({ id }) => !before.has(id));
      expect(calls.map(({ charge }) => charge)).toEqual(['0.25']);
      const other = client.deployments.predictions.create('acme', 'nobody', { input });
      expect((await refusal(other)).status).toBe(404);
    },
    RUN_MS,
  );

  test(
    'waits as long as it was asked to',
    async () => {
      const input = { prompt: 'quick' };
      const done = await client.predictions.create({ model: SCHNELL, input, wait: 10 });
      expect([done.status, done.output?.length]).toEqual(['succeeded', 1]);
      const slow = { prompt: 'sandbox-slow' };
      const begun = await client.predictions.create({ model: SCHNELL, input: slow, wait: 1 });
      expect(['starting', 'processing']).toContain(begun.status);
      expect(begun.output).toBeNull();
    },
    RUN_MS,
  );

  test(
    'stops a prediction, and is charged nothing for it',
    async () => {
      const input = { prompt: 'sandbox-slow to be stopped' };
      const begun = await client.predictions.create({ model: SCHNELL, input });
      await client.predictions.cancel(begun.id);
      const seen = await ended(begun.id);
      expect([seen.status, seen.output]).toEqual(['canceled', null]);
      // Once more changes nothing.
      expect((await client.predictions.cancel(begun.id)).status).toBe('canceled');
    },
    RUN_MS,
  );

  test(
    'hears of failures in the words of the vendor',
    async () => {
      const work = client.run(SCHNELL, { input: { prompt: 'sandbox-moderate' } });
      await expect(work).rejects.toThrow('Prediction failed: NSFW content detected');
    },
    RUN_MS,
  );
});

describe('the same models', () => {
  test(
    'are given files of the client by a link that the vendor can open',
    async () => {
      const input = { prompt: 'a wave', first_frame_image: Buffer.from(PNG) };
      const output = await client.run('minimax/video-01-live', { input });
      const [job] = await made();
      const sent = job?.request.input as { first_frame_image: string };
      expect(sent.first_frame_image).toStartWith(`${gateway.url}/replicate/v1/files/`);
      const seen = await fetch(sent.first_frame_image);
      expect([...new Uint8Array(await seen.arrayBuffer())]).toEqual(PNG);
      const file = Buffer.from(await (await fetch(String(output))).arrayBuffer());
      expect(file.toString('latin1', 4, 8)).toBe('ftyp');
    },
    RUN_MS,
  );

  test(
    'files are told of, and thrown away, by whose they are',
    async () => {
      const blob = new Blob([new Uint8Array(PNG)]);
      const file = await client.files.create(blob, { who: 'me' });
      const sha256 = new Bun.CryptoHasher('sha256').update(new Uint8Array(PNG)).digest('hex');
      expect(file).toMatchObject({
        ...{ content_type: 'image/png', size: 8, metadata: { who: 'me' } },
        checksums: { sha256 },
      });
      expect(await client.files.get(file.id)).toMatchObject({ id: file.id, checksums: { sha256 } });
      await gateway.cli('accounts', 'create', 'nosy', '--balance', '1');
      const nosy = clientOf((await createKey(gateway, '--account', 'nosy')).key);
      expect((await refusal(nosy.files.get(file.id))).status).toBe(404);
      // A pass opens its own file only.
      const mine = await client.files.create(new Blob(['def']), {});
      const { search } = new URL(mine.urls.get);
      const bare = new URL(file.urls.get);
      const statuses = [];
      for (const pass of [search, '?pass=forged', '']) {
        statuses.push((await fetch(bare.origin + bare.pathname + pass)).status);
      }
      expect(statuses).toEqual([404, 404, 404]);
      expect(await client.files.delete(file.id)).toBe(true);
      expect((await fetch(file.urls.get)).status).toBe(404);
      expect((await refusal(client.files.get(file.id))).status).toBe(404);
      expect(await (await fetch(mine.urls.get)).text()).toBe('def');
    },
    RUN_MS,
  );

  test(
    'are asked in the words of /v1/tasks, each by the names of its own fields',
    async () => {
      const post = async (body: object) => {
        const response = await fetch(`${gateway.url}/v1/tasks`, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { authorization: `Bearer ${key}` },
        });
        return { status: response.status, body: await response.json() };
      };
      const model = 'stability-ai/stable-diffusion-inpainting';
      const media = [
        { type: 'image', role: 'reference', url: 'https://a.test/1.png' },
        { type: 'image', role: 'mask', url: 'https://a.test/2.png' },
      ];
      const wish = { prompt: 'a hat', negative_prompt: 'blur', media };
      const params = { size: '512x768', n: 2, seed: 7 };
      const done = await post({ model, input: wish, params });
      expect([done.status, done.body]).toMatchObject([202, { kind: 'image_to_image' }]);
      const [job] = await made();
      expect(job?.request.input).toEqual({
        ...{ prompt: 'a hat', negative_prompt: 'blur', width: 512, height: 768 },
        ...{ num_outputs: 2, seed: 7, image: 'https://a.test/1.png', mask: 'https://a.test/2.png' },
      });
      const loud = await post({ model, input: wish, params: { audio: true } });
      expect([loud.status, loud.body]).toMatchObject([400, { error: { param: 'params.audio' } }]);
    },
    RUN_MS,
  );
});

describe('what is refused', () => {
  test.each([
    [{ prompt: 'x', num_outputs: 9 }, '- input.num_outputs: Must be less than or equal to 4'],
    [{ num_outputs: 1 }, '- input.prompt: Field required'],
    [{ prompt: 'x', go_fast: 'perhaps' }, '- input.go_fast: Input should be a valid boolean'],
    [{ prompt: 'x', aspect_ratio: '7:1' }, '- input.aspect_ratio: Must be one of "1:1", "16:9"'],
  ])('an input that does not fit the model: %j', async (input, detail) => {
    const before = (await made()).length;
    const { status, body } = await refusal(client.predictions.create({ model: SCHNELL, input }));
    expect([status, body.title]).toEqual([422, 'Input validation failed']);
    expect(body.detail).toStartWith(detail);
    expect(await made()).toHaveLength(before);
  });

  test('models that nobody has, other accounts, wrong keys', async () => {
    const input = { prompt: 'x' };
    const nobody = await refusal(client.predictions.create({ model: 'no/body', input }));
    expect(nobody.status).toBe(404);
    const { id } = await client.predictions.create({ model: SCHNELL, input });
    await gateway.cli('accounts', 'create', 'other', '--balance', '1');
    const other = clientOf((await createKey(gateway, '--account', 'other')).key);
    expect((await refusal(other.predictions.get(id))).status).toBe(404);
    expect((await refusal(other.predictions.cancel(id))).status).toBe(404);
    const wrong = await refusal(clientOf('gw-wrong').predictions.get(id));
    expect([wrong.status, wrong.body.title]).toEqual([401, 'Unauthenticated']);
    const headers = { authorization: `Token ${key}` };
    const old = await fetch(`${gateway.url}/replicate/v1/predictions/${id}`, { headers });
    expect(old.status).toBe(200);
  });
});

describe('lists', () => {
  test(
    'go on by the links in them, until there are no more',
    async () => {
      const lister = clientOf((await createKey(gateway, '--account', 'payer')).key);
      const input = { prompt: 'one of many' };
      const ids = new Set<string>();
      for (let from = 0; from < 100; from += 10) {
        const some = Array.from({ length: 10 }, () =>
          lister.predictions.create({ model: SCHNELL, input }),
        );
        for (const { id } of await Promise.all(some)) ids.add(id);
      }
      const first = await lister.predictions.list();
      expect(first.results).toHaveLength(100);
      expect(first.next).toStartWith(`${gateway.url}/replicate/v1/predictions?cursor=`);
      // A new one does not move what comes after.
      await lister.predictions.create({ model: SCHNELL, input });
      const seen: string[] = first.results.map(({ id }) => id);
      const rest = (await (
        await fetch(first.next ?? '', { headers: { authorization: `Bearer ${key}` } })
      ).json()) as { results: Prediction[]; next: string | null };
      seen.push(...rest.results.map(({ id }) => id));
      expect(new Set(seen).size).toBe(seen.length);
      expect([...ids].filter((id) => !seen.includes(id))).toEqual([]);
      expect(rest.next).toBeNull();
    },
    RUN_MS,
  );
});

describe('webhooks', () => {
  test(
    'are signed as the vendor signs them, and only those that were asked for come',
    async () => {
      calls.length = 0;
      const { id } = await client.predictions.create({
        ...{ model: SCHNELL, input: { prompt: 'tell me' } },
        webhook: receiver.url.href,
        webhook_events_filter: ['completed'],
      });
      await until(async () => calls[0], 'the webhook has come');
      await ended(id);
      const [call] = calls as [Call];
      const told = JSON.parse(call.body) as Prediction;
      expect([told.id, told.status, told.output?.length]).toEqual([id, 'succeeded', 1]);
      const secret = await client.webhooks.default.secret.get();
      const parts = {
        id: call.headers.get('webhook-id') ?? '',
        timestamp: call.headers.get('webhook-timestamp') ?? '',
        signature: call.headers.get('webhook-signature') ?? '',
        body: call.body,
      };
      expect(await validateWebhook({ ...parts, secret: secret.key })).toBe(true);
      expect(await validateWebhook({ ...parts, body: '{}', secret: secret.key })).toBe(false);
      const headers = {
        'webhook-id': parts.id,
        'webhook-timestamp': parts.timestamp,
        'webhook-signature': parts.signature,
      };
      expect(new Webhook(secret.key).verify(call.body, headers)).toMatchObject({ id });
      expect(calls).toHaveLength(1);
    },
    RUN_MS,
  );
});

describe('money', () => {
  test(
    'two pictures cost twice the price of one; a run of a version its own; failures nothing',
    async () => {
      const before = new Set((await ledgerCalls(gateway)).map(({ id }) => id));
      const two = { prompt: 'two', num_outputs: 2 };
      await client.run(SCHNELL, { input: two });
      await client.run(`stability-ai/sdxl:${SDXL}`, { input: { prompt: 'run' } });
      await client.run(SCHNELL, { input: { prompt: 'sandbox-fail' } }).catch(() => undefined);
      const charges = (await ledgerCalls(gateway))
        .filter(({ id }) => !before.has(id))
        .map(({ model, charge }) => [model, charge]);
      // In the ledger's money: 0.003 USD each at 7.1, and 0.0063 USD at 7.1.
      expect(charges.sort()).toEqual([
        [SCHNELL, '0'],
        [SCHNELL, '0.0426'],
        ['stability-ai/sdxl', '0.04473'],
      ]);
    },
    RUN_MS,
  );
});

test(
  'in the end the books balance',
  async () => {
    await expectBooksBalance({ gateway }, '100');
  },
  RUN_MS,
);
