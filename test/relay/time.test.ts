/** Time limits, the end of the process, and streams that break. */
import { describe, expect, test } from 'bun:test';
import type { Fault } from '../../src/kit/fault.ts';
import { makeRig, type Rig, runCall, SETTINGS, textOf } from './rig.ts';
import {
  CHUNK,
  COUNTED,
  DONE,
  GOOD_STREAM,
  HANG,
  type Script,
  STOP,
  stream,
  whole,
} from './sim-vendors.ts';

const STREAM = { stream: true };
const { times } = SETTINGS;
/** Limits pass within a sweep of their time. */
const SWEEP_MS = 100;

async function run(script: Script, more = STREAM) {
  const rig = await makeRig({}, { a: [script] });
  const told = await runCall(rig, more);
  return { rig, row: rig.ledger.row, ...told };
}

const expectNear = (ms: number, wantedMs: number): void => {
  expect(Math.abs(ms - wantedMs)).toBeLessThanOrEqual(SWEEP_MS);
};

describe('limits of time', () => {
  test('a vendor that never begins: 504, nothing to pay', async () => {
    for (const more of [STREAM, { stream: false }]) {
      const { row, fault } = await run({ afterMs: Number.POSITIVE_INFINITY }, more);
      expect(fault).toMatchObject({ code: 'vendor_timeout', status: 504 });
      expect(row).toMatchObject({ state: 'released', endReason: 'timeout', charge: 0n });
      expectNear(row.totalMs, times.firstByteMs);
    }
  });

  test('one that sends its status and then nothing, too', async () => {
    const { row, fault } = await run({ acts: [HANG] });
    expect(fault?.code).toBe('vendor_timeout');
    expectNear(row.totalMs, times.firstByteMs);
  });

  test('a plain answer has the same time for its whole body', async () => {
    const body = whole().acts ?? [];
    const fine = await run({ acts: [{ waitMs: times.idleMs * 2 }, ...body] }, { stream: false });
    expect(fine.row).toMatchObject({ state: 'charged', endReason: 'complete' });
    const late = await run({ acts: [{ waitMs: 31_000 }, ...body] }, { stream: false });
    expect(late.fault?.code).toBe('vendor_timeout');
  });

  test('a stream that stops in the middle ends in an error, and what came is paid', async () => {
    const { row, text } = await run({ acts: [{ bytes: CHUNK }, { bytes: CHUNK }, HANG] });
    expect(text).toStartWith(CHUNK + CHUNK);
    expect(text).toContain('"code":"vendor_timeout"');
    expect(text).not.toContain('[DONE]');
    expect(row).toMatchObject({ state: 'charged', endReason: 'timeout', usageSource: 'estimate' });
    expect(row.quantities?.outputTokens).toBe(4);
    expectNear(row.totalMs, times.idleMs);
  });

  test('a stream that goes on and on ends at the total limit', async () => {
    const acts = Array.from({ length: 99 }, () => [{ waitMs: 5_000 }, { bytes: CHUNK }]).flat();
    const { row, text } = await run({ acts });
    expectNear(row.totalMs, times.totalMs);
    expect(text).toContain('"code":"vendor_timeout"');
  });

  test('no timer is left behind', async () => {
    const { rig } = await run(stream(GOOD_STREAM));
    await rig.clock.advance(200);
    expect(rig.clock.waiting).toBe(0);
  });
});

