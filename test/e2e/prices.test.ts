/** Models without a list price, sold at the operator's own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { z } from 'zod';
import { createKey } from './books.ts';
import {
  cleanUp,
  type Gateway,
  keepYaml,
  makeFolder,
  runCli,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';

const OVER_MS = 25_000;
const RUN_MS = 90_000;
const task = z.object({
  id: z.string(),
  status: z.string(),
  call_id: z.string(),
  cost: z.object({ estimated: z.string(), final: z.string().nullable() }),
});

let sandbox: string;
let data: string;
let key: string;
let gateway: Gateway;

const yaml = (task: string): string =>
  [
    'vendors:',
    `  midjourney: { base_url: "${sandbox}/midjourney", key: sandbox-mj-secret }`,
    `  runway: { base_url: "${sandbox}/runwayml", key: sandbox-runway-key }`,
    'prices:',
    `  midjourney: { units: { task: "${task}" } }`,
    '  runway-gen4.5: { units: { video_s: "0.02" } }',
    '  runway-veo3: { units: { run: "0.02" } }',
    'tasks: { pace_percent: 5 }',
    'results: { keep: false }',
    'log_level: warn',
  ].join('\n');

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', '5000')).url;
  data = makeFolder();
  gateway = await startGateway({ data, yaml: yaml('0.75') });
  await gateway.cli('accounts', 'create', 'team', '--balance', '1');
  key = (await createKey(gateway, '--account', 'team')).key;
});
afterAll(cleanUp);

async function ask(path: string, body?: object) {
  const response = await fetch(gateway.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as unknown };
}

const wish = { model: 'midjourney', input: { prompt: 'a lighthouse' } };

function over(id: string) {
  return until(
    async () => {
      const seen = task.parse((await ask(`/v1/tasks/${id}`)).json);
      return seen.status === 'succeeded' ? seen : undefined;
    },
    'the task has succeeded',
    OVER_MS,
  );
}

describe('a model without a list price', () => {
  test(
    'is sold to limited accounts at the operator’s own, over a change of it',
    async () => {
      const made = await ask('/v1/tasks', wish);
      expect(made.status).toBe(202);
      const first = task.parse(made.json);
      expect(first.cost.estimated).toBe('0.75');
      // Another one does not fit into what is left beside the hold.
      expect((await ask('/v1/tasks', wish)).status).toBe(402);
      expect(await gateway.cli('usage', 'calls', '--account', 'team')).toMatchObject([
        { state: 'open', model: 'midjourney', kind: 'text_to_image', hold: '0.75', task: first.id },
      ]);
      expect(await gateway.cli('audit')).toMatchObject({ open_holds: 1, task_holds: 1 });
      await gateway.kill();
      gateway = await startGateway({ data, yaml: yaml('0.20') });
      expect((await over(first.id)).cost.final).toBe('0.75');
      const second = task.parse((await ask('/v1/tasks', wish)).json);
      expect((await over(second.id)).cost).toMatchObject({ estimated: '0.2', final: '0.2' });
      const left = z.object({ balance: z.string(), held: z.string() });
      const seen = left.parse(await gateway.cli('accounts', 'show', 'team'));
      expect(seen).toEqual({ balance: '0.05', held: '0' });
      expect(await gateway.cli('audit')).toMatchObject({ balanced: true });
      const about = { model: 'midjourney', kind: 'text_to_image' };
      const used = { units: { task: 1 }, traits: { mode: 'default' } };
      const { entries } = z
        .object({ entries: z.array(z.record(z.string(), z.unknown())) })
        .parse(await gateway.cli('statement', '--account', 'team'));
      expect(entries.map(({ amount, call }) => ({ amount, call }))).toMatchObject([
        { amount: '1', call: null },
        { amount: '-0.75', call: { ...about, task: first.id, quantities: used } },
        { amount: '-0.2', call: { ...about, task: second.id, quantities: used } },
      ]);
      const sums = await gateway.cli('usage', '--account', 'team');
      expect(sums).toMatchObject([{ model: 'midjourney', calls: 2, units: { task: 2 } }]);
    },
    RUN_MS,
  );

  test(
    'is charged by what the price knows, where the vendor counts in something else',
    async () => {
      await gateway.cli('accounts', 'top-up', 'team', '1');
      const video = (model: string) =>
        ask('/v1/tasks', { model, input: { prompt: 'a boat' }, params: { duration: 5 } });
      const made = task.parse((await video('runway-gen4.5')).json);
      expect((await over(made.id)).cost).toMatchObject({ estimated: '0.1', final: '0.1' });
      const [call] = z
        .array(z.record(z.string(), z.unknown()))
        .parse(await gateway.cli('usage', 'calls', '--limit', '1'));
      expect(call).toMatchObject({
        ...{ charge: '0.1', usageSource: 'estimate', units: { video_ms: 5_000, credit: 60 } },
      });
      const free = await video('runway-veo3');
      expect(free.json).toMatchObject({
        ...{ code: 'no_price', message: expect.stringContaining('counted in video_ms') },
      });
    },
    RUN_MS,
  );

  test(
    'stands in the list with its kind, and `check` reads its price',
    async () => {
      const listed = z.object({ data: z.array(z.object({ id: z.string(), kind: z.string() })) });
      const { data: models } = listed.parse((await ask('/v1/models')).json);
      expect(models).toContainEqual(expect.objectContaining({ id: 'midjourney', kind: 'image' }));
      const good = await runCli(['check', '--config', keepYaml(yaml('1')), '--json']);
      expect(JSON.parse(good.out)).toMatchObject({ ok: true, prices: 3 });
      const bad = await runCli(['check', '--config', keepYaml(yaml('one'))]);
      expect(bad.code).toBe(1);
      expect(bad.err).toContain('prices.midjourney.0.units.task');
    },
    RUN_MS,
  );
});
