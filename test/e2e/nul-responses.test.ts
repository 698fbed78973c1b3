/** A NUL in an id, which PostgreSQL refuses to look for, is an id that is not there. */
import { afterAll, expect } from 'bun:test';
import { needs } from '../needs.ts';
import { type Cluster, startCluster } from '../storage/postgres-cluster.ts';
import { cleanUp, startGateway } from './gateway.ts';

const START_MS = 60_000;
let cluster: Cluster | null = null;

afterAll(async () => {
  await cleanUp();
  cluster?.dispose();
});

needs('postgres')(
  'a response or an item with a NUL in its id was never kept',
  async () => {
    cluster = await startCluster();
    const gateway = await startGateway({ env: { DATABASE_URL: await cluster.createDatabase() } });
    const create = async (path: string, body: object) => {
      const response = await fetch(`${gateway.url}/v1/responses${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}` },
        body: JSON.stringify({ model: 'deepseek/deepseek-v4-pro', input: 'Say hi', ...body }),
      });
      const told = (await response.json()) as { error?: { code: string; param: string } };
      return [response.status, told.error?.code, told.error?.param];
    };
    const missing = [400, 'previous_response_not_found', 'previous_response_id'];
    for (const id of ['\0', `resp_${'0'.repeat(32)}\0`]) {
      expect(await create('', { previous_response_id: id })).toEqual(missing);
      expect(await create('/input_tokens', { previous_response_id: id })).toEqual(missing);
      const input = [{ type: 'item_reference', id }];
      expect(await create('', { input })).toEqual([404, 'resource_not_found', 'input[0]']);
    }
    expect((await create('', { input: 'Say \0', metadata: { '\0': '\0' } }))[0]).toBe(200);
  },
  START_MS,
);
