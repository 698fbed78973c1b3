/** `ai` with @ai-sdk/replicate, /luma and /bytedance, with nothing changed but their base URLs. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createByteDance } from '@ai-sdk/bytedance';
import { createLuma } from '@ai-sdk/luma';
import { createReplicate } from '@ai-sdk/replicate';
import { generateImage, experimental_generateVideo as generateVideo } from 'ai';
import { cleanUp } from './gateway.ts';
import {
  expectBooksBalance,
  fileKind,
  jobsOf,
  openPlace,
  type Place,
  refusalOf,
} from './media-place.ts';

const RUN_MS = 20_000;
const SCHNELL = 'black-forest-labs/flux-schnell';
const SEEDREAM = 'doubao-seedream-4-5-251128';
const SEEDANCE = 'doubao-seedance-1-0-pro-250528';
const POLL = { intervalMs: 50, timeoutMs: 10_000 };

let place: Place;

beforeAll(async () => {
  place = await openPlace({ vendors: ['ark', 'luma', 'replicate'] });
});
afterAll(cleanUp);

const replicate = (apiToken = place.key) =>
  createReplicate({ apiToken, baseURL: `${place.gateway.url}/replicate/v1` });
// It adds the rest of the vendor's path by itself.
const luma = (apiKey = place.gateway.key) =>
  createLuma({ apiKey, baseURL: `${place.gateway.url}/luma` });
const byteDance = (apiKey = place.key) =>
  createByteDance({ apiKey, baseURL: `${place.gateway.url}/api/v3` });

/** `ai` itself fetches no file from a loopback address. */
async function download({ url }: { readonly url: URL }) {
  expect(url.href).toStartWith(`${place.gateway.url}/results/`);
  const response = await fetch(url);
  const data = new Uint8Array(await response.arrayBuffer());
  return { data, mediaType: response.headers.get('content-type') ?? undefined };
}

describe('@ai-sdk/replicate', () => {
  test(
    'draws pictures',
    async () => {
      const drawn = await generateImage({
        ...{ model: replicate().image(SCHNELL), prompt: 'a red boat', n: 2 },
        aspectRatio: '16:9',
      });
      expect(drawn.images.map(({ uint8Array }) => fileKind(uint8Array))).toEqual(['png', 'png']);
      // One picture a call, as the package has it.
      expect(await jobsOf(place, 'a red boat')).toHaveLength(2);
    },
    RUN_MS,
  );

  test(
    'makes a video and polls for it',
    async () => {
      const made = await generateVideo({
        ...{ model: replicate().video('minimax/video-01'), prompt: 'waves', poll: POLL, download },
      });
      expect(fileKind(made.video.uint8Array)).toBe('mp4');
    },
    RUN_MS,
  );

  test(
    'makes a video and is told when it is ready',
    async () => {
      const heard = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
      const receiver = Bun.serve({
        ...{ port: 0, hostname: '127.0.0.1' },
        async fetch(request) {
          const headers = Object.fromEntries(request.headers);
          heard.resolve({ headers, body: await request.text() });
          return new Response();
        },
      });
      const made = await generateVideo({
        ...{ model: replicate().video('minimax/video-01'), prompt: 'told', download },
        webhook: async () => ({ url: receiver.url.href, received: heard.promise }),
      });
      await receiver.stop(true);
      expect(fileKind(made.video.uint8Array)).toBe('mp4');
    },
    RUN_MS,
  );

  test(
    'hears of failures, refusals and a wrong key',
    async () => {
      const draw = (prompt: string, key?: string) =>
        generateImage({ model: replicate(key).image(SCHNELL), prompt, maxRetries: 0 });
      expect(String(await refusalOf(draw('sandbox-moderate')))).toContain('NSFW');
      expect(await refusalOf(draw('x', 'gw-wrong'))).toMatchObject({ statusCode: 401 });
      const options = { replicate: { num_outputs: 9 } };
      const model = replicate().image(SCHNELL);
      const odd = generateImage({ model, prompt: 'x', providerOptions: options, maxRetries: 0 });
      expect(await refusalOf(odd)).toMatchObject({ statusCode: 422 });
    },
    RUN_MS,
  );
});

describe('@ai-sdk/luma', () => {
  test(
    'draws a picture',
    async () => {
      const model = luma().image('photon-1');
      const options = { luma: { pollIntervalMillis: 50 } };
      const ask = { model, prompt: 'a cliff', providerOptions: options } as const;
      const { image } = await generateImage({ ...ask, aspectRatio: '16:9' });
      expect(fileKind(image.uint8Array)).toBe('png');
      const failed = generateImage({ ...ask, prompt: 'sandbox-moderate', maxRetries: 0 });
      expect(String(await refusalOf(failed))).toContain('Image generation failed');
      const wrong = generateImage({
        ...{ model: luma('gw-wrong').image('photon-1'), prompt: 'x', maxRetries: 0 },
      });
      expect(await refusalOf(wrong)).toMatchObject({ statusCode: 401 });
    },
    RUN_MS,
  );
});

describe('@ai-sdk/bytedance', () => {
  const film = (prompt: string, key?: string) =>
    generateVideo({
      ...{ model: byteDance(key).video(SEEDANCE), prompt, download, maxRetries: 0 },
      ...{ resolution: '864x480', aspectRatio: '16:9', duration: 5 },
      providerOptions: { bytedance: { pollIntervalMs: 50, watermark: false } },
    });

  test(
    'makes a video, and is told what was used',
    async () => {
      const made = await film('a boat');
      expect(fileKind(made.video.uint8Array)).toBe('mp4');
      const { taskId, usage } = made.providerMetadata.bytedance as {
        taskId: string;
        usage: { completion_tokens: number };
      };
      expect(usage.completion_tokens).toBeGreaterThan(0);
      const [job] = await jobsOf(place, 'a boat');
      expect(job?.id).not.toBe(taskId);
    },
    RUN_MS,
  );

  test(
    'draws a picture',
    async () => {
      const model = byteDance().image(SEEDREAM);
      const { image } = await generateImage({ model, prompt: 'a harbour', size: '2048x2048' });
      expect(fileKind(image.uint8Array)).toBe('png');
    },
    RUN_MS,
  );

  test(
    'hears of failures, refusals and a wrong key',
    async () => {
      // The reason that stands in the answer is none of what this package reads.
      const failed = await refusalOf(film('sandbox-moderate'));
      expect(String(failed)).toMatch(/Video generation failed: .*"status":"failed"/);
      const refused = await refusalOf(film('sandbox-refuse'));
      expect(refused).toMatchObject({ statusCode: 400 });
      expect(String(refused)).toContain('sensitive information');
      expect(await refusalOf(film('x', 'gw-wrong'))).toMatchObject({ statusCode: 401 });
    },
    RUN_MS,
  );
});

test('in the end the books balance', async () => {
  const calls = await expectBooksBalance(place);
  const charged = calls.filter(({ charge }) => charge !== '0').map(({ model }) => model);
  expect(charged.sort()).toEqual(
    [SCHNELL, SCHNELL, SEEDANCE, SEEDREAM, 'minimax/video-01', 'minimax/video-01'].sort(),
  );
});
