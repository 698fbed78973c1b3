/** The header Prefer, as RFC 7240 writes it. */
import { describe, expect, test } from 'bun:test';
import { preferenceApplied, readPrefer } from '../../src/edge/prefer.ts';

describe('Prefer', () => {
  test.each([
    [null, false, null],
    ['', false, null],
    ['respond-async', true, null],
    ['Respond-Async', true, null],
    ['respond-async, wait=10', true, 10],
    ['wait=10,respond-async', true, 10],
    ['respond-async; x=1, wait="7"', true, 7],
    ['wait = 3', false, 3],
    ['wait=3, wait=9', false, 3],
    ['wait=soon', false, null],
    ['wait=-1', false, null],
    ['wait=99999999', false, null],
    ['return=minimal, handling=lenient', false, null],
    ['respond-asynchronously', false, null],
    ['"respond-async"', false, null],
  ])('%p', (header, isAsync, waitS) => {
    expect(readPrefer(header)).toEqual({ isAsync, waitS });
  });

  test('says what was done of it', () => {
    expect(preferenceApplied({ isAsync: true, waitS: null })).toBe('respond-async');
    expect(preferenceApplied({ isAsync: true, waitS: 5 })).toBe('respond-async, wait=5');
  });
});
