/** The PyPI packages of slow work: each script in python/ does what the users of one of them do. */
import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, hasProgram, needs } from '../needs.ts';
import { createKey } from './books.ts';
import { cleanUp, launch } from './gateway.ts';
import { expectBooksBalance, openPlace, type Place } from './media-place.ts';

const RUN_MS = 60_000;

/** By package: its script, and what of the machine it needs. */
const CLIENTS = Object.freeze({
  lumaai: ['luma_client.py', 'python-luma'],
  runwayml: ['runway_client.py', 'python-runway'],
  'openai, videos': ['videos_client.py', 'python-openai'],
  'arkruntime and volcengine-python-sdk[ark]': ['ark_tasks_client.py', 'python-ark'],
  volcengine: ['visual_client.py', 'python-volcengine'],
} as const);

const line = z.object({ check: z.string(), failure: z.string().nullable() });
type Results = ReadonlyMap<string, string | null>;

const pathOf = (script: string): string => join(import.meta.dir, 'python', script);

async function runScript(script: string, place: Place, otherKey: string): Promise<Results> {
  const { child, out, err } = launch([findPython() ?? 'python3', pathOf(script)], {
    env: {
      BASE: place.gateway.url,
      KEY: place.key,
      OTHER_KEY: otherKey,
      UNLIMITED_KEY: place.gateway.key,
      SANDBOX: place.sandbox,
    },
  });
  const code = await child.exited;
  await Bun.sleep(20);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${err()}`);
  const lines = out().trim().split('\n');
  return new Map(
    lines.map((text) => {
      const { check, failure } = line.parse(JSON.parse(text));
      return [check, failure];
    }),
  );
}

let opened: Promise<{ place: Place; otherKey: string }> | undefined;
const open = () => {
  opened ??= (async () => {
    const place = await openPlace({ vendors: ['ark', 'luma', 'runway', 'volc-visual'] });
    await place.gateway.cli('accounts', 'create', 'other', '--balance', '1');
    const { key: otherKey } = await createKey(place.gateway, '--account', 'other');
    return { place, otherKey };
  })();
  return opened;
};

const ran = new Map<string, Promise<Results>>();

/** All that can run are begun at once: they mostly wait. */
function run(script: string): Promise<Results> {
  for (const [one, need] of Object.values(CLIENTS)) {
    if (ran.has(one) || !hasProgram(need)) continue;
    const running = open().then(({ place, otherKey }) => runScript(one, place, otherKey));
    running.catch(() => undefined);
    ran.set(one, running);
  }
  return ran.get(script) ?? Promise.reject(new Error(`${script} cannot run here`));
}

afterAll(cleanUp);

for (const [name, [script, need]] of Object.entries(CLIENTS)) {
  describe(`PyPI ${name}`, () => {
    for (const [, check = ''] of readFileSync(pathOf(script), 'utf8').matchAll(
      /^@check\ndef (\w+)/gm,
    )) {
      needs(need)(
        check.replaceAll('_', ' '),
        async () => {
          expect((await run(script)).get(check)).toBeNull();
        },
        RUN_MS,
      );
    }
  });
}

test('in the end the books balance', async () => {
  const { place } = await open();
  await Promise.allSettled(ran.values());
  await expectBooksBalance(place);
});
