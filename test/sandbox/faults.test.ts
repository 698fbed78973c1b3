import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { FAULTS } from '../../sandbox/faults.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';
import type { JsonObject } from '../../src/kit/json.ts';
import {
  callsOf,
  eventsOf,
  joined,
  post,
  type RawCall,
  rawCall,
  requestBytes,
  textOf,
  USER,
  until,
} from './client.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 1 });
});
afterAll(() => sandbox.stop());
beforeEach(async () => {
  await fetch(`${sandbox.url}/sandbox/reset`, { method: 'POST' });
});

function raw(fault: string, stream: boolean, fields: JsonObject = {}): RawCall {
  const body = { model: `sandbox-${fault}`, messages: USER, stream, ...fields };
  return rawCall(sandbox.url, requestBytes('ark', body));
}

function ask(fault: string, stream: boolean, fields: JsonObject = {}) {
  const body = { model: `sandbox-${fault}`, messages: USER, stream, ...fields };
  return post(sandbox.url, 'ark', { body });
}

const lastCall = async () => (await callsOf(sandbox.url)).calls.at(-1)!;

const STATUSES: readonly (readonly [string, number])[] = [
  ['401', 401],
  ['403-account', 403],
  ['400', 400],
  ['404', 404],
  ['429', 429],
  ['429-long', 429],
  ['500', 500],
  ['503', 503],
  ['html-502', 502],
  ['redirect', 302],
];

test.each(STATUSES)('%s answers with that status, streamed or not', async (fault, status) => {
  for (const stream of [false, true]) {
    const { status: got, headers, text } = await ask(fault, stream);
    expect(got).toBe(status);
    if (fault === '429') expect(headers.get('retry-after')).toBe('1');
    if (fault === '429-long') expect(headers.get('retry-after')).toBe('120');
    if (fault === 'html-502') expect(text).toStartWith('<html>');
    if (fault === 'redirect') expect(headers.get('location')).toBe('/ark/api/v3/redirected');
    expect((await lastCall()).status).toBe(status);
  }
});

test('500 n times, then fine, counted for each client request id', async () => {
  const call = async (fault: string, id: string) => {
    const body = { model: `sandbox-${fault}`, messages: USER };
    return (await post(sandbox.url, 'ark', { body, headers: { 'x-client-request-id': id } }))
      .status;
  };
  expect(await call('500-once', 'a')).toBe(500);
  expect(await call('500-once', 'b')).toBe(500);
  expect(await call('500-once', 'a')).toBe(200);
  expect(await call('500-once', 'b')).toBe(200);
  const twice = [1, 2, 3, 4].map(() => 'c');
  const statuses: number[] = [];
  for (const id of twice) statuses.push(await call('500-twice', id));
  expect(statuses).toEqual([500, 500, 200, 500]);
  expect((await callsOf(sandbox.url)).calls.at(-1)!.client_request_id).toBe('c');
});

