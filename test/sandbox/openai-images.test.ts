/** The pretended images of OpenAI refuse what the real ones refuse, and draw real files. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { sidesOf } from '../../src/tasks/picture-facts.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ jobMs: 20 });
});
afterAll(() => sandbox.stop());

const KEY = 'sandbox-openai-key';
const REF = { image_url: 'data:image/png;base64,AAAA' };

async function ask(place: string, body: object, key = KEY) {
  const response = await fetch(`${sandbox.url}/openai/v1/images/${place}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'gpt-image-2.5-flare', prompt: 'a boat', ...body }),
  });
  const read = (await response.json()) as {
    data: { b64_json: string }[];
    error: { code: string; param: string | null };
    usage: { output_tokens: number };
  };
  return { status: response.status, ...read };
}

describe('generations', () => {
  test.each(['png', 'jpeg', 'webp'])('draws %s of the size that is wanted', async (format) => {
    const body = { size: '1536x864', output_format: format, n: 2, quality: 'low' };
    const { data, usage } = await ask('generations', body);
    expect(data).toHaveLength(2);
    for (const { b64_json } of data) {
      const file = Buffer.from(b64_json, 'base64');
      expect(sidesOf(`image/${format}`, file)).toEqual({ width: 1_536, height: 864 });
    }
    expect(usage.output_tokens).toBe(2 * Math.ceil((272 * 1_536 * 864) / 1_024 ** 2));
  });

  test.each<[object, readonly (string | number | null)[]]>([
    [{ prompt: undefined }, [400, 'invalid_value', 'prompt']],
    [{ model: 'dall-e-3' }, [404, 'model_not_found', 'model']],
    [{ model: 'gpt-image-1' }, [404, 'model_not_found', 'model']],
    [{ n: 11 }, [400, 'invalid_value', 'n']],
    [{ n: '2' }, [400, 'invalid_type', 'n']],
    [{ size: '1000x1000' }, [400, 'invalid_value', 'size']],
    [{ size: '3840x1024' }, [400, 'invalid_value', 'size']],
    [{ model: 'gpt-image-1.5', size: '1536x864' }, [400, 'invalid_value', 'size']],
    [{ model: 'gpt-image-2', quality: 'max' }, [400, 'invalid_value', 'quality']],
    [{ response_format: 'url' }, [400, 'unknown_parameter', 'response_format']],
    [{ style: 'vivid' }, [400, 'unknown_parameter', 'style']],
    [{ background: 'transparent', output_format: 'jpeg' }, [400, 'invalid_value', 'background']],
    [{ output_compression: 50 }, [400, 'invalid_value', 'output_compression']],
    [{ prompt: 'sandbox-refuse' }, [400, 'moderation_blocked', null]],
    [{ prompt: 'sandbox-moderate' }, [400, 'moderation_blocked', null]],
    [{ prompt: 'sandbox-balance' }, [429, 'insufficient_quota', null]],
    [{ prompt: 'sandbox-broken' }, [500, 'server_error', null]],
  ])('refuses %p', async (body, wanted) => {
    const told = await ask('generations', body);
    expect([told.status, told.error.code, told.error.param]).toEqual([...wanted]);
  });

  test('knows its key', async () => {
    expect(await ask('generations', {}, 'another')).toMatchObject({
      ...{ status: 401, error: { code: 'invalid_api_key' } },
    });
  });
});

describe('edits', () => {
  test('take one to sixteen pictures and a mask', async () => {
    const { data } = await ask('edits', { images: [REF, REF], mask: REF });
    expect(data).toHaveLength(1);
  });

  test.each([
    [{}, 'images'],
    [{ images: [] }, 'images'],
    [{ images: Array.from({ length: 17 }, () => REF) }, 'images'],
    [{ images: [{ ...REF, file_id: 'file-1' }] }, 'images[0]'],
    [{ images: [{ image_url: 'not a link' }] }, 'images[0].image_url'],
    [{ images: [REF], mask: {} }, 'mask'],
    [{ images: [REF], input_fidelity: 'high' }, 'input_fidelity'],
  ])('refuse %p', async (body, param) => {
    const told = await ask('edits', body);
    expect([told.status, told.error.param]).toEqual([400, param]);
  });
});
