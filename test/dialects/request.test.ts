import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fieldPath, JSON_DEPTH_MAX, readRequest } from '../../src/dialects/openai-chat/request.ts';
import type { Json } from '../../src/kit/json.ts';
import { faultOf } from './rig.ts';

const read = (body: Json) => {
  const text = JSON.stringify(body);
  return readRequest(text, Buffer.byteLength(text));
};
const MESSAGES = [{ role: 'user', content: 'hi' }];
const MINIMAL = { model: 'm', messages: MESSAGES };

describe('readRequest', () => {
  test('reads what the relay needs', () => {
    expect(read(MINIMAL)).toMatchObject({
      model: 'm',
      stream: false,
      wantsUsage: false,
      outputTokensAsked: null,
      choices: 1,
    });
    expect(
      read({
        ...MINIMAL,
        stream: true,
        stream_options: { include_usage: true, other: 1 },
        max_tokens: 10,
        max_completion_tokens: 20,
        n: 3,
      }),
    ).toMatchObject({ stream: true, wantsUsage: true, outputTokensAsked: 60, choices: 3 });
  });

  test('takes the explicit nulls that SDKs send', () => {
    const nulls = { stream: null, stream_options: null, max_tokens: null, n: null, tools: null };
    expect(read({ ...MINIMAL, ...nulls, response_format: null, temperature: null })).toMatchObject({
      stream: false,
      wantsUsage: false,
      outputTokensAsked: null,
      choices: 1,
    });
    expect(read({ ...MINIMAL, stream_options: { include_usage: null } }).wantsUsage).toBeFalse();
  });

  test('lets through what it does not know', () => {
    const body = {
      ...MINIMAL,
      messages: [{ role: 'alien', content: null, extra: [1] }],
      thinking: { type: 'disabled' },
      top_k: 5,
      stop: 'x',
    };
    expect(read(body).body).toEqual(body as Json as typeof MINIMAL);
  });

  const wrong: readonly (readonly [body: Json, param: string])[] = [
    [{ messages: MESSAGES }, 'model'],
    [{ ...MINIMAL, model: '' }, 'model'],
    [{ ...MINIMAL, model: 5 }, 'model'],
    [{ ...MINIMAL, model: 'x'.repeat(257) }, 'model'],
    [{ model: 'm' }, 'messages'],
    [{ ...MINIMAL, messages: [] }, 'messages'],
    [{ ...MINIMAL, messages: 'hi' }, 'messages'],
    [{ ...MINIMAL, messages: ['hi'] }, 'messages[0]'],
    [{ ...MINIMAL, messages: [MESSAGES[0] as Json, { content: 'x' }] }, 'messages[1].role'],
    [{ ...MINIMAL, messages: [{ role: 7 }] }, 'messages[0].role'],
    [{ ...MINIMAL, stream: 'yes' }, 'stream'],
    [{ ...MINIMAL, stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
    [{ ...MINIMAL, max_tokens: 0 }, 'max_tokens'],
    [{ ...MINIMAL, max_tokens: 1.5 }, 'max_tokens'],
    [{ ...MINIMAL, max_completion_tokens: '9' }, 'max_completion_tokens'],
    [{ ...MINIMAL, n: 129 }, 'n'],
    [{ ...MINIMAL, n: 0 }, 'n'],
    [{ ...MINIMAL, tools: {} }, 'tools'],
    [{ ...MINIMAL, tools: [{}] }, 'tools[0].type'],
    [{ ...MINIMAL, response_format: { type: null } }, 'response_format.type'],
  ];
  test.each(wrong)('%j is refused with the path %s', (body, param) => {
    const fault = faultOf(() => read(body));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
    expect(fault.message).toStartWith(param);
  });

  test.each([
    ['', 'invalid_json'],
    ['{', 'invalid_json'],
    ['[]', 'invalid_json'],
    ['"a"', 'invalid_json'],
    ['{"model":"m",}', 'invalid_json'],
    ['{"model":"m"} x', 'invalid_json'],
    [`{"a":${'['.repeat(JSON_DEPTH_MAX)}${']'.repeat(JSON_DEPTH_MAX)}}`, 'json_too_deep'],
    [`{"a":${'['.repeat(200_000)}`, 'json_too_deep'],
  ])('%j is no JSON object', (text, code) => {
    expect(faultOf(() => readRequest(text, text.length)).code).toBe(code as 'invalid_json');
  });

  test('so many messages, and no more', () => {
    const many = (count: number) => ({ model: 'm', messages: Array(count).fill({ role: 'u' }) });
    expect(read(many(10_000)).model).toBe('m');
    expect(faultOf(() => read(many(10_001))).detail.param).toBe('messages');
  });

  test('a doubled field is refused by name, however it is spelled', () => {
    const text = '{"model":"cheap","messages":[{"role":"user"}],"m\\u006fdel":"dear"}';
    const fault = faultOf(() => readRequest(text, text.length));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_json', 'model']);
  });

  test('field paths', () => {
    expect(fieldPath('/messages/0/content/12/text')).toBe('messages[0].content[12].text');
    expect(fieldPath('')).toBe('');
  });
});

describe('the bounds on tokens', () => {
  const part = (type: string, inner: Json) => ({ type, [type]: inner });
  const withParts = (...parts: Json[]) =>
    read({ model: 'm', messages: [{ role: 'user', content: parts }] });

  test('text counts by its bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (content) => {
        const body = { model: 'm', messages: [{ role: 'user', content }] };
        const bytes = Buffer.byteLength(JSON.stringify(body));
        const request = read(body);
        expect(request.inputTokensBound).toBe(bytes);
        expect(request.inputTokensGuess).toBe(Math.ceil(bytes / 4));
      }),
      { numRuns: 50 },
    );
  });

  test('an image counts the same, inline or not', () => {
    const far = withParts(part('image_url', { url: 'https://example.com/a.png' }));
    const near = withParts(part('image_url', { url: `data:image/png;base64,${'A'.repeat(1e6)}` }));
    expect(near.inputTokensBound).toBe(far.inputTokensBound);
    expect(far.inputTokensBound).toBeGreaterThan(16_000);
    expect(withParts(part('input_audio', { data: 'A' })).inputTokensGuess).toBeGreaterThan(1_000);
  });

  test('text in a part that is no medium counts as text, beside an image too', () => {
    const image = part('image_url', { url: 'https://example.com/a.png' });
    const words = part('refusal', 'word '.repeat(100_000));
    expect(withParts(image, words).inputTokensBound).toBeGreaterThan(250_000);
  });
});
