import { describe, expect, test } from 'bun:test';
import { readRetryAfter } from '../../src/relay/failure.ts';
import { makeRoutes, orderCandidates } from '../../src/relay/upstreams.ts';
import ark from '../../src/vendors/ark.ts';
import compatible from '../../src/vendors/openai-compatible.ts';
import { seededRandom } from '../suites/sim-clock.ts';
import { MODEL } from './rig.ts';

const model = {
  ...MODEL,
  id: 'm/one',
  aliases: ['mm'],
  offers: [
    { vendor: compatible.id, wireName: 'wire-c' },
    { vendor: ark.id, wireName: 'wire-a' },
  ],
};
const catalog = {
  find: (name: string) => (['m/one', 'mm'].includes(name) ? model : undefined),
  list: () => [model, { ...MODEL, id: 'nobody', offers: [{ vendor: 'x', wireName: 'y' }] }],
};
const upstream = (id: string, more: object = {}) => ({
  id,
  vendor: compatible,
  baseUrl: 'https://c.test/v1//',
  credential: 'k',
  priority: 0,
  weight: 1,
  ...more,
});
const ASK = ['chat', 'openai-chat'] as const;

const make = () =>
  makeRoutes(
    catalog,
    [
      upstream('openai-compatible:x', { weight: 3 }),
      upstream('openai-compatible:y'),
      upstream('ark', { vendor: ark, baseUrl: ark.baseUrl, credential: null, priority: 1 }),
    ],
    async () => null,
  );

describe('routes', () => {
  test('a model is found by id and alias, and at one vendor or upstream', async () => {
    const routes = await make();
    const ids = (name: string) =>
      routes
        .find(name)
        .candidates(...ASK)
        .map((one) => one.upstream.id);
    expect(ids('m/one')).toEqual(['openai-compatible:x', 'openai-compatible:y', 'ark']);
    expect(ids('mm')).toEqual(ids('m/one'));
    expect(ids('ark/m/one')).toEqual(['ark']);
    expect(ids('openai-compatible/m/one')).toEqual(['openai-compatible:x', 'openai-compatible:y']);
    expect(ids('openai-compatible:y/m/one')).toEqual(['openai-compatible:y']);
    for (const name of ['nope', 'nope/m/one', 'ark/nope', '/', 'nobody', '__proto__']) {
      expect(() => routes.find(name)).toThrow(`There is no model "${name}" here`);
    }
    expect(routes.list().map((route) => route.model.id)).toEqual(['m/one']);
  });

  test('a candidate has its address and headers, and no credential that is not there', async () => {
    const [first, , third] = (await make()).find('mm').candidates(...ASK);
    expect(first?.url).toBe('https://c.test/v1/chat/completions');
    expect(first?.headers.authorization).toBe('Bearer k');
    expect(first?.wireName).toBe('wire-c');
    expect(third?.url).toBe('https://ark.cn-beijing.volces.com/api/v3/chat/completions');
    expect(third?.headers.authorization).toBeUndefined();
  });

  test('lower priority first; equals share by weight, and every order comes', async () => {
    const candidates = (await make()).find('mm').candidates(...ASK);
    const random = seededRandom(7);
    const firsts = new Map<string, number>();
    for (let times = 0; times < 4_000; times += 1) {
      const order = orderCandidates(candidates, random).map((one) => one.upstream.id);
      expect(order.at(-1)).toBe('ark');
      firsts.set(order[0] ?? '', (firsts.get(order[0] ?? '') ?? 0) + 1);
    }
    const share = (firsts.get('openai-compatible:x') ?? 0) / 4_000;
    expect(share).toBeGreaterThan(0.71);
    expect(share).toBeLessThan(0.79);
  });
});

test.each([
  ['3', 3_000],
  ['0', 0],
  ['0.5', 500],
  ['-4', 0],
  ['Sun, 22 Nov 2026 08:00:09 GMT', 9_000],
  ['Sun, 22 Nov 2026 07:00:00 GMT', 0],
  ['', null],
  ['soon', null],
  ['Infinity', null],
  [null, null],
])('Retry-After: %p is %p ms', (value, ms) => {
  expect(readRetryAfter(value, Date.UTC(2026, 10, 22, 8))).toBe(ms);
});
