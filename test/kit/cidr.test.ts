import { describe, expect, test } from 'bun:test';
import { parseCidrs, plainAddress } from '../../src/kit/cidr.ts';

const CASES: readonly (readonly [ranges: string[], address: string, inside: boolean])[] = [
  [['10.0.0.0/8'], '10.255.0.1', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.1.2.3/8'], '10.9.9.9', true],
  [['192.168.1.7'], '192.168.1.7', true],
  [['192.168.1.7'], '192.168.1.8', false],
  [['192.168.1.7/31'], '192.168.1.6', true],
  [['0.0.0.0/0'], '203.0.113.9', true],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['2001:db8::/32'], '2001:db8:ffff::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['2001:DB8::/32'], '2001:0db8:0:0::1', true],
  [['::1'], '::1', true],
  [['::1'], '127.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.0.0.1', true],
  [['10.0.0.0/8'], '::FFFF:10.0.0.1', true],
  [['10.0.0.0/8'], '::ffff:a00:1', true],
  [['10.0.0.0/8'], '::ffff:11.0.0.1', false],
  [['::ffff:10.0.0.0/104'], '10.0.0.1', true],
  [['172.16.0.0/12', '2001:db8::/32', '203.0.113.4'], '203.0.113.4', true],
  [['172.16.0.0/12', '2001:db8::/32', '203.0.113.4'], '172.32.0.1', false],
  [[' 10.0.0.0/8 '], '10.0.0.1', true],
  [[], '10.0.0.1', false],
  [['0.0.0.0/0', '::/0'], '', false],
  [['0.0.0.0/0', '::/0'], 'localhost', false],
  [['0.0.0.0/0', '::/0'], '10.0.0.1, 10.0.0.2', false],
  [['0.0.0.0/0', '::/0'], '010.0.0.1', false],
];

describe('parseCidrs', () => {
  test.each(CASES)('%j has %j: %p', (ranges, address, inside) => {
    expect(parseCidrs(ranges).has(address)).toBe(inside);
  });

  test.each([
    ...['', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/9', '10.0.0.0/1e1'],
    ...['10.0.0/8', '256.0.0.0/8', '2001:db8::/129', 'example.com', '10.0.0.0/ 8', '10.0.0.0/0x8'],
  ])('refuses %j by its name', (range) => {
    expect(() => parseCidrs(['10.0.0.0/8', range])).toThrow(`"${range}" is not`);
  });
});

test('plainAddress takes mapped IPv4 for IPv4 and leaves the rest', () => {
  expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(plainAddress('10.0.0.1')).toBe('10.0.0.1');
  expect(plainAddress('2001:db8::1')).toBe('2001:db8::1');
});
