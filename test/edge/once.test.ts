/** Idempotency keys: what is repeated, what is refused, and that nothing is done twice. */
import { afterEach, describe, expect, test } from 'bun:test';
import { Fault } from '../../src/kit/fault.ts';
import { makeSqlitePlace } from '../storage/sqlite-place.ts';
import { type OnceEdge, type OnceWish, startOnceEdge, WORK, type Work } from './once-rig.ts';
import { ask, BODY, CHAT, post } from './rig.ts';

const running: OnceEdge[] = [];

afterEach(async () => {
  for (const edge of running.splice(0)) await edge.stop().catch(() => undefined);
});

async function start(wish: OnceWish = {}) {
  const edge = await startOnceEdge(wish);
  running.push(edge);
  const key = await edge.mint();
  const send = (body: string, once: string | null, of = key) =>
    ask(edge, WORK, post(of, body, once === null ? {} : { 'idempotency-key': once }));
  return { edge, key, send };
}

describe('one key', () => {
  test('is carried out once; its answer comes again byte for byte, marked', async () => {
    const work: Work = (_, body) =>
      Response.json(
        { body },
        { status: 201, headers: { 'x-gangway-call': 'call_1', 'x-ratelimit-limit-requests': '5' } },
      );
    const { edge, send } = await start({ work });
    const first = await send('a', 'k1');
    const again = await send('a', 'k1');
    expect(edge.done()).toBe(1);
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('x-gangway-call')).toBe('call_1');
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(again.headers.get('x-ratelimit-limit-requests')).toBeNull();
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
  });

  test('without the header nothing changes', async () => {
    const { edge, send } = await start();
    await send('a', null);
    await send('a', null);
    expect(edge.done()).toBe(2);
  });

  test('with another body, another query, another kind of body: refused', async () => {
    const { edge, key, send } = await start();
    await send('a', 'k1');
    const refused = { status: 409, code: 'idempotency_mismatch' };
    expect(await send('b', 'k1')).toMatchObject(refused);
    const more = { 'idempotency-key': 'k1' };
    expect(await ask(edge, `${WORK}?x=1`, post(key, 'a', more))).toMatchObject(refused);
    const kind = { ...more, 'content-type': 'text/plain' };
    expect(await ask(edge, WORK, post(key, 'a', kind))).toMatchObject(refused);
    expect(edge.done()).toBe(1);
  });

  test('is the account’s: its other keys see it, other accounts do not', async () => {
    const { edge, send } = await start();
    await send('a', 'k1');
    const sibling = await edge.mint();
    expect((await send('a', 'k1', sibling)).headers.get('idempotent-replayed')).toBe('true');
    const other = { id: 'acct_o', name: 'o', unlimited: true, createdMs: 1 };
    await edge.store.accounts.insert(other);
    const stranger = await edge.mint({ accountId: 'acct_o' });
    expect((await send('b', 'k1', stranger)).status).toBe(200);
    expect(edge.done()).toBe(2);
  });

  test.each([
    ['too long', 'x'.repeat(256)],
    ['a space inside', 'a b'],
    ['empty', ''],
  ])('that is %s is refused by name', async (_, bad) => {
    const { edge, send } = await start();
    expect(await send('a', bad)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      param: 'Idempotency-Key',
    });
    expect(edge.done()).toBe(0);
  });

  test('is free again after a day', async () => {
    let aheadMs = 0;
    const { edge, send } = await start({ aheadMs: () => aheadMs });
    await send('a', 'k1');
    aheadMs = 24 * 3_600_000 - 60_000;
    await edge.once.sweep();
    expect((await send('a', 'k1')).headers.get('idempotent-replayed')).toBe('true');
    aheadMs += 120_000;
    expect((await send('b', 'k1')).text).toBe('did b');
    expect(edge.done()).toBe(2);
  });
});

describe('two at once', () => {
  test('the second waits and gets the first one’s answer', async () => {
    const work: Work = async (_, body) => {
      await Bun.sleep(120);
      return new Response(`did ${body}`);
    };
    const { edge, send } = await start({ work });
    const answers = await Promise.all([send('a', 'k1'), send('a', 'k1'), send('a', 'k1')]);
    expect(answers.map(({ text }) => text)).toEqual(['did a', 'did a', 'did a']);
    expect(edge.done()).toBe(1);
  });

  test('on two nodes as well', async () => {
    const place = await makeSqlitePlace('interval');
    const work: Work = async () => {
      await Bun.sleep(100);
      return new Response('done');
    };
    const a = await start({ place, work });
    const b = await startOnceEdge({ place, work });
    const more = post(a.key, 'a', { 'idempotency-key': 'k1' });
    const answers = await Promise.all([ask(a.edge, WORK, more), ask(b, WORK, more)]);
    expect(answers.map(({ text }) => text)).toEqual(['done', 'done']);
    expect(a.edge.done() + b.done()).toBe(1);
    b.server.kill();
  });

  test('who waited long enough is told to come back', async () => {
    const gate = Promise.withResolvers<void>();
    const work: Work = async () => {
      await gate.promise;
      return new Response('late');
    };
    const { edge, send } = await start({ work });
    const first = send('a', 'k1');
    await Bun.sleep(30);
    const second = await send('a', 'k1');
    expect(second).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
    expect(second.headers.get('retry-after')).toBe('1');
    expect(second.headers.get('x-should-retry')).toBe('true');
    gate.resolve();
    expect((await first).text).toBe('late');
    expect((await send('a', 'k1')).text).toBe('late');
    expect(edge.done()).toBe(1);
  });
});

