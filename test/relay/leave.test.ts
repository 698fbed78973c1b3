/** What a caller owes who leaves, by the written rule of settle.ts. */
import { describe, expect, test } from 'bun:test';
import type { SettleRow } from '../../src/storage/ports.ts';
import { makeRig, PRICE, type Rig, textOf, type Wish } from './rig.ts';
import { CHUNK, GOOD_STREAM, HANG, refuse, type Script, stream, whole } from './sim-vendors.ts';

const STREAM = { stream: true };
const PLAIN = { more: { stream: false } };
const BODY = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const INPUT_GUESS = BigInt(Math.ceil(JSON.stringify({ ...BODY, ...STREAM }).length / 4));
/** What the vendor counts: 100 tokens in, 10 out. */
const COUNTED_NANOS = 120_000n;
/** The prompt by guess, and two tokens out for each chunk that was seen. */
const streamed = (chunks: bigint): bigint => INPUT_GUESS * 1_000n + chunks * 4_000n;

interface Left {
  readonly rig: Rig;
  readonly row: SettleRow;
  readonly text: string;
  readonly code: string;
}

/** Starts a call, leaves so many milliseconds after the vendor was asked, lets all come to rest. */
async function leaveAt(
  ms: number,
  scripts: Script[],
  { more = STREAM, ...wish }: Wish & { more?: { stream: boolean } },
): Promise<Left> {
  const rig = await makeRig(wish, { a: scripts });
  const work = rig.call(more).then(textOf, (thrown: Error & { code?: string }) => ({
    code: thrown.code ?? thrown.message,
  }));
  await rig.clock.advance(2 + ms);
  rig.left.abort();
  const told = await rig.clock.until(work);
  await rig.clock.advance(100);
  expect(rig.deps.live.size).toBe(0);
  const [text, code] = typeof told === 'string' ? [told, 'ok'] : ['', told.code];
  return { rig, row: rig.ledger.row, text, code };
}

const ABORT: Wish = { key: { onDisconnect: 'abort' } };
const DRAIN: Wish = { key: { onDisconnect: 'drain' } };

describe('abort', () => {
  const cases: readonly (readonly [when: string, ms: number, chunks: bigint])[] = [
    ['chunk 0', 50, 0n],
    ['chunk 1', 150, 1n],
    ['the middle', 250, 2n],
    ['the last chunk', 350, 3n],
    ['the finish, before the count', 450, 3n],
  ];

  test.each(cases)('at %s: the prompt and what was streamed, by estimate', async (...[, ms, n]) => {
    const { rig, row, text } = await leaveAt(ms, [stream(GOOD_STREAM)], ABORT);
    expect(row).toMatchObject({
      state: 'charged',
      charge: streamed(n),
      usageSource: 'estimate',
      endReason: 'caller_left',
      fault: null,
    });
    expect(row.evidence).toContain('counted from bytes');
    expect(text).toBe(CHUNK.repeat(Number(n)) + (ms > 400 ? GOOD_STREAM[3] : ''));
    expect(rig.vendors.asked[0]?.signal.aborted).toBeTrue();
    const { reads } = rig.vendors;
    await rig.clock.advance(5_000);
    expect(rig.vendors.reads).toBe(reads);
  });

  test('after the count: what the vendor counted', async () => {
    const { row } = await leaveAt(550, [stream(GOOD_STREAM)], ABORT);
    expect(row).toMatchObject({ charge: COUNTED_NANOS, usageSource: 'vendor', state: 'charged' });
  });

  test('of a plain answer: the prompt', async () => {
    const slow = whole({ afterMs: 5_000 });
    const { row } = await leaveAt(1_000, [slow], { ...ABORT, ...PLAIN });
    expect(row).toMatchObject({ state: 'charged', usageSource: 'estimate' });
    expect(row.quantities?.outputTokens).toBe(0);
    expect(row.totalMs).toBeLessThan(1_100);
  });

  test('is not held against the upstream, nor tried elsewhere', async () => {
    const { rig } = await leaveAt(150, [stream(GOOD_STREAM)], ABORT);
    expect(rig.deps.breaker.list()).toEqual([]);
    expect(rig.vendors.asked.length).toBe(1);
  });
});

describe('drain', () => {
  test.each([50, 150, 250, 450, 550])('at %d ms: what the vendor counts', async (ms) => {
    const { rig, row, text } = await leaveAt(ms, [stream(GOOD_STREAM)], DRAIN);
    expect(row).toMatchObject({
      state: 'charged',
      charge: COUNTED_NANOS,
      usageSource: 'vendor',
      endReason: 'caller_left',
      fault: null,
    });
    expect(row.totalMs).toBe(602);
    expect(text.length).toBeLessThan(GOOD_STREAM.join('').length);
    expect(rig.vendors.asked[0]?.signal.aborted).toBeFalse();
    expect(rig.deps.breaker.list()).toEqual([]);
  });

  test('of a plain answer: what the vendor counts', async () => {
    const { row } = await leaveAt(100, [whole({ afterMs: 5_000 })], { ...DRAIN, ...PLAIN });
    expect(row).toMatchObject({ charge: COUNTED_NANOS, endReason: 'caller_left' });
  });

  test('is bounded in time; then what was streamed is charged', async () => {
    const acts = Array.from({ length: 200 }, () => [{ waitMs: 1_000 }, { bytes: CHUNK }]).flat();
    const { row, rig } = await leaveAt(1_500, [{ acts }], DRAIN);
    expect(row).toMatchObject({ state: 'charged', usageSource: 'estimate', fault: null });
    expect(row.totalMs).toBeGreaterThanOrEqual(21_400);
    expect(row.totalMs).toBeLessThanOrEqual(21_600);
    expect(row.charge).toBe(streamed(21n));
    expect(rig.deps.breaker.list()).toEqual([]);
  });

  test('is bounded by silence as well', async () => {
    const { row } = await leaveAt(250, [{ acts: [{ bytes: CHUNK }, HANG] }], DRAIN);
    expect(row.charge).toBe(streamed(1n));
    expect(row.totalMs).toBeLessThan(10_200);
  });

  test('is bounded in number; who is over it is stopped', async () => {
    const settings = { drain: { drainMs: 20_000, drainsMax: 0 } };
    const { row } = await leaveAt(250, [stream(GOOD_STREAM)], { ...DRAIN, settings });
    expect(row).toMatchObject({ charge: streamed(2n), usageSource: 'estimate' });
  });

  test('makes no new try for a caller who is not there', async () => {
    const scripts = [refuse(500, 'x'), whole()];
    const { rig, row } = await leaveAt(500, scripts, { ...DRAIN, ...PLAIN });
    expect(rig.vendors.asked.length).toBe(1);
    expect(row).toMatchObject({ state: 'released', charge: 0n, endReason: 'caller_left' });
  });
});

