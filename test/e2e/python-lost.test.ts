/** As vendor-lost, with the clients of PyPI and their own retries. */
import { afterAll, expect } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { cleanUp, launch } from './gateway.ts';
import {
  expectNoMore,
  expectOneOfEach,
  LOSSES,
  LOST_RUN_MS,
  type LostClient,
  openLossyPlace,
  promptOf,
} from './lost-jobs.ts';

const SCRIPT = join(import.meta.dir, 'python', 'lost_client.py');
const CLIENTS: readonly LostClient[] = [
  { vendor: 'luma', client: 'lumaai', model: 'ray-2' },
  { vendor: 'runway', client: 'runwayml', model: 'runway-veo3.1', held: true },
  { vendor: 'kling', client: 'openai', model: 'kling-v3' },
  { vendor: 'ark', client: 'arkruntime', model: 'doubao-seedance-1-0-pro-fast-251015' },
  { vendor: 'replicate', client: 'replicate', model: 'black-forest-labs/flux-dev' },
];
const said = z.object({ prompt: z.string(), failure: z.string().nullable() });

afterAll(cleanUp);

needs(
  'python-luma',
  'python-runway',
  'python-openai',
  'python-ark',
  'python-replicate',
)(
  'an answer that was lost at the vendor: one task, one job, one charge',
  async () => {
    const place = await openLossyPlace();
    const asks = CLIENTS.flatMap((one) =>
      LOSSES.map((loss) => {
        const model = one.model.replace(/^runway-/, '');
        return [one.client, model, promptOf(loss, one)];
      }),
    );
    const { child, out, err } = launch([findPython() ?? 'python3', SCRIPT], {
      env: {
        ...{ BASE: place.gateway.url, KEY: place.key, OTHER_KEY: '', SANDBOX: place.sandbox },
        ASKS: JSON.stringify(asks),
      },
    });
    expect([await child.exited, err()]).toEqual([0, expect.any(String)]);
    await Bun.sleep(20);
    const lines = out().trim().split('\n');
    const failures = lines.map((line) => said.parse(JSON.parse(line)).failure);
    expect(failures).toEqual(asks.map(() => null));
    for (const one of CLIENTS) await expectOneOfEach(one, place);
    await expectNoMore(CLIENTS, place);
  },
  LOST_RUN_MS * 2,
);
