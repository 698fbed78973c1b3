/** The PyPI packages for chat: the scripts do what their users do. */
import { afterAll, describe, expect } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { findPython, needs } from '../../needs.ts';
import { cleanUp, launch, startGateway } from '../gateway.ts';
import { type ClientName, FEATURES, PNG, UPSTREAMS } from './matrix.ts';
import { YAML } from './run.ts';

const RUN_MS = 90_000;
const SCRIPTS: readonly (readonly [client: ClientName, script: string, need: string])[] = [
  ['PyPI openai, chat', 'openai_chat_client.py', 'python-openai'],
  ['PyPI openai, responses', 'openai_responses_client.py', 'python-openai'],
  ['PyPI anthropic', 'anthropic_client.py', 'python-anthropic'],
  ['PyPI google-genai', 'genai_client.py', 'python-genai'],
];

const line = z.object({
  upstream: z.string(),
  feature: z.string(),
  failure: z.string().nullable(),
});

type Results = ReadonlyMap<string, string | null>;

async function runScript(script: string): Promise<Results> {
  const gateway = await startGateway({ yaml: YAML });
  const path = join(import.meta.dir, '..', 'python', script);
  const { child, out, err } = launch([findPython() ?? 'python3', path], {
    env: {
      BASE: gateway.url,
      KEY: gateway.key,
      PNG,
      UPSTREAMS: JSON.stringify(UPSTREAMS),
      FEATURES: JSON.stringify(FEATURES),
    },
  });
  const code = await child.exited;
  await Bun.sleep(20);
  if (code !== 0) throw new Error(`the script ended with ${code}: ${err()}`);
  const results = new Map<string, string | null>();
  for (const text of out().trim().split('\n')) {
    const { upstream, feature, failure } = line.parse(JSON.parse(text));
    results.set(`${upstream} ${feature}`, failure);
  }
  return results;
}

const running = new Map<string, Promise<Results>>();
function resultsOf(script: string): Promise<Results> {
  const known = running.get(script) ?? runScript(script);
  running.set(script, known);
  return known;
}

afterAll(cleanUp);

for (const [client, script, need] of SCRIPTS) {
  describe(client, () => {
    for (const upstream of Object.keys(UPSTREAMS)) {
      for (const feature of FEATURES) {
        needs(need)(
          `${upstream}: ${feature}`,
          async () => {
            const failure = (await resultsOf(script)).get(`${upstream} ${feature}`);
            expect(failure).toBeNull();
          },
          RUN_MS,
        );
      }
    }
  });
}
