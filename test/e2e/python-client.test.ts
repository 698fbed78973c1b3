/** The PyPI package `openai`: python/openai_client.py does what its users do. */
import { afterAll, describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { createKey } from './books.ts';
import { cleanUp, launch, startGateway } from './gateway.ts';

const SCRIPT = join(import.meta.dir, 'python', 'openai_client.py');
const MODEL = 'doubao-seed-2-1-pro-260915';
const THINKER = 'doubao-seed-1-6-thinking-250715';
const RUN_MS = 60_000;
const YAML = `
timeouts: { first_byte_ms: 700, idle_ms: 700 }
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
`;

const CHECKS = [...readFileSync(SCRIPT, 'utf8').matchAll(/^@check\ndef (\w+)/gm)].map(
  ([, name]) => name ?? '',
);

const line = z.object({ check: z.string(), failure: z.string().nullable() });

async function runChecks(): Promise<ReadonlyMap<string, string | null>> {
  const gateway = await startGateway({ yaml: YAML });
  const makeKey = async (...flags: string[]) => (await createKey(gateway, ...flags)).key;
  const { child, out, err } = launch([findPython() ?? 'python3', SCRIPT], {
    env: {
      BASE: gateway.url,
      KEY: gateway.key,
      KEY_FEW: await makeKey('--models', THINKER),
      KEY_ONCE: await makeKey('--rpm', '1'),
      KEY_BROKE: await makeKey('--budget', '0.000000001'),
      MODEL,
      THINKER,
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

afterAll(cleanUp);

describe('the client of PyPI', () => {
  for (const check of CHECKS) {
    needs('python-openai')(
      check.replaceAll('_', ' '),
      async () => {
        expect((await run()).get(check)).toBeNull();
      },
      RUN_MS,
    );
  }
});
