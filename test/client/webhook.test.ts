import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { verifyWebhook } from 'gangway/client';

const BYTES = Buffer.from('a secret of the webhook endpoint');
const SECRET = `whsec_${BYTES.toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another').toString('base64')}`;
const NOW_S = 1_800_000_000;
const clock = { nowMs: () => NOW_S * 1_000 };
const BODY = JSON.stringify({ type: 'task.succeeded', data: { id: 'task_1', 名: '名' } });

function sign(secret: string, stamp = String(NOW_S)): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`msg_1.${stamp}.${BODY}`).digest('base64');
  return `v1,${mac}`;
}

function headersOf(signature: string, stamp = String(NOW_S)) {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': stamp,
    'webhook-signature': signature,
  };
}

const verify = (headers: Record<string, string>, more: object = {}) =>
  verifyWebhook({ headers, body: BODY, secret: SECRET, clock, ...more });

describe('verifyWebhook', () => {
  test('gives the payload, from text and bytes, from any kind of headers', async () => {
    const headers = headersOf(sign(SECRET));
    const good = { id: 'msg_1', timestamp: NOW_S, payload: JSON.parse(BODY) };
    expect(await verify(headers)).toEqual(good);
    expect(await verify(headers, { body: Buffer.from(BODY) })).toEqual(good);
    expect(await verify(headers, { headers: new Headers(headers) })).toEqual(good);
    const listed = Object.fromEntries(
      Object.entries(headers).map(([k, v]) => [k.toUpperCase(), [v]]),
    );
    expect(await verify(headers, { headers: listed })).toEqual(good);
  });

  test('the vector of the Standard Webhooks documentation', async () => {
    const told = await verifyWebhook({
      headers: {
        'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        'webhook-timestamp': '1614265330',
        'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
      },
      body: '{"test": 2432232314}',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      clock: { nowMs: () => 1_614_265_330_000 },
    });
    expect(told.payload).toEqual({ test: 2_432_232_314 });
  });

  test('one of several signatures, one of several secrets', async () => {
    const several = `v1a,AAAA ${sign(OTHER)} ${sign(SECRET)}`;
    expect((await verify(headersOf(several))).id).toBe('msg_1');
    expect((await verify(headersOf(sign(OTHER)), { secret: [SECRET, OTHER] })).id).toBe('msg_1');
  });

  test('five minutes both ways', async () => {
    for (const [awayS, good] of [
      [-300, true],
      [300, true],
      [-301, false],
      [301, false],
    ] as const) {
      const stamp = String(NOW_S + awayS);
      const verdict = verify(headersOf(sign(SECRET, stamp), stamp)).then(
        () => true,
        () => false,
      );
      expect([awayS, await verdict]).toEqual([awayS, good]);
    }
    const stamp = String(NOW_S - 10);
    const narrow = verify(headersOf(sign(SECRET, stamp), stamp), { toleranceS: 5 });
    await expect(narrow).rejects.toThrow('too old');
  });

  test('anything that was changed is refused', async () => {
    const good = headersOf(sign(SECRET));
    const cases: [Record<string, string>, object][] = [
      [good, { body: `${BODY} ` }],
      [good, { secret: OTHER }],
      [good, { secret: 'whsec_' }],
      [good, { secret: 'whsec_!' }],
      [{ ...good, 'webhook-id': 'msg_2' }, {}],
      [{ ...good, 'webhook-timestamp': String(NOW_S + 1) }, {}],
      [{ ...good, 'webhook-timestamp': 'now' }, {}],
      [{ ...good, 'webhook-signature': sign(SECRET).slice(3) }, {}],
      [{ ...good, 'webhook-signature': 'v1,' }, {}],
      [{ ...good, 'webhook-signature': 'v1,!!' }, {}],
      [{ 'webhook-id': 'msg_1' }, {}],
    ];
    for (const [headers, more] of cases) {
      await expect(verify(headers, more)).rejects.toMatchObject({ code: 'invalid_webhook' });
    }
  });
});
