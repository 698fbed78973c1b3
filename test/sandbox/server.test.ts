import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { BODY_BYTES_MAX, RequestParser } from '../../sandbox/http-parse.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import { callsOf, mount, post, rawCall, requestBytes, textOf, USER, until } from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 1 });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await fetch(`${sandbox.url}/sandbox/reset`, { method: 'POST' });
});

function client() {
  const { path, key } = mount('openai');
  return new OpenAI({ baseURL: `${sandbox.url}${path}`, apiKey: key, maxRetries: 0 });
}

test('the openai client chats, streams, calls a tool and sees exceptions by type', async () => {
  const openai = client();
  const messages = [{ role: 'user' as const, content: 'Use get_time' }];
  const tools = [{ type: 'function' as const, function: { name: 'get_time' } }];
  const made = await openai.chat.completions.create({ model: 'gpt-4.1', messages, tools });
  expect(made.choices[0]!.finish_reason).toBe('tool_calls');
  const stream = await openai.chat.completions.create({ model: 'm', messages, stream: true });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toContain('Use get_time');
  const call = async (model: string) => await openai.chat.completions.create({ model, messages });
  await expect(call('sandbox-401')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(call('sandbox-429')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  await expect(call('sandbox-500')).rejects.toBeInstanceOf(OpenAI.InternalServerError);
  expect((await openai.models.list()).data.length).toBeGreaterThan(3);
});

test('calls are recorded and paged', async () => {
  for (const model of ['a', 'b', 'sandbox-500']) {
    await post(sandbox.url, 'ark', { body: { model, messages: USER } });
  }
  const all = await callsOf(sandbox.url);
  expect(all.calls.map(({ n, model, status }) => [n, model, status])).toEqual([
    [1, 'a', 200],
    [2, 'b', 200],
    [3, 'sandbox-500', 500],
  ]);
  expect(all.calls[0]!.usage).toMatchObject({ prompt_tokens: 9 });
  const page = await (await fetch(`${sandbox.url}/sandbox/calls?after=1&limit=1`)).json();
  expect(page).toMatchObject({ next: 2, last: 3, calls: [{ n: 2 }] });
  const stats = await (await fetch(`${sandbox.url}/sandbox/stats`)).json();
  expect(stats).toMatchObject({ calls: 3, open: 0, by_status: { 200: 2, 500: 1 } });
});

test('a caller that leaves is seen at once, chunks sent are exact within one', async () => {
  for (const leaveAfter of [1, 7, 20]) {
    const body = { model: 'sandbox-stream-40x10', messages: USER, stream: true };
    const call = rawCall(sandbox.url, requestBytes('ark', body));
    const received = () => textOf(call).match(/data: /g)?.length ?? 0;
    await until(() => received() >= leaveAfter);
    call.socket.destroy();
    const got = received();
    await until(async () => (await callsOf(sandbox.url)).calls.at(-1)!.ended_ms !== null, 200);
    const { chunks_sent: sent, ...last } = (await callsOf(sandbox.url)).calls.at(-1)!;
    expect(last).toMatchObject({ aborted: true, chunks_total: 41 });
    expect(Math.abs(sent - got)).toBeLessThanOrEqual(1);
    expect(last.tokens_sent).toBe(sent * 2);
  }
});

const STREAMS = 1_500;

test(`${STREAMS} streams are open at once and each is whole`, async () => {
  const body = { model: 'sandbox-stream-20x100', messages: USER, stream: true };
  const bytes = requestBytes('ark', body);
  const calls = Array.from({ length: STREAMS }, () => rawCall(sandbox.url, bytes));
  await Promise.all(calls.map(({ over }) => over));
  const whole = calls.filter((call) => textOf(call).includes('data: [DONE]') && call.end === 'fin');
  expect(whole).toHaveLength(STREAMS);
  const stats = (await (await fetch(`${sandbox.url}/sandbox/stats`)).json()) as object;
  expect(stats).toMatchObject({ calls: STREAMS, open: 0, open_max: STREAMS, aborted: 0 });
}, 12_000);

test('an aborted fetch is seen too', async () => {
  const { path, key } = mount('ark');
  const aborter = new AbortController();
  const response = await fetch(`${sandbox.url}${path}/chat/completions`, {
    method: 'POST',
    signal: aborter.signal,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox-stream-500x10', messages: USER, stream: true }),
  });
  await response.body!.getReader().read();
  aborter.abort();
  await until(async () => (await callsOf(sandbox.url)).calls.at(-1)!.aborted, 300);
  expect((await callsOf(sandbox.url)).calls.at(-1)!.chunks_sent).toBeLessThan(20);
});

test('one connection carries many calls, also sent ahead of their answers', async () => {
  const body = { model: 'm', messages: [{ role: 'user', content: 'Say one' }] };
  const one = requestBytes('ark', body);
  const open = one.replace('connection: close\r\n', '');
  const call = rawCall(sandbox.url, open + open + one);
  await call.over;
  expect(textOf(call).match(/"content":"one"/g)).toHaveLength(3);
  expect(call.end).toBe('fin');
});

test('a body beyond the limit is refused, announced or not; bad HTTP is too', async () => {
  const start = requestBytes('ark', { model: 'm' }).split('content-length')[0]!;
  const announced = rawCall(sandbox.url, `${start}content-length: ${BODY_BYTES_MAX + 1}\r\n\r\n`);
  await announced.over;
  expect(textOf(announced)).toStartWith('HTTP/1.1 413 ');
  const both = rawCall(
    sandbox.url,
    `${start}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  await both.over;
  expect(textOf(both)).toStartWith('HTTP/1.1 400 ');
  const long = rawCall(sandbox.url, `GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`);
  await long.over;
  expect(textOf(long)).toStartWith('HTTP/1.1 431 ');
});

test('the parser gives the same request however the bytes come', () => {
  const body = '4\r\n{"a"\r\n3;x=y\r\n:1}\r\n0\r\nt: 1\r\n\r\n';
  const text = `POST /p?q=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 1000]) {
    const parser = new RequestParser();
    let found: unknown = null;
    for (let at = 0; at < bytes.length; at += size) {
      parser.push(bytes.subarray(at, at + size));
      const step = parser.next();
      if (step.kind === 'request') found = new TextDecoder().decode(step.request.body);
      else expect(step.kind).toBe('more');
    }
    expect(found).toBe('{"a":1}');
  }
});

test('the parser stops at a chunked body beyond the limit', () => {
  const parser = new RequestParser();
  const encoder = new TextEncoder();
  parser.push(encoder.encode('POST /p HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n'));
  const part = 8 * 1024 * 1024;
  let kind = 'more';
  for (let count = 0; count < 6 && kind === 'more'; count += 1) {
    parser.push(encoder.encode(`${part.toString(16)}\r\n`));
    parser.push(new Uint8Array(part));
    parser.push(encoder.encode('\r\n'));
    const step = parser.next();
    kind = step.kind;
    if (step.kind === 'request') expect(step.request.tooLarge).toBe(true);
  }
  expect(kind).toBe('request');
});
