/** The list of models in its three shapes, with those that are served as tasks only. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Model } from '../../src/catalog/shape.ts';
import { makeTaskRoutes } from '../../src/tasks/routes.ts';
import { ninth } from '../tasks/ninth-vendor.ts';
import { ask, type Edge, startEdge } from './rig.ts';

const SOUP: Model = {
  id: 'soup',
  maker: 'kitchen',
  kind: 'video',
  contextTokens: 0,
  outputTokensMax: 0,
  abilities: { tools: false, images: true, json: 'none', reasoning: false },
  offers: [{ vendor: 'ninth', wireName: 'soup-of-the-day' }],
  aliases: ['broth'],
};
const CATALOG = {
  find: (name: string) => (name === 'soup' || name === 'broth' ? SOUP : undefined),
  list: () => [SOUP],
};
const KITCHEN = { id: 'ninth', vendor: ninth, baseUrl: ninth.baseUrl, credential: 'knife' };

let edge: Edge;
let key: string;

beforeAll(async () => {
  const upstreams = [{ ...KITCHEN, priority: 0, weight: 1 }];
  edge = await startEdge({ slow: await makeTaskRoutes(CATALOG, upstreams, async () => null) });
  key = await edge.mint();
});
afterAll(() => edge.stop());

async function read(path: string, headers: Record<string, string>) {
  const told = await ask(edge, path, { headers });
  return { status: told.status, code: told.code, body: JSON.parse(told.text) };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const TASKS = { kind: 'video', abilities: { images: true, tasks: ['text_to_video'] } };

describe('a model that is served as tasks only', () => {
  test('stands in the list of each format, with its kind and what it does', async () => {
    const plain = await read('/v1/models', bearer(key));
    expect(plain.body.data.map(({ id }: Model) => id)).toEqual(['m', 'other', 'soup']);
    expect(plain.body.data[2]).toMatchObject({ ...TASKS, owned_by: 'kitchen', object: 'model' });
    expect(plain.body.data[0]).toMatchObject({ kind: 'chat', abilities: { tasks: [] } });
    const messages = await read('/v1/models', {
      ...{ 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    });
    expect(messages.body).toMatchObject({ has_more: false, last_id: 'soup' });
    expect(messages.body.data[2]).toMatchObject({ ...TASKS, type: 'model', id: 'soup' });
    for (const path of ['/v1/models', '/v1beta/models']) {
      const { models } = (await read(path, { 'x-goog-api-key': key })).body;
      expect(models[0]?.supportedGenerationMethods).toContain('generateContent');
      expect(models[2]).toMatchObject({
        ...{ ...TASKS, name: 'models/soup', supportedGenerationMethods: [] },
      });
    }
    const door = await read('/api/v3/models', bearer(key));
    expect(door.body.data.map(({ id }: Model) => id)).toContain('soup');
  });

  test('is shown alone, by each of its names', async () => {
    for (const name of ['soup', 'broth', 'ninth/soup']) {
      const one = await read(`/v1/models/${name}`, bearer(key));
      expect(one.body).toMatchObject({ ...TASKS, id: 'soup' });
    }
    const content = await read('/v1beta/models/soup', { 'x-goog-api-key': key });
    expect(content.body).toMatchObject({ ...TASKS, name: 'models/soup' });
    expect(await read('/v1/models/stew', bearer(key))).toMatchObject({
      ...{ status: 404, code: 'model_not_found' },
    });
  });

  test('is seen by keys that may use it, and by no others', async () => {
    const chatOnly = bearer(await edge.mint({ models: ['m'] }));
    const soupOnly = bearer(await edge.mint({ models: ['soup'] }));
    const ids = async (headers: Record<string, string>) =>
      (await read('/v1/models', headers)).body.data.map(({ id }: Model) => id);
    expect(await ids(chatOnly)).toEqual(['m']);
    expect(await ids(soupOnly)).toEqual(['soup']);
    expect((await read('/v1/models/broth', chatOnly)).status).toBe(404);
    expect((await read('/v1/models/soup', soupOnly)).status).toBe(200);
    expect((await read('/v1/models/m', soupOnly)).status).toBe(404);
  });
});
