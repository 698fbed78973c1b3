/**
 * A caller that does not read must stop the upstream: what lies between is bounded by the buffers
 * of the kernel, whatever the length of the answer. In Bun this holds only where the promise that
 * `write` gives under pressure is awaited (or `flush(true)`; plain `flush()` waits for nothing).
 */
import { afterAll, expect, test } from 'bun:test';
import { call, LOCALHOST, makeDirectStream, makeGet, pump, serveProxy, waitFor } from './rig.ts';

const CHUNK_BYTES = 65_536;
/** Loopback sockets take up to 4 MB to send and 6 MB to receive, on each of two legs. */
const HELD_BYTES_MAX = 24_000_000;
const READ_BYTES_MAX = 12_000_000;
const UNBOUNDED_BYTES = 64_000_000;
const SETTLE_MS = 400;
const WAIT_MS_MAX = 5_000;

let sentBytes = 0;
const upstream = Bun.serve({
  hostname: LOCALHOST,
  port: 0,
  idleTimeout: 0,
  fetch(request) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const body = makeDirectStream({
      async pull(to) {
        while (!request.signal.aborted) {
          await to.write(chunk);
          sentBytes += CHUNK_BYTES;
        }
      },
    });
    return new Response(body);
  },
});
afterAll(() => void upstream.stop(true));

test('a caller that does not read stops the upstream; reading again starts it again', async () => {
  let readBytes = 0;
  sentBytes = 0;
  const proxy = serveProxy(upstream.url.origin, (bytes) => {
    readBytes += bytes;
  });
  const caller = await call(Number(proxy.port), makeGet(), { paused: true, countOnly: true });
  await waitFor(() => sentBytes > 0, WAIT_MS_MAX);
  await Bun.sleep(SETTLE_MS);
  const heldBytes = sentBytes;
  await Bun.sleep(SETTLE_MS);
  expect(sentBytes).toBe(heldBytes);
  expect(heldBytes).toBeLessThan(HELD_BYTES_MAX);
  expect(readBytes).toBeLessThan(READ_BYTES_MAX);

  caller.resume();
  expect(await waitFor(() => caller.receivedBytes() > 2 * HELD_BYTES_MAX, WAIT_MS_MAX)).toBe(true);
  caller.leave();
  await proxy.stop(true);
});

test('control: without waiting for write the same caller makes the proxy read on', async () => {
  let readBytes = 0;
  const server = Bun.serve({
    hostname: LOCALHOST,
    port: 0,
    fetch: () => {
      const body = makeDirectStream({
        async pull(to) {
          while (readBytes < UNBOUNDED_BYTES) {
            to.write(new Uint8Array(CHUNK_BYTES));
            await to.flush();
            readBytes += CHUNK_BYTES;
          }
        },
      });
      return new Response(body);
    },
  });
  const caller = await call(Number(server.port), makeGet(), { paused: true, countOnly: true });
  expect(await waitFor(() => readBytes >= UNBOUNDED_BYTES, WAIT_MS_MAX)).toBe(true);
  caller.leave();
  await server.stop(true);
});

test('a pump that waits for a caller ends when that caller leaves', async () => {
  const end = Promise.withResolvers<string>();
  let isWaiting = false;
  const server = Bun.serve({
    hostname: LOCALHOST,
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const source = {
        async read() {
          isWaiting = true;
          return { done: false, value: new Uint8Array(CHUNK_BYTES) };
        },
      };
      const body = makeDirectStream({
        async pull(to) {
          await pump(source, to, () => request.signal.aborted);
          end.resolve('ended');
        },
      });
      return new Response(body);
    },
  });
  const caller = await call(Number(server.port), makeGet(), { paused: true });
  await waitFor(() => isWaiting, WAIT_MS_MAX);
  await Bun.sleep(SETTLE_MS);
  caller.leave();
  const late = Bun.sleep(WAIT_MS_MAX).then(() => 'still waiting');
  expect(await Promise.race([end.promise, late])).toBe('ended');
  await server.stop(true);
});
