/** Converse: requests, answers, events, and the signature. */
import { describe, expect, test } from 'bun:test';
import { bedrockConverseVendor } from '../../src/dialects/bedrock-converse/index.ts';
import { signAws } from '../../src/dialects/bedrock-converse/sign.ts';
import { openaiChatCaller } from '../../src/dialects/openai-chat/index.ts';
import type { Turn } from '../../src/dialects/turn.ts';
import type { ServerEvent } from '../../src/kit/sse.ts';
import { faultOf, readError, WISH } from './rig.ts';

const turnOf = (body: object): Turn => {
  const text = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...body });
  return openaiChatCaller.readTurn(openaiChatCaller.readRequest(text, text.length));
};
const write = (turn: Turn, more: object = {}) => {
  const wish = { ...WISH, asksUsage: false, stream: true, ...more };
  const written = bedrockConverseVendor.writeTurn(turn, wish);
  return { ...written, body: JSON.parse(written.text) };
};
const CALL = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };

describe('a request', () => {
  test('puts turns of one role together, and results with the words that follow', () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,QUJD' } };
    const { body } = write(
      turnOf({
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'One' },
          { role: 'user', content: [{ type: 'text', text: 'Two' }, image] },
          { role: 'assistant', content: 'Wait.', tool_calls: [CALL] },
          { role: 'tool', tool_call_id: 'c1', content: 'ok' },
          { role: 'user', content: 'And?' },
        ],
        tools: [{ type: 'function', function: { name: 'f', parameters: { properties: {} } } }],
        tool_choice: 'required',
        max_tokens: 9,
        stop: ['x'],
        reasoning_effort: 'low',
      }),
    );
    expect(body).toEqual({
      system: [{ text: 'Be brief.' }],
      messages: [
        {
          role: 'user',
          content: [
            { text: 'One' },
            { text: 'Two' },
            { image: { format: 'png', source: { bytes: 'QUJD' } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { text: 'Wait.' },
            { toolUse: { toolUseId: 'c1', name: 'f', input: { a: 1 } } },
          ],
        },
        {
          role: 'user',
          content: [
            { toolResult: { toolUseId: 'c1', content: [{ text: 'ok' }] } },
            { text: 'And?' },
          ],
        },
      ],
      inferenceConfig: { maxTokens: 9, stopSequences: ['x'] },
      toolConfig: {
        tools: [
          { toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } },
        ],
        toolChoice: { any: {} },
      },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_048 } },
    });
  });

  test('tells tools again that were called, and leaves out those that may not be', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: null, tool_calls: [CALL] },
      { role: 'tool', tool_call_id: 'c1', content: '' },
    ];
    const { body } = write(turnOf({ messages }));
    expect(body.toolConfig.tools[0].toolSpec.name).toBe('f');
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(write(turnOf({ tools, tool_choice: 'none' })).body).not.toHaveProperty('toolConfig');
    const forbidden = turnOf({ messages, tools, tool_choice: 'none' });
    expect(faultOf(() => write(forbidden)).detail.param).toBe('tool_choice');
  });

  test.each([
    [{ seed: 1 }, 'seed'],
    [{ n: 2 }, 'n'],
    [{ parallel_tool_calls: false }, 'parallel_tool_calls'],
    [{ logit_bias: { 1: 1 } }, 'logit_bias'],
    [
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'https://e.com/a.png' } }],
          },
        ],
      },
      'image by address',
    ],
  ])('%j is refused by name, or left out with leave', (body, field) => {
    expect(faultOf(() => write(turnOf(body))).detail.param).toBe(field);
    expect(write(turnOf(body), { mayDrop: true }).dropped).toEqual([field]);
  });
});

const event = (name: string, body: object): ServerEvent => ({
  name,
  data: JSON.stringify(body),
  raw: '',
});

