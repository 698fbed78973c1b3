import { describe, expect, test } from 'bun:test';
import { Breaker } from '../../src/relay/breaker.ts';
import { SimClock } from '../suites/sim-clock.ts';
import { BREAKER, makeRig, type Rig, runCall } from './rig.ts';
import { CHUNK, GOOD_STREAM, refuse, type Script, stream, whole } from './sim-vendors.ts';

function start() {
  const clock = new SimClock();
  const breaker = new Breaker(BREAKER, clock);
  const fail = (times: number): void => {
    for (let at = 0; at < times; at += 1) breaker.tell('u', 'down');
  };
  return { clock, breaker, fail };
}

describe('Breaker', () => {
  test('opens after so many failures in a row, and not before', () => {
    const { breaker, fail } = start();
    fail(4);
    expect([breaker.state('u'), breaker.waitMs('u')]).toEqual(['closed', 0]);
    breaker.tell('u', 'good');
    fail(4);
    expect(breaker.state('u')).toBe('closed');
    fail(1);
    expect([breaker.state('u'), breaker.waitMs('u')]).toEqual(['open', 5_000]);
    expect(breaker.list()).toEqual([{ name: 'u', state: 'open', cause: 'down' }]);
    expect(breaker.waitMs('other')).toBe(0);
  });

  test('failures far apart are no row', () => {
    const { clock, breaker, fail } = start();
    fail(4);
    clock.jump(60_001);
    fail(4);
    expect(breaker.state('u')).toBe('closed');
  });

  test('lets one try through when its time is over, and only one', () => {
    const { clock, breaker, fail } = start();
    fail(5);
    clock.jump(4_999);
    expect(breaker.waitMs('u')).toBe(1);
    clock.jump(1);
    expect([breaker.state('u'), breaker.waitMs('u')]).toEqual(['half_open', 0]);
    breaker.begin('u');
    expect(breaker.waitMs('u')).toBeGreaterThan(0);
    breaker.tell('u', 'good');
    expect([breaker.state('u'), breaker.waitMs('u')]).toEqual(['closed', 0]);
  });

  test('a try that fails keeps it open twice as long, up to a bound', () => {
    const { clock, breaker, fail } = start();
    fail(5);
    const waits: number[] = [];
    for (let times = 0; times < 4; times += 1) {
      waits.push(breaker.waitMs('u'));
      clock.jump(breaker.waitMs('u'));
      breaker.begin('u');
      breaker.tell('u', 'down');
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 20_000]);
  });

  test('a try of which nothing is known leaves room for the next', () => {
    const { clock, breaker, fail } = start();
    fail(5);
    clock.jump(5_000);
    breaker.begin('u');
    breaker.tell('u', 'neutral');
    expect(breaker.waitMs('u')).toBe(0);
    expect(breaker.state('u')).toBe('half_open');
  });

  test('a refusal opens at once, for its own time; a pause is no refusal', () => {
    const { clock, breaker } = start();
    breaker.tell('u', 'refused');
    expect(breaker.waitMs('u')).toBe(30_000);
    breaker.pause('v', 7_000);
    expect([breaker.waitMs('v'), breaker.state('v')]).toEqual([7_000, 'closed']);
    clock.jump(7_000);
    expect(breaker.waitMs('v')).toBe(0);
    for (let times = 0; times < 50; times += 1) breaker.tell('v', 'neutral');
    expect(breaker.state('v')).toBe('closed');
  });
});

/** A vendor's limit, said in the stream. */
const BUSY = 'data: {"error":{"code":"rate_limit_exceeded","message":"slow down"}}\n\n';
const asked = (rig: Rig): number => rig.vendors.asked.length;
const once = { retry: { count: 0, delayMs: 1, retryAfterMsMax: 10_000 } };
const only = (...scripts: Script[]) => makeRig({ settings: once }, { a: scripts });

describe('the breaker of a call', () => {
  test('a vendor that is down is left alone, then tried, then trusted again', async () => {
    const down = refuse(500, 'x');
    const rig = await only(down, down, down, down, down, whole());
    for (let times = 0; times < 5; times += 1) await runCall(rig);
    const { fault } = await runCall(rig);
    expect(fault).toMatchObject({ code: 'no_upstream', status: 503 });
    expect(fault?.detail.retryAfterS).toBe(5);
    expect(asked(rig)).toBe(5);
    await rig.clock.advance(5_000);
    expect((await runCall(rig)).fault).toBeNull();
    expect((await runCall(rig)).fault).toBeNull();
    expect(rig.deps.breaker.list()).toEqual([]);
  });

  test('a hung first byte counts', async () => {
    const rig = await makeRig(
      { settings: once, breaker: { failures: 2, windowMs: 120_000 } },
      { a: [{ afterMs: Number.POSITIVE_INFINITY }] },
    );
    for (let times = 0; times < 2; times += 1) await runCall(rig);
    expect(rig.deps.breaker.list()).toMatchObject([{ name: 'a|wire-m', cause: 'down' }]);
  });

  test('a cut stream counts', async () => {
    const rig = await makeRig({ breaker: { failures: 2 } }, { a: [{ acts: [{ bytes: CHUNK }] }] });
    for (let times = 0; times < 2; times += 1) await runCall(rig, { stream: true });
    expect(rig.deps.breaker.list()).toMatchObject([{ name: 'a|wire-m', state: 'open' }]);
  });

  test.each([
    ['429', refuse(429, 'rate_limit_exceeded')],
    ['the caller’s own mistakes', refuse(400, 'bad')],
    ['a limit said in the stream', { acts: [{ bytes: CHUNK }, { bytes: BUSY }] }],
  ] as [string, Script][])('%s never opens it', async (_, script) => {
    const rig = await only(script);
    for (let times = 0; times < 20; times += 1) await runCall(rig, { stream: true });
    expect(rig.deps.breaker.list()).toEqual([]);
    expect(asked(rig)).toBe(20);
  });

  test('a wrong credential closes the upstream, a missing model only itself', async () => {
    const credential = await only(refuse(401, 'invalid_api_key'));
    await runCall(credential);
    expect(credential.deps.breaker.list()).toMatchObject([{ name: 'a', cause: 'refused' }]);
    const model = await only(refuse(404, 'model_not_found'));
    await runCall(model);
    expect(model.deps.breaker.list()).toMatchObject([{ name: 'a|wire-m', cause: 'refused' }]);
  });

  test.each([
    ['is cut', { acts: [{ bytes: CHUNK }, { fail: 'reset' as const }] }],
    ['is whole', stream(GOOD_STREAM)],
  ] as [string, Script][])(
    'a mended credential is found out by a stream that %s',
    async (_, script) => {
      const rig = await only(refuse(401, 'invalid_api_key'), script, stream(GOOD_STREAM));
      await runCall(rig, { stream: true });
      await rig.clock.advance(30_000);
      await runCall(rig, { stream: true });
      expect(rig.deps.breaker.waitMs('a')).toBe(0);
      expect((await runCall(rig, { stream: true })).fault).toBeNull();
    },
  );

  test('only one call tries an upstream that may be well again', async () => {
    const rig = await only(refuse(401, 'invalid_api_key'), whole({ afterMs: 1_000 }));
    await runCall(rig);
    await rig.clock.advance(30_000);
    const codes = Promise.all(
      [1, 2, 3].map(() =>
        rig.call().then(
          () => 'ok',
          (thrown: Error & { code?: string }) => thrown.code,
        ),
      ),
    );
    expect(await rig.clock.until(codes)).toEqual(['ok', 'no_upstream', 'no_upstream']);
  });
});