describe('a caller who left', () => {
  test.each(['abort', 'drain'] as const)(
    'before the vendor was asked owes nothing: %s',
    async (policy) => {
      const rig = await makeRig({ key: { onDisconnect: policy } }, { a: [whole()] });
      const work = rig.call().catch((thrown: Error & { code?: string }) => thrown.code);
      rig.left.abort();
      await rig.clock.until(work);
      await rig.clock.advance(10);
      expect(rig.vendors.asked).toEqual([]);
      expect(rig.ledger.row).toMatchObject({
        state: 'released',
        charge: 0n,
        quantities: null,
        endReason: 'caller_left',
      });
    },
  );

  test.each(['abort', 'drain'] as const)('after a refusal owes nothing: %s', async (policy) => {
    const wish: Wish = { key: { onDisconnect: policy } };
    const { row } = await leaveAt(300, [refuse(503, 'x'), whole()], wish);
    expect(row).toMatchObject({ state: 'released', charge: 0n });
  });

  test.each([
    ['abort', { usageSource: 'estimate', charge: streamed(1n) }],
    ['drain', { usageSource: 'vendor', charge: COUNTED_NANOS }],
  ] as const)('and never asks for the body is settled: %s', async (policy, wanted) => {
    const rig = await makeRig({ key: { onDisconnect: policy } }, { a: [stream(GOOD_STREAM)] });
    const answer = await rig.clock.until(rig.call(STREAM));
    rig.left.abort();
    await rig.clock.advance(2_000);
    expect(rig.ledger.row).toMatchObject({ ...wanted, state: 'charged', endReason: 'caller_left' });
    // The server may still ask for it.
    await textOf(answer);
    expect(rig.ledger.rows.length).toBe(1);
  });

  test('after the end changes nothing', async () => {
    const { row } = await leaveAt(5_000, [stream(GOOD_STREAM)], ABORT);
    expect(row).toMatchObject({ charge: COUNTED_NANOS, endReason: 'complete' });
  });
});

describe('a caller who reads slowly', () => {
  const slowly = async (ms: number, leaves: boolean) => {
    const rig = await makeRig(DRAIN, { a: [stream(GOOD_STREAM)] });
    const answer = await rig.clock.until(rig.call(STREAM));
    const sink = { write: () => rig.clock.sleep(ms) };
    const work = textOf(answer, sink);
    if (leaves) {
      await rig.clock.advance(1_000);
      rig.left.abort();
    }
    await rig.clock.until(work);
    await rig.clock.advance(10);
    return rig;
  };

  test('is waited for beyond the idle limit, and the vendor is not to blame', async () => {
    const rig = await slowly(11_000, false);
    expect(rig.ledger.row).toMatchObject({ endReason: 'complete', charge: COUNTED_NANOS });
    expect(rig.deps.breaker.list()).toEqual([]);
  });

  test('and leaves, never to read on, is settled', async () => {
    const rig = await slowly(1e9, true);
    expect(rig.ledger.row).toMatchObject({ endReason: 'caller_left', charge: COUNTED_NANOS });
    expect(rig.ledger.row.totalMs).toBeLessThan(5_000);
  });

  test('is not waited for beyond the total limit', async () => {
    const rig = await makeRig(DRAIN, { a: [stream(GOOD_STREAM)] });
    const answer = await rig.clock.until(rig.call(STREAM));
    await rig.clock.until(textOf(answer, { write: () => rig.clock.sleep(59_000) }));
    await rig.clock.advance(10);
    expect(rig.ledger.row).toMatchObject({ state: 'charged', endReason: 'timeout' });
  });
});

test.each(['throws', 'rejects'])('a sink that %s ends the call, and it is settled', async (how) => {
  const rig = await makeRig(ABORT, { a: [stream(GOOD_STREAM)] });
  const answer = await rig.clock.until(rig.call(STREAM));
  const broken = (): Promise<void> => {
    if (how === 'throws') throw new Error('closed');
    return Promise.reject(new Error('closed'));
  };
  await rig.clock.until(textOf(answer, { write: broken }));
  await rig.clock.advance(10);
  expect(rig.ledger.row).toMatchObject({ state: 'charged', charge: streamed(1n) });
  expect(rig.deps.live.size).toBe(0);
});

test('the price of these tests is what they say', () => {
  expect(PRICE.rates[0]).toMatchObject({ input: 10n ** 9n, output: 2n * 10n ** 9n });
});
