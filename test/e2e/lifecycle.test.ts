/** First start, second start, stop; what an operator and a script see of it. */
import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { audit, createKey, settledCalls } from './books.ts';
import { faultCode, readAll, sendChat, tell } from './chat.ts';
import {
  cleanUp,
  keepYaml,
  launch,
  launchGateway,
  makeFolder,
  ROOT,
  type Running,
  runCli,
  startGateway,
  startSandbox,
  until,
} from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';

const LAUNCHER = join(ROOT, 'bin', 'gangway.mjs');
const KEY = /sk-gw-[0-9A-Za-z]{49}/;
const KEYS = new RegExp(KEY, 'g');
const STOP_YAML = 'server: { stop_timeout_ms: 4000 }\nlimits: { requests_per_minute: 0 }\n';

afterEach(cleanUp);

const ended = async ({ child }: Running): Promise<number> => child.exited;

describe('a first and a second start', () => {
  test('keys are made once and shown once; data stays', async () => {
    const first = await startGateway();
    expect(first.key).toMatch(KEY);
    expect(first.operatorKey).toMatch(KEY);
    expect(first.key).not.toBe(first.operatorKey);
    expect(JSON.parse(first.line)).toEqual({
      url: first.url,
      operator_key: first.operatorKey,
      key: first.key,
    });
    await readAll(await sendChat({ ...first, model: 'sandbox-fast' }));
    await settledCalls(first);
    expect(await first.stop()).toBe(0);
    expect(first.out()).toBe(`${first.line}\n`);

    const second = await startGateway({ data: first.data });
    expect(JSON.parse(second.line)).toEqual({ url: second.url });
    const again = await sendChat({ url: second.url, key: first.key, model: 'sandbox-fast' });
    expect(again.status).toBe(200);
    await readAll(again);
    expect(await settledCalls(second)).toHaveLength(2);
    expect(await second.stop()).toBe(0);
    expect(second.out()).toBe(`${second.line}\n`);
  });

  test('no secret is in the data folder, only what cannot be turned back', async () => {
    const gateway = await startGateway();
    const made = await createKey(gateway, '--name', 'clear');
    for (const key of [gateway.key, made.key]) {
      expect((await sendChat({ ...gateway, key, model: 'sandbox-fast' })).status).toBe(200);
    }
    await gateway.stop();
    const files = readdirSync(gateway.data, { recursive: true }).map(String);
    expect(files).toContain('gangway.sqlite');
    for (const file of files) {
      const path = join(gateway.data, file);
      if (!statSync(path).isFile()) continue;
      const text = readFileSync(path, 'latin1');
      for (const secret of [gateway.key, gateway.operatorKey, made.key]) {
        expect([file, text.includes(secret)]).toEqual([file, false]);
        expect([file, text.includes(secret.slice(6, 40))]).toEqual([file, false]);
      }
    }
    expect(gateway.err()).not.toMatch(KEY);
  });

  test('a second server on the same data says who has it, and ends with 1', async () => {
    const first = await startGateway();
    const second = launchGateway({ data: first.data });
    expect(await ended(second)).toBe(1);
    await until(() => second.err() !== '', 'it says why');
    expect(second.err()).toContain('Another gangway serves from');
    expect(second.err()).toContain(first.data);
    expect(second.out()).toBe('');
    // The first one is not disturbed, and its open calls are not taken for lost.
    expect((await sendChat({ ...first, model: 'sandbox-fast' })).status).toBe(200);
    expect((await audit(first)).unknown).toBe(0);
  });

  test('a start that fails on a taken port makes no keys that nobody saw', async () => {
    const first = await startGateway();
    const { host, port } = new URL(first.url);
    const data = join(makeFolder(), 'data');
    const words = ['serve', '--listen', host, '--data', data, '--json'];
    const failed = launch([process.execPath, join(ROOT, 'src', 'main.ts'), ...words]);
    expect(await ended(failed)).toBe(1);
    await until(() => failed.err().includes(port), 'it names the port');
    expect(failed.out()).toBe('');
    const second = await startGateway({ data });
    expect(second.key).toMatch(KEY);
  });
});

async function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(Number(port), hostname);
  socket.on('connect', () => resolve(false));
  socket.on('error', () => resolve(true));
  const refused = await promise;
  socket.destroy();
  return refused;
}

