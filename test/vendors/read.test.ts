import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/kit/json.ts';
import { isPointer, readPointer } from '../../src/kit/pointer.ts';
import { readUsage } from '../../src/vendors/read.ts';
import { readError } from '../../src/vendors/refusal.ts';
import type { TokenMeter, Vendor } from '../../src/vendors/shape.ts';

const METER: TokenMeter = {
  input: '/usage/in',
  output: '/usage/out',
  cachedInput: ['/usage/hit', '/usage/details/hit'],
  reasoning: ['/usage/thought'],
};

const VENDOR: Vendor = {
  id: 'example',
  name: 'Example',
  baseUrl: 'https://example.com',
  keyEnv: [],
  auth: null,
  services: {},
  causes: { 'Quota*': 'account', 'Quota.Minute*': 'busy', 'http:403': 'caller' },
  docs: 'https://example.com',
  checked: '2026-11-22',
};

function usage(fields: Json): ReturnType<typeof readUsage> {
  return readUsage(METER, { usage: fields });
}

describe('readPointer', () => {
  const value: Json = { 'a/b': { '~': [10, { c: null }] }, '': 1 };

  test('follows RFC 6901, escapes included', () => {
    expect(readPointer(value, '')).toEqual(value);
    expect(readPointer(value, '/a~1b/~0/0')).toBe(10);
    expect(readPointer(value, '/a~1b/~0/1/c')).toBeNull();
    expect(readPointer(value, '/')).toBe(1);
  });

  test('answers undefined where nothing stands or the pointer is not one', () => {
    for (const pointer of ['/x', '/a~1b/~0/2', '/a~1b/~0/01', '/a~1b/~0/length', '/a~1b/~0/0/x']) {
      expect(readPointer(value, pointer)).toBeUndefined();
    }
    expect(readPointer(value, 'a')).toBeUndefined();
    expect(readPointer({}, '/constructor')).toBeUndefined();
    expect(isPointer('/a~2')).toBe(false);
  });
});

describe('readUsage', () => {
  test('takes the first cached pointer that is present, null being absent', () => {
    expect(usage({ in: 9, out: 2, hit: null, details: { hit: 4 } })).toEqual({
      inputTokens: 9,
      outputTokens: 2,
      cachedInputTokens: 4,
      reasoningTokens: 0,
    });
    expect(usage({ in: 9, out: 2, hit: 0, details: { hit: 4 } })?.cachedInputTokens).toBe(0);
  });

  test('adds what was counted apart', () => {
    const apart = readUsage(
      { ...METER, reasoningApart: true },
      {
        usage: { in: 1, out: 2, thought: 5 },
      },
    );
    expect(apart?.outputTokens).toBe(7);
    expect(usage({ in: 3, out: 1, hit: 8 })?.inputTokens).toBe(11);
  });

  test.each([
    { in: 1 },
    { out: 1 },
    { in: -1, out: 1 },
    { in: 1.5, out: 1 },
    { in: '1', out: 1 },
    { in: 1, out: 1, hit: -2 },
    { in: 1, out: 1, thought: 0.5 },
    { in: 1e300, out: 1 },
  ] as Json[])('answers null for %p', (fields) => {
    expect(usage(fields)).toBeNull();
  });

  test('answers null where there is no usage', () => {
    expect(readUsage(METER, { usage: null })).toBeNull();
    expect(readUsage(METER, null)).toBeNull();
  });
});

describe('readError', () => {
  test.each([
    [301, 'down'],
    [400, 'caller'],
    [401, 'credential'],
    [402, 'account'],
    [404, 'model'],
    [408, 'down'],
    [409, 'caller'],
    [413, 'caller'],
    [422, 'caller'],
    [429, 'busy'],
    [500, 'down'],
    [529, 'down'],
    [200, 'down'],
  ] as const)('by default %d means %s', (status, cause) => {
    expect(readError(VENDOR, status, undefined)).toEqual({
      code: null,
      message: `The vendor answered with HTTP status ${status}.`,
      param: null,
      cause,
    });
  });

  test('the longest prefix counts before the status of the vendor, that before the default', () => {
    const cause = (status: number, code: string) =>
      readError(VENDOR, status, { error: { code, message: 'x' } }).cause;
    expect(cause(500, 'QuotaGone')).toBe('account');
    expect(cause(500, 'Quota.MinuteGone')).toBe('busy');
    expect(cause(403, 'Other')).toBe('caller');
    expect(cause(401, 'constructor')).toBe('credential');
  });

  test('an endless message is cut', () => {
    const { message } = readError(VENDOR, 400, { message: 'x'.repeat(50_000) });
    expect(message.length).toBe(2_000);
  });

  test('a body that is no object does no harm', () => {
    for (const body of ['Invalid token', 7, null, [], [{ error: 1 }]] as Json[]) {
      expect(readError(VENDOR, 401, body).cause).toBe('credential');
    }
  });
});
