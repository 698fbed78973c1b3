/** Streams over a real connection: callers who leave or do not read, and the server's end. */
import { afterEach, describe, expect, test } from 'bun:test';
import { type Outbound, OutboundError } from '../../src/kit/fetch.ts';
import type { CallRow } from '../../src/storage/ports.ts';
import { ask, BODY, CHAT, type Edge, post, startEdge } from './rig.ts';

const STREAM = { ...BODY, stream: true };
const WAIT_MS = 3_000;

let edge: Edge;
afterEach(() => edge.stop());

const event = (body: object): string => `data: ${JSON.stringify(body)}\n\n`;
const usage = { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 };

/** So many chunks of this size, so far apart; then the count and the end. */
function streaming(count: number, sizeBytes: number, apartMs: number): Outbound {
  const content = 'x'.repeat(sizeBytes);
  const chunk = event({ choices: [{ index: 0, delta: { content } }] });
  const stop = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage });
  return async ({ signal }) => {
    let left = count;
    return {
      status: 200,
      header: () => null,
      text: async () => '',
      close: () => undefined,
      read: async () => {
        if (apartMs > 0) await Bun.sleep(apartMs);
        if (signal.aborted) throw new OutboundError('aborted', null);
        left -= 1;
        if (left >= 0) return Buffer.from(chunk);
        return left === -1 ? Buffer.from(`${stop}data: [DONE]\n\n`) : null;
      },
    };
  };
}

/** The one call, once it is no longer open. */
async function endedCall(): Promise<CallRow> {
  const endMs = performance.now() + WAIT_MS;
  while (performance.now() < endMs) {
    const [call, ...more] = await edge.store.calls.list({ limit: 9 });
    if (call !== undefined && call.state !== 'open') {
      expect(more).toEqual([]);
      expect((await edge.store.ledger.audit()).problems).toEqual([]);
      expect(edge.relay.live.size).toBe(0);
      return call;
    }
    await Bun.sleep(10);
  }
  throw new Error('the call was never settled');
}

async function begin(outbound: Outbound, onDisconnect: 'abort' | 'drain', left: AbortController) {
  edge = await startEdge({ outbound });
  const key = await edge.mint({ onDisconnect });
  return fetch(edge.url + CHAT, { ...post(key, STREAM), signal: left.signal });
}

describe('a caller', () => {
  test('who stays gets every byte, with the headers of a stream', async () => {
    edge = await startEdge({ outbound: streaming(5, 10, 1) });
    const told = await ask(edge, CHAT, post(await edge.mint(), STREAM));
    expect(told.text.match(/xxxxxxxxxx/g)?.length).toBe(5);
    expect(told.text).toEndWith('data: [DONE]\n\n');
    expect(told.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(told.headers.get('x-accel-buffering')).toBe('no');
    expect(told.headers.get('cache-control')).toBe('no-cache');
    expect(await endedCall()).toMatchObject({ endReason: 'complete', usageSource: 'vendor' });
  });

  test('who leaves in the middle is seen: abort', async () => {
    const left = new AbortController();
    const response = await begin(streaming(1_000, 10, 10), 'abort', left);
    await response.body?.getReader().read();
    left.abort();
    const call = await endedCall();
    expect(call).toMatchObject({ endReason: 'caller_left', usageSource: 'estimate' });
    expect(call.totalMs).toBeLessThan(1_000);
  });

  test('who leaves in the middle is seen: drain', async () => {
    const left = new AbortController();
    const response = await begin(streaming(20, 10, 10), 'drain', left);
    await response.body?.getReader().read();
    left.abort();
    expect(await endedCall()).toMatchObject({ endReason: 'caller_left', usageSource: 'vendor' });
  });

  test.each(['abort', 'drain'] as const)(
    'who never reads, and leaves, is settled: %s',
    async (policy) => {
      const left = new AbortController();
      const response = await begin(streaming(400, 100_000, 0), policy, left);
      await response.body?.getReader().read();
      await Bun.sleep(100);
      left.abort();
      expect(await endedCall()).toMatchObject({ state: 'charged', endReason: 'caller_left' });
    },
  );

  test.each(['abort', 'drain'] as const)('who leaves before the first byte: %s', async (policy) => {
    const left = new AbortController();
    const source = streaming(3, 10, 200);
    let isAsked = false;
    const outbound: Outbound = (request) => {
      isAsked = true;
      return source(request);
    };
    const work = begin(outbound, policy, left).catch(() => null);
    const endMs = performance.now() + WAIT_MS;
    while (!isAsked && performance.now() < endMs) await Bun.sleep(5);
    left.abort();
    await work;
    expect(await endedCall()).toMatchObject({ endReason: 'caller_left', state: 'charged' });
  });
});

describe('the server', () => {
  test('does not read ahead of a caller who does not read', async () => {
    let reads = 0;
    const source = streaming(5_000, 100_000, 0);
    const counted: Outbound = async (request) => {
      const reply = await source(request);
      const read = (): Promise<Uint8Array | null> => {
        reads += 1;
        return reply.read();
      };
      return { ...reply, read };
    };
    const left = new AbortController();
    const response = await begin(counted, 'abort', left);
    const reader = response.body?.getReader();
    await reader?.read();
    await Bun.sleep(300);
    expect(reads).toBeLessThan(1_000);
    left.abort();
    await endedCall();
  });

  test('takes so many requests at once, and says so to the next', async () => {
    edge = await startEdge({ outbound: streaming(50, 10, 10), server: { openRequestsMax: 2 } });
    const key = await edge.mint();
    const open = [1, 2].map(() => fetch(edge.url + CHAT, post(key, STREAM)));
    const first = await Promise.all(open);
    const told = await ask(edge, '/healthz');
    expect(told).toMatchObject({ status: 503, code: 'overloaded' });
    expect(told.headers.get('retry-after')).toBe('1');
    for (const response of first) await response.text();
    expect((await ask(edge, '/healthz')).status).toBe(200);
  });

  test('lets open calls end when it is stopped, and takes no new ones', async () => {
    edge = await startEdge({ outbound: streaming(10, 10, 10) });
    const response = await fetch(edge.url + CHAT, post(await edge.mint(), STREAM));
    const stopped = edge.server.stop();
    expect(edge.server.stopping()).toBeTrue();
    expect(await response.text()).toEndWith('data: [DONE]\n\n');
    await stopped;
    expect(fetch(`${edge.url}/healthz`)).rejects.toThrow();
    expect(await endedCall()).toMatchObject({ endReason: 'complete' });
  });
});
