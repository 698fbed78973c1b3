/** Embeddings to every vendor's format: what is asked, how it is split, and what comes back. */
import { describe, expect, test } from 'bun:test';
import { readRequest } from '../../src/dialects/embeddings/ask.ts';
import { canExchange, openExchange } from '../../src/dialects/index.ts';
import type { Exchange } from '../../src/dialects/shape.ts';
import { Fault } from '../../src/kit/fault.ts';
import type { Json } from '../../src/kit/json.ts';
import { faultOf, readError } from './rig.ts';

const FROM = 'openai-embeddings';
const WISH = { wireModel: 'wire', tweaks: undefined, mayDrop: false, asksUsage: true };

function open(
  to: string,
  body: object,
): { exchange: Exchange; send: (inputsMax?: number) => Json[] } {
  const text = JSON.stringify(body);
  const request = readRequest(text, Buffer.byteLength(text));
  const exchange = openExchange({ from: FROM, to, request, callId: 'call_1', nowS: 1 });
  const send = (inputsMax?: number): Json[] => {
    const wish = inputsMax === undefined ? WISH : { ...WISH, inputsMax };
    const { text: first, rest = [] } = exchange.write(request, wish);
    return [first, ...rest].map((one) => JSON.parse(one) as Json);
  };
  return { exchange, send };
}

const listed = (vectors: readonly number[][], usage: Json, order = vectors.map((_, at) => at)) =>
  JSON.stringify({
    object: 'list',
    data: order.map((index) => ({ object: 'embedding', index, embedding: vectors[index] })),
    model: 'theirs',
    usage,
  });

const vectorsOf = (text: string): unknown[] =>
  (JSON.parse(text) as { data: { embedding: unknown }[] }).data.map((one) => one.embedding);

describe('a request', () => {
  const read = (body: object) => {
    const text = JSON.stringify({ model: 'm', ...body });
    return readRequest(text, Buffer.byteLength(text));
  };

  test.each([
    [{ input: 'a' }],
    [{ input: ['a', 'b'] }],
    [{ input: [1, 2, 3] }],
    [{ input: [[1], [2, 3]] }],
    [
      {
        input: 'a',
        dimensions: 8,
        encoding_format: 'base64',
        input_type: 'search_query',
        user: 'u',
      },
    ],
    [{ input: 'a', dimensions: null, encoding_format: null, input_type: null }],
  ])('%j is one', (body) => {
    const request = read(body);
    expect(request.model).toBe('m');
    expect(request.inputTokensBound).toBeGreaterThanOrEqual(request.inputTokensGuess);
  });

  test.each([
    [{}, 'input'],
    [{ input: '' }, 'input'],
    [{ input: [] }, 'input'],
    [{ input: ['a', ''] }, 'input'],
    [{ input: ['a', 1] }, 'input'],
    [{ input: [[]] }, 'input'],
    [{ input: [1.5] }, 'input'],
    [{ input: [-1] }, 'input'],
    [{ input: { text: 'a' } }, 'input'],
    [{ input: Array.from({ length: 2_049 }, () => 'a') }, 'input'],
    [{ input: 'a', dimensions: 0 }, 'dimensions'],
    [{ input: 'a', encoding_format: 'int8' }, 'encoding_format'],
    [{ input: 'a', input_type: 'poem' }, 'input_type'],
  ])('%j is none, by the field', (body, param) => {
    const fault = faultOf(() => read(body));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });
});

describe('to a vendor of the same format', () => {
  test('passes untouched but for the model', () => {
    const text = '{ "model":"m", "input" : ["a"],"user":"u" }';
    const request = readRequest(text, text.length);
    const exchange = openExchange({ from: FROM, to: FROM, request, callId: 'c', nowS: 1 });
    const written = exchange.write(request, WISH);
    expect(written.text).toBe('{ "model":"wire", "input" : ["a"],"user":"u" }');
    expect(written.rest).toBeUndefined();
    const answer = listed([[1, 2]], { prompt_tokens: 3, total_tokens: 3 });
    expect(exchange.readReply(answer, readError).text).toBe(answer);
  });

  test('is split where the vendor takes fewer, and joined in order', () => {
    const { exchange, send } = open(FROM, { model: 'm', input: ['a', 'b', 'c'], user: 'u' });
    expect(send(2)).toEqual([
      { user: 'u', model: 'wire', input: ['a', 'b'], encoding_format: 'float' },
      { user: 'u', model: 'wire', input: ['c'], encoding_format: 'float' },
    ]);
    const joined = exchange.joinReplies?.(
      [
        listed([[1], [2]], { prompt_tokens: 4, total_tokens: 4 }, [1, 0]),
        listed([[3]], { prompt_tokens: 2, total_tokens: 2 }),
      ],
      readError,
    );
    expect(vectorsOf(joined?.text ?? '')).toEqual([[1], [2], [3]]);
    expect(joined?.body).toEqual({ usage: { prompt_tokens: 6, total_tokens: 6 } });
    expect(JSON.parse(joined?.text ?? '')).toMatchObject({
      object: 'list',
      model: 'theirs',
      usage: { prompt_tokens: 6, total_tokens: 6 },
    });
  });
});

