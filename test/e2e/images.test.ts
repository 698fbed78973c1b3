/** npm `openai`, with nothing changed but its base URL: pictures from every vendor of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import { makePicture } from '../../sandbox/tasks/pictures.ts';
import { cleanUp } from './gateway.ts';
import {
  askedFor,
  clientOf,
  EDITORS,
  expectBalanced,
  fromBase64,
  type ImagePlace,
  openPlace,
  ROWS,
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

const file = (seed: number) => {
  const { bytes } = makePicture({ seed, width: 512, height: 512, format: 'png' });
  return toFile(bytes, `${seed}.png`, { type: 'image/png' });
};

async function refusalOf(work: Promise<unknown>) {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OpenAI.APIError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

describe.each(ROWS.map((row) => [row.vendor, row] as const))('images.generate at %s', (_, row) => {
  test(
    'makes a picture of the size that was asked for',
    async () => {
      const client = clientOf(place, row);
      const prompt = `a boat for ${row.vendor}`;
      const made = await client.images.generate({ model: row.model, prompt, ...row.shape });
      expect(made.data).toHaveLength(1);
      expect(sizeOf(fromBase64(made.data?.[0]?.b64_json))).toBe(row.size);
      expect([made.size, made.output_format]).toEqual([row.size, 'png']);
    },
    RUN_MS,
  );

  test(
    'gives a link that leads here and needs no key',
    async () => {
      const client = clientOf(place, row);
      const body = { model: row.model, prompt: 'a link', response_format: 'url' } as const;
      const { data } = await client.images.generate({ ...body, ...row.shape });
      const url = data?.[0]?.url ?? '';
      expect(url).toStartWith(`${place.gateway.url}/results/`);
      const response = await fetch(url);
      expect(response.headers.get('content-type')).toBe('image/png');
      expect(sizeOf(new Uint8Array(await response.arrayBuffer()))).toBe(row.size);
    },
    RUN_MS,
  );

  test(
    'what moderation refused is a BadRequestError, and costs nothing',
    async () => {
      const client = clientOf(place, row);
      const body = { model: row.model, prompt: row.refuse, ...row.shape };
      const error = await refusalOf(client.images.generate(body));
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error.headers?.get('x-gangway-task')).toStartWith('task_');
    },
    RUN_MS,
  );

  test('what its vendor cannot take is refused by name', async () => {
    const client = clientOf(place, row);
    const fields = {
      openai: { seed: 1 },
      ark: { quality: 'high' },
      bfl: { n: 2 },
      kling: { size: '1024x1024' },
      replicate: { background: 'transparent' },
      'volc-visual': { output_format: 'webp' },
    }[row.vendor] as Record<string, string>;
    const body = { model: row.model, prompt: 'never sent', ...fields };
    const error = await refusalOf(client.images.generate(body));
    const [param] = Object.keys(fields);
    expect([error.status, error.code, error.param]).toEqual([400, 'unsupported_parameter', param]);
    if (param === 'size') expect(error.message).toContain('Say aspect_ratio');
    expect(await askedFor(place.sandbox, 'never sent')).toEqual([]);
  });
});

describe.each(EDITORS.map((row) => [row.vendor, row] as const))('images.edit at %s', (_, row) => {
  test(
    'makes a picture of one that is handed in',
    async () => {
      const prompt = `edited by ${row.vendor}`;
      const image = await file(1);
      const made = await clientOf(place, row).images.edit({ model: row.model, prompt, image });
      expect(sizeOf(fromBase64(made.data?.[0]?.b64_json))).toMatch(/^\d+x\d+$/);
      // The sandbox keeps no list of what is asked of Ark's pictures.
      const asked = row.vendor === 'ark' ? 0 : 1;
      expect(await askedFor(place.sandbox, prompt)).toHaveLength(asked);
    },
    RUN_MS,
  );
});

describe('images of OpenAI', () => {
  const model = 'gpt-image-2.6-sunburst';

  test(
    'several, as WebP, with all of its own fields, and what was counted',
    async () => {
      const prompt = 'two boats, in every detail';
      const made = await clientOf(place).images.generate({
        ...{ model, prompt, n: 2, size: '1024x1536', quality: 'low', background: 'opaque' },
        ...{ output_format: 'webp', output_compression: 80, moderation: 'low' },
        ...{ complexity: 'high', user: 'caller-7' },
      });
      const sizes = made.data?.map(({ b64_json }) => sizeOf(fromBase64(b64_json)));
      expect(sizes).toEqual(['1024x1536', '1024x1536']);
      expect(made).toMatchObject({
        ...{ output_format: 'webp', quality: 'low', background: 'opaque' },
        usage: {
          ...{ input_tokens: 7, output_tokens: 816, total_tokens: 823 },
          input_tokens_details: { text_tokens: 7, image_tokens: 0 },
        },
      });
      const [asked] = await askedFor(place.sandbox, prompt);
      expect(asked?.request).toMatchObject({ n: 2, output_compression: 80, moderation: 'low' });
      expect(asked?.request).toMatchObject({ complexity: 'high', safety_identifier: 'caller-7' });
    },
    RUN_MS,
  );

  test(
    'edits two files under a mask',
    async () => {
      const prompt = 'both of them, but for the sky';
      const images = [await file(1), await file(2)];
      const made = await clientOf(place).images.edit({
        ...{ model: 'gpt-image-1.5', prompt, image: images, mask: await file(3) },
        ...{ input_fidelity: 'high', size: '1024x1024', output_format: 'jpeg', n: 1 },
      });
      const bytes = fromBase64(made.data?.[0]?.b64_json);
      expect([...bytes.slice(0, 2)]).toEqual([0xff, 0xd8]);
      expect(sizeOf(bytes)).toBe('1024x1024');
      expect(made.usage?.input_tokens_details.image_tokens).toBe(969);
      const [asked] = await askedFor(place.sandbox, prompt);
      expect(asked?.request).toMatchObject({ inputs: 3, input_fidelity: 'high' });
    },
    RUN_MS,
  );

  test(
    'streams the whole picture in its last event',
    async () => {
      const body = { model, prompt: 'streamed', size: '1024x1024', stream: true } as const;
      const events = [];
      for await (const event of await clientOf(place).images.generate(body)) events.push(event);
      expect(events).toHaveLength(1);
      const [event] = events;
      if (event?.type !== 'image_generation.completed') throw new Error('not the completed one');
      expect(sizeOf(fromBase64(event.b64_json))).toBe('1024x1024');
      expect(event).toMatchObject({ output_format: 'png', usage: { output_tokens: 1_056 } });
    },
    RUN_MS,
  );

  test(
    'an edit streams under its own name, and a failure is an error of the stream',
    async () => {
      const client = clientOf(place);
      const image = await file(4);
      const edit = { model, image, prompt: 'streamed edit', stream: true } as const;
      const types = [];
      for await (const { type } of await client.images.edit(edit)) types.push(type);
      expect(types).toEqual(['image_edit.completed']);
      const bad = { model, prompt: 'sandbox-moderate', stream: true } as const;
      const drain = async () => {
        for await (const _ of await client.images.generate(bad));
      };
      const error = await refusalOf(drain());
      expect(error.code).toBe('moderation_blocked');
    },
    RUN_MS,
  );

  test('the vendor’s own code of a refusal reaches the client', async () => {
    const body = { model, prompt: 'sandbox-refuse' };
    const error = await refusalOf(clientOf(place).images.generate(body));
    expect([error.status, error.code]).toEqual([400, 'moderation_blocked']);
    expect(error.message).toContain('safety system');
  });
});

describe('wrong input', () => {
  const model = 'gpt-image-2.6-flare';

  test.each([
    ['n', { n: 11 }, 'invalid_request'],
    ['prompt', { prompt: '' }, 'invalid_request'],
    ['model', { model: undefined }, 'invalid_request'],
    ['style', { style: 'vivid' }, 'unsupported_parameter'],
    ['guidance_scale', { guidance_scale: 3 }, 'unsupported_parameter'],
    ['partial_images', { stream: true, partial_images: 2 }, 'unsupported_parameter'],
    ['response_format', { stream: true, response_format: 'url' }, 'unsupported_parameter'],
    ['output_format', { output_format: 'gif' }, 'invalid_request'],
    ['provider_options.n', { provider_options: { n: 10 } }, 'unsupported_parameter'],
    ['provider_options.stream', { provider_options: { stream: true } }, 'unsupported_parameter'],
    ['model', { model: 'kling-v2-1' }, 'wrong_model_kind'],
    ['model', { model: 'gpt-image-9' }, 'model_not_found'],
    ['images', { images: [{ file_id: 'file-1' }] }, 'unsupported_parameter'],
    ['image', { image: 'ftp://example.com/a.png' }, 'invalid_request'],
  ])('%s: %p is %s', async (param, fields, code) => {
    const body = { model, prompt: 'never', ...fields } as OpenAI.ImageGenerateParamsNonStreaming;
    const error = await refusalOf(clientOf(place).images.generate(body));
    expect([error.code, error.param]).toEqual([code, param]);
  });

  test('an edit needs a picture, and a mask needs a vendor that takes it', async () => {
    const ask = (body: object) =>
      refusalOf(clientOf(place).post('/images/edits', { body: { prompt: 'x', ...body } }));
    expect((await ask({ model })).param).toBe('image');
    const ref = { image_url: 'https://example.com/a.png' };
    for (const { model, free } of EDITORS.slice(1)) {
      const body = { prompt: 'x', model, images: [ref], mask: ref };
      const asking = clientOf(place, free === true ? { free } : {}).post('/images/edits', { body });
      const told = { code: 'unsupported_parameter', param: 'mask' };
      expect(await refusalOf(asking)).toMatchObject(told);
    }
    const many = { model: 'kling-image-v2-1', images: [ref, ref] };
    expect(await ask(many)).toMatchObject({ code: 'unsupported_parameter', param: 'image' });
  });

  test('an edit as JSON goes on with the links that it names', async () => {
    const images = [{ image_url: 'https://example.com/a.png' }];
    const body = { model: 'gpt-image-1.5', prompt: 'by its link', images };
    const made = (await clientOf(place).post('/images/edits', { body })) as OpenAI.ImagesResponse;
    expect(made.data).toHaveLength(1);
  });
});
