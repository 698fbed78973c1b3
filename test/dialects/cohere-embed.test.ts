/** Embeddings asked in Cohere's format: untouched to its own vendors, translated to all others. */
import { describe, expect, test } from 'bun:test';
import { COHERE_EMBED, readEmbedRequest } from '../../src/dialects/cohere-chat/embed.ts';
import { canExchange, openExchange } from '../../src/dialects/index.ts';
import type { Exchange, WireRequest } from '../../src/dialects/shape.ts';
import type { FaultCode } from '../../src/kit/fault.ts';
import type { Json, JsonObject } from '../../src/kit/json.ts';
import { faultOf, readError, WISH } from './rig.ts';

const ASK = { model: 'm', texts: ['a', 'b'], input_type: 'search_query' };
const read = (body: object): WireRequest => {
  const text = JSON.stringify(body);
  return readEmbedRequest(text, Buffer.byteLength(text));
};
const open = (to: string, request: WireRequest): Exchange =>
  openExchange({ from: COHERE_EMBED, to, request, callId: 'call-1', nowS: 1 });
const listed = (vectors: readonly number[][], tokens: number): string =>
  JSON.stringify({
    data: vectors.map((embedding, index) => ({ index, embedding })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });

describe('a request', () => {
  test.each([
    [{ ...ASK, texts: [] }, 'texts'],
    [{ ...ASK, texts: ['a', ''] }, 'texts'],
    [{ ...ASK, texts: 'a' }, 'texts'],
    [{ ...ASK, texts: Array.from({ length: 2_049 }, () => 'a') }, 'texts'],
    [{ ...ASK, images: ['data:x'] }, 'images'],
    [{ ...ASK, inputs: [] }, 'inputs'],
    [{ ...ASK, embedding_types: ['int4'] }, 'embedding_types'],
    [{ ...ASK, input_type: 'poem' }, 'input_type'],
    [{ ...ASK, output_dimension: 0 }, 'output_dimension'],
    [{ texts: ['a'] }, 'model'],
  ])('%j is refused by the field', (body, param) => {
    const fault = faultOf(() => read(body));
    expect([fault.code, fault.detail.param]).toEqual(['invalid_request', param]);
  });

  test('may ask every vendor that embeds', () => {
    for (const to of ['openai-embeddings', 'gemini-embed', 'voyage-embeddings', COHERE_EMBED]) {
      expect(canExchange(COHERE_EMBED, to)).toBe(true);
    }
    expect(canExchange(COHERE_EMBED, 'openai-chat')).toBe(false);
  });
});

describe('to a vendor of the same format', () => {
  const answer = (from: number, to: number, tokens: number): string =>
    JSON.stringify({
      id: `part-${from}`,
      embeddings: { int8: [[from], [to]].slice(0, to - from + 1) },
      texts: [],
      meta: { api_version: { version: '2' }, billed_units: { input_tokens: tokens } },
    });

  test('bytes pass as they came, and so does the answer', () => {
    const sent = '{ "model":"m", "texts" : ["a"],"embedding_types":["int8"], "truncate":"NONE" }';
    const request = readEmbedRequest(sent, sent.length);
    const exchange = open(COHERE_EMBED, request);
    const { text, rest } = exchange.write(request, { ...WISH, inputsMax: 96 });
    expect([text, rest]).toEqual([sent.replace('"m"', '"wire"'), undefined]);
    const got = ` ${answer(1, 1, 3)}\n`;
    expect(exchange.readReply(got, readError).text).toBe(got);
  });

  test('more texts than it takes at once are split, and joined in order', () => {
    const request = read({ ...ASK, texts: ['a', 'b', 'c'], embedding_types: ['int8'] });
    const exchange = open(COHERE_EMBED, request);
    const { text, rest = [] } = exchange.write(request, { ...WISH, inputsMax: 2 });
    const bodies = [text, ...rest].map((one) => JSON.parse(one) as JsonObject);
    expect(bodies.map(({ texts }) => texts as Json)).toEqual([['a', 'b'], ['c']]);
    expect(bodies[1]).toMatchObject({ model: 'wire', embedding_types: ['int8'] });
    const joined = exchange.joinReplies?.([answer(1, 2, 3), answer(3, 3, 4)], readError);
    expect(JSON.parse(joined?.text ?? '')).toEqual({
      id: 'part-1',
      embeddings: { int8: [[1], [2], [3]] },
      texts: ['a', 'b', 'c'],
      meta: { api_version: { version: '2' }, billed_units: { input_tokens: 7 } },
    });
    expect(joined?.body).toMatchObject({ meta: { billed_units: { input_tokens: 7 } } });
    const short = () => exchange.joinReplies?.([answer(1, 2, 3), answer(3, 2, 4)], readError);
    expect(faultOf(short).code).toBe('vendor_malformed');
  });

  test.each([
    ['[]', 'vendor_malformed'],
    ['{"message":"broke"}', 'vendor_error'],
    ['{"id":"x"}', 'vendor_empty'],
  ] as [string, FaultCode][])('%s is %s', (text, code) => {
    const exchange = open(COHERE_EMBED, read(ASK));
    expect(faultOf(() => exchange.readReply(text, readError)).code).toBe(code);
  });
});

describe('to a vendor of another', () => {
  test('texts, role and size are said its way, and numbers come back in this one', () => {
    const kinds = { embedding_types: ['float', 'base64'], output_dimension: 2, truncate: 'END' };
    const request = read({ ...ASK, ...kinds });
    const exchange = open('voyage-embeddings', request);
    const { text, dropped } = exchange.write(request, WISH);
    expect(JSON.parse(text)).toEqual({
      ...{ model: 'wire', input: ['a', 'b'], output_dimension: 2, input_type: 'query' },
    });
    expect(dropped).toEqual([]);
    const vectors = [
      [0.5, -1],
      [0, 2],
    ];
    const reply = JSON.parse(exchange.readReply(listed(vectors, 5), readError).text) as JsonObject;
    expect(reply).toMatchObject({
      ...{ id: 'call-1', texts: ['a', 'b'], response_type: 'embeddings_by_type' },
      embeddings: { float: vectors },
      meta: { billed_units: { input_tokens: 5 } },
    });
    const { base64 } = reply.embeddings as { base64: string[] };
    const bytes = Buffer.from(base64[0] ?? '', 'base64');
    expect([bytes.readFloatLE(0), bytes.readFloatLE(4)]).toEqual([0.5, -1]);
  });

  test('parts are joined', () => {
    const exchange = open('openai-embeddings', read(ASK));
    const joined = exchange.joinReplies?.([listed([[1]], 2), listed([[2]], 3)], readError);
    expect(JSON.parse(joined?.text ?? '')).toMatchObject({
      embeddings: { float: [[1], [2]] },
      meta: { billed_units: { input_tokens: 5 } },
    });
  });

  test.each([
    [{ embedding_types: ['float', 'int8'] }, 'embedding_types'],
    [{ truncate: 'NONE' }, 'truncate'],
    [{ max_tokens: 7 }, 'max_tokens'],
  ])('%j is refused, or left out with leave', (more, field) => {
    const request = read({ ...ASK, ...more });
    const exchange = open('openai-embeddings', request);
    const fault = faultOf(() => exchange.write(request, WISH));
    expect([fault.code, fault.detail.param]).toEqual(['unsupported_parameter', field]);
    const { text, dropped } = exchange.write(request, { ...WISH, mayDrop: true });
    expect(dropped).toEqual([field]);
    expect(text).not.toContain(`"${field}"`);
    const { embeddings } = JSON.parse(
      exchange.readReply(listed([[1], [2]], 1), readError).text,
    ) as { embeddings: object };
    expect(Object.keys(embeddings)).toEqual(['float']);
  });
});