const ASKED = { model: 'm', input: ['a', 'b'], dimensions: 8, input_type: 'query' };

test.each([
  ['float-embeddings', { model: 'wire', input: ['a', 'b'], dimensions: 8 }],
  [
    'cohere-embed',
    {
      model: 'wire',
      texts: ['a', 'b'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 8,
    },
  ],
  ['jina-embeddings', { model: 'wire', input: ['a', 'b'], dimensions: 8, task: 'retrieval.query' }],
  [
    'voyage-embeddings',
    { model: 'wire', input: ['a', 'b'], output_dimension: 8, input_type: 'query' },
  ],
  [
    'gemini-embed',
    {
      requests: ['a', 'b'].map((text) => ({
        model: 'models/wire',
        content: { parts: [{ text }] },
        taskType: 'RETRIEVAL_QUERY',
        outputDimensionality: 8,
      })),
    },
  ],
] as [string, Json][])('%s is asked in its own words', (to, body) => {
  expect(canExchange(FROM, to)).toBe(true);
  expect(open(to, ASKED).send()).toEqual([body]);
});

test('what a vendor requires and the caller did not say has a default', () => {
  const [body] = open('cohere-embed', { model: 'm', input: 'a' }).send();
  expect(body).toMatchObject({ input_type: 'search_document', texts: ['a'] });
});

test('a field without room at the vendor is told of, never lost in silence', () => {
  const text = JSON.stringify({ model: 'm', input: 'a', truncate: 'END' });
  const request = readRequest(text, text.length);
  const write = (to: string) =>
    openExchange({ from: FROM, to, request, callId: 'c', nowS: 1 }).write(request, WISH);
  expect(write('gemini-embed').warnings).toEqual([
    'truncate is not passed on: the vendor has no such field',
  ]);
  expect(JSON.parse(write('cohere-embed').text)).toMatchObject({ truncate: 'END' });
});

test('token ids for a model that reads text are refused by the field', () => {
  const { send } = open('cohere-embed', { model: 'm', input: [1, 2] });
  const fault = faultOf(send);
  expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', 'input']);
});

describe('an answer', () => {
  const { exchange } = open('cohere-embed', {
    model: 'm',
    input: ['a', 'b'],
    encoding_format: 'base64',
  });

  test('of another format comes in the caller’s, in the encoding that it asked for', () => {
    const { text, body } = exchange.readReply(
      JSON.stringify({
        id: 'x',
        embeddings: {
          float: [
            [1, -0.5],
            [0.25, 2],
          ],
        },
        meta: { billed_units: { input_tokens: 9 } },
      }),
      readError,
    );
    const decoded = vectorsOf(text).map((one) => [
      ...new Float32Array(new Uint8Array(Buffer.from(String(one), 'base64')).buffer),
    ]);
    expect(decoded).toEqual([
      [1, -0.5],
      [0.25, 2],
    ]);
    expect(JSON.parse(text)).toMatchObject({ model: 'm', usage: { prompt_tokens: 9 } });
    expect(body).toEqual({ meta: { billed_units: { input_tokens: 9 } } });
  });

  test('in base64 where floats were asked for is decoded', () => {
    const asked = open(FROM, { model: 'm', input: ['a', 'b'], input_type: 'query' });
    asked.send();
    const encoded = Buffer.from(new Uint8Array(new Float32Array([1, 0.5]).buffer)).toString(
      'base64',
    );
    const answer = { data: [0, 1].map((index) => ({ index, embedding: encoded })), usage: {} };
    expect(vectorsOf(asked.exchange.readReply(JSON.stringify(answer), readError).text)).toEqual([
      [1, 0.5],
      [1, 0.5],
    ]);
  });

  test.each([
    ['<html>', 'vendor_malformed'],
    ['[]', 'vendor_malformed'],
    ['{}', 'vendor_empty'],
    ['{"embeddings":{"float":[[1]]}}', 'vendor_malformed'],
    ['{"embeddings":{"float":[[1],null]}}', 'vendor_malformed'],
    ['{"error":{"message":"no"}}', 'vendor_error'],
  ])('%s is %s', (text, code) => {
    const thrown = faultOf(() => exchange.readReply(text, readError));
    expect(thrown instanceof Fault && thrown.code).toBe(code as 'vendor_empty');
  });
});
