/** Idempotency keys as an official client sends them, and over the death of the gateway. */
import { afterAll, describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { audit, ledgerCalls } from './books.ts';
import { cleanUp, type Gateway, startGateway, until } from './gateway.ts';

afterAll(cleanUp);

const FAST = 'sandbox-fast';
const YAML = 'limits: { requests_per_minute: 0 }\nidempotency: { wait_ms: 200 }\n';

const clientOf = (gateway: Gateway) =>
  new OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const once = (key: string) => ({ headers: { 'Idempotency-Key': key } });
const hi = (model: string) => ({ model, messages: [{ role: 'user' as const, content: 'hi' }] });

/** The client's promises are of a class of its own. */
async function caught(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it was answered');
}

describe('the npm package openai', () => {
  test('sends a call twice and pays once; a stream too', async () => {
    const gateway = await startGateway({ yaml: YAML });
    const { completions } = clientOf(gateway).chat;
    const first = await completions.create(hi(FAST), once('a'));
    const again = await completions.create(hi(FAST), once('a')).withResponse();
    expect(again.data).toEqual(first);
    expect(again.response.headers.get('idempotent-replayed')).toBe('true');
    const streamed: string[] = [];
    for (let times = 0; times < 2; times += 1) {
      const stream = await completions.create({ ...hi(FAST), stream: true }, once('b'));
      let text = '';
      for await (const chunk of stream) text += JSON.stringify(chunk);
      streamed.push(text);
    }
    expect(streamed[1]).toBe(streamed[0] ?? '');
    const other = await caught(completions.create(hi('sandbox-echo'), once('a')));
    expect(other).toBeInstanceOf(OpenAI.ConflictError);
    await until(
      async () => (await ledgerCalls(gateway)).every(({ state }) => state === 'charged'),
      'all is settled',
    );
    expect((await ledgerCalls(gateway)).length).toBe(2);
    expect(await gateway.stop()).toBe(0);
  });
});

test('an answer outlives a restart; a call that died with it is never repeated', async () => {
  const gateway = await startGateway({ yaml: YAML });
  const { key, data } = gateway;
  const kept = await clientOf(gateway).chat.completions.create(hi(FAST), once('kept'));
  const dying = clientOf(gateway).chat.completions.create(hi('sandbox-hang'), once('died'));
  const failed = caught(dying);
  await until(async () => (await ledgerCalls(gateway)).length === 2, 'the second is under way');
  await gateway.kill();
  expect(await failed).toBeInstanceOf(OpenAI.APIConnectionError);
  const next = { ...(await startGateway({ yaml: YAML, data })), key };
  const { completions } = clientOf(next).chat;
  expect(await completions.create(hi(FAST), once('kept'))).toEqual(kept);
  const again = await caught(completions.create(hi('sandbox-hang'), once('died')));
  expect(again).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
  const calls = await ledgerCalls(next);
  expect(calls.map(({ state }) => state).sort()).toEqual(['charged', 'unknown']);
  await audit(next);
  await next.stop();
}, 30_000);
