/**
 * Slow callers. What Bun does, and what the edge therefore has to do:
 * - headers have at most twelve seconds in all, whatever `idleTimeout` says, however they dribble;
 * - `idleTimeout` counts from the end of the headers through the whole body: bytes of the body do
 *   not start it anew, bytes of the answer do. A slow upload needs `server.timeout`;
 * - a sweep every four seconds does the closing: a limit of N seconds, rounded up to a multiple of
 *   four, closes after N-4 to N seconds. A limit of four or less closes busy callers too;
 * - `server.timeout(request, 0)` outlives its request: a kept connection is then never closed.
 */
import { afterAll, expect, test } from 'bun:test';
import { type Caller, call, LOCALHOST, makeDirectStream, makeGet, waitFor } from './rig.ts';

const IDLE_S = 8;
/** A limit of four seconds or less is none: the next sweep closes whoever is there. */
const TOO_SHORT_S = 4;
const HEADERS_MS_MAX = 12_000;
const IDLE_MS_MAX = IDLE_S * 1_000;
const DRIBBLE_MS = 500;
const SLACK_MS = 1_500;
const TEST_MS_MAX = HEADERS_MS_MAX + IDLE_MS_MAX + SLACK_MS;
const UPLOAD_BYTES = 50_000;
const FLOOD_BYTES = 1_000_000;

const ends = new Map<string, string>();
const server = Bun.serve({
  hostname: LOCALHOST,
  port: 0,
  idleTimeout: IDLE_S,
  async fetch(request, own) {
    const path = new URL(request.url).pathname;
    if (path === '/freed' || path === '/bound') own.timeout(request, 0);
    if (path === '/bound') own.timeout(request, IDLE_S);
    if (path === '/short') own.timeout(request, TOO_SHORT_S);
    if (path === '/talk' || path === '/short') return new Response(makeTalk());
    if (path === '/flood') return new Response(makeFlood(request.signal));
    if (path === '/late') {
      const isDone = await Promise.race([
        request.text().then(() => true),
        Bun.sleep(SLACK_MS).then(() => false),
      ]);
      const headers = { connection: 'close' };
      return isDone ? new Response('ok') : new Response('slow', { status: 408, headers });
    }
    const body = await request.text().catch((error: Error) => error.name);
    ends.set(path, body);
    return new Response('ok');
  },
});
afterAll(() => void server.stop(true));

/** Speaks each second, longer than the idle limit. */
const makeTalk = () =>
  makeDirectStream({
    async pull(to) {
      for (let second = 0; second < IDLE_S + 4; second += 1) {
        await to.write('data: 1\n\n');
        await Bun.sleep(1_000);
      }
      to.close();
    },
  });

const makeFlood = (signal: AbortSignal) =>
  makeDirectStream({
    async pull(to) {
      while (!signal.aborted) await to.write(new Uint8Array(FLOOD_BYTES));
      ends.set('/flood', 'aborted');
    },
  });

const open = (bytes = '', paused = false) => call(server.port ?? 0, bytes, { paused });
const start = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n`;

/** Sends one more byte every half second until the other side closes or `ms` are over. */
async function dribble(caller: Caller, ms: number): Promise<number> {
  const startMs = performance.now();
  while (!caller.isClosed() && performance.now() - startMs < ms) {
    caller.send('a');
    await Bun.sleep(DRIBBLE_MS);
  }
  return performance.now() - startMs;
}

test.concurrent(
  'silent callers and dribbled headers are closed within twelve seconds',
  async () => {
    const silent = await open();
    const half = await open('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    const dribbler = await open('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    await dribble(dribbler, HEADERS_MS_MAX + SLACK_MS);
    expect([silent, half, dribbler].map((caller) => caller.isClosed())).toEqual([true, true, true]);
  },
  TEST_MS_MAX,
);

test.concurrent(
  'a body that dribbles is cut by idleTimeout, though bytes keep coming',
  async () => {
    const caller = await open(start('/dribble'));
    const ms = await dribble(caller, IDLE_MS_MAX + SLACK_MS);
    expect(caller.isClosed()).toBe(true);
    expect(ms).toBeLessThan(IDLE_MS_MAX + SLACK_MS);
    expect(ends.get('/dribble')).toBe('AbortError');
  },
  TEST_MS_MAX,
);

test.concurrent(
  'with server.timeout(request, 0) the same body is read on: the edge must keep its own time',
  async () => {
    const caller = await open(start('/freed'));
    await dribble(caller, IDLE_MS_MAX + SLACK_MS);
    expect(caller.isClosed()).toBe(false);
    caller.leave();
  },
  TEST_MS_MAX,
);

test.concurrent(
  'a handler may answer 408 in the middle of a body',
  async () => {
    const caller = await open(start('/late'));
    await dribble(caller, SLACK_MS * 2);
    expect(caller.text()).toStartWith('HTTP/1.1 408 ');
    expect(caller.isClosed()).toBe(true);
  },
  TEST_MS_MAX,
);

test.concurrent(
  'after server.timeout(request, 0) a kept connection stays; a limit set again closes it',
  async () => {
    const freed = await open(makeGet('/freed'));
    const bound = await open(makeGet('/bound'));
    await Bun.sleep(IDLE_MS_MAX + SLACK_MS);
    expect([freed, bound].map((caller) => caller.text().startsWith('HTTP/1.1 200'))).toEqual([
      true,
      true,
    ]);
    expect([freed.isClosed(), bound.isClosed()]).toEqual([false, true]);
    freed.leave();
  },
  TEST_MS_MAX,
);

test.concurrent(
  'an answer that keeps speaking is not idle; one that nobody reads is',
  async () => {
    const talk = await open(makeGet('/talk'));
    const stalled = await open(makeGet('/flood'), true);
    expect(await waitFor(() => ends.has('/flood'), IDLE_MS_MAX + SLACK_MS)).toBe(true);
    const isWhole = () => talk.text().endsWith('0\r\n\r\n');
    expect(await waitFor(isWhole, HEADERS_MS_MAX)).toBe(true);
    stalled.leave();
    talk.leave();
  },
  TEST_MS_MAX,
);

test.concurrent(
  'a limit of four seconds closes an answer that speaks each second: never set one so short',
  async () => {
    const caller = await open(makeGet('/short'));
    expect(await waitFor(caller.isClosed, IDLE_MS_MAX + SLACK_MS)).toBe(true);
    expect(caller.text()).not.toEndWith('0\r\n\r\n');
  },
  TEST_MS_MAX,
);
