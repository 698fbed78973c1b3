import { expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import { MOUNTS } from '../../sandbox/mounts.ts';
import { JOB_VENDORS } from '../../sandbox/tasks/server.ts';

const MAIN = new URL('../../sandbox/main.ts', import.meta.url).pathname;

function run(flags: readonly string[]) {
  return Bun.spawn([process.execPath, MAIN, ...flags], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

interface Ready {
  readonly url: string;
  readonly vendors: readonly { vendor: string; base_url: string; key: string | null }[];
  readonly faults: readonly { model: string; what: string }[];
}

async function ready(program: ReturnType<typeof run>): Promise<Ready> {
  const reader = program.stdout.getReader();
  let text = '';
  while (!text.endsWith('\n')) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`it ended before it was ready: ${text}`);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
  expect(text.trim()).not.toContain('\n');
  return JSON.parse(text) as Ready;
}

test('--json prints one line once ready, SIGTERM ends it', async () => {
  const program = run(['--listen', '127.0.0.1:0', '--json']);
  const { url, vendors, faults } = await ready(program);
  expect(vendors[0]).toEqual({
    vendor: 'ark',
    base_url: `${url}/ark/api/v3`,
    key: 'sandbox-ark-key',
  });
  expect(vendors).toHaveLength(MOUNTS.length + JOB_VENDORS.length);
  expect(faults.map(({ model }) => model)).toEqual(FAULTS.map(({ model }) => model));
  expect((await fetch(`${url}/sandbox/stats`)).status).toBe(200);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('--with-parent ends it with its standard input', async () => {
  const program = run(['--listen', '127.0.0.1:0', '--json', '--with-parent']);
  const { url } = await ready(program);
  expect((await fetch(`${url}/sandbox`)).status).toBe(200);
  program.stdin.end();
  expect(await program.exited).toBe(0);
});

test('--list prints and exits; a wrong address is an error', async () => {
  const list = run(['--list', '--json']);
  const { models, faults } = JSON.parse(await new Response(list.stdout).text());
  expect(await list.exited).toBe(0);
  expect(faults).toHaveLength(FAULTS.length);
  expect(models[0].model).toBe('*');
  const wrong = run(['--listen', 'nowhere']);
  expect(await wrong.exited).toBe(1);
  expect(await new Response(wrong.stderr).text()).toContain('--listen wants HOST:PORT');
});
