/** Which failure is asked again, which goes on to the next upstream, which goes to the caller. */
import { describe, expect, test } from 'bun:test';
import { START_MS } from '../suites/sim-clock.ts';
import { makeRig, runCall, type Wish } from './rig.ts';
import { CHUNK, DONE, GOOD_STREAM, refuse, type Script, stream, whole } from './sim-vendors.ts';

const DOWN = refuse(500, 'broken');
const asks = (events: readonly string[]) => events.filter((one) => one.startsWith('ask'));

interface Seen {
  readonly asks: readonly string[];
  readonly code: string;
  readonly passedMs: number;
}

async function see(scripts: Record<string, Script[]>, wish: Wish = {}, streamed = false) {
  const rig = await makeRig(wish, scripts);
  const told = await runCall(rig, streamed ? { stream: true } : {});
  const seen: Seen = {
    asks: asks(rig.events).map((one) => one.slice(4)),
    code: told.fault?.code ?? 'ok',
    passedMs: rig.ledger.row.totalMs,
  };
  return { ...seen, rig, told };
}

describe('a vendor that is down', () => {
  test('is asked twice more, a second apart', async () => {
    const seen = await see({ a: [DOWN, DOWN, whole()] });
    expect(seen).toMatchObject({ asks: ['a', 'a', 'a'], code: 'ok' });
    expect(seen.passedMs).toBe(2_002);
    const row = seen.rig.ledger.row;
    const attempts = JSON.parse(row.attempts) as { result: string; status: number }[];
    expect(attempts.map(({ result, status }) => [result, status])).toEqual([
      ['vendor_error', 500],
      ['vendor_error', 500],
      ['ok', 200],
    ]);
    expect(row).toMatchObject({ state: 'charged', endReason: 'complete' });
  });

  test('is not asked a fourth time', async () => {
    const seen = await see({ a: [DOWN] });
    expect(seen).toMatchObject({ asks: ['a', 'a', 'a'], code: 'vendor_error' });
    expect(seen.told.fault?.status).toBe(502);
    expect(seen.rig.ledger.row).toMatchObject({
      state: 'released',
      charge: 0n,
      endReason: 'vendor_fault',
      fault: 'vendor_error',
    });
  });

  test.each([
    [{ count: 0, delayMs: 1_000 }, 1, 2],
    [{ count: 1, delayMs: 5_000 }, 2, 5_002],
  ])('%j: both can be set', async (set, tries, passedMs) => {
    const retry = { ...set, retryAfterMsMax: 10_000 };
    const seen = await see({ a: [DOWN] }, { settings: { retry } });
    expect(seen.asks.length).toBe(tries);
    expect(seen.passedMs).toBe(passedMs);
  });

  test('is left for the next upstream, and that one for the one after', async () => {
    const seen = await see({ a: [DOWN], b: [DOWN], c: [whole()] });
    expect(seen.asks).toEqual(['a', 'a', 'a', 'b', 'b', 'b', 'c']);
    expect(seen.rig.ledger.row).toMatchObject({ upstream: 'c', charge: 120_000n });
  });

  test('a call has a bound on its tries', async () => {
    const scripts = Object.fromEntries([...'abcdefgh'].map((name) => [name, [DOWN]]));
    expect((await see(scripts)).asks.length).toBe(12);
  });
});

describe('every failure before the first byte goes to the next upstream', () => {
  const NEXT: readonly (readonly [name: string, script: Script])[] = [
    ['no connection', { fail: 'connect' }],
    ['a broken connection', { fail: 'reset' }],
    ['a wrong credential', refuse(401, 'invalid_api_key')],
    ['an empty account', refuse(402, 'insufficient_quota')],
    ['a forbidden model', refuse(403, 'nope')],
    ['a model it does not have', refuse(404, 'model_not_found')],
    ['too many requests', refuse(429, 'rate_limit_exceeded')],
    ['a broken server', refuse(503, 'overloaded')],
    ['no JSON', { acts: [{ bytes: '<html>' }] }],
    ['no choices', { acts: [{ bytes: '{"choices":[]}' }] }],
    ['an error under 200', { acts: [{ bytes: '{"error":{"code":"server_error"}}' }] }],
    ['silence', { afterMs: Number.POSITIVE_INFINITY }],
    ['a body that breaks', { acts: [{ bytes: '{"cho' }, { fail: 'reset' }] }],
  ];
  const STREAMED: typeof NEXT = [
    ['an error event first', stream(['data: {"error":{"code":"server_error"}}\n\n'])],
    ['an end without an event', stream([])],
    ['[DONE] and nothing else', stream([DONE])],
    ['events without a choice, then an end', stream(['data: {"choices":[]}\n\n'])],
    ['a malformed event first', stream(['data: {"id\n\n', CHUNK])],
    ['comments, then a break', { acts: [{ bytes: ': ping\n\n' }, { fail: 'reset' }] }],
    ['one body instead of a stream', whole({ headers: { 'content-type': 'application/json' } })],
  ];
  const retry = { count: 0, delayMs: 1_000, retryAfterMsMax: 10_000 };

  test.each(NEXT)('%s', async (_, script) => {
    const seen = await see({ a: [script], b: [whole()] }, { settings: { retry } });
    expect(seen).toMatchObject({ asks: ['a', 'b'], code: 'ok' });
    expect(seen.rig.ledger.row).toMatchObject({ upstream: 'b', charge: 120_000n });
  });

  test.each(STREAMED)('%s, streamed', async (_, script) => {
    const seen = await see(
      { a: [script], b: [stream(GOOD_STREAM)] },
      { settings: { retry } },
      true,
    );
    expect(seen).toMatchObject({ asks: ['a', 'b'], code: 'ok' });
    expect(seen.told.text.endsWith(DONE)).toBeTrue();
  });

  test('but not what the caller must mend', async () => {
    const seen = await see({ a: [refuse(400, 'bad_field')], b: [whole()] });
    expect(seen.asks).toEqual(['a']);
    expect(seen.told.fault).toMatchObject({ code: 'vendor_rejected', status: 400 });
    expect(seen.told.fault?.message).toBe('no: bad_field');
    expect(seen.told.fault?.detail.vendorCode).toBe('bad_field');
    expect(seen.rig.ledger.row).toMatchObject({ state: 'released', fault: 'vendor_rejected' });
  });

  test('and nothing once the caller has read a byte', async () => {
    const broken: Script = { acts: [{ bytes: CHUNK }, { fail: 'reset' }] };
    const seen = await see({ a: [broken], b: [stream(GOOD_STREAM)] }, {}, true);
    expect(seen.asks).toEqual(['a']);
    expect(seen.told.text).toStartWith(CHUNK);
    expect(seen.told.text).toContain('"code":"vendor_cut"');
    expect(seen.told.text).not.toContain('[DONE]');
    expect(seen.rig.ledger.row).toMatchObject({ endReason: 'vendor_cut', fault: 'vendor_cut' });
  });
});

