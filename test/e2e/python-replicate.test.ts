/** The PyPI package `replicate`: python/replicate_client.py does what its users do. */
import { afterAll, describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../needs.ts';
import { createKey } from './books.ts';
import { cleanUp, launch, makeFolder, startGateway, startSandbox } from './gateway.ts';

const SCRIPT = join(import.meta.dir, 'python', 'replicate_client.py');
const JOB_MS = 400;
const RUN_MS = 60_000;

const CHECKS = [...readFileSync(SCRIPT, 'utf8').matchAll(/^@check\ndef (\w+)/gm)].map(
  ([, name]) => name ?? '',
);

const line = z.object({ check: z.string(), failure: z.string().nullable() });

async function runChecks(): Promise<ReadonlyMap<string, string | null>> {
  const { url } = await startSandbox('--job-ms', String(JOB_MS));
  const vendors = { replicate: { base_url: `${url}/replicate/v1`, key: 'sandbox-replicate-key' } };
  const yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
  ].join('\n');
  const gateway = await startGateway({ data: join(makeFolder(), 'data'), yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  const { key } = await createKey(gateway, '--account', 'payer');
  const { child, out, err } = launch([findPython() ?? 'python3', SCRIPT], {
    env: { BASE: gateway.url, KEY: key, SANDBOX: url },
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
    needs('python-replicate')(
      check.replaceAll('_', ' '),
      async () => {
        expect((await run()).get(check)).toBeNull();
      },
      RUN_MS,
    );
  }
});
