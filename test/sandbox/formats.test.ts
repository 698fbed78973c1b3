/** Every fault on every format of chat: what is common to them is tested on all of them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { callsOf, until } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

interface Format {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly path: (model: string, stream: boolean) => string;
  readonly body: (model: string, stream: boolean) => object;
  /** Stands in the last events of a stream that is whole. */
  readonly end: string;
  readonly usage: string;
}

const USER = [{ role: 'user', content: 'Say one two three four five six seven' }];
const PARTS = [{ text: 'Say one two three four five six seven' }];
const bearer = (vendor: string) => ({ authorization: `Bearer sandbox-${vendor}-key` });

const FORMATS: readonly Format[] = [
  {
    name: 'openai chat',
    headers: bearer('openai'),
    path: () => '/openai/v1/chat/completions',
    body: (model, stream) => ({
      model,
      messages: USER,
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    }),
    end: '[DONE]',
    usage: '"completion_tokens":',
  },
  {
    name: 'responses',
    headers: bearer('openai'),
    path: () => '/openai/v1/responses',
    body: (model, stream) => ({ model, stream, input: USER[0]!.content }),
    end: 'response.completed',
    usage: '"output_tokens":',
  },
  {
    name: 'anthropic',
    headers: { 'x-api-key': 'sandbox-anthropic-key', 'anthropic-version': '2023-06-01' },
    path: () => '/anthropic/v1/messages',
    body: (model, stream) => ({ model, stream, max_tokens: 4_000, messages: USER }),
    end: 'message_stop',
    usage: '"output_tokens":',
  },
  {
    name: 'gemini',
    headers: { 'x-goog-api-key': 'sandbox-gemini-key' },
    path: (model, stream) => {
      const method = stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
      return `/gemini/v1beta/models/${model}:${method}`;
    },
    body: () => ({ contents: [{ role: 'user', parts: PARTS }] }),
    end: '"finishReason":"STOP"',
    usage: '"candidatesTokenCount":',
  },
  {
    name: 'cohere',
    headers: bearer('cohere'),
    path: () => '/cohere/v2/chat',
    body: (model, stream) => ({ model, stream, messages: USER }),
    end: 'message-end',
    usage: '"output_tokens":',
  },
  {
    name: 'azure',
    headers: { 'api-key': 'sandbox-azure-key' },
    path: (model) => `/azure/openai/deployments/${model}/chat/completions?api-version=2024-10-21`,
    body: (_, stream) => ({
      messages: USER,
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    }),
    end: '[DONE]',
    usage: '"completion_tokens":',
  },
  {
    name: 'bedrock',
    headers: bearer('bedrock'),
    path: (model, stream) => `/bedrock/model/${model}/converse${stream ? '-stream' : ''}`,
    body: () => ({ messages: [{ role: 'user', content: PARTS }] }),
    end: 'messageStop',
    usage: '"outputTokens":',
  },
];

interface Got {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** Reads to the end; a reset leaves what came before it. */
async function call(format: Format, model: string, stream: boolean): Promise<Got> {
  const response = await fetch(`${sandbox.url}${format.path(model, stream)}`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/json', ...format.headers },
    body: JSON.stringify(format.body(model, stream)),
  });
  const { status, headers } = response;
  const parts: Uint8Array[] = [];
  try {
    for await (const part of response.body!) parts.push(part);
  } catch {
    parts.push(new TextEncoder().encode('(reset)'));
  }
  const text = Buffer.concat(parts).toString();
  return { status, text, retryAfter: headers.get('retry-after') };
}

const EACH = FORMATS.map((format) => [format.name, format] as const);

