/** The PyPI package `openai`: python/images_client.py makes and edits pictures at six vendors. */
import { afterAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { cleanUp, launch } from './gateway.ts';
import { EDITORS, expectBalanced, openPlace, ROWS } from './images-place.ts';

const SCRIPT = join(import.meta.dir, 'python', 'images_client.py');
const RUN_MS = 120_000;
const CHECKS = [
  ...ROWS.flatMap(({ vendor }) => [
    `generates ${vendor}`,
    `links ${vendor}`,
    `is_moderated ${vendor}`,
  ]),
  ...EDITORS.map(({ vendor }) => `edits ${vendor}`),
  ...['edits several under a mask', 'streams', 'tells what is wrong'],
];
const line = z.object({ check: z.string(), failure: z.string().nullable() });

async function runChecks(): Promise<ReadonlyMap<string, string | null>> {
  const { gateway, key } = await openPlace();
  const { child, out, err } = launch([findPython() ?? 'python3', SCRIPT], {
    env: {
      ...{ BASE: gateway.url, KEY: key, KEY_FREE: gateway.key },
      ...{ ROWS: JSON.stringify(ROWS), EDITORS: JSON.stringify(EDITORS) },
    },
  });
  const code = await child.exited;
  await Bun.sleep(20);
  if (code !== 0) throw new Error(`the script ended with ${code}: ${err()}`);
  await expectBalanced(gateway);
  const read = out()
    .trim()
    .split('\n')
    .map((text) => line.parse(JSON.parse(text)));
  return new Map(read.map(({ check, failure }) => [check, failure]));
}

let results: Promise<ReadonlyMap<string, string | null>> | undefined;
const run = (): Promise<ReadonlyMap<string, string | null>> => {
  results ??= runChecks();
  return results;
};

afterAll(cleanUp);

describe('pictures with the client of PyPI', () => {
  for (const check of CHECKS) {
    needs('python-openai')(
      check,
      async () => {
        expect((await run()).get(check)).toBeNull();
      },
      RUN_MS,
    );
  }
});
