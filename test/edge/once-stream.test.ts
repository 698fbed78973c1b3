/** Streams under idempotency keys: as they come, kept as they left, carried on for who left. */
import { afterEach, describe, expect, test } from 'bun:test';
import { type OnceEdge, type OnceWish, startOnceEdge, WORK, type Work } from './once-rig.ts';
import { ask, BODY, CHAT, post } from './rig.ts';

const running: OnceEdge[] = [];

afterEach(async () => {
  for (const edge of running.splice(0)) await edge.stop().catch(() => undefined);
});

/** Five pieces, so many milliseconds apart; told when its caller is gone. */
function streamWork(gapMs: number, seen: string[] = []): Work {
  return (visit) => {
    visit.request.signal.addEventListener('abort', () => void seen.push('left'));
    const source: Bun.DirectUnderlyingSource<Uint8Array> = {
      type: 'direct',
      async pull(controller) {
        for (let at = 1; at <= 5; at += 1) {
          if (visit.request.signal.aborted) break;
          controller.write(Buffer.from(`data: ${at} 你好\n\n`));
          await Bun.sleep(gapMs);
        }
        seen.push('ended');
        controller.close();
      },
    };
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    return new Response(new ReadableStream(source), { headers });
  };
}

const ALL = [1, 2, 3, 4, 5].map((at) => `data: ${at} 你好\n\n`).join('');

async function start(wish: OnceWish = {}) {
  const edge = await startOnceEdge(wish);
  running.push(edge);
  const drain = await edge.mint();
  const abort = await edge.mint({ onDisconnect: 'abort' });
  const init = (key: string) => post(key, 'a', { 'idempotency-key': 'k1' });
  /** Reads the first piece and leaves. */
  const leave = async (key: string): Promise<void> => {
    const controller = new AbortController();
    const signal = controller.signal;
    const response = await fetch(edge.url + WORK, { ...init(key), signal });
    await response.body?.getReader().read();
    controller.abort();
  };
  return { edge, drain, abort, init, leave };
}

describe('a stream', () => {
  test('comes piece by piece, and again byte for byte', async () => {
    const { edge, drain, init } = await start({ work: streamWork(60) });
    const startedMs = Date.now();
    const response = await fetch(edge.url + WORK, init(drain));
    const reader = response.body?.getReader();
    await reader?.read();
    expect(Date.now() - startedMs).toBeLessThan(200);
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read());
    const again = await ask(edge, WORK, init(drain));
    expect(again.text).toBe(ALL);
    expect(again.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(edge.done()).toBe(1);
  });

  test('that is too large passes whole and is not kept', async () => {
    const { edge, drain, init } = await start({
      work: streamWork(1),
      settings: { answerBytesMax: 40 },
    });
    expect((await ask(edge, WORK, init(drain))).text).toBe(ALL);
    expect((await ask(edge, WORK, init(drain))).code).toBe('idempotency_no_answer');
    expect(edge.done()).toBe(1);
  });

  test('whose caller left is carried on, and is there when it comes back', async () => {
    const seen: string[] = [];
    const { edge, drain, init, leave } = await start({ work: streamWork(40, seen) });
    await leave(drain);
    const again = await ask(edge, WORK, init(drain));
    expect(again.text).toBe(ALL);
    expect(seen).toEqual(['ended']);
    expect(edge.done()).toBe(1);
  });

  test('of a key that says abort is stopped, and never made again', async () => {
    const seen: string[] = [];
    const { edge, abort, init, leave } = await start({ work: streamWork(40, seen) });
    await leave(abort);
    await Bun.sleep(120);
    expect(seen).toEqual(['left', 'ended']);
    expect((await ask(edge, WORK, init(abort))).code).toBe('idempotency_no_answer');
    expect(edge.done()).toBe(1);
  });

  test('is carried on no longer than a drain may last', async () => {
    const seen: string[] = [];
    const { edge, drain, init, leave } = await start({ work: streamWork(250, seen) });
    await leave(drain);
    await Bun.sleep(800);
    expect(seen).toEqual(['left', 'ended']);
    expect((await ask(edge, WORK, init(drain))).code).toBe('idempotency_no_answer');
  });
});

test('chat: a stream is repeated with its end, and made once', async () => {
  const { edge, drain } = await start();
  const init = post(drain, { ...BODY, stream: true }, { 'idempotency-key': 'k9' });
  const first = await ask(edge, CHAT, init);
  const again = await ask(edge, CHAT, init);
  expect(first.text).toEndWith('data: [DONE]\n\n');
  expect(again.text).toBe(first.text);
  await Bun.sleep(30);
  expect((await edge.store.calls.list({ limit: 10 })).length).toBe(1);
});
