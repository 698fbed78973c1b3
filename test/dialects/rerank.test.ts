/** Rankings to every vendor's format, in an answer that every client reads. */
import { describe, expect, test } from 'bun:test';
import { canExchange, openExchange } from '../../src/dialects/index.ts';
import { readRequest } from '../../src/dialects/rerank/ask.ts';
import type { Json } from '../../src/kit/json.ts';
import { faultOf, readError } from './rig.ts';

const WISH = { wireModel: 'wire', tweaks: undefined, mayDrop: false, asksUsage: true };

function read(body: object) {
  const text = JSON.stringify({ model: 'm', query: 'q', documents: ['a', 'b'], ...body });
  return readRequest(text, Buffer.byteLength(text));
}

function open(to: string, body: object = {}) {
  const request = read(body);
  const exchange = openExchange({ from: 'rerank', to, request, callId: 'call_1', nowS: 1 });
  return { exchange, sent: () => JSON.parse(exchange.write(request, WISH).text) as Json };
}

describe('a request', () => {
  test('counts searches as the vendor may at most', () => {
    const many = Array.from({ length: 101 }, () => 'x');
    expect(read({}).unitsBound).toEqual({ search: 1 });
    expect(read({ documents: many }).unitsBound).toEqual({ search: 2 });
    // A hundred documents of nine pieces each are nine hundred pieces.
    const long = Array.from({ length: 100 }, () => 'x'.repeat(5_000));
    expect(read({ documents: long }).unitsBound).toEqual({ search: 9 });
    expect(read({ documents: long, max_tokens_per_doc: 500 }).unitsBound).toEqual({ search: 1 });
  });

  test('reads documents with fields as their client’s library does', () => {
    const documents = [{ text: 'a', id: 1 }, { text: 'b' }];
    expect(open('cohere-rerank', { documents }).sent()).toMatchObject({ documents: ['a', 'b'] });
    const fielded = { documents: [{ title: 't', body: 'b' }], rank_fields: ['title', 'body'] };
    expect(open('cohere-rerank', fielded).sent()).toMatchObject({
      documents: ['title: t\nbody: b'],
    });
  });

  test.each([
    [{ query: undefined }, 'query'],
    [{ query: '' }, 'query'],
    [{ documents: [] }, 'documents'],
    [{ documents: ['a', {}] }, 'documents[1]'],
    [{ documents: ['a', 1] }, 'documents[1]'],
    [{ top_n: 0 }, 'top_n'],
    [{ return_documents: 'yes' }, 'return_documents'],
  ])('%j is none, by the field', (body, param) => {
    const fault = faultOf(() => read(body));
    expect(fault.code).toBe('invalid_request');
    expect(fault.detail.param).toBe(param);
  });
});

const ASKED = { top_k: 1, return_documents: true, truncation: false };

test.each([
  [
    'cohere-rerank',
    { truncation: false, model: 'wire', query: 'q', documents: ['a', 'b'], top_n: 1 },
  ],
  [
    'jina-rerank',
    {
      truncation: false,
      model: 'wire',
      query: 'q',
      documents: ['a', 'b'],
      top_n: 1,
      return_documents: false,
    },
  ],
  [
    'voyage-rerank',
    { truncation: false, model: 'wire', query: 'q', documents: ['a', 'b'], top_k: 1 },
  ],
  [
    'dashscope-rerank',
    {
      model: 'wire',
      input: { query: 'q', documents: ['a', 'b'] },
      parameters: { truncation: false, top_n: 1, return_documents: false },
    },
  ],
] as [string, Json][])('%s is asked in its own words', (to, body) => {
  expect(canExchange('rerank', to)).toBe(true);
  expect(open(to, ASKED).sent()).toEqual(body);
});

describe('an answer', () => {
  const results = [
    { index: 1, relevance_score: 0.25 },
    { index: 0, relevance_score: 0.75 },
  ];

  test.each([
    ['cohere-rerank', { results, meta: { billed_units: { search_units: 3 } } }, 0, 3],
    ['jina-rerank', { model: 'm', results, usage: { total_tokens: 7 } }, 7, 1],
    ['voyage-rerank', { data: results, model: 'm', usage: { total_tokens: 7 } }, 7, 1],
    ['dashscope-rerank', { output: { results }, usage: { total_tokens: 7 } }, 7, 1],
  ] as [string, Json, number, number][])('of %s is best first, with all members', (...row) => {
    const [to, answer, tokens, searches] = row;
    const { exchange } = open(to);
    const { text, body } = exchange.readReply(JSON.stringify(answer), readError);
    expect(JSON.parse(text)).toEqual({
      id: 'call_1',
      object: 'list',
      model: 'm',
      results: [
        { index: 0, relevance_score: 0.75 },
        { index: 1, relevance_score: 0.25 },
      ],
      meta: { api_version: { version: '2' }, billed_units: { search_units: searches } },
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
    expect(body).toEqual(answer);
  });

  test('holds the caller’s own documents where it asked, and no more than it asked for', () => {
    const documents = ['a', { text: 'b', id: 7 }];
    const { exchange } = open('jina-rerank', { ...ASKED, documents, top_k: 2 });
    const { text } = exchange.readReply(JSON.stringify({ results }), readError);
    expect((JSON.parse(text) as { results: Json }).results).toEqual([
      { index: 0, relevance_score: 0.75, document: { text: 'a' } },
      { index: 1, relevance_score: 0.25, document: { text: 'b', id: 7 } },
    ]);
    const one = open('jina-rerank', ASKED).exchange;
    const cut = one.readReply(JSON.stringify({ results }), readError).text;
    expect((JSON.parse(cut) as { results: unknown[] }).results).toHaveLength(1);
  });

  test.each([
    ['<html>', 'vendor_malformed'],
    ['{}', 'vendor_malformed'],
    ['{"results":[]}', 'vendor_empty'],
    ['{"results":[{"index":9,"relevance_score":1}]}', 'vendor_malformed'],
    ['{"results":[{"index":0}]}', 'vendor_malformed'],
    ['{"error":{"message":"no"}}', 'vendor_error'],
  ])('%s is %s', (text, code) => {
    const { exchange } = open('jina-rerank');
    expect(faultOf(() => exchange.readReply(text, readError)).code).toBe(code as 'vendor_empty');
  });
});