describe('a stream that breaks', () => {
  const rejected = 'data: {"error":{"code":"content_filter","message":"not this"}}\n\n';
  const limited = 'data: {"error":{"code":"rate_limit_exceeded","message":"slow"}}\n\n';
  const cases: readonly (readonly [name: string, acts: Script['acts'], code: string])[] = [
    ['reset', [{ bytes: CHUNK }, { fail: 'reset' }], 'vendor_cut'],
    ['ended early', [{ bytes: CHUNK }], 'vendor_cut'],
    ['half an event at the end', [{ bytes: CHUNK + CHUNK.slice(0, 20) }], 'vendor_cut'],
    [
      'malformed',
      [{ bytes: CHUNK }, { bytes: 'data: {"x\n\n' }, { bytes: DONE }],
      'vendor_malformed',
    ],
    ['an error event', [{ bytes: CHUNK }, { bytes: 'data: {"error":{}}\n\n' }], 'vendor_error'],
    ['a busy event', [{ bytes: CHUNK }, { bytes: limited }], 'vendor_busy'],
    ['a filter', [{ bytes: CHUNK }, { bytes: rejected }], 'vendor_error'],
  ];

  test.each(cases)(
    '%s: an error event, no [DONE], charged by estimate',
    async (...[, acts, code]) => {
      const { row, text, rig } = await run({ acts: acts ?? [] });
      expect(text).toStartWith(CHUNK);
      expect(text).toContain(`"code":"${code}"`);
      expect(text).not.toContain('[DONE]');
      expect(row).toMatchObject({
        state: 'charged',
        usageSource: 'estimate',
        endReason: 'vendor_cut',
        fault: code,
      });
      expect(rig.vendors.closed).toBe(1);
    },
  );

  test('what the vendor had counted before is what is paid', async () => {
    const acts = [{ bytes: CHUNK + STOP + COUNTED }, { fail: 'reset' as const }];
    const { row, text } = await run({ acts });
    expect(row).toMatchObject({ charge: 120_000n, usageSource: 'vendor', endReason: 'vendor_cut' });
    expect(text).toContain('"code":"vendor_cut"');
  });

  test('a last event without its empty line still counts', async () => {
    const { row, text } = await run({ acts: [{ bytes: CHUNK + STOP }, { bytes: DONE.trim() }] });
    expect(row).toMatchObject({ endReason: 'complete', fault: null });
    expect(text).toEndWith(DONE);
  });

  test('one byte at a time is the same as at once', async () => {
    const text = GOOD_STREAM.join('');
    const bytewise = await run({ acts: [...text].map((bytes) => ({ bytes })) });
    const atOnce = await run({ acts: [{ bytes: text }] });
    expect(bytewise.text).toBe(atOnce.text);
    expect(bytewise.row.charge).toBe(atOnce.row.charge);
    expect(atOnce.row.charge).toBe(120_000n);
  });

  test('a line of 200 KB goes through', async () => {
    const long = CHUNK.replace('12345678', 'x'.repeat(200_000));
    const acts = (long + STOP + COUNTED + DONE).match(/.{1,9999}/gs)?.map((bytes) => ({ bytes }));
    const { row, text } = await run({ acts: acts ?? [] });
    expect(text).toBe(long + STOP + DONE);
    expect(row.charge).toBe(120_000n);
  });
});

describe('shutdown', () => {
  const stopAll = (rig: Rig): void => {
    for (const call of rig.deps.live) {
      call.stopped ??= 'shutdown';
      call.stop?.('shutdown');
    }
  };

  test('in a stream: an error event, and what came is paid', async () => {
    const rig = await makeRig({}, { a: [stream(GOOD_STREAM)], b: [whole()] });
    const work = rig.call(STREAM).then(textOf);
    await rig.clock.advance(250);
    stopAll(rig);
    const text = await rig.clock.until(work);
    await rig.clock.advance(10);
    expect(text).toContain('"code":"shutting_down"');
    expect(text).not.toContain('[DONE]');
    expect(rig.ledger.row).toMatchObject({ state: 'charged', endReason: 'shutdown' });
    expect(rig.deps.live.size).toBe(0);
    expect(rig.deps.breaker.list()).toEqual([]);
  });

  test('before the first byte: 503, nothing to pay, nobody else is asked', async () => {
    const rig = await makeRig({}, { a: [whole({ afterMs: 9_000 })], b: [whole()] });
    const work = rig.call().catch((fault: Fault) => fault.code);
    await rig.clock.advance(100);
    stopAll(rig);
    expect(await rig.clock.until(work)).toBe('shutting_down');
    await rig.clock.advance(10);
    expect(rig.ledger.row).toMatchObject({ state: 'released', endReason: 'shutdown' });
    expect(rig.vendors.asked.length).toBe(1);
  });
});
