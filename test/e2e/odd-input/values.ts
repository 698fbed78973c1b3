/** Values that nobody asked for. */

export const VALUES: readonly unknown[] = [
  ...[null, true, -1, 1.5, 1e308, 2 ** 53, '', '\u0000', '\ud800', 'x'.repeat(20_000), 'NaN'],
  ...['../../etc', 'https://example.com/a.png', 'data:image/png;base64,AAAA'],
  ...[[], {}, [[]], [null], ['x'], [{ type: 'zzz' }], { type: 'zzz' }, { a: { b: [] } }],
  JSON.parse('{"__proto__":{"a":1}}') as unknown,
];

/** As they stand in a URL. */
export const NAMES: readonly string[] = [
  ...['x', 'a%00b', '%ff', '..', '%2e%2e%2f', 'x'.repeat(5_000), '%F0%9F%98%80', '-1', '%25'],
  ...['[object]', 'null', `task_${'0'.repeat(26)}`],
];

export const NUMBERS: readonly string[] = [
  ...['', '0', '-1', '1e9', '99999999999999999999', 'abc', '%00', 'x'.repeat(5_000), '1.5', '[]'],
];
