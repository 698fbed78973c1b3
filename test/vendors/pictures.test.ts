/** What pictures can cost at most, against what the pretended vendor counts. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import type { Json } from '../../src/kit/json.ts';
import { arkPictures } from '../../src/vendors/ark/pictures.ts';
import { results } from '../../src/vendors/bfl/results.ts';
import type { Job, JobParams } from '../../src/vendors/job.ts';
import { pictures } from '../../src/vendors/openai/pictures.ts';

const JOB: Job = {
  ...{ kind: 'text_to_image', wireName: 'gpt-image-2.6-sunburst', prompt: '一只猫 on a gangway' },
  ...{ negativePrompt: null, media: [], params: {}, options: {}, native: null, source: null },
  ...{ ownId: 'own-1', callbackUrl: null },
};
const IMAGE = { type: 'image', role: 'reference', url: 'data:image/png;base64,AAAA' } as const;

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ jobMs: 1 });
});
afterAll(() => sandbox.stop());

async function draw(job: Job) {
  const { path, body } = pictures.start(job);
  const response = await fetch(`${sandbox.url}/openai/v1${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sandbox-openai-key' },
    body: JSON.stringify(body),
  });
  const reply = { status: response.status, body: (await response.json()) as Json };
  const started = pictures.started(reply, job);
  if (started === null || !('accepted' in started)) throw new Error(JSON.stringify(reply.body));
  return started;
}

const QUALITIES = ['low', 'medium', 'high', 'xhigh', 'max'];
const SIZES = ['1024x1024', '1536x1024', '1024x1536', '2560x1440', '3840x2160', '512x512'];

describe('GPT Image', () => {
  test.each(QUALITIES.flatMap((quality) => SIZES.map((size) => [quality, size] as const)))(
    '%s at %s costs no more than is held',
    async (quality, size) => {
      const params: JobParams = { quality, size, count: 2 };
      const job = { ...JOB, params, media: [IMAGE, { ...IMAGE, role: 'mask' }] };
      const { accepted, reading } = await draw(job);
      expect(accepted.id).toBe('own-1');
      expect(reading?.outputs).toHaveLength(2);
      const { inputTokens = 0, outputTokens = 0, units = {} } = reading?.used ?? {};
      const most = pictures.bound(job);
      expect(outputTokens).toBeGreaterThan(0);
      expect(outputTokens).toBeLessThanOrEqual(most.outputTokens ?? 0);
      expect(inputTokens).toBeLessThanOrEqual(most.inputTokens ?? 0);
      for (const [unit, count] of Object.entries(units)) {
        expect(count).toBeLessThanOrEqual(most.units?.[unit] ?? 0);
      }
    },
  );

  test('nothing is said to be used where the vendor does not say it', () => {
    const body = { data: [{ b64_json: 'AAAA' }], output_format: 'jpeg' };
    const started = pictures.started({ status: 200, body }, JOB);
    expect(started).toMatchObject({
      reading: { outputs: [{ url: 'data:image/jpeg;base64,AAAA' }] },
    });
    expect(JSON.stringify(started)).not.toContain('used');
    const wrongs: Json[] = [null, {}, { data: [] }, { data: [{}] }];
    for (const wrong of wrongs) {
      expect(pictures.started({ status: 200, body: wrong }, JOB)).toBeNull();
    }
  });

  test('a bound cannot be talked down by fields of the vendor’s own', () => {
    const options = { size: '3840x2160', quality: 'max' };
    const most = pictures.bound({ ...JOB, params: { quality: 'low' }, options }).outputTokens ?? 0;
    expect(most).toBeGreaterThan(50_000);
    expect(() => pictures.start({ ...JOB, options: { stream: true } })).toThrow();
  });
});

describe('Flux', () => {
  test.each([
    [{ params: { size: '2048x1024' } }, 1],
    [{ options: { width: 2_048, height: 2_048 } }, 3],
    [{ params: { size: '512x512' }, options: { width: 4_096, height: 1_024 } }, 3],
    [{}, 0],
  ])('%p is held for %d megapixels more than the first', (more, megapixels) => {
    const job = { ...JOB, wireName: 'flux-2-pro', ...more };
    const units = { image: 1, more_megapixels: megapixels };
    expect(results.bound(job)).toEqual({ units });
  });
});

describe('Ark', () => {
  const job = { ...JOB, wireName: 'doubao-seedream-4-5-251128' };
  const group = (max?: number): Job['options'] => ({
    sequential_image_generation: 'auto',
    ...(max === undefined ? {} : { sequential_image_generation_options: { max_images: max } }),
  });

  test.each([
    [{}, 0, 1],
    [group(), 0, 15],
    [group(), 4, 11],
    [group(3), 0, 3],
    [group(15), 10, 5],
  ] as const)('%p with %d pictures is held for %d', (options, given, image) => {
    const media = Array.from({ length: given }, () => IMAGE);
    expect(arkPictures.bound({ ...job, options, media })).toEqual({ units: { image } });
  });

  test('counts what was made, and tells why nothing was', () => {
    const error = { code: 'OutputImageSensitiveContentDetected', message: 'No.' };
    const url = 'https://ark.test/1.png';
    const data: Json = [{ error }, { url }];
    const some = { data, usage: { generated_images: 1 } };
    expect(arkPictures.started({ status: 200, body: some }, job)).toMatchObject({
      reading: { outputs: [{ url }], used: { units: { image: 1 } } },
    });
    const none = { data: [{ error }], usage: { generated_images: 0 } };
    expect(arkPictures.started({ status: 200, body: none }, job)).toEqual({
      refused: { code: error.code, message: 'No.', cause: 'caller' },
    });
  });

  test.each([
    [{ params: { count: 2 } }, 'params.n'],
    [{ params: { outputFormat: 'png' } }, 'params.output_format'],
    [{ params: { size: '2K', resolution: '2K' } }, 'params.resolution'],
    [{ params: { aspectRatio: '1:1' } }, 'params.aspect_ratio'],
    [{ options: { stream: true } }, 'provider_options.stream'],
    [{ media: [IMAGE, { ...IMAGE, role: 'mask' }] }, 'input.media[1].role'],
  ])('refuses %p', (more, param) => {
    const start = () => arkPictures.start({ ...job, ...more });
    expect(start).toThrow(expect.objectContaining({ detail: expect.objectContaining({ param }) }));
  });
});