test('hang: nothing, or headers, or half; the caller leaving is seen', async () => {
  for (const [fault, stream, sign] of [
    ['hang', true, null],
    ['hang', false, null],
    ['hang-headers-sent', true, /^HTTP\/1\.1 200 OK\r\n.*event-stream.*\r\n\r\n$/s],
    ['hang-headers-sent', false, /^HTTP\/1\.1 200 OK\r\n.*json.*\r\n\r\n$/s],
    ['hang-middle', true, /data: \{.*\}\n\n\r\n$/s],
    ['hang-middle', false, /\r\n\r\n\{"id"/],
  ] as const) {
    const call = raw(fault, stream);
    await until(async () => (await callsOf(sandbox.url)).calls.length > 0);
    if (sign !== null) await until(() => sign.test(textOf(call)));
    await Bun.sleep(120);
    if (sign === null) expect(call.reads).toEqual([]);
    expect(call.end).toBeNull();
    expect(textOf(call)).not.toContain('[DONE]');
    expect((await lastCall()).ended_ms).toBeNull();
    call.socket.destroy();
    await until(async () => (await lastCall()).aborted);
    await fetch(`${sandbox.url}/sandbox/reset`, { method: 'POST' });
  }
});

test('cut-middle is a reset after true content, and no abort of the caller', async () => {
  for (const stream of [true, false]) {
    const call = raw('cut-middle', stream);
    await call.over;
    expect(call.end).toBe('reset');
    expect(textOf(call)).toContain(stream ? '"delta":' : '"id":');
    expect(textOf(call)).not.toContain('finish_reason":"stop"');
    expect(await lastCall()).toMatchObject({ status: 200, aborted: false, usage: null });
  }
});

test('cut-clean ends well on the wire and badly in the answer', async () => {
  const { text } = await ask('cut-clean', true);
  expect(joined(text).finish).toBeNull();
  expect(text).not.toContain('[DONE]');
  expect(joined(text).content.length).toBeGreaterThan(5);
  const whole = await ask('cut-clean', false);
  expect(whole.status).toBe(200);
  expect(() => JSON.parse(whole.text)).toThrow();
});

test('malformed: a bad event among good ones; a body that is no JSON', async () => {
  const { text } = await ask('malformed', true);
  expect(() => eventsOf(text)).toThrow();
  expect(text).toEndWith('data: [DONE]\n\n');
  const whole = await ask('malformed', false);
  expect(whole.headers.get('content-type')).toContain('application/json');
  expect(() => JSON.parse(whole.text)).toThrow();
});

test('200-error and error-middle carry the error of the vendor', async () => {
  const error = { error: { code: 'InternalServiceError' } };
  const whole = await ask('200-error', false);
  expect([whole.status, JSON.parse(whole.text)]).toMatchObject([200, error]);
  expect(eventsOf((await ask('200-error', true)).text)).toMatchObject([error]);
  const events = eventsOf((await ask('error-middle', true)).text);
  expect(events.length).toBeGreaterThan(3);
  expect(events.at(-1)).toMatchObject(error);
  expect((await ask('error-middle', false)).status).toBe(500);
});

test('empty-choices and no-usage', async () => {
  expect(JSON.parse((await ask('empty-choices', false)).text).choices).toEqual([]);
  const events = eventsOf((await ask('empty-choices', true)).text);
  expect(events).toMatchObject([{ choices: [] }, '[DONE]']);
  const asked = { stream_options: { include_usage: true } };
  expect((await ask('no-usage', true, asked)).text).not.toContain('"usage"');
  expect(JSON.parse((await ask('no-usage', false)).text).usage).toBeUndefined();
});

test('long-line is one line of 200 KB', async () => {
  const { text } = await ask('long-line', true);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeGreaterThan(200 * 1024);
  const whole = JSON.parse((await ask('long-line', false)).text);
  expect(whole.choices[0].message.content).toBe(joined(text).content);
});

test('utf8-split cuts inside characters and is whole when joined', async () => {
  for (const stream of [true, false]) {
    const call = raw('utf8-split', stream);
    await call.over;
    const inside = call.reads.filter((read) => (read[0]! & 0xc0) === 0x80);
    expect(inside.length).toBeGreaterThan(15);
    expect(textOf(call)).toContain('多字节文字在字符中间被切开');
  }
});

test('byte-by-byte: each byte of the body comes alone', async () => {
  for (const stream of [true, false]) {
    const call = raw('byte-by-byte', stream, { max_tokens: 4 });
    await call.over;
    const head = textOf(call).indexOf('\r\n\r\n') + 4;
    const bytes = Buffer.concat(call.reads).length - head;
    expect(call.reads.filter(({ length }) => length === 1).length).toBeGreaterThan(bytes * 0.8);
    expect(textOf(call)).toContain(stream ? 'data: [DONE]' : '"usage"');
  }
});

test('crlf: line ends and comments', async () => {
  const { text } = await ask('crlf', true);
  expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  expect(text).toContain(': comment\r\ndata: {');
  expect(joined(text).finish).toBe('stop');
  expect(JSON.parse((await ask('crlf', false)).text).choices).toHaveLength(1);
});

test('fast, shaped and echo streams have the chunks they promise', async () => {
  const contents = async (model: string) =>
    (eventsOf((await ask(model, true)).text).slice(0, -1) as { choices: { delta: object }[] }[])
      .map(({ choices }) => (choices[0]!.delta as { content: string }).content)
      .filter((content) => content !== '').length;
  expect(await contents('fast')).toBe(20);
  expect(await contents('stream-37x0')).toBe(37);
  const fields = { metadata: { mark: '你好'.repeat(900) } };
  const whole = JSON.parse((await ask('echo', false, fields)).text);
  const echoed = JSON.parse(whole.choices[0].message.content);
  expect(echoed).toMatchObject({ model: 'sandbox-echo', ...fields });
  expect(JSON.parse(joined((await ask('echo', true, fields)).text).content)).toMatchObject(fields);
});

test('slow takes its time; huge never ends and does not fill memory', async () => {
  const slow = raw('slow', true);
  const huge = [raw('huge', true), raw('huge', false)];
  await until(() => huge.every(({ reads }) => reads.length > 50));
  for (const call of huge) call.socket.pause();
  const before = process.memoryUsage().rss;
  await Bun.sleep(250);
  expect(process.memoryUsage().rss - before).toBeLessThan(30 * 1024 * 1024);
  const events = textOf(slow).match(/data: /g)!.length;
  expect(events).toBeGreaterThan(2);
  expect(events).toBeLessThan(40);
  for (const call of [slow, ...huge]) call.socket.destroy();
  await until(async () => (await callsOf(sandbox.url)).calls.every(({ aborted }) => aborted));
});

test('every fault of the list does something else than a normal answer', async () => {
  const unlike = FAULTS.filter(({ plan }) => Object.keys(plan).length === 0);
  expect(unlike).toEqual([]);
  expect(new Set(FAULTS.map(({ model }) => model)).size).toBe(FAULTS.length);
});
