/** Ark's own words: faults, requests with nulls, its rules, its pictures in a stream. */
import { describe, expect, test } from 'bun:test';
import { openExchange } from '../../src/dialects/index.ts';
import {
  readContext,
  readImages,
  readMultimodal,
  readTokenization,
} from '../../src/dialects/volc-ark/asks.ts';
import { readBatchChat, readChat, readContextChat } from '../../src/dialects/volc-ark/chat.ts';
import { toOwnStatus, writeFault, writeFaultEvent } from '../../src/dialects/volc-ark/fault.ts';
import { readResponses } from '../../src/dialects/volc-ark/responses.ts';
import { FAULTS, Fault, type FaultCode, type FaultDetail } from '../../src/kit/fault.ts';

const told = (fault: Fault) => JSON.parse(writeFault(fault, 'req_1')).error;

const CODES: readonly (readonly [FaultCode, FaultDetail, number, string, string])[] = [
  ['missing_api_key', {}, 401, 'AuthenticationError', 'Unauthorized'],
  ['key_expired', {}, 401, 'AuthenticationError', 'Unauthorized'],
  ['model_not_allowed', {}, 403, 'AccessDenied', 'Forbidden'],
  ['model_not_found', {}, 404, 'InvalidEndpointOrModel.NotFound', 'NotFound'],
  ['endpoint_stopped', {}, 400, 'InvalidEndpoint.ClosedEndpoint', 'BadRequest'],
  ['insufficient_balance', {}, 403, 'AccountOverdueError', 'Forbidden'],
  ['budget_exceeded', {}, 429, 'SetLimitExceeded', 'TooManyRequests'],
  ['rate_limit_exceeded', {}, 429, 'ModelAccountRpmRateLimitExceeded', 'TooManyRequests'],
  ['token_limit_exceeded', {}, 429, 'ModelAccountTpmRateLimitExceeded', 'TooManyRequests'],
  ['invalid_parameter', {}, 400, 'InvalidParameter', 'BadRequest'],
  ['body_too_large', {}, 413, 'InvalidParameter', 'BadRequest'],
  ['not_found', {}, 404, 'NotFound', 'NotFound'],
  ['vendor_busy', {}, 429, 'ServerOverloaded', 'TooManyRequests'],
  ['vendor_cut', {}, 502, 'InternalServiceError', 'InternalServerError'],
  [
    'vendor_rejected',
    { vendorCode: 'InputTextSensitiveContentDetected' },
    400,
    'InputTextSensitiveContentDetected',
    'BadRequest',
  ],
  ['vendor_rejected', { vendorCode: 'invalid_value' }, 400, 'InvalidParameter', 'BadRequest'],
  [
    'invalid_request',
    { message: 'messages is required.', param: 'messages' },
    400,
    'MissingParameter.messages',
    'BadRequest',
  ],
];

describe('faults', () => {
  test.each(CODES)('%s %j is %d %s', (...[code, detail, status, own, type]) => {
    const fault = toOwnStatus(new Fault(code, detail));
    expect(fault.status).toBe(status);
    expect(told(fault)).toMatchObject({ code: own, type, param: detail.param ?? '' });
  });

  test('each has four members, and the id of the request at the end of its words', () => {
    for (const code of Object.keys(FAULTS) as FaultCode[]) {
      const error = told(toOwnStatus(new Fault(code)));
      expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
      expect(error.code).toMatch(/^[A-Z][A-Za-z]+(\.[A-Za-z]+)*$/);
      expect(error.message).toEndWith(' Request id: req_1');
    }
  });

  test('the vendor’s request id makes room for ours; a stream ends with the same body', () => {
    const fault = new Fault('vendor_rejected', { message: 'No. Request id: 0217abc' });
    expect(told(fault).message).toBe('No. Request id: req_1');
    expect(writeFaultEvent(fault, 'req_1')).toBe(`data: ${writeFault(fault, 'req_1')}\n\n`);
  });
});

const MESSAGES = [{ role: 'user', content: 'null, {"a": null}' }];
type Read = typeof readChat;
const read = (reader: Read, body: object) => {
  const text = JSON.stringify(body);
  return reader(text, Buffer.byteLength(text));
};