describe('what is refused', () => {
  test.each([
    ['rate_limit_exceeded', 429],
    ['insufficient_balance', 402],
    ['vendor_error', 502],
    ['vendor_timeout', 504],
    ['no_upstream', 503],
  ] as const)('%s leaves the key free', async (code, status) => {
    let refuse = true;
    const work: Work = () => {
      if (refuse) throw new Fault(code);
      return new Response('done');
    };
    const { edge, send } = await start({ work });
    expect((await send('a', 'k1')).status).toBe(status);
    refuse = false;
    expect((await send('b', 'k1')).text).toBe('done');
    expect(edge.done()).toBe(2);
  });

  test('a vendor’s own refusal is repeated as it was', async () => {
    const work: Work = () => {
      throw new Fault('vendor_rejected', { message: 'No such voice.', status: 422 });
    };
    const { edge, send } = await start({ work });
    const first = await send('a', 'k1');
    const again = await send('a', 'k1');
    expect(first).toMatchObject({ status: 422, code: 'vendor_rejected' });
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(edge.done()).toBe(1);
  });

  test('a mistake of ours may have cost something: it is not made again', async () => {
    const work: Work = () => {
      throw new Error('a bug');
    };
    const { edge, send } = await start({ work });
    expect((await send('a', 'k1')).status).toBe(500);
    expect(await send('a', 'k1')).toMatchObject({ status: 409, code: 'idempotency_no_answer' });
    expect(edge.done()).toBe(1);
  });

  test('a process that died while at work: never a second time', async () => {
    let aheadMs = 0;
    const never: Work = () => new Promise<Response>(() => undefined);
    const place = await makeSqlitePlace('interval');
    const dead = await start({ place, work: never });
    void ask(dead.edge, WORK, post(dead.key, 'a', { 'idempotency-key': 'k1' })).catch(() => null);
    await Bun.sleep(50);
    const live = await startOnceEdge({ place, aheadMs: () => aheadMs });
    const more = post(dead.key, 'a', { 'idempotency-key': 'k1' });
    expect((await ask(live, WORK, more)).code).toBe('idempotency_in_progress');
    await dead.edge.once.renew();
    aheadMs = 59_000;
    expect((await ask(live, WORK, more)).code).toBe('idempotency_in_progress');
    aheadMs = 61_000;
    expect((await ask(live, WORK, more)).code).toBe('idempotency_no_answer');
    expect(live.done()).toBe(0);
    live.server.kill();
  });
});

describe('bounds', () => {
  test('an answer that is too large is not kept, and says so', async () => {
    const work: Work = () => new Response('x'.repeat(10_001));
    const { edge, send } = await start({ work });
    const first = await send('a', 'k1');
    expect([first.status, first.text.length]).toEqual([200, 10_001]);
    expect(first.headers.get('x-gangway-idempotency')).toBe('not-kept');
    expect((await send('a', 'k1')).code).toBe('idempotency_no_answer');
    expect(edge.done()).toBe(1);
  });

  test('an account that keeps too much keeps no more answers, until they expire', async () => {
    const work: Work = () => new Response('x'.repeat(9_000));
    const { edge, send } = await start({ work });
    for (const name of ['1', '2', '3', '4', '5', '6']) await send('a', name);
    await edge.once.sweep();
    const more = await send('a', '7');
    expect(more.status).toBe(200);
    expect(more.headers.get('x-gangway-idempotency')).toBe('not-kept');
    expect((await send('a', '6')).headers.get('idempotent-replayed')).toBe('true');
  });

  test('an account with too many keys gets no new one', async () => {
    const store: OnceWish['store'] = (real) => ({
      ...real,
      use: async () => new Map([['default', { rows: 200_000, bytes: 5 }]]),
    });
    const { edge, send } = await start({ store });
    await send('a', 'k1');
    await edge.once.sweep();
    const refused = { status: 429, code: 'idempotency_limit_exceeded' };
    expect(await send('a', 'k2')).toMatchObject(refused);
    expect((await send('a', 'k1')).headers.get('idempotent-replayed')).toBe('true');
    expect((await send('a', null)).status).toBe(200);
  });

  test('a database that fails before: nothing is done; after: the answer goes out', async () => {
    let broken = 'begin';
    const store: OnceWish['store'] = (real) => ({
      ...real,
      begin: (...row) =>
        broken === 'begin' ? Promise.reject(new Error('disk')) : real.begin(...row),
      finish: (...row) =>
        broken === 'finish' ? Promise.reject(new Error('disk')) : real.finish(...row),
    });
    const { edge, send } = await start({ store });
    expect(await send('a', 'k1')).toMatchObject({ status: 503, code: 'storage_unavailable' });
    expect(edge.done()).toBe(0);
    broken = 'finish';
    const answered = await send('a', 'k1');
    expect([answered.status, answered.text]).toEqual([200, 'did a']);
    expect(answered.headers.get('x-gangway-idempotency')).toBe('not-kept');
    expect((await send('a', 'k1')).code).toBe('idempotency_in_progress');
    expect(edge.done()).toBe(1);
  });
});

test('the body limits of the gateway hold before anything is written', async () => {
  const { edge, send } = await start();
  expect((await send('x'.repeat(20_001), 'k1')).code).toBe('body_too_large');
  expect((await send('a', 'k1')).text).toBe('did a');
  expect(edge.done()).toBe(1);
});

test('chat: the second call is not made, and costs nothing', async () => {
  const { edge, key } = await start();
  const more = { 'idempotency-key': 'k1' };
  const first = await ask(edge, CHAT, post(key, BODY, more));
  const again = await ask(edge, CHAT, post(key, BODY, more));
  expect(first.status).toBe(200);
  expect(again.text).toBe(first.text);
  expect(again.headers.get('x-gangway-call')).toBe(first.headers.get('x-gangway-call'));
  await Bun.sleep(30);
  expect((await edge.store.calls.list({ limit: 10 })).length).toBe(1);
});
