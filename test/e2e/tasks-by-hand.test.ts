/** `gangway tasks`, beside a server that runs, and with kill -9 on either of them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { z } from 'zod';
import { audit, createKey, showAccount } from './books.ts';
import {
  cleanUp,
  type Gateway,
  launch,
  makeFolder,
  ROOT,
  runCli,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';

const RUN_MS = 60_000;
const listed = z.array(
  z.object({ id: z.string(), state: z.string(), detail: z.string().nullable() }),
);
const shown = z.object({
  state: z.string(),
  phase: z.string(),
  vendor_id: z.string().nullable(),
  note: z.string().nullable(),
  prompt: z.string(),
  held: z.string(),
  charge: z.string().nullable(),
  error: z.object({ code: z.string() }).nullable(),
  acts: z.array(z.object({ command: z.string(), state: z.string(), operator: z.string() })),
});
const made = z.object({ jobs: z.array(z.object({ id: z.string(), prompt: z.string() })) });

let sandbox: string;
let yaml: string;
let data: string;
let key: string;
let gateway: Gateway;
let hook: ReturnType<typeof Bun.serve>;
const told: { readonly id: string; readonly type: string; readonly task: string }[] = [];

beforeAll(async () => {
  sandbox = (await startSandbox('--job-ms', '300')).url;
  const event = z.object({ id: z.string(), type: z.string(), data: z.object({ id: z.string() }) });
  hook = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const { id, type, data } = event.parse(await request.json());
      told.push({ id, type, task: data.id });
      return new Response();
    },
  });
  const vendors = { runway: { base_url: `${sandbox}/runwayml`, key: 'sandbox-runway-key' } };
  yaml = [
    `vendors: ${JSON.stringify(vendors)}`,
    'tasks: { pace_percent: 10, submit_wait_ms: 100 }',
    "outbound: { allowed_hosts: ['127.0.0.1'] }",
    'log_level: error',
  ].join('\n');
  data = join(makeFolder(), 'data');
  gateway = await startGateway({ data, yaml });
  await gateway.cli('accounts', 'create', 'payer', '--balance', '100');
  key = (await createKey(gateway, '--account', 'payer')).key;
  await ask('/v1/webhooks', { url: `http://127.0.0.1:${hook.port}/` });
});
afterAll(async () => {
  await hook.stop(true);
  await cleanUp();
});

async function ask(path: string, body: object): Promise<unknown> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

/** A task of which the vendor's answer was lost, and of which it has no list. */
async function inDoubt(name: string): Promise<string> {
  const prompt = `sandbox-no-answer ${name}`;
  const { id } = z.object({ id: z.string() }).parse(
    await ask('/v1/tasks', {
      model: 'runway-gen4.5',
      input: { prompt },
      params: { duration: 5, aspect_ratio: '16:9' },
    }),
  );
  await until(
    async () => (await list('held_for_review')).includes(id),
    `${name} is held for review`,
    15_000,
  );
  return id;
}

async function list(detail: string): Promise<string[]> {
  const rows = await gateway.cli('tasks', 'list', '--detail', detail, '--account', 'payer');
  return listed.parse(rows).map(({ id }) => id);
}

const show = async (id: string) => shown.parse(await gateway.cli('tasks', 'show', id));

async function atVendor(name: string): Promise<string[]> {
  const { jobs } = made.parse(await (await fetch(`${sandbox}/sandbox/jobs`)).json());
  return jobs.filter(({ prompt }) => prompt.endsWith(name)).map(({ id }) => id);
}

const words = (...more: string[]): string[] => ['tasks', ...more, '--data', data, '--json'];

describe('a task that is held for review', () => {
  test(
    'goes on under the vendor’s id, which an operator named while no server ran',
    async () => {
      const id = await inDoubt('adopted');
      const wrong = await runCli(words('adopt', id, '--vendor-id', 'no-such-job'));
      expect(wrong.code).toBe(1);
      expect((await show(id)).note).toContain('no-such-job');
      await gateway.kill();
      const [vendorId = ''] = await atVendor('adopted');
      const adopting = runCli(words('adopt', id, '--vendor-id', vendorId));
      await Bun.sleep(1_500);
      gateway = await startGateway({ data, yaml });
      expect(await adopting).toMatchObject({ code: 0 });
      const done = await until(
        async () => {
          const seen = await show(id);
          return seen.state === 'succeeded' ? seen : undefined;
        },
        'it has succeeded',
        15_000,
      );
      expect(done).toMatchObject({ vendor_id: vendorId, note: null });
      expect(done.charge).not.toBe('0');
      expect(done.acts.map(({ command, state }) => [command, state])).toEqual([
        ['tasks adopt', 'done'],
        ['tasks adopt', 'done'],
      ]);
      expect(await atVendor('adopted')).toHaveLength(1);
    },
    RUN_MS,
  );

  test(
    'is released once and told once, however often the command or the server is killed',
    async () => {
      const before = await showAccount(gateway, 'payer');
      const id = await inDoubt('released');
      const main = [process.execPath, join(ROOT, 'src', 'main.ts')];
      for (const ms of [150, 250, 300, 350, 400, 450, 500]) {
        const command = launch([...main, ...words('release', id)]);
        await Bun.sleep(ms);
        command.child.kill('SIGKILL');
        await command.child.exited;
        if (ms % 100 === 0) {
          await gateway.kill();
          gateway = await startGateway({ data, yaml });
        }
      }
      // The leases of the dead are given up with the server's start.
      await gateway.kill();
      gateway = await startGateway({ data, yaml });
      let refusal = '';
      await until(
        async () => {
          if ((await show(id)).state === 'failed') return true;
          refusal = (await runCli(words('release', id))).err;
          return undefined;
        },
        'it is released',
        40_000,
      ).catch((error: unknown) => {
        throw new Error(`${error}; the last command said: ${refusal}`);
      });
      const seen = await show(id);
      expect(seen).toMatchObject({ phase: 'done', charge: '0', error: { code: 'never_began' } });
      await until(() => told.some(({ task }) => task === id), 'the webhook was told', 10_000);
      await Bun.sleep(300);
      const events = told.filter(({ task }) => task === id);
      expect(new Set(events.map((one) => one.id)).size).toBe(1);
      expect(events[0]?.type).toBe('task.failed');
      const after = await showAccount(gateway, 'payer');
      expect([after.balance, after.held]).toEqual([before.balance, before.held]);
      expect(await audit(gateway)).toMatchObject({ balanced: true });
    },
    RUN_MS,
  );

  test(
    'is sent once more on the operator’s word, and not without it',
    async () => {
      const id = await inDoubt('sent-again');
      const silent = await runCli(words('resend', id));
      expect(silent.code).toBe(2);
      expect(silent.err).toContain('--vendor-does-not-have-it');
      await gateway.cli('tasks', 'resend', id, '--vendor-does-not-have-it');
      await until(
        async () => ((await atVendor('sent-again')).length === 2 ? true : undefined),
        'it was sent again',
      );
      await until(async () => (await list('held_for_review')).includes(id), 'held anew', 15_000);
      expect(await atVendor('sent-again')).toHaveLength(2);
      const ended = await runCli(words('release', 'task_none'));
      expect([ended.code, ended.err]).toEqual([1, expect.stringContaining('There is no task')]);
    },
    RUN_MS,
  );
});
