/**
 * Bun carries 256 outbound requests at once unless BUN_CONFIG_MAX_HTTP_REQUESTS says otherwise;
 * the launcher says so. Also: memory given back after callers that left.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { OUTBOUND_REQUESTS_MAX } from '../../bin/runtime.mjs';
import { type Child, call, makeGet, startChild } from './rig.ts';

const STREAMS = 1_000;
const BUN_DEFAULT_MAX = 256;
const OPEN_MS_MAX = 15_000;
const POLL_MS = 100;
const QUIET_POLLS = 8;
const ABORTED_BODIES = 4_000;
const WARM_BODIES = 500;
const AT_ONCE = 50;
const GROWTH_BYTES_MAX = 40_000_000;
const TEST_MS_MAX = 45_000;

const NAME = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
let upstream: Child;
beforeAll(async () => {
  upstream = await startChild('upstream');
});
afterAll(() => upstream.stop());

const startProxy = (max: string | undefined) =>
  startChild('proxy', `http://127.0.0.1:${upstream.port}`, { ...Bun.env, [NAME]: max });

/** Opens 1,000 held streams through a proxy; how many are open at once, end to end. */
async function countHeld(max: string | undefined): Promise<number> {
  const proxy = await startProxy(max);
  const open = () => call(proxy.port, makeGet('/hold'));
  const callers = await Promise.all(Array.from({ length: STREAMS }, open));
  const count = async () => (await upstream.readStats()).openStreams;
  const countHeard = () => callers.filter((caller) => caller.text().includes('data: 1')).length;
  const endMs = performance.now() + OPEN_MS_MAX;
  let held = 0;
  for (let quiet = 0; quiet < QUIET_POLLS && held < STREAMS && performance.now() < endMs; ) {
    await Bun.sleep(POLL_MS);
    // What the upstream has open may still be on its way to the caller.
    const now = Math.min(await count(), countHeard());
    quiet = now === held && now > 0 ? quiet + 1 : 0;
    held = now;
  }
  for (const caller of callers) caller.leave();
  proxy.stop();
  while ((await count()) > 0 && performance.now() < endMs) await Bun.sleep(POLL_MS);
  return held;
}

test(
  'with the setting of the launcher 1,000 streams are open at once',
  async () => {
    expect(await countHeld(String(OUTBOUND_REQUESTS_MAX))).toBe(STREAMS);
  },
  TEST_MS_MAX,
);

test(
  'without it stream 257 waits for ever: the reason for the setting',
  async () => {
    expect(await countHeld(undefined)).toBe(BUN_DEFAULT_MAX);
  },
  TEST_MS_MAX,
);

/** Each caller reads the first bytes of a 32 MB answer and leaves. */
async function abortBodies(port: number, bodies: number): Promise<void> {
  let left = bodies;
  const work = async () => {
    while (left > 0) {
      left -= 1;
      const caller = await call(port, makeGet('/big'), { countOnly: true });
      while (caller.receivedBytes() === 0 && !caller.isClosed()) await Bun.sleep(1);
      caller.leave();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

test(
  'after 4,000 answers that callers left in the middle the memory is back',
  async () => {
    const proxy = await startProxy(String(OUTBOUND_REQUESTS_MAX));
    await abortBodies(proxy.port, WARM_BODIES);
    const warm = await proxy.readStats();
    await abortBodies(proxy.port, ABORTED_BODIES);
    await Bun.sleep(POLL_MS);
    const end = await proxy.readStats();
    proxy.stop();
    expect((await upstream.readStats()).abortedStreams).toBeGreaterThan(ABORTED_BODIES / 2);
    expect(end.rssBytes - warm.rssBytes).toBeLessThan(GROWTH_BYTES_MAX);
  },
  TEST_MS_MAX,
);
