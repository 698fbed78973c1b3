/** Two upstreams of one model: who answers when the first one does not. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import { audit, settledCalls, vendorCalls } from './books.ts';
import { faultCode, readAll, sendChat, tell } from './chat.ts';
import { TABLE } from './fault-table.ts';
import { cleanUp, type Gateway, startGateway, startSandbox } from './gateway.ts';
import { vendorsYaml } from './own-vendor.ts';

const TIMES = `
timeouts: { first_byte_ms: 600, idle_ms: 600 }
retry: { count: 1, delay_ms: 10, retry_after_ms_max: 500 }
breaker: { failures: 2, open_ms: 400, open_ms_max: 400, refused_ms: 400 }
limits: { requests_per_minute: 0 }
`;
const OPEN_MS = 400;
const REFUSED_MS = 400;

let sandbox = '';
let gateway: Gateway;

/** Each fault has models of its own, with an ill upstream of their own, and one that is well. */
beforeAll(async () => {
  sandbox = (await startSandbox()).url;
  const models = FAULTS.flatMap(({ model }) => [`whole-${model}`, `stream-${model}`]);
  const ill = models.map((id) => ({
    name: id,
    url: sandbox,
    priority: 1,
    models: [{ id, wire: id.replace(/^(whole|stream)-/, '') }],
  }));
  const well = models.map((id) => ({ id, wire: 'compatible-chat' }));
  const lone = (name: string, wire: string) => ({
    name,
    url: sandbox,
    models: [{ id: name, wire }],
  });
  const dead = 'http://127.0.0.1:1/v1';
  const yaml = vendorsYaml(
    [
      ...ill,
      { name: 'well', url: sandbox, priority: 2, models: [...well, { id: 'dead', wire: 'c' }] },
      { name: 'dead', url: dead, priority: 1, models: [{ id: 'dead' }, { id: 'only-dead' }] },
      lone('lone-500', 'sandbox-500'),
      lone('lone-twice', 'sandbox-500-twice'),
    ],
    TIMES,
  );
  gateway = await startGateway({ yaml });
});
afterAll(cleanUp);

const ask = (model: string, stream: boolean) =>
  sendChat({ url: gateway.url, key: gateway.key, model, stream });

/** Faults that show before the caller has read anything, and that are not the caller's own. */
const EARLY = Object.entries(TABLE).flatMap(([fault, row]) =>
  [false, true].flatMap((stream) => {
    const { see } = stream ? row.stream : row.whole;
    return /^(429|50\d) /.test(see) ? [{ fault, stream }] : [];
  }),
);

describe('another upstream answers', () => {
  test('the table has such faults', () => expect(EARLY.length).toBeGreaterThan(25));

  test.concurrent.each(EARLY)('after $fault, streamed: $stream', async ({ fault, stream }) => {
    const response = await ask(`${stream ? 'stream' : 'whole'}-${fault}`, stream);
    const { text } = await readAll(response);
    expect([response.status, faultCode(text)]).toEqual([200, null]);
    if (stream) expect(tell(text)).toMatchObject({ text: 'hello', done: true, fault: null });
    else expect(text).toContain('hello');
  });

  test('after a connection that cannot be made', async () => {
    expect((await ask('dead', false)).status).toBe(200);
    const response = await ask('only-dead', false);
    expect([response.status, faultCode(await response.text())]).toEqual([
      502,
      'vendor_unreachable',
    ]);
  });

  test('not after a request that the vendor judged', async () => {
    const response = await ask('whole-sandbox-400', false);
    expect([response.status, faultCode(await response.text())]).toEqual([400, 'vendor_rejected']);
  });

  test('not once the caller has read something', async () => {
    const told = tell((await readAll(await ask('stream-sandbox-cut-middle', true))).text);
    expect(told).toMatchObject({ fault: 'vendor_cut', done: false });
    expect('hello').toStartWith(told.text);
  });

  test('and only one of them is paid', async () => {
    const calls = await settledCalls(gateway);
    const books = await audit(gateway);
    expect(books).toMatchObject({ balanced: true, open_holds: 0, calls: calls.length });
    for (const { fault, stream } of EARLY) {
      const model = `${stream ? 'stream' : 'whole'}-${fault}`;
      const call = calls.find((each) => each.model === model);
      const upstreams = call?.attempts.map(({ upstream }) => upstream) ?? [];
      expect(upstreams[0]).toBe(`openai-compatible:${model}`);
      expect(upstreams.at(-1)).toBe('openai-compatible:well');
      expect(call).toMatchObject({ state: 'charged', endReason: 'complete', fault: null });
      expect(call?.upstream).toBe('openai-compatible:well');
      expect(call?.attempts.filter(({ result }) => result === 'ok')).toHaveLength(1);
    }
  });
});

describe('an open breaker', () => {
  test('answers at once with 503 and Retry-After, and the vendor is left alone', async () => {
    expect((await ask('lone-500', false)).status).toBe(502);
    const before = (await vendorCalls(sandbox)).length;
    const response = await ask('lone-500', false);
    expect([response.status, faultCode(await response.text())]).toEqual([503, 'no_upstream']);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await vendorCalls(sandbox)).length).toBe(before);
  });

  test('is probed by one call, and closed by its success', async () => {
    // The fault counts by call, so each call is refused; the third attempt would be served.
    expect((await ask('lone-twice', false)).status).toBe(502);
    expect((await ask('lone-twice', false)).status).toBe(503);
    await Bun.sleep(OPEN_MS + 50);
    const before = (await vendorCalls(sandbox)).length;
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('lone-twice', false)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 502)).toHaveLength(1);
    expect(statuses.filter((status) => status === 503)).toHaveLength(19);
    expect((await vendorCalls(sandbox)).length - before).toBeLessThanOrEqual(2);
  });

  test('asks with a refused credential once in a while, and only once', async () => {
    const listed = async () => (await fetch(`${gateway.url}/readyz`)).text();
    const name = 'openai-compatible:whole-sandbox-401';
    expect(await listed()).toContain(name);
    await Bun.sleep(REFUSED_MS + 50);
    // Still refused: it is asked once, and the other upstream answers.
    const before = (await vendorCalls(sandbox)).length;
    expect((await ask('whole-sandbox-401', false)).status).toBe(200);
    expect((await vendorCalls(sandbox)).length - before).toBe(2);
    expect((await ask('whole-sandbox-401', false)).status).toBe(200);
    expect((await vendorCalls(sandbox)).length - before).toBe(3);
  });
});
