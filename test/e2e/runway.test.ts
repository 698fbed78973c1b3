/** npm `@runwayml/sdk`, with nothing changed but its base URL. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import RunwayML, { TaskFailedError } from '@runwayml/sdk';
import { createKey, ledgerCalls, nanos } from './books.ts';
import { cleanUp, type Gateway, makeFolder, startGateway, startSandbox, until } from './gateway.ts';
import { expectBooksBalance } from './media-place.ts';

const JOB_MS = 500;
const RUN_MS = 25_000;

let gateway: Gateway;
let client: RunwayML;

beforeAll(async () => {
  const { url } = await startSandbox('--job-ms', String(JOB_MS));
  const vendors = { runway: { base_url: `${url}/runwayml`, key: 'sandbox-runway-key' } };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: warn',
  ].join('\n');
  gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '1000');
  const { key } = await createKey(gateway, '--account', 'payer');
  client = new RunwayML({ apiKey: key, baseURL: `${gateway.url}/runway`, maxRetries: 0 });
});

afterAll(cleanUp);

const text = (promptText: string, duration = 5) =>
  client.textToVideo.create({ model: 'gen4.5', promptText, ratio: '1280:720', duration });

/** The client's own promises are none that `rejects` knows. */
const plain = async (work: PromiseLike<unknown>): Promise<unknown> => await work;

const ended = (id: string) =>
  until(async () => {
    const seen = await client.tasks.retrieve(id);
    return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(seen.status) ? seen : undefined;
  }, `task ${id} has ended`);

describe('npm @runwayml/sdk', () => {
  test(
    'makes, waits and fetches; charged by the credits that it cost',
    async () => {
      const done = await text('a boat').waitForTaskOutput();
      const [url = ''] = done.output;
      expect(url.startsWith(gateway.url)).toBe(true);
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
      expect(done.cost.credits).toBe(60);
      const calls = await ledgerCalls(gateway);
      // Sixty credits are $0.60, and 7.1 yuan the dollar.
      expect(calls.map(({ charge }) => nanos(charge))).toEqual([nanos('4.26')]);
      await client.tasks.delete(done.id);
      await expect(plain(client.tasks.retrieve(done.id))).rejects.toMatchObject({ status: 404 });
    },
    RUN_MS,
  );

  test(
    'of images, videos and performances',
    async () => {
      const uri = 'https://images.test/a.png';
      const made = await Promise.all([
        client.imageToVideo.create({
          ...{ model: 'gen4_turbo', ratio: '1280:720', duration: 5, promptText: 'x' },
          promptImage: [{ uri, position: 'first' }],
        }),
        client.characterPerformance.create({
          model: 'act_two',
          character: { type: 'image', uri },
          reference: { type: 'video', uri: 'https://videos.test/a.mp4' },
        }),
      ]);
      const all = await Promise.all(made.map(({ id }) => ended(id)));
      expect(all.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    },
    RUN_MS,
  );

  test(
    'stops what runs, which then costs nothing',
    async () => {
      const { id } = await text('sandbox-slow');
      await client.tasks.delete(id);
      expect((await ended(id)).status).toBe('CANCELLED');
    },
    RUN_MS,
  );

  test(
    'a failure is free, a refused input is not, as with the vendor',
    async () => {
      const { id } = await text('sandbox-fail');
      const free = await ended(id);
      expect(free).toMatchObject({ status: 'FAILED', failureCode: 'INTERNAL.BAD_OUTPUT.CODE01' });
      const before = (await ledgerCalls(gateway)).filter(({ state }) => state === 'charged');
      const refused = text('sandbox-moderate').waitForTaskOutput();
      const error = await refused.catch((thrown: unknown) => thrown);
      if (!(error instanceof TaskFailedError)) throw error;
      expect(error.taskDetails).toMatchObject({ failureCode: 'SAFETY.INPUT.TEXT' });
      const after = (await ledgerCalls(gateway)).filter(({ state }) => state === 'charged');
      expect(after.length).toBe(before.length + 1);
    },
    RUN_MS,
  );

  test('what is wrong is said at once', async () => {
    await expect(plain(text('x', 99))).rejects.toMatchObject({
      status: 400,
      error: { error: 'Validation of body failed: duration' },
    });
    const stranger = new RunwayML({
      apiKey: 'no',
      baseURL: `${gateway.url}/runway`,
      maxRetries: 0,
    });
    await expect(plain(stranger.tasks.retrieve('x'))).rejects.toMatchObject({ status: 401 });
    await expect(plain(client.tasks.retrieve('x'))).rejects.toMatchObject({ status: 404 });
  });
});

test(
  'in the end the books balance',
  async () => {
    await expectBooksBalance({ gateway });
  },
  RUN_MS,
);
