/** Streams: many at once, callers that leave or read slowly, lines of any length. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  audit,
  createKey,
  type LedgerCall,
  settledCalls,
  type VendorCall,
  vendorCalls,
  vendorStats,
} from './books.ts';
import { readAll, sendChat, tell } from './chat.ts';
import { cleanUp, type Gateway, startGateway, startSandbox, until } from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';
import { rawChat } from './raw.ts';

const STREAMS = 1_000;
const CHUNKS = 40;
/** What the vendor may still send after the caller left, under the policy `abort`. */
const CHUNKS_AFTER_MAX = 4;
const IDLE_MS = 800;
const DRAIN_MS = 1_800;
const WORDS = Array.from({ length: CHUNKS }, (_, at) => `w${at + 1}`).join(' ');

let sandbox = '';
let gateway: Gateway;

beforeAll(async () => {
  sandbox = (await startSandbox()).url;
  const models = [
    { id: 'talk', wire: `sandbox-stream-${CHUNKS}x18` },
    { id: 'crowd', wire: 'sandbox-stream-10x400' },
    { id: 'hang', wire: 'sandbox-hang' },
    { id: 'huge', wire: 'sandbox-huge' },
    { id: 'long', wire: 'sandbox-long-line' },
    { id: 'echo', wire: 'sandbox-echo' },
    { id: 'late', wire: 'sandbox-slow' },
  ].map((model) => ({ ...model, price: ['1', '2'] as const }));
  const yaml = vendorsYaml(
    [{ name: 'one', url: sandbox, models }],
    `limits: { requests_per_minute: 0 }
timeouts: { first_byte_ms: 20000, idle_ms: ${IDLE_MS} }
drain: { drain_ms: ${DRAIN_MS} }
breaker: { failures: 1 }
`,
  );
  gateway = await startGateway({ yaml });
});
afterAll(cleanUp);

describe('many', () => {
  test(`${STREAMS} streams at once through one gateway all come to their end`, async () => {
    const all = Array.from({ length: STREAMS }, () => {
      return rawChat({ ...gateway, model: 'crowd' }).text;
    });
    const told = (await Promise.all(all)).map(tell);
    const words = Array.from({ length: 10 }, (_, at) => `w${at + 1}`).join(' ');
    expect(told.filter(({ text, done }) => done && text === words)).toHaveLength(STREAMS);
    expect((await vendorStats(sandbox)).open_max).toBe(STREAMS);
    const calls = await settledCalls(gateway);
    expect(calls.filter(({ endReason }) => endReason === 'complete')).toHaveLength(STREAMS);
    expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
  }, 40_000);

  test('a line of 200 KB passes, and so does a prompt of 200 KB that comes back', async () => {
    const long = tell(
      (await readAll(await sendChat({ ...gateway, model: 'long', stream: true }))).text,
    );
    expect(long).toMatchObject({ done: true, fault: null });
    expect(long.text).toBe(`Before. ${'x'.repeat(200 * 1024)} After.`);
    const content = '漢字 and "quotes" \\ '.repeat(8_000);
    const wish = { ...gateway, model: 'echo', stream: true, content };
    const echo = tell((await readAll(await sendChat(wish))).text);
    expect(JSON.parse(echo.text).messages[0].content).toBe(content);
  }, 20_000);
});

