/** Vendors that want more than a header: signatures of each request, tokens traded for. */
import { describe, expect, test } from 'bun:test';
import { Fault } from '../../src/kit/fault.ts';
import type { Outbound, OutboundRequest } from '../../src/kit/fetch.ts';
import { isObject } from '../../src/kit/json.ts';
import { makeCredentials } from '../../src/relay/credentials.ts';
import { Failure } from '../../src/relay/failure.ts';
import type { Upstream } from '../../src/relay/upstreams.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import type { Auth } from '../../src/vendors/shape.ts';
import { SimClock } from '../suites/sim-clock.ts';

const ASK = { method: 'POST', url: 'https://a.test/x', headers: {}, body: '{"a":1}' } as const;

const TRADED: Auth = {
  header: 'authorization',
  prefix: 'Bearer ',
  trade: {
    request: (credential, nowMs) => ({
      url: 'https://a.test/token',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ credential, nowMs }),
    }),
    read: (reply) =>
      isObject(reply) && typeof reply.token === 'string'
        ? { token: reply.token, lifeS: 3_600 }
        : null,
  },
};

const upstream = (auth: Auth, credential: string | null = 'secret'): Upstream => ({
  id: 'a',
  vendor: { ...compatible, auth },
  baseUrl: 'https://a.test',
  credential,
  priority: 0,
  weight: 1,
});

/** Answers each trade with the next status and body. */
function trader(replies: readonly (readonly [status: number, body: string])[]) {
  const asked: OutboundRequest[] = [];
  const outbound: Outbound = async (request) => {
    const [status, text] = replies[asked.length] ?? [500, ''];
    asked.push(request);
    return {
      status,
      header: () => null,
      text: async () => text,
      read: async () => null,
      close: () => undefined,
    };
  };
  const clock = new SimClock();
  return { asked, clock, credentials: makeCredentials(outbound, clock) };
}

const failureOf = async (work: Promise<unknown> | unknown): Promise<Failure> => {
  const thrown = await Promise.resolve(work).then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof Failure) return thrown;
  throw new Error(`no failure but ${String(thrown)}`);
};

test('a credential that is simply sent costs nothing more', () => {
  const { credentials } = trader([]);
  expect(credentials.prove(upstream({ header: 'x-key', prefix: '' }), ASK)).toBeNull();
  expect(credentials.prove(upstream(TRADED, null), ASK)).toBeNull();
});

describe('a signature', () => {
  test('covers this very request, and the time', () => {
    const { credentials, clock } = trader([]);
    const sign = (ask: { body: string; credential: string; nowMs: number }) => ({
      'x-signature': `${ask.credential}|${ask.body}|${ask.nowMs}`,
    });
    expect(credentials.prove(upstream({ sign }), ASK)).toEqual({
      'x-signature': `secret|{"a":1}|${clock.nowMs()}`,
    });
  });

  test('with a credential that cannot be read is the operator’s to mend', async () => {
    const { credentials } = trader([]);
    const sign = (): never => {
      throw new Error('not a pair');
    };
    const failure = await failureOf(
      Promise.resolve().then(() => credentials.prove(upstream({ sign }), ASK)),
    );
    expect([failure.fault.code, failure.why, failure.sent]).toEqual([
      'vendor_refused_us',
      'credential',
      false,
    ]);
  });
});

describe('a token', () => {
  test('is traded for once, kept for its life, and traded for anew before its end', async () => {
    const { asked, clock, credentials } = trader([
      [200, '{"token":"t1"}'],
      [200, '{"token":"t2"}'],
    ]);
    const both = await Promise.all([1, 2].map(() => credentials.prove(upstream(TRADED), ASK)));
    expect(both).toEqual([{ authorization: 'Bearer t1' }, { authorization: 'Bearer t1' }]);
    await clock.advance(3_539_000);
    expect(await credentials.prove(upstream(TRADED), ASK)).toEqual({ authorization: 'Bearer t1' });
    await clock.advance(2_000);
    expect(await credentials.prove(upstream(TRADED), ASK)).toEqual({ authorization: 'Bearer t2' });
    expect(asked.map(({ url }) => url)).toEqual(['https://a.test/token', 'https://a.test/token']);
  });

  test('of another credential is another token', async () => {
    const { credentials } = trader([
      [200, '{"token":"t1"}'],
      [200, '{"token":"t2"}'],
    ]);
    await credentials.prove(upstream(TRADED), ASK);
    expect(await credentials.prove(upstream(TRADED, 'other'), ASK)).toEqual({
      authorization: 'Bearer t2',
    });
  });

  test.each([
    [401, '{"error":"invalid_grant"}', 'vendor_refused_us', 'credential'],
    [400, 'no', 'vendor_refused_us', 'credential'],
    [503, 'busy', 'vendor_error', 'down'],
  ])('refused with %d is a failure, and is asked for again', async (...row) => {
    const [status, body, code, why] = row;
    const { credentials } = trader([
      [status, body],
      [200, '{"token":"t2"}'],
    ]);
    const failure = await failureOf(credentials.prove(upstream(TRADED), ASK));
    expect([failure.fault.code, failure.why]).toEqual([code as 'vendor_error', why as 'down']);
    expect(await credentials.prove(upstream(TRADED), ASK)).toEqual({ authorization: 'Bearer t2' });
  });

  test('that is none is a malformed answer', async () => {
    const { credentials } = trader([[200, '{}']]);
    const thrown = await Promise.resolve(credentials.prove(upstream(TRADED), ASK)).catch(
      (error: unknown) => error,
    );
    expect(thrown instanceof Fault && thrown.code).toBe('vendor_malformed');
  });
});