test.each(EACH)(
  '%s: a healthy stream ends, with the usage of the whole answer',
  async (_, format) => {
    const whole = await call(format, 'm', false);
    expect(whole.status).toBe(200);
    expect(whole.text).toContain('one two three four five six seven');
    const streamed = await call(format, 'm', true);
    expect(streamed.text).toContain(format.end);
    const count = (text: string) => {
      const found = [...text.matchAll(new RegExp(`${format.usage}\\s*(\\d+)`, 'g'))].at(-1);
      return Number(found?.[1]);
    };
    expect(count(streamed.text)).toBe(count(whole.text));
    expect(count(whole.text)).toBeGreaterThan(5);
  },
);

test.each(EACH)('%s: refusals have their status, streamed or not', async (_, format) => {
  for (const stream of [false, true]) {
    expect(await call(format, 'sandbox-429', stream)).toMatchObject({
      status: 429,
      retryAfter: '1',
    });
    expect((await call(format, 'sandbox-500', stream)).status).toBe(500);
    expect((await call(format, 'sandbox-503', stream)).status).toBeGreaterThanOrEqual(503);
    expect((await call(format, 'sandbox-404', stream)).status).toBe(404);
    const account = await call(format, 'sandbox-403-account', stream);
    expect([400, 402, 403, 429]).toContain(account.status);
    const key = await call(format, 'sandbox-401', stream);
    expect([401, 403]).toContain(key.status);
    expect(await call(format, 'sandbox-html-502', stream)).toMatchObject({ status: 502 });
    expect((await call(format, 'sandbox-redirect', stream)).status).toBe(302);
  }
});

test.each(EACH)('%s: broken in the middle, a stream never looks whole', async (_, format) => {
  const names = ['cut-middle', 'cut-clean', 'error-middle'];
  for (const name of names) {
    const { text } = await call(format, `sandbox-${name}`, true);
    expect(text.length).toBeGreaterThan(50);
    expect(text.includes(format.end)).toBe(false);
    expect(text.endsWith('(reset)')).toBe(name === 'cut-middle');
  }
  const cut = await call(format, 'sandbox-cut-clean', false);
  expect(() => JSON.parse(cut.text)).toThrow();
  const malformed = await call(format, 'sandbox-malformed', false);
  expect(() => JSON.parse(malformed.text)).toThrow();
  expect((await call(format, 'sandbox-error-middle', false)).status).toBe(500);
  const hidden = await call(format, 'sandbox-200-error', true);
  expect(hidden.status).toBe(200);
  expect(hidden.text.includes(format.end)).toBe(false);
});

test.each(EACH)('%s: prescribed texts, an echo, bytes alone, no usage', async (_, format) => {
  const fast = await call(format, 'sandbox-fast', true);
  expect(fast.text).toContain('w20');
  const [last] = (await callsOf(sandbox.url)).calls.slice(-1);
  expect(last!.chunks_total).toBeGreaterThanOrEqual(20);
  expect(last!.chunks_sent).toBe(last!.chunks_total);
  const echoed = await call(format, 'sandbox-echo', false);
  expect(echoed.text).toContain('seven');
  const single = await call(format, 'sandbox-byte-by-byte', false);
  expect(() => JSON.parse(single.text)).not.toThrow();
  const bare = await call(format, 'sandbox-no-usage', true);
  expect(bare.text).toContain(format.end);
  expect(bare.text).not.toContain(format.usage);
  expect((await call(format, 'sandbox-empty-choices', false)).status).toBe(200);
});

test.each(EACH)('%s: an answer without end is noticed to be left', async (_, format) => {
  const stop = new AbortController();
  const response = await fetch(`${sandbox.url}${format.path('sandbox-huge', true)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...format.headers },
    body: JSON.stringify(format.body('sandbox-huge', true)),
    signal: stop.signal,
  });
  const reader = response.body!.getReader();
  for (let read = 0; read < 20_000; ) read += (await reader.read()).value?.length ?? 20_000;
  stop.abort();
  await until(async () => (await callsOf(sandbox.url)).calls.at(-1)!.ended_ms !== null);
  expect((await callsOf(sandbox.url)).calls.at(-1)).toMatchObject({
    aborted: true,
    model: 'sandbox-huge',
  });
});
