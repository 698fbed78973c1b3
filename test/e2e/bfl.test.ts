/** npm `@ai-sdk/black-forest-labs`, with nothing changed but its base URL. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createBlackForestLabs } from '@ai-sdk/black-forest-labs';
import { generateImage } from 'ai';
import { createKey, ledgerCalls } from './books.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';
import { expectBooksBalance } from './media-place.ts';

const JOB_MS = 400;
const PNG = [0x89, 0x50, 0x4e, 0x47];
const RUN_MS = 20_000;

let gateway: Gateway;
let sandbox: string;
let key: string;

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
  const vendors = { bfl: { base_url: `${sandbox}/bfl/v1`, key: 'sandbox-bfl-key' } };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
  ].join('\n');
  gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  key = (await createKey(gateway, '--account', 'payer')).key;
});

afterAll(cleanUp);

function generate(model: string, prompt: string, more: { size?: `${number}x${number}` } = {}) {
  const client = createBlackForestLabs({
    ...{ apiKey: key, baseURL: `${gateway.url}/bfl/v1` },
    pollIntervalMillis: 50,
    pollTimeoutMillis: 5_000,
  });
  return generateImage({ model: client.image(model), prompt, maxRetries: 0, ...more });
}

async function ask(method: string, path: string, more: { body?: object; as?: string } = {}) {
  const response = await fetch(path.startsWith('http') ? path : `${gateway.url}/bfl/v1${path}`, {
    method,
    headers: { 'x-key': more.as ?? key },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function end(link: string) {
  return until(async () => {
    const { body } = await ask('GET', link);
    return body.status === 'Pending' ? undefined : body;
  }, 'it has ended');
}

describe('npm @ai-sdk/black-forest-labs', () => {
  test(
    'makes a picture, polls where it is told to, and fetches it from here',
    async () => {
      const { image } = await generate('flux-pro-1.1', 'a red boat', { size: '1024x768' });
      expect([...image.uint8Array.slice(0, 4)]).toEqual(PNG);
    },
    RUN_MS,
  );

  test(
    'hears that a job failed',
    async () => {
      await expect(generate('flux-pro-1.1', 'sandbox-fail')).rejects.toThrow('generation failed');
    },
    RUN_MS,
  );
});

describe('in the words of the vendor', () => {
  test(
    'every link leads here, and the id is ours',
    async () => {
      const begun = await ask('POST', '/flux-kontext-pro', { body: { prompt: 'a boat', seed: 3 } });
      const { id, polling_url: link } = begun.body as { id: string; polling_url: string };
      expect(link).toBe(`${gateway.url}/bfl/v1/get_result?id=${id}`);
      expect((await ask('GET', link)).body).toMatchObject({ id, status: 'Pending', result: null });
      const done = await end(link);
      const { sample, seed } = done.result as { sample: string; seed: number };
      expect([done.id, done.status, seed]).toEqual([id, 'Ready', 3]);
      expect(sample).toStartWith(`${gateway.url}/results/`);
      const file = new Uint8Array(await (await fetch(sample)).arrayBuffer());
      expect([...file.slice(0, 4)]).toEqual(PNG);
      expect(JSON.stringify(done)).not.toContain(sandbox);
    },
    RUN_MS,
  );

  test.each([
    ['sandbox-refuse', 'Request Moderated'],
    ['sandbox-moderate', 'Content Moderated'],
    ['sandbox-fail', 'Error'],
  ])(
    '%s ends as %s',
    async (prompt, status) => {
      const begun = await ask('POST', '/flux-dev', { body: { prompt } });
      expect(await end(String(begun.body.polling_url))).toMatchObject({ status, result: null });
    },
    RUN_MS,
  );

  test('what is wrong is refused as the vendor refuses it', async () => {
    const size = await ask('POST', '/flux-pro-1.1', { body: { prompt: 'x', width: 100 } });
    expect([size.status, size.body]).toMatchObject([422, { detail: [{ loc: ['body', 'width'] }] }]);
    expect((await ask('POST', '/flux-9', { body: { prompt: 'x' } })).status).toBe(404);
    expect((await ask('GET', '/get_result')).body).toMatchObject({
      detail: [{ msg: 'id: Field required' }],
    });
    expect((await ask('GET', '/get_result?id=x', { as: 'gw-wrong' })).status).toBe(401);
    const mine = await ask('POST', '/flux-dev', { body: { prompt: 'mine' } });
    await gateway.cli('accounts', 'create', 'other', '--balance', '1');
    const as = (await createKey(gateway, '--account', 'other')).key;
    expect((await ask('GET', String(mine.body.polling_url), { as })).status).toBe(404);
  });

  test(
    'a picture is charged by its size, and one that failed is not',
    async () => {
      const before = new Set((await ledgerCalls(gateway)).map(({ id }) => id));
      const big = { prompt: 'big', width: 2048, height: 1024 };
      for (const body of [{ prompt: 'small' }, big, { prompt: 'sandbox-moderate' }]) {
        const begun = await ask('POST', '/flux-2-pro', { body });
        await end(String(begun.body.polling_url));
      }
      const calls = (await ledgerCalls(gateway)).filter(({ id }) => !before.has(id));
      // 0.03 USD, and 0.015 for the second megapixel, at 7.1.
      expect(calls.map(({ charge }) => charge).sort()).toEqual(['0', '0.213', '0.3195']);
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
