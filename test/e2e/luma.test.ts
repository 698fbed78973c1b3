/** Luma's own paths beyond its SDK's first steps: what is made out of what, and what is asked. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 20_000;
const CLIP = { url: 'https://videos.test/a.mp4' };

interface Generation {
  readonly id: string;
  readonly state: string;
  readonly detail: string;
  readonly generation_type: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly assets: { readonly video?: string; readonly image?: string } | null;
}

let place: NativePlace;

beforeAll(async () => {
  place = await startNative({
    vendors: { luma: { path: '/luma/dream-machine/v1', key: 'sandbox-luma-key' } },
  });
});
afterAll(cleanUp);

async function ask<T = Generation>(path: string, body?: object, key = place.freeKey) {
  const response = await fetch(`${place.gateway.url}/luma/dream-machine/v1${path}`, {
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  return { status: response.status, said: (await response.json()) as T };
}

const done = (id: string) =>
  until(async () => {
    const { said } = await ask(`/generations/${id}`);
    return said.state === 'completed' ? said : undefined;
  }, `${id} is completed`);

test(
  'videos are modified, reframed, made larger and given a sound',
  async () => {
    const first = await ask('/generations/video', { model: 'ray-2', prompt: 'a boat' });
    expect(first.status).toBe(201);
    await done(first.said.id);
    const made = [
      await ask('/generations/video/modify', {
        ...{ model: 'ray-2', generation_type: 'modify_video', media: CLIP, mode: 'flex_2' },
      }),
      await ask('/generations/video/reframe', {
        ...{ model: 'ray-2', generation_type: 'reframe_video', media: CLIP, aspect_ratio: '9:16' },
      }),
      await ask('/generations/image/reframe', {
        ...{ model: 'photon-1', generation_type: 'reframe_image', aspect_ratio: '1:1' },
        media: { url: 'https://images.test/a.png' },
      }),
      await ask(`/generations/${first.said.id}/upscale`, { resolution: '4k' }),
      await ask(`/generations/${first.said.id}/audio`, { prompt: 'waves' }),
    ];
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const ended = await Promise.all(made.map(({ said }) => done(said.id)));
    for (const { assets } of ended) {
      expect(assets?.video ?? assets?.image).toStartWith(place.gateway.url);
    }
    // The vendor refuses what the gateway does not know better, in its own words and status.
    const wrong = await ask('/generations/video/modify', {
      ...{ model: 'ray-2', generation_type: 'modify_video', media: CLIP, mode: 'wild' },
    });
    expect([wrong.status, wrong.said]).toMatchObject([400, { detail: 'mode is not valid' }]);
  },
  RUN_MS,
);

test(
  'a picture is waited for where the caller wants it in the answer',
  async () => {
    const body = { model: 'photon-1', prompt: 'a boat', sync: true, sync_timeout: 15 };
    const { said } = await ask('/generations/image', body);
    expect(said.state).toBe('completed');
    expect(said.assets?.image).toStartWith(place.gateway.url);
    expect(said.request.sync).toBe(true);
    const [job] = await place.made();
    expect(job?.request.sync).toBeUndefined();
    const slow = { ...body, prompt: 'sandbox-slow', sync_timeout: 0.2 };
    expect(['queued', 'dreaming']).toContain((await ask('/generations/image', slow)).said.state);
  },
  RUN_MS,
);

test('concepts are the vendor’s, for who may use its models; a ping is answered here', async () => {
  const concepts = await ask<readonly string[]>('/generations/concepts/list');
  expect([concepts.status, concepts.said]).toMatchObject([
    200,
    expect.arrayContaining(['orbit_left']),
  ]);
  expect(await ask<object>('/ping')).toEqual({ status: 200, said: { message: 'pong' } });
  const none = await ask('/generations/concepts/list', undefined, 'nobody');
  expect([none.status, typeof none.said.detail]).toEqual([401, 'string']);
});

test(
  'our own API modifies and reframes too',
  async () => {
    for (const [kind, params, sent] of [
      [
        'video_to_video',
        { mode: 'adhere_1' },
        { generation_type: 'modify_video', mode: 'adhere_1' },
      ],
      [
        'reframe',
        { aspect_ratio: '21:9' },
        { generation_type: 'reframe_video', aspect_ratio: '21:9' },
      ],
    ] as const) {
      const media = [{ type: 'video', role: 'base', url: CLIP.url }];
      const response = await fetch(`${place.gateway.url}/v1/tasks`, {
        method: 'POST',
        headers: { authorization: `Bearer ${place.freeKey}` },
        body: JSON.stringify({ model: 'ray-2', kind, params, input: { prompt: kind, media } }),
      });
      expect([response.status, await response.clone().text()]).toEqual([202, expect.any(String)]);
      const [job] = await place.made();
      expect(job?.request).toMatchObject({ ...sent, media: CLIP });
    }
  },
  RUN_MS,
);
