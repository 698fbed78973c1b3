/** Midjourney's smaller paths: seeds, uploads, pictures, queues; and what is not to choose. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cleanUp, until } from './gateway.ts';
import { type NativePlace, startNative } from './native-place.ts';

const RUN_MS = 20_000;
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

interface Said {
  readonly code: number;
  readonly description: string;
  readonly result: string | readonly string[] | null;
  readonly id: string;
  readonly status: string;
  readonly progress: string;
}

let place: NativePlace;

beforeAll(async () => {
  place = await startNative({
    vendors: { midjourney: { path: '/midjourney', key: 'sandbox-mj-secret' } },
    jobMs: 600,
  });
});
afterAll(cleanUp);

const fetchAt = (path: string, body?: object, key = place.freeKey) =>
  fetch(place.gateway.url + path, {
    headers: { 'mj-api-secret': key },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });

async function ask<T = Said>(path: string, body?: object, key = place.freeKey) {
  const response = await fetchAt(path, body, key);
  return { status: response.status, said: (await response.json()) as T };
}

async function drawn(prompt: string): Promise<string> {
  const { said } = await ask('/mj/submit/imagine', { prompt });
  const id = String(said.result);
  await until(async () => {
    const task = (await ask(`/mj/task/${id}/fetch`)).said;
    return task.status === 'SUCCESS' ? task : undefined;
  }, `${id} is drawn`);
  return id;
}

describe('a drawing', () => {
  test(
    'has a seed, which its own account there knows',
    async () => {
      const id = await drawn('a lighthouse');
      for (const prefix of ['/mj', '/mj-fast/mj', '/mj-relax/mj', '/mj-turbo/mj']) {
        const { status, said } = await ask(`${prefix}/task/${id}/image-seed`);
        expect([status, said.code]).toEqual([200, 1]);
        expect(said.result).toMatch(/^\d{10}$/);
      }
      const { said } = await ask('/mj/submit/imagine', { prompt: 'sandbox-slow one' });
      const early = await ask(`/mj/task/${said.result}/image-seed`);
      expect([early.status, early.said.code]).toEqual([200, 4]);
      const other = await ask(`/mj/task/${id}/image-seed`, undefined, place.key);
      expect([other.status, other.said.code]).toEqual([404, 3]);
    },
    RUN_MS,
  );

  test(
    'is served as a picture, to its own account',
    async () => {
      const id = await drawn('a harbour');
      const file = await fetchAt(`/mj/image/${id}`);
      expect([file.status, file.headers.get('content-type')]).toEqual([200, 'image/png']);
      expect(new Uint8Array(await file.arrayBuffer()).slice(1, 4)).toEqual(Buffer.from('PNG'));
      expect((await fetchAt(`/mj/image/${id}`, undefined, place.key)).status).toBe(404);
      expect((await fetch(`${place.gateway.url}/mj/image/${id}`)).status).toBe(401);
      const { said } = await ask('/mj/submit/imagine', { prompt: 'sandbox-slow two' });
      expect((await fetchAt(`/mj/image/${said.result}`)).status).toBe(404);
    },
    RUN_MS,
  );

  test(
    'shows how far it is, and stands in the queue until it is done',
    async () => {
      const { said } = await ask('/mj/submit/imagine', { prompt: 'sandbox-slow three' });
      const id = String(said.result);
      const running = await until(async () => {
        const task = (await ask(`/mj/task/${id}/fetch`)).said;
        return Number.parseInt(task.progress, 10) > 0 ? task : undefined;
      }, 'it is on its way');
      expect(running.status).toBe('IN_PROGRESS');
      expect(Number.parseInt(running.progress, 10)).toBeLessThan(100);
      const queue = (await ask<readonly Said[]>('/mj/task/queue')).said;
      expect(queue.map((one) => one.id)).toContain(id);
      await ask(`/mj/task/${id}/cancel`, {});
      const after = (await ask<readonly Said[]>('/mj/task/queue')).said;
      expect(after.map((one) => one.id)).not.toContain(id);
      const byIds = await ask<readonly Said[]>('/mj/task/list-by-ids', { ids: [id] });
      expect(byIds.said.map((one) => one.id)).toEqual([id]);
    },
    RUN_MS,
  );
});

describe('pictures', () => {
  test('are put where prompts can name them, by those who may draw', async () => {
    const body = { base64Array: [PNG, PNG] };
    const { status, said } = await ask('/mj/submit/upload-discord-images', body);
    expect([status, said.code, said.result]).toEqual([
      200,
      1,
      [expect.stringMatching(/0\.png$/), expect.stringMatching(/1\.png$/)],
    ]);
    const bad = await ask('/mj/submit/upload-discord-images', { base64Array: ['x'] });
    expect([bad.status, bad.said.code]).toEqual([200, 4]);
    const none = await ask('/mj/submit/upload-discord-images', {});
    expect([none.status, none.said.code, none.said.description]).toEqual([
      ...[200, 4, 'base64Array is required.'],
    ]);
    // What has no price is for unlimited accounts, and so is what helps to use it.
    const poor = await ask('/mj/submit/upload-discord-images', body, place.key);
    expect([poor.status, poor.said.code]).not.toEqual([200, 1]);
  });
});

test('the account and the speed are not for callers to choose but by the path', async () => {
  for (const accountFilter of [{ modes: ['TURBO'] }, { instanceId: '1118138338562560102' }]) {
    const { status, said } = await ask('/mj/submit/imagine', { prompt: 'mine', accountFilter });
    expect([status, said.code, said.result]).toEqual([200, 4, null]);
    expect(said.description).toContain('/mj-fast/mj');
  }
  const empty = { instanceId: '', modes: [], remark: '' };
  const { said } = await ask('/mj/submit/imagine', { prompt: 'mine', accountFilter: empty });
  expect(said.code === 1 || said.code === 22).toBe(true);
});
