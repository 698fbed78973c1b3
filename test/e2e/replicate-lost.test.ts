/** A prediction whose creation was not answered: found in Replicate's list, begun and paid once. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import Replicate, { type Prediction } from 'replicate';
import { createKey, ledgerCalls } from './books.ts';
import { cleanUp, makeFolder, startGateway, startSandbox, until } from './gateway.ts';

const JOB_MS = 400;
const SCHNELL = 'black-forest-labs/flux-schnell';
const RUN_MS = 20_000;

let sandbox: string;

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', String(JOB_MS))).url;
});
afterAll(cleanUp);

async function made(): Promise<{ request: Prediction }[]> {
  const answer = await (await fetch(`${sandbox}/sandbox/jobs`)).json();
  return (answer as { jobs: { request: Prediction }[] }).jobs;
}

describe('an answer that was lost', () => {
  test.each(['sandbox-lost-answer', 'sandbox-no-answer'])(
    '%s: the prediction is found in the list there, and not begun again',
    async (prompt) => {
      const vendors = {
        replicate: { base_url: `${sandbox}/replicate/v1`, key: 'sandbox-replicate-key' },
      };
      const yaml = [
        `vendors: ${JSON.stringify(vendors)}`,
        // The vendor repeats it in its list, which proves whose a prediction is.
        'public_url: http://127.0.0.1:9',
        'tasks: { pace_percent: 10, submit_wait_ms: 100 }',
        "outbound: { allowed_hosts: ['127.0.0.1'] }",
        'log_level: error',
      ].join('\n');
      const other = await startGateway({ data: join(makeFolder(), 'data'), yaml });
      await other.cli('accounts', 'create', 'payer', '--balance', '100');
      const auth = (await createKey(other, '--account', 'payer')).key;
      const baseUrl = `${other.url}/replicate/v1`;
      const there = new Replicate({ auth, baseUrl, useFileOutput: false });
      const { id } = await there.predictions.create({ model: SCHNELL, input: { prompt } });
      const done = await until(async () => {
        const seen = await there.predictions.get(id);
        return seen.status === 'succeeded' ? seen : undefined;
      }, 'it has been found');
      expect(done.output).toHaveLength(1);
      const same = (await made()).filter(
        ({ request }) => (request.input as { prompt: string }).prompt === prompt,
      );
      expect(same).toHaveLength(1);
      expect((await ledgerCalls(other)).map(({ charge }) => charge)).toEqual(['0.0213']);
    },
    RUN_MS,
  );
});