describe('requests', () => {
  test('fields that are null are gone, everything else stays as it was written', () => {
    const text =
      '{"stop":null, "model":"m","messages":[{"role":"user","content":"a: null, b","x":null}],' +
      '"top_p":0.70,"tools": null}';
    const request = readChat(text, Buffer.byteLength(text));
    expect(request.text).toBe(
      '{"model":"m","messages":[{"role":"user","content":"a: null, b","x":null}],"top_p":0.70}',
    );
    expect(Object.keys(request.body)).toEqual(['model', 'messages', 'top_p']);
    const plain = JSON.stringify({ model: 'm', messages: MESSAGES });
    expect(readChat(plain, plain.length).text).toBe(plain);
  });

  const BAD: readonly (readonly [Read, object, string])[] = [
    [readChat, { messages: [{ role: 'developer', content: 'x' }] }, 'messages[0].role'],
    [readChat, { max_tokens: 1, max_completion_tokens: 1 }, 'max_tokens'],
    [readChat, { thinking: { type: 'loud' } }, 'thinking.type'],
    [readChat, { thinking: {} }, 'thinking.type'],
    [readChat, { reasoning_effort: 'huge' }, 'reasoning_effort'],
    [readChat, { thinking: { type: 'disabled' }, reasoning_effort: 'low' }, 'reasoning_effort'],
    [readChat, { service_tier: 'gold' }, 'service_tier'],
    [readBatchChat, { stream: true }, 'stream'],
    [readContextChat, {}, 'context_id'],
    [readContextChat, { context_id: 'ctx-1', tools: [{ type: 'function' }] }, 'tools'],
    [
      readContextChat,
      { context_id: 'ctx-1', messages: [{ role: 'assistant', content: 'x' }] },
      'messages',
    ],
    [readResponses, { input: 'x', thinking: { type: 'loud' } }, 'thinking.type'],
    [readResponses, { input: 'x', reasoning: { effort: 'huge' } }, 'reasoning_effort'],
    [readResponses, { input: 'x', caching: { type: 'enabled' }, instructions: 'y' }, 'caching'],
    [readImages, { prompt: undefined }, 'prompt'],
    [
      readImages,
      { prompt: 'x', sequential_image_generation: 'yes' },
      'sequential_image_generation',
    ],
    [readMultimodal, { input: 'x' }, 'input'],
    [readMultimodal, { input: [] }, 'input'],
    [readTokenization, { text: [] }, 'text'],
    [readContext, { ttl: 5 }, 'ttl'],
    [readContext, { mode: 'forever' }, 'mode'],
  ];

  test.each(BAD)('%p refuses %j by the name of %s', (...[reader, more, param]) => {
    let fault: unknown;
    try {
      read(reader, { model: 'm', messages: MESSAGES, ...more });
    } catch (thrown) {
      fault = thrown;
    }
    if (!(fault instanceof Fault)) throw new Error('nothing was refused');
    expect([fault.status, fault.detail.param]).toEqual([400, param]);
  });

  test('thinking that is off may have an effort that is none', () => {
    const off = { thinking: { type: 'disabled' }, reasoning_effort: 'none' };
    expect(read(readChat, { model: 'm', messages: MESSAGES, ...off }).model).toBe('m');
  });

  test('each says the most that it can use', () => {
    const picture = { model: 'm', prompt: 'x' };
    const group = { ...picture, sequential_image_generation: 'auto' };
    const options = { sequential_image_generation_options: { max_images: 3 } };
    const bounds = [picture, group, { ...group, ...options }].map(
      (body) => read(readImages, body).unitsBound,
    );
    expect(bounds).toEqual([{ image: 1 }, { image: 15 }, { image: 3 }]);
    const context = read(readContext, { model: 'm', messages: MESSAGES, ttl: 3_601 });
    const stored = context.unitsBound?.context_token_hours;
    expect(stored).toBe(context.inputTokensBound * 2);
  });
});

describe('pictures in a stream', () => {
  const request = read(readImages, { model: 'm', prompt: 'x', stream: true });
  const format = 'volc-pictures';
  const readError = () => new Fault('vendor_error');
  const watch = () =>
    openExchange({ from: format, to: format, request, callId: 'c', nowS: 0 }).watch(readError);
  const event = (json: object) => Buffer.from(`event: x\ndata: ${JSON.stringify(json)}\n\n`);
  const made = event({ type: 'image_generation.partial_succeeded', image_index: 0 });
  const failed = event({ type: 'image_generation.partial_failed', error: { code: 'X' } });
  const usage = { generated_images: 1 };
  const completed = event({ type: 'image_generation.completed', usage });

  test('pass untouched; one that failed is no failure of the stream', () => {
    const seen = watch();
    expect(seen.begun).toBeFalse();
    for (const bytes of [failed, made, completed]) expect(seen.look(bytes)).toBe(bytes);
    expect([seen.begun, seen.end()]).toEqual([true, null]);
    expect(seen.usage).toMatchObject({ usage });
  });

  test('a stream that is cut is a fault, and what came is counted', () => {
    const seen = watch();
    seen.look(Buffer.concat([made, failed, made]));
    expect(seen.end()?.code).toBe('vendor_cut');
    expect(seen.usage).toEqual({ usage: { generated_images: 2 } });
    expect(watch().end()?.code).toBe('vendor_cut');
  });

  test('an error ends it, after what came before', () => {
    const seen = watch();
    const wrong = event({ error: { code: 'InternalServiceError' } });
    expect(seen.look(Buffer.concat([made, wrong]))?.toString()).toBe(made.toString());
    expect(seen.failed).toBeInstanceOf(Fault);
    expect(() => watch().look(wrong)).toThrow('The vendor failed to answer');
    expect(() => watch().look(Buffer.from('data: {"a":\n\n'))).toThrow('cannot be read');
  });
});