describe('what is our own trouble is not shown as the caller’s', () => {
  test.each([
    [refuse(401, 'invalid_api_key'), 'vendor_refused_us'],
    [refuse(402, 'insufficient_quota'), 'vendor_refused_us'],
    [refuse(429, 'insufficient_quota'), 'vendor_refused_us'],
    [refuse(403, 'x'), 'vendor_refused_us'],
    [refuse(404, 'model_not_found'), 'vendor_refused_us'],
  ])('%j', async (script, code) => {
    const { told } = await see({ a: [script] });
    expect(told.fault?.code).toBe(code as 'vendor_refused_us');
    expect(told.fault?.status).toBe(502);
    expect(told.fault?.message).not.toContain('no:');
    expect(told.fault?.retry).toBeFalse();
  });
});

describe('Retry-After', () => {
  const busy = (headers?: Record<string, string>) => refuse(429, 'rate_limit_exceeded', headers);

  test('is obeyed by the only upstream', async () => {
    const seen = await see({ a: [busy({ 'retry-after': '4' }), whole()] });
    expect(seen).toMatchObject({ asks: ['a', 'a'], code: 'ok', passedMs: 4_002 });
  });

  test('as a date, too', async () => {
    const date = new Date(START_MS + 7_000).toUTCString();
    const seen = await see({ a: [busy({ 'retry-after': date }), whole()] });
    expect(seen).toMatchObject({ code: 'ok' });
    expect(seen.passedMs).toBeGreaterThanOrEqual(6_999);
    expect(seen.passedMs).toBeLessThanOrEqual(7_002);
  });

  test('of a broken server is obeyed as well; a shorter one is not shorter than ours', async () => {
    const slow = await see({ a: [refuse(503, 'x', { 'retry-after': '3' }), whole()] });
    expect(slow.passedMs).toBe(3_002);
    const quick = await see({ a: [refuse(503, 'x', { 'retry-after': '0' }), whole()] });
    expect(quick.passedMs).toBe(1_002);
  });

  test('that is too long is passed on', async () => {
    const seen = await see({ a: [busy({ 'retry-after': '11' }), whole()] });
    expect(seen.asks).toEqual(['a']);
    expect(seen.told.fault).toMatchObject({ code: 'vendor_busy', status: 429 });
    expect(seen.told.fault?.detail.retryAfterS).toBe(11);
  });

  test('nobody waits for a busy upstream while another may answer', async () => {
    const seen = await see({ a: [busy({ 'retry-after': '4' })], b: [whole()] });
    expect(seen).toMatchObject({ asks: ['a', 'b'], passedMs: 2 });
  });

  test('an upstream that asked for time is left alone by the next call', async () => {
    const rig = await makeRig({}, { a: [busy({ 'retry-after': '30' })], b: [whole()] });
    await runCall(rig);
    await runCall(rig);
    expect(asks(rig.events)).toEqual(['ask a', 'ask b', 'ask b']);
    await rig.clock.advance(30_000);
    await runCall(rig);
    expect(asks(rig.events).slice(3)).toEqual(['ask a', 'ask b']);
    expect(rig.deps.breaker.list()).toEqual([]);
  });
});

test('the vendor gets our credential, the model by its own name, and no more', async () => {
  const { rig } = await see({ a: [whole()] });
  const [asked] = rig.vendors.asked;
  expect(asked?.url).toBe('https://a.test/v1/chat/completions');
  expect(asked?.headers).toEqual({
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    authorization: 'Bearer secret-a',
    'x-client-request-id': expect.stringMatching(/^call_[0-9a-f]{32}$/),
  });
  expect(asked?.body).toBe('{"model":"wire-m","messages":[{"role":"user","content":"hi"}]}');
});