describe('SIGTERM', () => {
  test('an open stream ends well, nothing new comes in, the call is settled, 0', async () => {
    const sandbox = await startSandbox();
    const models = [{ id: 'sandbox-stream-20x80' }, { id: 'sandbox-fast' }];
    const yaml = vendorsYaml([{ name: 'one', url: sandbox.url, models }], STOP_YAML);
    const gateway = await startGateway({ yaml });
    const { url, key } = gateway;
    const response = await sendChat({ url, key, model: 'sandbox-stream-20x80', stream: true });
    const whole = await sendChat({ url, key, model: 'sandbox-fast' });
    expect(whole.status).toBe(200);
    const reading = readAll(response);
    gateway.child.kill('SIGTERM');
    await until(() => isRefused(url), 'new connections are refused', 2_000);
    expect(gateway.child.exitCode).toBeNull();
    const { text, broken } = await reading;
    expect(broken).toBe(false);
    expect(tell(text)).toMatchObject({ done: true, finish: 'stop', fault: null });
    expect(await gateway.child.exited).toBe(0);
    expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
    const calls = await settledCalls(gateway);
    expect(calls.map(({ endReason }) => endReason)).toEqual(['complete', 'complete']);
  }, 20_000);

  test('what does not end in time is told so, and charged as streamed', async () => {
    const gateway = await startGateway({ yaml: STOP_YAML.replace('4000', '500') });
    const { url, key } = gateway;
    const open = ['sandbox-hang-middle', 'sandbox-slow'].map(async (model) =>
      readAll(await sendChat({ url, key, model, stream: true })),
    );
    const silent = sendChat({ url, key, model: 'sandbox-hang' });
    await until(async () => {
      const { calls } = await audit(gateway);
      return calls === 3;
    }, 'three calls are open');
    await Bun.sleep(200);
    const startMs = performance.now();
    expect(await gateway.stop()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(4_000);
    for (const { text } of await Promise.all(open)) {
      expect(tell(text)).toMatchObject({ done: false, fault: 'shutting_down' });
    }
    const refused = await silent;
    expect([refused.status, faultCode(await refused.text())]).toEqual([503, 'shutting_down']);
    expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
    const calls = await settledCalls(gateway);
    expect(new Set(calls.map(({ endReason }) => endReason))).toEqual(new Set(['shutdown']));
    for (const { stream, state } of calls) expect(state).toBe(stream ? 'charged' : 'released');
  }, 20_000);

  test('the launcher passes it on', async () => {
    const data = join(makeFolder(), 'data');
    const words = ['serve', '--listen', '127.0.0.1:0', '--data', data, '--json'];
    const running = launch(['node', LAUNCHER, ...words]);
    await until(() => running.out().includes('\n'), 'it is ready', 15_000);
    running.child.kill('SIGTERM');
    expect(await ended(running)).toBe(0);
  }, 20_000);
});

describe('for people', () => {
  test('the printed lines of curl work as they stand', async () => {
    const data = join(makeFolder(), 'data');
    const env = { GANGWAY_LISTEN: '127.0.0.1:0', GANGWAY_DATA_DIR: data };
    const running = launch(['node', LAUNCHER, 'serve'], { env });
    await until(() => running.out().includes('A real vendor'), 'it greets', 15_000);
    const printed = running.out();
    expect(printed).toContain(data);
    expect(existsSync(join(data, 'gangway.sqlite'))).toBe(true);
    expect(printed.match(KEYS)?.length).toBeGreaterThanOrEqual(3);
    const commands = printed.match(/^ {2}curl (?:.*\\\n)+.*$/gm) ?? [];
    expect(commands).toHaveLength(2);
    for (const [at, command] of commands.entries()) {
      const bash = Bun.spawnSync(['bash', '-c', command]);
      expect(bash.exitCode).toBe(0);
      const text = bash.stdout.toString();
      if (at === 0) expect(JSON.parse(text).choices[0].message.content).toContain('Hello!');
      else expect(tell(text)).toMatchObject({ done: true, finish: 'stop' });
    }
    running.child.kill('SIGTERM');
    expect(await ended(running)).toBe(0);
  }, 30_000);

  test('without the variables of old starts, keys are not printed again', async () => {
    const data = join(makeFolder(), 'data');
    const env = { GANGWAY_LISTEN: '127.0.0.1:0', GANGWAY_DATA_DIR: data };
    for (const keys of [true, false]) {
      const running = launch([process.execPath, join(ROOT, 'src', 'main.ts'), 'serve'], { env });
      await until(() => running.out().includes('A real vendor'), 'it greets', 15_000);
      expect(KEY.test(running.out())).toBe(keys);
      running.child.kill('SIGTERM');
      await ended(running);
    }
  }, 30_000);

  test.each([
    ['timeouts: { first_byte_ms: soon }', 'timeouts.first_byte_ms'],
    ['limits: { request_per_minute: 5 }', 'request_per_minute'],
    ['listen: nowhere', 'listen'],
    ['vendors: { nobody: { key: k } }', 'vendors.nobody'],
    ['vendors: { openai-compatible: { key: k } }', 'vendors.openai-compatible: base_url'],
    ['vendors: { ark: { key: "env:NOT_SET_HERE" } }', 'vendors.ark.key'],
    ['vendors: { ark: { } }', 'vendors.ark: no key'],
    ['- a list', 'named settings'],
    ['a: [', 'gangway.yaml'],
  ])('%j is refused by name', async (yaml, name) => {
    const config = keepYaml(yaml);
    const data = join(makeFolder(), 'data');
    const flags = ['--config', config, '--data', data];
    const runs = [runCli(['serve', '--json', ...flags]), runCli(['check', ...flags])];
    for (const run of await Promise.all(runs)) {
      expect([run.code, run.out]).toEqual([1, '']);
      expect(run.err).toContain(name);
      expect(run.err).not.toContain('    at ');
    }
  });

  test('a variable with a wrong value is refused by the name of its setting', async () => {
    const run = await runCli(['check'], { env: { GANGWAY_LIMITS_REQUESTS_PER_MINUTE: 'few' } });
    expect(run.code).toBe(1);
    expect(run.err).toContain('limits.requests_per_minute');
  });
});
