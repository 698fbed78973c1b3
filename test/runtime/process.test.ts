/** Bodies over the limit, a graceful stop, deep JSON, a process that replaces itself. */
import { describe, expect, test } from 'bun:test';
import { call, LOCALHOST, makeDirectStream, makeGet, waitFor } from './rig.ts';

const BODY_BYTES_MAX = 1_000;
const CHUNK_BYTES = 256;
const WAIT_MS_MAX = 3_000;
const STREAM_MS = 400;
const NESTING = 1_000_000;
const NESTING_RE_SERIALISED = 100_000;
const EXIT_CODE = 7;

describe('maxRequestBodySize', () => {
  const seen: string[] = [];
  const serve = () =>
    Bun.serve({
      hostname: LOCALHOST,
      port: 0,
      maxRequestBodySize: BODY_BYTES_MAX,
      async fetch(request) {
        const read = request.text().then(String, (error: Error) => `broken: ${error.message}`);
        seen.push(await read);
        return new Response('ok');
      },
    });

  test('a Content-Length over it: 413 by Bun with no body, no handler runs', async () => {
    const server = serve();
    const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_BYTES_MAX + 1}\r\n\r\nabc`;
    const caller = await call(server.port ?? 0, head);
    expect(await waitFor(caller.isClosed, WAIT_MS_MAX)).toBe(true);
    expect(caller.text()).toStartWith('HTTP/1.1 413 ');
    expect(caller.text()).toEndWith('\r\n\r\n');
    expect(seen).toEqual([]);
    await server.stop(true);
  });

  test('a chunked body over it: the handler runs, its body breaks, 413 by Bun', async () => {
    const server = serve();
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const caller = await call(server.port ?? 0, head);
    for (let sent = 0; sent <= BODY_BYTES_MAX; sent += CHUNK_BYTES) {
      caller.send(`${CHUNK_BYTES.toString(16)}\r\n${'a'.repeat(CHUNK_BYTES)}\r\n`);
      await Bun.sleep(10);
    }
    expect(await waitFor(caller.isClosed, WAIT_MS_MAX)).toBe(true);
    expect(caller.text()).toStartWith('HTTP/1.1 413 ');
    expect(seen).toEqual(['broken: Request body exceeded maxRequestBodySize']);
    await server.stop(true);
  });
});

test('stop() lets an open answer end, takes no new caller, then resolves', async () => {
  const server = Bun.serve({
    hostname: LOCALHOST,
    port: 0,
    fetch: () => {
      const body = makeDirectStream({
        async pull(to) {
          await to.write('data: first\n\n');
          await Bun.sleep(STREAM_MS);
          await to.write('data: last\n\n');
          to.close();
        },
      });
      return new Response(body);
    },
  });
  const port = server.port ?? 0;
  const caller = await call(port, makeGet());
  await waitFor(() => caller.text().includes('first'), WAIT_MS_MAX);
  let isStopped = false;
  const stopped = server.stop().then(() => {
    isStopped = true;
  });
  const late = await call(port, makeGet()).catch(() => null);
  expect(late?.text() ?? '').toBe('');
  await Bun.sleep(STREAM_MS / 4);
  expect(isStopped).toBe(false);
  expect(await waitFor(() => caller.text().endsWith('0\r\n\r\n'), WAIT_MS_MAX)).toBe(true);
  expect(caller.text()).toContain('last');
  caller.leave();
  await Promise.race([stopped, Bun.sleep(WAIT_MS_MAX)]);
  expect(isStopped).toBe(true);
});

describe('deep JSON', () => {
  const pairs = [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const;

  test.each(pairs)('a million of %s is parsed or refused, never a crash', (open, close) => {
    const text = `${open.repeat(NESTING)}1${close.repeat(NESTING)}`;
    let outcome: unknown = null;
    try {
      outcome = JSON.parse(text);
    } catch (error) {
      outcome = error;
    }
    expect(typeof outcome).toBe('object');
  });

  test('but what was parsed cannot be written again: depth must be checked before', () => {
    const text = `${'['.repeat(NESTING_RE_SERIALISED)}${']'.repeat(NESTING_RE_SERIALISED)}`;
    expect(() => JSON.stringify(JSON.parse(text))).toThrow(RangeError);
  });
});

test('process.execve replaces the process and keeps its pid', async () => {
  const script = [
    'if (process.env.SECOND) { console.log(process.pid); process.exit(7); }',
    'console.log(process.pid);',
    "const env = { ...process.env, SECOND: '1' };",
    "process.execve(process.execPath, [process.execPath, '-e', process.env.SCRIPT], env);",
  ].join('\n');
  const child = Bun.spawn([process.execPath, '-e', script], {
    env: { ...Bun.env, SCRIPT: script },
    stdout: 'pipe',
  });
  const pids = (await new Response(child.stdout).text()).trim().split('\n');
  expect(pids).toEqual([String(child.pid), String(child.pid)]);
  expect(await child.exited).toBe(EXIT_CODE);
});
