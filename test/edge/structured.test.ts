/** Headers that say how JSON is wanted. */
import { describe, expect, test } from 'bun:test';
import { structuredWishes } from '../../src/edge/structured.ts';
import { faultOf } from '../dialects/rig.ts';

const read = (headers: Record<string, string>) => structuredWishes(new Headers(headers));

describe('wishes', () => {
  test('nothing is said where no header is sent', () => {
    expect(read({ accept: '*/*' })).toEqual({});
  });

  test('each header says its own', () => {
    expect(read({ 'x-gangway-structured': 'off' })).toEqual({ structured: { off: true } });
    expect(
      read({ 'x-gangway-structured-stream': 'pass', 'x-gangway-structured-attempts': '2' }),
    ).toEqual({ structured: { off: false, stream: 'pass', attempts: 2 } });
  });

  test.each([
    ['x-gangway-structured', 'on'],
    ['x-gangway-structured-stream', 'both'],
    ['x-gangway-structured-attempts', '0'],
    ['x-gangway-structured-attempts', '1.5'],
    ['x-gangway-structured-attempts', '100'],
  ])('%s: %s is refused by name', (name, value) => {
    const fault = faultOf(() => read({ [name]: value }));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', name]);
  });
});