describe('events', () => {
  test('of thoughts, words and a call, with input from a cache counted in', () => {
    const reader = bedrockConverseVendor.readEvents(readError);
    const delta = (contentBlockIndex: number, of: object) =>
      event('contentBlockDelta', { contentBlockIndex, delta: of });
    const stop = (contentBlockIndex: number) => event('contentBlockStop', { contentBlockIndex });
    const start = { toolUse: { toolUseId: 't1', name: 'f' } };
    const usage = { inputTokens: 5, outputTokens: 7, cacheReadInputTokens: 3 };
    const read = [
      event('messageStart', { role: 'assistant' }),
      delta(0, { reasoningContent: { text: 'Hm' } }),
      delta(0, { reasoningContent: { signature: 'sig' } }),
      stop(0),
      delta(1, { text: 'Wait.' }),
      stop(1),
      event('contentBlockStart', { contentBlockIndex: 2, start }),
      delta(2, { toolUse: { input: '{}' } }),
      stop(2),
      event('messageStop', { stopReason: 'tool_use' }),
      event('metadata', { usage }),
    ].flatMap((one) => [...reader.read(one)]);
    const seal = { dialect: 'bedrock-converse', value: 'sig' };
    const place = (at: number) => ({ choice: 0, at });
    expect([...read, ...reader.end()]).toEqual([
      { type: 'start', id: '', model: '' },
      { type: 'begin', ...place(0), item: { type: 'reasoning' } },
      { type: 'delta', ...place(0), text: 'Hm' },
      { type: 'seal', ...place(0), seal, redacted: false },
      { type: 'end', ...place(0) },
      { type: 'begin', ...place(1), item: { type: 'text' } },
      { type: 'delta', ...place(1), text: 'Wait.' },
      { type: 'end', ...place(1) },
      { type: 'begin', ...place(2), item: { type: 'tool_call', id: 't1', name: 'f' } },
      { type: 'delta', ...place(2), text: '{}' },
      { type: 'end', ...place(2) },
      { type: 'stop', choice: 0, reason: 'tool_calls', stopSequence: null },
      {
        type: 'usage',
        usage: { input: 8, output: 7, cachedInput: 3, cacheWrite: 0, reasoning: 0 },
      },
    ]);
  });

  test('that end too soon, and exceptions', () => {
    const cut = bedrockConverseVendor.readEvents(readError);
    expect(faultOf(() => cut.end()).code).toBe('vendor_empty');
    cut.read(event('messageStart', {}));
    expect(faultOf(() => cut.end()).code).toBe('vendor_cut');
    const said = event('error', { error: { code: 'x', message: 'No.' } });
    expect(faultOf(() => cut.read(said)).message).toBe('No.');
  });
});

describe('an answer', () => {
  test.each([
    [{ message: 'No.' }, 'vendor_error'],
    [[], 'vendor_malformed'],
    [{ output: {} }, 'vendor_malformed'],
    [{ output: { message: { content: [] } } }, 'vendor_empty'],
    [{ output: { message: { content: [{ toolUse: {} }] } }, stopReason: 'x' }, 'vendor_malformed'],
    [
      { output: { message: { content: [{ text: 'x' }] } }, stopReason: 'malformed_tool_use' },
      'vendor_cut',
    ],
  ])('%j is none', (body, code) => {
    const fault = faultOf(() => bedrockConverseVendor.readReply(body as never, readError));
    expect(fault.code).toBe(code as never);
  });
});

describe('the signature', () => {
  const ask = {
    method: 'POST' as const,
    url: 'https://bedrock-runtime.eu-west-1.amazonaws.com/model/a%3A0/converse',
    headers: {},
    body: '{}',
    credential: 'AKID:secret',
    nowMs: Date.UTC(2026, 10, 26, 1, 2, 3),
  };
  const by = (more: object) => signAws({ ...ask, ...more });

  test('is of the region, the day, the path and the body', () => {
    const { authorization, ...headers } = by({});
    expect(headers).toEqual({ 'x-amz-date': '20261126T010203Z' });
    expect(authorization).toContain(
      'Credential=AKID/20261126/eu-west-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, ',
    );
    const others = [
      { body: '{ }' },
      { url: ask.url.replace('a%3A0', 'b') },
      { nowMs: ask.nowMs + 1e3 },
    ];
    for (const more of others) expect(by(more).authorization).not.toBe(authorization);
    expect(by({}).authorization).toBe(authorization);
  });

  test('covers the token of a session; a key alone is sent as it is', () => {
    const { authorization, ...headers } = by({ credential: 'AKID:secret:to:ken' });
    expect(headers['x-amz-security-token']).toBe('to:ken');
    expect(authorization).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token');
    expect(by({ credential: 'key' })).toEqual({ authorization: 'Bearer key' });
    expect(() => by({ credential: ':secret' })).toThrow('ID:SECRET');
  });
});
