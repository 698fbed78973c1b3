/** Tokens that a caller signs with an access key: whose they are, until when, and what is none. */
import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mintAccessKey } from '../../src/access/access-keys.ts';
import { makePairCallers } from '../../src/access/pair-callers.ts';
import { makeSelfSigned } from '../../src/access/self-signed.ts';
import { Fault } from '../../src/kit/fault.ts';
import { makeSealer } from '../../src/kit/seal.ts';
import type { AccessKeyRow } from '../../src/storage/ports.ts';
import { SimClock } from '../suites/sim-clock.ts';

const SEALER = makeSealer(new Uint8Array(32).fill(3));
const DAY_S = 86_400;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(claims: object, secret: string, head: object = { alg: 'HS256', typ: 'JWT' }) {
  const text = `${part(head)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function start() {
  const clock = new SimClock();
  const { row, secret } = mintAccessKey('team', SEALER, clock.nowMs());
  let now: AccessKeyRow = row;
  let reads = 0;
  let changed: () => void = () => undefined;
  const pairs = {
    async found(id: string) {
      reads += 1;
      return id === row.id ? { pair: now, accountUnlimited: true } : undefined;
    },
    onChange(listener: () => void) {
      changed = listener;
    },
  };
  const callers = makePairCallers({ pairs, sealer: SEALER });
  const access = makeSelfSigned({ pairs: callers, clock });
  const nowS = () => Math.floor(clock.nowMs() / 1_000);
  const told = async (token: string): Promise<string> => {
    try {
      await access.identify(token);
      return 'ok';
    } catch (thrown) {
      if (thrown instanceof Fault) return thrown.code;
      throw thrown;
    }
  };
  const put = (state: AccessKeyRow['state']): void => {
    now = { ...row, state };
    changed();
  };
  const good = (more: object = {}) => ({
    ...{ iss: row.id, exp: nowS() + 1_800, nbf: nowS() - 5, ...more },
  });
  return { access, clock, row, secret, nowS, told, put, good, reads: () => reads };
}

describe('a token', () => {
  test('is its access key’s, with what its account may do', async () => {
    const { access, row, secret, good } = start();
    const caller = await access.identify(signed(good(), secret));
    expect(caller).toMatchObject({ unlimited: true, models: null, addresses: null });
    expect(caller.key).toMatchObject({ id: row.id, accountId: 'team', role: 'caller' });
  });

  test('costs one read, however often it comes', async () => {
    const { access, secret, good, reads } = start();
    for (let times = 0; times < 50; times += 1) await access.identify(signed(good(), secret));
    expect(reads()).toBe(1);
    expect(access.identify(signed(good(), secret))).not.toBeInstanceOf(Promise);
  });

  test('begins and ends when it says, give or take a minute of clocks', async () => {
    const { told, secret, good, nowS, clock } = start();
    const at = (claims: object) => told(signed(good(claims), secret));
    expect(await at({ nbf: nowS() + 60 })).toBe('ok');
    expect(await at({ nbf: nowS() + 61 })).toBe('signed_token_early');
    expect(await at({ exp: nowS() - 59 })).toBe('ok');
    expect(await at({ exp: nowS() - 60 })).toBe('signed_token_expired');
    expect(await at({ exp: nowS() + DAY_S + 60 })).toBe('ok');
    expect(await at({ exp: nowS() + DAY_S + 61 })).toBe('invalid_signed_token');
    expect(await at({ nbf: undefined })).toBe('ok');
    const token = signed(good(), secret);
    clock.jump(1_860_000);
    expect(await told(token)).toBe('signed_token_expired');
  });

  test('of a key that was disabled is out at once', async () => {
    const { told, secret, good, put } = start();
    const token = signed(good(), secret);
    expect(await told(token)).toBe('ok');
    put('disabled');
    expect(await told(token)).toBe('invalid_signed_token');
    put('active');
    expect(await told(token)).toBe('ok');
  });
});

describe('what is no token', () => {
  test('is refused, whatever is wrong with it', async () => {
    const { told, secret, good, row } = start();
    const head = part({ alg: 'none', typ: 'JWT' });
    const cases = [
      signed(good(), 'another secret'),
      signed(good(), secret, { alg: 'HS512', typ: 'JWT' }),
      signed(good(), secret, { alg: 'none' }),
      `${head}.${part(good())}.`,
      signed(good({ iss: 'AKLTnobody' }), secret),
      signed(good({ iss: undefined }), secret),
      signed(good({ iss: "' or 1=1" }), secret),
      signed(good({ iss: [row.id] }), secret),
      signed(good({ exp: undefined }), secret),
      signed(good({ exp: '9999999999' }), secret),
      signed(good({ nbf: 'now' }), secret),
      `${signed(good(), secret)}.more`,
      'eyJ',
      'eyJ.eyJ.x',
      'eyJ..',
    ];
    for (const token of cases)
      expect([token, await told(token)]).toEqual([token, 'invalid_signed_token']);
  });

  test('nor one with any character changed', async () => {
    const { told, secret, good } = start();
    const token = signed(good(), secret);
    // The last character of a 32-byte MAC has two bits that say nothing.
    for (let at = 3; at < token.length - 1; at += 1) {
      const changed = token[at] === 'A' ? 'B' : 'A';
      const said = await told(token.slice(0, at) + changed + token.slice(at + 1));
      expect([at, said]).not.toEqual([at, 'ok']);
    }
  });
});
