/** npm `ai` with `@ai-sdk/openai`: generateImage, from words and from pictures. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateImage } from 'ai';
import { makePicture } from '../../sandbox/tasks/pictures.ts';
import { cleanUp } from './gateway.ts';
import {
  EDITORS,
  expectBalanced,
  type ImagePlace,
  openPlace,
  ROWS,
  type Row,
  RUN_MS,
  sizeOf,
} from './images-place.ts';

let place: ImagePlace;

beforeAll(async () => {
  place = await openPlace();
});

afterAll(async () => {
  await expectBalanced(place.gateway);
  await cleanUp();
});

const modelOf = ({ model, free }: Pick<Row, 'model' | 'free'>) => {
  const apiKey = free === true ? place.gateway.key : place.key;
  return createOpenAI({ apiKey, baseURL: `${place.gateway.url}/v1` }).image(model);
};

async function refusalOf(work: Promise<unknown>): Promise<APICallError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!APICallError.isInstance(error)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

type Size = `${number}x${number}`;

describe.each(ROWS.map((row) => [row.vendor, row] as const))('generateImage at %s', (_, row) => {
  const { size } = row.shape as { size?: Size };
  const base = { maxRetries: 0, ...(size === undefined ? {} : { size }) };

  test(
    'makes a picture of the size that was asked for',
    async () => {
      const { image } = await generateImage({ ...base, model: modelOf(row), prompt: 'a boat' });
      expect(image.mediaType).toBe('image/png');
      if (size !== undefined) expect(sizeOf(image.uint8Array)).toBe(row.size);
    },
    RUN_MS,
  );

  test(
    'what moderation refused is an error that is not retried',
    async () => {
      const asking = generateImage({ ...base, model: modelOf(row), prompt: row.refuse });
      expect(await refusalOf(asking)).toMatchObject({ statusCode: 400, isRetryable: false });
    },
    RUN_MS,
  );
});

describe.each(EDITORS.map((row) => [row.vendor, row] as const))('edits at %s', (_, row) => {
  test(
    'makes a picture of one that is handed in',
    async () => {
      const { bytes } = makePicture({ seed: 3, width: 512, height: 512, format: 'png' });
      const prompt = { text: 'another sky', images: [bytes] };
      const { image } = await generateImage({ model: modelOf(row), prompt, maxRetries: 0 });
      expect(sizeOf(image.uint8Array)).toMatch(/^\d+x\d+$/);
    },
    RUN_MS,
  );
});

describe('generateImage', () => {
  const model = 'gpt-image-2';

  test(
    'gives several, with what they used and the provider’s own options',
    async () => {
      const { images, usage, providerMetadata } = await generateImage({
        ...{ model: modelOf({ model }), prompt: 'three boats', n: 3, size: '1024x1024' },
        providerOptions: { openai: { quality: 'low', outputFormat: 'jpeg', user: 'caller-2' } },
      });
      expect(images.map(({ uint8Array }) => sizeOf(uint8Array))).toEqual(
        Array.from({ length: 3 }, () => '1024x1024'),
      );
      expect(images[0]?.mediaType).toBe('image/jpeg');
      expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 816 });
      expect(providerMetadata.openai?.images[0]).toMatchObject({ outputFormat: 'jpeg' });
    },
    RUN_MS,
  );

  test('wrong input is told with the field at fault', async () => {
    const asking = generateImage({
      ...{ model: modelOf({ model: 'flux-pro-1.1' }), prompt: 'x', maxRetries: 0 },
      providerOptions: { openai: { quality: 'high' } },
    });
    const error = await refusalOf(asking);
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false });
    expect(JSON.parse(error.responseBody ?? '')).toMatchObject({ error: { param: 'quality' } });
  });

  test(
    'a wait that is over is not repeated, so nothing is paid twice',
    async () => {
      const own = await openPlace('tasks: { image_wait_ms: 500 }');
      const { key: apiKey, gateway } = own;
      const slow = createOpenAI({ apiKey, baseURL: `${gateway.url}/v1` }).image(model);
      const error = await refusalOf(generateImage({ model: slow, prompt: 'sandbox-slow' }));
      expect(error).toMatchObject({ statusCode: 424, isRetryable: false });
      await expectBalanced(gateway);
      const usage = (await gateway.cli('usage', 'calls')) as unknown[];
      expect(usage).toHaveLength(1);
    },
    RUN_MS,
  );
});
