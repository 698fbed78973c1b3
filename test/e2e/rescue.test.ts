/** A stream that breaks off at one upstream and is finished by the next, through real clients. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { createKey, settledCalls } from './books.ts';
import { cleanUp, type Gateway, startGateway, startSandbox } from './gateway.ts';

const NUMBERS = Array.from({ length: 30 }, (_, at) => at + 1).join(', ');
const PROMPT = 'Count to 30';
const SEAM = 'the upstream broke off; another one goes on from here';
const NAMES = ['by-key', 'by-model'];

let gateway: Gateway;
/** A key that says nothing of rescue, and one that wants it. */
let plain: string;
let rescued: string;

beforeAll(async () => {
  const sandbox = await startSandbox();
  const upstream = (name: string, wire: string, priority: number) => ({
    name,
    priority,
    base_url: `${sandbox.url}/openai-compatible/v1`,
    key: 'sandbox-openai-compatible-key',
    models: NAMES.map((id) => ({
      id,
      wire_name: wire,
      price: { input: '1', output: '2' },
    })),
  });
  const vendors = {
    'openai-compatible': [
      upstream('first', 'sandbox-cut-middle', 0),
      upstream('next', 'some-model', 1),
    ],
  };
  const yaml = `
vendors: ${JSON.stringify(vendors)}
retry: { count: 0, delay_ms: 10 }
limits: { requests_per_minute: 0 }
rescue: { enabled: true, models: [by-model] }
breaker: { failures: 1000 }
`;
  gateway = await startGateway({ yaml });
  plain = (await createKey(gateway)).key;
  rescued = (await createKey(gateway, '--rescue', 'on')).key;
});
afterAll(cleanUp);

const openai = (apiKey: string) =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const CLIENTS: Readonly<Record<string, (model: string, key: string) => Promise<string>>> = {
  async chat(model, key) {
    const runner = openai(key).chat.completions.stream({
      model,
      messages: [{ role: 'user', content: PROMPT }],
    });
    return (await runner.finalContent()) ?? '';
  },
  async responses(model, key) {
    const response = openai(key).responses.stream({ model, input: PROMPT });
    return (await response.finalResponse()).output_text;
  },
  async messages(model, key) {
    const client = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: PROMPT }];
    return client.messages.stream({ model, max_tokens: 500, messages }).finalText();
  },
  async contents(model, key) {
    const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: gateway.url } });
    let text = '';
    for await (const piece of await client.models.generateContentStream({
      model,
      contents: PROMPT,
    })) {
      text += piece.text ?? '';
    }
    return text;
  },
};

describe.each(Object.entries(CLIENTS))('%s', (_, read) => {
  test('is whole where the key wants it, or where the model is one of those', async () => {
    expect(await read('by-key', rescued)).toBe(NUMBERS);
    expect(await read('by-model', plain)).toBe(NUMBERS);
    const [call] = await settledCalls(gateway);
    expect(call).toMatchObject({ state: 'charged', upstream: 'openai-compatible:next' });
    expect(call?.attempts).toHaveLength(2);
  });

  test('breaks off where nobody wants it', async () => {
    const failed = await read('by-key', plain).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
  });
});

const stream = async (path: string, body: object) => {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${rescued}` },
    body: JSON.stringify(body),
  });
  return response.text();
};

test('the seam is a comment, and no comment where clients trip over them', async () => {
  const messages = [{ role: 'user', content: PROMPT }];
  const chat = { model: 'by-key', stream: true, messages };
  expect(await stream('/v1/chat/completions', chat)).toContain(`\n: ${SEAM}\n\n`);
  const contents = [{ parts: [{ text: PROMPT }] }];
  const text = await stream('/v1beta/models/by-key:streamGenerateContent?alt=sse', { contents });
  const lines = text.split('\n').filter((line) => line !== '');
  const remarks = lines.filter((line) => JSON.parse(line.slice('data: '.length)).remark === SEAM);
  expect(remarks).toHaveLength(1);
});
