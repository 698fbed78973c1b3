/** A caller that leaves ends the upstream's work at once. */
import { afterAll, expect, test } from 'bun:test';
import { call, LOCALHOST, makeDirectStream, makeGet, serveProxy, waitFor } from './rig.ts';

const CHUNKS = 100;
const PAUSE_MS = 20;
const LATE_CHUNKS_MAX = 4;
const WAIT_MS_MAX = 5_000;

let sent = 0;
let abortedAt = -1;
const upstream = Bun.serve({
  hostname: LOCALHOST,
  port: 0,
  idleTimeout: 0,
  fetch(request) {
    request.signal.addEventListener('abort', () => {
      abortedAt = sent;
    });
    const body = makeDirectStream({
      async pull(to) {
        for (; sent < CHUNKS && !request.signal.aborted; sent += 1) {
          await to.write(`data: ${sent}\n\n`);
          await Bun.sleep(PAUSE_MS);
        }
        if (!request.signal.aborted) to.close();
      },
    });
    return new Response(body);
  },
});
const proxy = serveProxy(upstream.url.origin);
afterAll(async () => {
  await proxy.stop(true);
  await upstream.stop(true);
});

const countEvents = (text: string): number => text.split('data: ').length - 1;

test.each([1, 2, 20])('a caller that leaves after event %d stops the upstream', async (event) => {
  sent = 0;
  abortedAt = -1;
  const caller = await call(Number(proxy.port), makeGet());
  expect(await waitFor(() => countEvents(caller.text()) >= event, WAIT_MS_MAX)).toBe(true);
  const sentBefore = sent;
  caller.leave();
  expect(await waitFor(() => abortedAt >= 0, WAIT_MS_MAX)).toBe(true);
  expect(abortedAt - sentBefore).toBeLessThanOrEqual(LATE_CHUNKS_MAX);
  await Bun.sleep(PAUSE_MS * LATE_CHUNKS_MAX);
  expect(sent).toBeLessThanOrEqual(abortedAt + 1);
});

test('control: a caller that stays gets every event', async () => {
  sent = CHUNKS - 10;
  abortedAt = -1;
  const caller = await call(Number(proxy.port), makeGet());
  expect(await waitFor(() => caller.text().endsWith('0\r\n\r\n'), WAIT_MS_MAX)).toBe(true);
  expect(countEvents(caller.text())).toBe(10);
  expect(abortedAt).toBe(-1);
});
