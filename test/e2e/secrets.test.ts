/** After every fault there is: no key, no credential and no prompt in logs, faults or metrics. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import { VENDORS } from '../../sandbox/vendors.ts';
import { createKey } from './books.ts';
import { faultCode, payloads, readAll, sendChat } from './chat.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

const YAML = `
log_level: debug
timeouts: { first_byte_ms: 500, idle_ms: 500 }
retry: { count: 1, delay_ms: 5, retry_after_ms_max: 100 }
breaker: { failures: 1000, refused_ms: 1 }
drain: { drain_ms: 100 }
limits: { requests_per_minute: 0 }
`;
const PROMPT = 'xyzzy-prompt-of-a-caller';
const WRONG_KEY = 'sk-gw-WRONGWRONGWRONGWRONGWRONGWRONGWRONGWRONGWRONGWRON';
const CREDENTIALS = VENDORS.flatMap(({ key }) => (key === null ? [] : [key]));

let gateway: Gateway;
let secrets: string[] = [];
/** Bodies of faults, and error events of streams. */
const faults: string[] = [];
let headers = '';

async function ask(wish: Partial<Parameters<typeof sendChat>[0]>): Promise<void> {
  const signal = AbortSignal.timeout(wish.model?.endsWith('huge') ? 300 : 3_000);
  const merged = { model: 'sandbox-fast', ...gateway, content: PROMPT, signal, ...wish };
  const response = await sendChat(merged).catch(() => null);
  if (response === null) return;
  headers += JSON.stringify([...response.headers]);
  const { text } = await readAll(response);
  if (response.status !== 200) faults.push(text);
  else faults.push(...payloads(text).filter((payload) => faultCode(payload) !== null));
}

/** Ways to be refused that no vendor knows of. */
const OWN: readonly Partial<Parameters<typeof sendChat>[0]>[] = [
  { key: WRONG_KEY },
  { key: 'short' },
  { model: 'no-such-model' },
  { body: { messages: PROMPT } },
  { body: { messages: [{ content: PROMPT }] } },
  { body: { messages: [] } },
  { body: { max_tokens: PROMPT } },
  { body: { tools: [{ name: PROMPT }] } },
  { body: { n: 0 } },
];

beforeAll(async () => {
  gateway = await startGateway({ yaml: YAML });
  const { key: broke } = await createKey(gateway, '--budget', '0.000000001');
  const { key: few } = await createKey(gateway, '--models', 'gpt-5');
  secrets = [gateway.key, gateway.operatorKey, broke, few, WRONG_KEY, ...CREDENTIALS];
  for (const wish of [...OWN, { key: broke }, { key: few }]) await ask(wish);
  const asked = ['', 'ark/'].flatMap((prefix) =>
    FAULTS.flatMap(({ model }) =>
      [true, false].map((stream) => ask({ model: prefix + model, stream })),
    ),
  );
  await Promise.all(asked);
  const garbage = `{"model":"sandbox-fast","messages":"${PROMPT}`;
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}` },
    body: garbage,
  });
  faults.push(await response.text());
  // A secret in the wrong place is still a secret.
  await fetch(`${gateway.url}/v1/${gateway.key}?key=${gateway.key}`);
}, 60_000);
afterAll(cleanUp);

describe('secrets', () => {
  test('many faults were seen, and many lines logged', () => {
    expect(faults.length).toBeGreaterThan(80);
    expect(faults.map(faultCode)).not.toContain(null);
    expect(gateway.err().split('\n').length).toBeGreaterThan(50);
  });

  test('no key and no credential is in a log, a fault or a header', async () => {
    await gateway.stop();
    for (const secret of secrets) {
      const parts = [secret, secret.slice(0, -4), Buffer.from(secret).toString('base64')];
      for (const part of parts) {
        expect([part, gateway.err().includes(part)]).toEqual([part, false]);
        expect([part, faults.some((fault) => fault.includes(part))]).toEqual([part, false]);
        expect([part, headers.includes(part)]).toEqual([part, false]);
      }
    }
  });

  test('no prompt is in a log or a fault', () => {
    expect(gateway.err()).not.toContain(PROMPT);
    expect(faults.filter((fault) => fault.includes(PROMPT))).toEqual([]);
  });

  test('a log line is JSON with a level, a time and a message', () => {
    for (const line of gateway.err().trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(Number),
        time: expect.any(Number),
        msg: expect.any(String),
      });
    }
  });

  test("a fault says nothing of the vendor's account or of our files", () => {
    const telling = /sandbox-\w+-key|overdue|billing|\/work\/|node_modules|\.ts:\d|at .*\(/;
    expect(faults.filter((fault) => telling.test(fault))).toEqual([]);
  });
});