/** Reads until so many words were heard, then goes. */
async function hearAndLeave(key: string, words: number): Promise<{ id: string; seen: number }> {
  const leaving = new AbortController();
  const { signal } = leaving;
  const requestId = `left-${crypto.randomUUID()}`;
  const model = words === 0 ? 'hang' : 'talk';
  const headers = { 'x-request-id': requestId };
  const sent = sendChat({ url: gateway.url, key, model, stream: true, headers, signal });
  if (words === 0) {
    const before = (await vendorStats(sandbox)).open;
    await until(async () => (await vendorStats(sandbox)).open > before - 1, 'the vendor has it');
    await Bun.sleep(100);
    leaving.abort();
    await sent.catch(() => undefined);
    return { id: requestId, seen: 0 };
  }
  let text = '';
  let seen = 0;
  const decoder = new TextDecoder();
  try {
    for await (const bytes of (await sent).body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      seen = text.match(/"content":" ?w\d+"/g)?.length ?? 0;
      if (seen >= words) leaving.abort();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return { id: requestId, seen };
}

interface Trace {
  readonly call: LedgerCall;
  readonly vendor: VendorCall;
}

async function trace(requestId: string): Promise<Trace> {
  return until(
    async () => {
      const call = (await settledCalls(gateway)).find((each) => each.requestId === requestId);
      const vendors = await vendorCalls(sandbox);
      const vendor = vendors.find((each) => each.client_request_id === call?.id);
      if (call === undefined || vendor === undefined || vendor.ended_ms === null) return undefined;
      return { call, vendor };
    },
    'the call ended at both sides',
    DRAIN_MS + 3_000,
  );
}

describe('a caller that leaves', () => {
  test.each([0, 1, CHUNKS / 2, CHUNKS])(
    'after word %d under abort: stopped, and charged as streamed',
    async (words) => {
      const { key } = await createKey(gateway, '--disconnect', 'abort');
      const { id, seen } = await hearAndLeave(key, words);
      const { call, vendor } = await trace(id);
      expect(vendor.aborted).toBe(true);
      expect(call).toMatchObject({ state: 'charged', endReason: 'caller_left', fault: null });
      // One more chunk comes before the first word: the one with the role.
      const after = vendor.chunks_sent - (seen === 0 ? 0 : seen + 1);
      expect(after).toBeLessThanOrEqual(CHUNKS_AFTER_MAX);
      expect(call.inputTokens).toBeGreaterThan(0);
      if (vendor.usage !== null) return;
      expect(call.usageSource).toBe('estimate');
      const bytes = (count: number) => WORDS.split(' ').slice(0, count).join(' ').length;
      expect(call.outputTokens).toBeGreaterThanOrEqual(Math.ceil(bytes(seen) / 4));
      expect(call.outputTokens).toBeLessThanOrEqual(Math.ceil(bytes(vendor.chunks_sent) / 4));
    },
    15_000,
  );

  test.each([1, CHUNKS / 2, CHUNKS])(
    "after word %d under drain: read to its end, and charged by the vendor's count",
    async (words) => {
      const { key } = await createKey(gateway, '--disconnect', 'drain');
      const { id } = await hearAndLeave(key, words);
      const { call, vendor } = await trace(id);
      expect(vendor.aborted).toBe(false);
      expect(vendor.chunks_sent).toBe(vendor.chunks_total);
      expect(call).toMatchObject({
        state: 'charged',
        endReason: 'caller_left',
        usageSource: 'vendor',
        fault: null,
        inputTokens: vendor.usage?.prompt_tokens,
        outputTokens: vendor.usage?.completion_tokens,
      });
    },
    15_000,
  );

  test('under drain from a silent vendor: stopped when the time for it is over', async () => {
    const { key } = await createKey(gateway, '--disconnect', 'drain');
    const startMs = performance.now();
    const { id } = await hearAndLeave(key, 0);
    const { call, vendor } = await trace(id);
    expect(performance.now() - startMs).toBeGreaterThan(DRAIN_MS - 100);
    expect(vendor).toMatchObject({ aborted: true, chunks_sent: 0 });
    expect(call).toMatchObject({ state: 'charged', endReason: 'caller_left', outputTokens: 0 });
  }, 15_000);

  test('from an answer that is not streamed, under both policies', async () => {
    for (const policy of ['abort', 'drain']) {
      const { key } = await createKey(gateway, '--disconnect', policy);
      const leaving = new AbortController();
      const headers = { 'x-request-id': `whole-${policy}` };
      const wish = { url: gateway.url, key, model: 'late', headers, signal: leaving.signal };
      const sent = sendChat(wish).catch(() => null);
      await Bun.sleep(200);
      leaving.abort();
      expect(await sent).toBeNull();
      const { call, vendor } = await trace(`whole-${policy}`);
      expect(vendor.aborted).toBe(true);
      expect(call).toMatchObject({ state: 'charged', endReason: 'caller_left', fault: null });
    }
    const ready = await (await fetch(`${gateway.url}/readyz`)).text();
    // One failure opens the breaker here: nobody may call a vendor down because a caller left it.
    expect(ready).not.toContain('sandbox-slow');
  }, 15_000);

  test('leaves books that balance', async () => {
    expect(await audit(gateway)).toMatchObject({ balanced: true, open_holds: 0, unknown: 0 });
  });
});

async function residentBytes(): Promise<number> {
  const response = await fetch(`${gateway.url}/metrics`, {
    headers: { authorization: `Bearer ${gateway.operatorKey}` },
  });
  const found = /^gangway_resident_memory_bytes (\S+)/m.exec(await response.text())?.[1];
  return Number(found ?? Number.NaN);
}

const MEGABYTE = 1_048_576;
/** What kernels keep for two connections: up to 32 MB each at the reading end. */
const IN_FLIGHT_BYTES_MAX = 96 * MEGABYTE;
const GROWTH_BYTES_MAX = 60 * MEGABYTE;
const HUGE_EVENT_BYTES = 1_200;

describe('a caller that reads slowly', () => {
  test('holds the vendor back, is not cut for it, and costs no memory', async () => {
    const { key } = await createKey(gateway, '--disconnect', 'abort');
    const before = await residentBytes();
    const { socket, got, tail } = rawChat(
      { url: gateway.url, key, model: 'huge' },
      { keep: false },
    );
    await until(() => got() > MEGABYTE, 'a megabyte came');
    socket.pause();
    const sentBytes = async (): Promise<number> => {
      const calls = await vendorCalls(sandbox);
      return (calls.at(-1)?.chunks_sent ?? 0) * HUGE_EVENT_BYTES;
    };
    await Bun.sleep(700);
    const early = await sentBytes();
    await Bun.sleep(IDLE_MS + 500);
    const late = await sentBytes();
    expect(late).toBe(early);
    expect(late - got()).toBeLessThan(IN_FLIGHT_BYTES_MAX);
    expect((await residentBytes()) - before).toBeLessThan(GROWTH_BYTES_MAX);
    // It comes back after more than the vendor's idle time: nobody was too slow but itself.
    socket.resume();
    await until(() => got() > late + 4 * MEGABYTE, 'it goes on', 10_000);
    expect(tail()).not.toContain('vendor_timeout');
    socket.destroy();
    await until(async () => (await vendorStats(sandbox)).open === 0, 'the vendor is let go');
    const calls = await settledCalls(gateway);
    expect(calls[0]).toMatchObject({ endReason: 'caller_left', fault: null });
    expect(await (await fetch(`${gateway.url}/readyz`)).text()).not.toContain('sandbox-huge');
  }, 30_000);

  test('and leaves while it does not read: the vendor is let go', async () => {
    const { key } = await createKey(gateway, '--disconnect', 'abort');
    const { socket, got } = rawChat({ url: gateway.url, key, model: 'huge' }, { keep: false });
    await until(() => got() > 0, 'something came');
    socket.pause();
    await Bun.sleep(300);
    socket.destroy();
    await until(async () => (await vendorStats(sandbox)).open === 0, 'the vendor is let go');
    expect((await settledCalls(gateway))[0]).toMatchObject({ endReason: 'caller_left' });
  }, 15_000);
});
