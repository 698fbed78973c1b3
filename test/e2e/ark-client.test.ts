/** Ark's own Python SDKs, unchanged but for their base URL: python/ark_client.py. */
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { type ArkPlace, startArkPlace } from './ark-place.ts';
import { audit, settledCalls, showAccount } from './books.ts';
import { cleanUp, launch } from './gateway.ts';

const SCRIPT = join(import.meta.dir, 'python', 'ark_client.py');
const RUN_MS = 60_000;

const CHECKS = [...readFileSync(SCRIPT, 'utf8').matchAll(/^@check\ndef (\w+)/gm)].map(
  ([, name]) => name ?? '',
);

const line = z.object({ check: z.string(), failure: z.string().nullable() });

let place: ArkPlace;
beforeAll(async () => {
  place = await startArkPlace();
}, RUN_MS);
afterAll(cleanUp);

async function runChecks(): Promise<ReadonlyMap<string, string | null>> {
  const { child, out, err } = launch([findPython() ?? 'python3', SCRIPT], {
    env: {
      BASE: place.gateway.url,
      KEY: place.gateway.key,
      OTHER_KEY: place.otherKey,
      AK: place.accessKey,
      SK: place.secretKey,
      ENDPOINT: place.endpoint,
    },
  });
  const code = await child.exited;
  await Bun.sleep(20);
  if (code !== 0) throw new Error(`the script ended with ${code}: ${err()}`);
  const lines = out().trim().split('\n');
  return new Map(
    lines.map((text) => {
      const { check, failure } = line.parse(JSON.parse(text));
      return [check, failure];
    }),
  );
}

let results: Promise<ReadonlyMap<string, string | null>> | undefined;
const run = (): Promise<ReadonlyMap<string, string | null>> => {
  results ??= runChecks();
  return results;
};

describe('the SDKs of PyPI', () => {
  for (const check of CHECKS) {
    needs('python-ark')(
      check.replaceAll('_', ' '),
      async () => {
        expect((await run()).get(check)).toBeNull();
      },
      RUN_MS,
    );
  }

  needs('python-ark')(
    'all of it is in the books, and they balance',
    async () => {
      await run();
      const calls = await settledCalls(place.gateway);
      const models = new Set(calls.map(({ model }) => model));
      for (const model of ['bot-support', 'doubao-seedream-4-5-251128']) {
        expect(models).toContain(model);
      }
      expect(calls.filter(({ state }) => state === 'unknown')).toEqual([]);
      expect(await audit(place.gateway)).toMatchObject({ balanced: true, problems: [] });
      expect((await showAccount(place.gateway, 'other')).balance).toBe('5');
    },
    RUN_MS,
  );
});
