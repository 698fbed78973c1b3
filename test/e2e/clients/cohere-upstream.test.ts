/** Other formats' clients on a model of Cohere's, and how its callers are told of faults. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, type LanguageModel } from 'ai';
import { COHERE } from '../../../sandbox/cohere/mount.ts';
import { splitEvents } from '../../../src/kit/sse.ts';
import { settledCalls } from '../books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox } from '../gateway.ts';
import { aiTries } from './ai-tries.ts';
import { FEATURES } from './matrix.ts';
import { YAML } from './run.ts';

const MODEL = 'command-a-plus-05-2026';
const FAULTS = ['cut-middle', 'error-middle', 'malformed', 'empty-choices', '200-error', '503'];

let gateway: Gateway;
let sandboxUrl = '';

beforeAll(async () => {
  const { url } = await startSandbox();
  sandboxUrl = `${url}${COHERE.path}`;
  const model = (name: string) => ({ id: name, wire_name: `sandbox-${name}`, kind: 'chat' });
  const cohere = [
    { name: 'cohere', base_url: sandboxUrl, key: String(COHERE.key) },
    {
      name: 'broken',
      base_url: sandboxUrl,
      key: String(COHERE.key),
      models: FAULTS.map(model),
    },
  ];
  gateway = await startGateway({ yaml: `vendors: ${JSON.stringify({ cohere })}\n${YAML}` });
});
afterAll(cleanUp);

const CLIENTS: Readonly<Record<string, (model: string) => LanguageModel>> = {
  'chat completions': (model) => openai().chat(model),
  responses: (model) => openai().responses(model),
  messages: createModel(createAnthropic, '/v1'),
  generateContent: createModel(createGoogleGenerativeAI, '/v1beta'),
};

function openai() {
  return createOpenAI({ apiKey: gateway.operatorKey, baseURL: `${gateway.url}/v1` });
}

type Create = (settings: { apiKey: string; baseURL: string }) => (model: string) => LanguageModel;

function createModel(create: Create, path: string): (model: string) => LanguageModel {
  return (model) =>
    create({ apiKey: gateway.operatorKey, baseURL: `${gateway.url}${path}` })(model);
}

describe.each(Object.keys(CLIENTS))('%s on a model of Cohere', (name) => {
  const tries = aiTries((model) => CLIENTS[name]?.(model) ?? model);
  test.each([...FEATURES])('%s', (feature) => tries[feature](MODEL));
});

test.each([false, true])('in its own format bytes pass untouched, streamed: %p', async (stream) => {
  const body = {
    ...{ model: MODEL, stream, messages: [{ role: 'user', content: 'Say in Antarctica' }] },
    ...{ documents: ['They live in Antarctica.'], thinking: { type: 'enabled' } },
  };
  const from = async (url: string, key: string): Promise<string> => {
    const response = await fetch(`${url}/v2/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    // The vendor counts its calls in the ids.
    return (await response.text()).replaceAll(/[0-9a-f]{12}"/g, '"');
  };
  const direct = await from(sandboxUrl, String(COHERE.key));
  expect(direct).toContain('citation');
  expect(direct).toContain('thinking');
  expect(await from(gateway.url, gateway.operatorKey)).toBe(direct);
});

test('what others are told of its usage is what it bills, and stands in the books', async () => {
  const model = openai().chat('command-a-03-2025');
  const { usage } = await generateText({ model, prompt: 'Count to 12', maxRetries: 0 });
  const [call] = await settledCalls(gateway);
  expect(call).toMatchObject({ model: 'command-a-03-2025', usageSource: 'vendor' });
  expect([call?.inputTokens, call?.outputTokens]).toEqual([usage.inputTokens, usage.outputTokens]);
  // Of 490 more Cohere tells, too, that it counted but does not bill them.
  expect(usage.inputTokens).toBeLessThan(100);
});

describe('a fault', () => {
  const ask = (model: string, stream: boolean) =>
    fetch(`${gateway.url}/v2/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.operatorKey}` },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Count to 30' }] }),
    });

  test.each(['cut-middle', 'error-middle'])('%s ends a stream as a failure', async (model) => {
    const response = await ask(model, true);
    expect(response.status).toBe(200);
    const events = splitEvents(await response.text());
    const last = JSON.parse(events.at(-1)?.data ?? '{}') as Record<string, unknown>;
    expect(events.at(-1)?.name).toBe('message-end');
    expect(last).toMatchObject({ type: 'message-end', delta: { finish_reason: 'ERROR' } });
    expect(events.filter(({ name }) => name === 'message-end')).toHaveLength(1);
    expect(events.some(({ name }) => name === 'content-delta')).toBe(true);
  });

  test.each([...FAULTS.slice(2)])('%s is told in words and by its status', async (model) => {
    const response = await ask(model, false);
    expect(response.status).toBeGreaterThanOrEqual(500);
    const body = (await response.json()) as Record<string, unknown>;
    expect(Object.keys(body).sort()).toEqual(['code', 'id', 'message', 'param']);
    expect(body.id).toBe(response.headers.get('x-request-id'));
    expect(String(body.code)).toStartWith('vendor_');
  });
});
