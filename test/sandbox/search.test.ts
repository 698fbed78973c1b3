import { afterAll, beforeAll, expect, test } from 'bun:test';
import { CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { rank } from '../../sandbox/bm25.ts';
import { type Sandbox, startSandbox } from '../../sandbox/server.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = startSandbox({ pauseMs: 0 });
});
afterAll(() => sandbox.stop());

const DOCUMENTS = [
  'The Eiffel Tower stands in Paris and was finished in 1889.',
  'Photosynthesis turns light into sugar in the leaves of plants.',
  'The capital of France is Paris, a city on the Seine.',
  '香蕉是一种热带水果，富含钾。',
];
const QUERY = 'What is the capital of France?';

const near = (one: readonly number[], other: readonly number[]) =>
  one.reduce((sum, value, at) => sum + value * other[at]!, 0);

async function post(path: string, body: object, key: string) {
  const response = await fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: JSON.parse(text) };
}

test('bm25 finds what a query is about, in any language, and orders by score', () => {
  expect(rank(QUERY, DOCUMENTS)[0]!.index).toBe(2);
  expect(rank('热带水果', DOCUMENTS)[0]!.index).toBe(3);
  const scores = rank(QUERY, DOCUMENTS).map(({ score }) => score);
  expect(scores).toEqual([...scores].sort((one, other) => other - one));
  expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
});

test('openai: base64 by default in the SDK, floats when asked, sizes, lists of tokens', async () => {
  const openai = new OpenAI({
    baseURL: `${sandbox.url}/openai/v1`,
    apiKey: 'sandbox-openai-key',
    maxRetries: 0,
  });
  const model = 'text-embedding-3-small';
  const input = [QUERY, ...DOCUMENTS];
  const packed = await openai.embeddings.create({ model, input, dimensions: 256 });
  const plain = await openai.embeddings.create({
    model,
    input,
    dimensions: 256,
    encoding_format: 'float',
  });
  const [query, ...documents] = packed.data.map(({ embedding }) => embedding);
  expect(query).toHaveLength(256);
  expect(near(query!, plain.data[0]!.embedding)).toBeCloseTo(1, 5);
  const scores = documents.map((document) => near(query!, document));
  expect(scores.indexOf(Math.max(...scores))).toBe(2);
  expect(packed.usage.prompt_tokens).toBeGreaterThan(20);
  const tokens = await openai.embeddings.create({
    model,
    input: [
      [1, 2, 3],
      [1, 2, 4],
    ],
  });
  expect(tokens.usage.total_tokens).toBe(6);
  expect(tokens.data[0]!.embedding).toHaveLength(1536);
});

const LIMITS: readonly (readonly [string, string, string, object])[] = [
  ['openai', '/openai/v1/embeddings', 'empty text', { input: '' }],
  ['openai', '/openai/v1/embeddings', 'no input', {}],
  ['openai', '/openai/v1/embeddings', 'too many', { input: Array(2049).fill('a') }],
  ['openai', '/openai/v1/embeddings', 'too long', { input: 'word '.repeat(9000) }],
  ['openai', '/openai/v1/embeddings', 'too large', { input: 'a', dimensions: 4000 }],
  ['openai', '/openai/v1/embeddings', 'coding', { input: 'a', encoding_format: 'int8' }],
  ['openai', '/openai/v1/embeddings', 'field', { input: 'a', input_type: 'query' }],
  ['qwen', '/qwen/compatible-mode/v1/embeddings', 'eleven', { input: Array(11).fill('a') }],
  [
    'qwen',
    '/qwen/compatible-mode/v1/embeddings',
    'base64',
    { input: 'a', encoding_format: 'base64' },
  ],
  ['zhipu', '/zhipu/api/paas/v4/embeddings', 'sixty-five', { input: Array(65).fill('a') }],
  ['siliconflow', '/siliconflow/v1/embeddings', 'thirty-three', { input: Array(33).fill('a') }],
  ['jina', '/jina/v1/embeddings', 'task', { input: 'a', task: 'sing' }],
  ['voyage', '/voyage/v1/embeddings', 'dimensions by that name', { input: 'a', dimensions: 256 }],
  ['voyage', '/voyage/v1/rerank', 'top_n', { query: 'a', documents: ['a'], top_n: 1 }],
  ['cohere', '/cohere/v2/embed', 'no input_type', { texts: ['a'] }],
  [
    'cohere',
    '/cohere/v2/embed',
    'ninety-seven',
    { texts: Array(97).fill('a'), input_type: 'search_query' },
  ],
  ['cohere', '/cohere/v2/rerank', 'objects', { query: 'a', documents: [{ text: 'a' }] }],
  ['cohere', '/cohere/v2/rerank', 'no documents', { query: 'a', documents: [] }],
];

test.each(LIMITS)('%s %s refuses: %s', async (vendor, path, _, fields) => {
  const body = { model: 'embedding-3', ...fields };
  const { status } = await post(path, body, `sandbox-${vendor}-key`);
  expect(status === 400 || status === 422).toBe(true);
});

const EMBEDS: readonly (readonly [string, string, object, number])[] = [
  ['qwen', '/qwen/compatible-mode/v1/embeddings', { model: 'text-embedding-v4' }, 1024],
  ['zhipu', '/zhipu/api/paas/v4/embeddings', { model: 'embedding-3' }, 2048],
  ['siliconflow', '/siliconflow/v1/embeddings', { model: 'BAAI/bge-m3' }, 1024],
  ['ollama', '/ollama/v1/embeddings', { model: 'nomic-embed-text' }, 768],
  ['jina', '/jina/v1/embeddings', { model: 'jina-embeddings-v4', dimensions: 128 }, 128],
  ['voyage', '/voyage/v1/embeddings', { model: 'voyage-4-large', output_dimension: 256 }, 256],
];

test.each(EMBEDS)('%s embeds', async (vendor, path, fields, size) => {
  const body = { input: [QUERY, DOCUMENTS[1], DOCUMENTS[2]], ...fields };
  const { status, json } = await post(path, body, `sandbox-${vendor}-key`);
  expect(status).toBe(200);
  const [query, far, close] = json.data.map(({ embedding }: { embedding: number[] }) => embedding);
  expect(query).toHaveLength(size);
  expect(near(query, close)).toBeGreaterThan(near(query, far));
  expect(json.usage.total_tokens).toBeGreaterThan(10);
});

test('voyage packs: bytes, bits, base64', async () => {
  const call = async (fields: object) => {
    const body = { model: 'voyage-4-large', input: QUERY, output_dimension: 256, ...fields };
    return (await post('/voyage/v1/embeddings', body, 'sandbox-voyage-key')).json.data[0].embedding;
  };
  const bytes = await call({ output_dtype: 'int8' });
  expect(bytes.every((one: number) => Number.isInteger(one) && Math.abs(one) <= 127)).toBe(true);
  expect(await call({ output_dtype: 'ubinary' })).toHaveLength(32);
  expect(Buffer.from(await call({ encoding_format: 'base64' }), 'base64')).toHaveLength(1024);
});

const RERANKS: readonly (readonly [string, string, object, string])[] = [
  ['cohere', '/cohere/v1/rerank', { return_documents: true }, 'results'],
  ['cohere', '/cohere/v2/rerank', { top_n: 2 }, 'results'],
  ['jina', '/jina/v1/rerank', { top_n: 2 }, 'results'],
  ['voyage', '/voyage/v1/rerank', { top_k: 2 }, 'data'],
  ['siliconflow', '/siliconflow/v1/rerank', { top_n: 2 }, 'results'],
  ['qwen', '/qwen/compatible-api/v1/reranks', { top_n: 2 }, 'results'],
];

test.each(RERANKS)('%s %s ranks', async (vendor, path, fields, list) => {
  const body = { model: 'rerank', query: QUERY, documents: DOCUMENTS, ...fields };
  const { status, json } = await post(path, body, `sandbox-${vendor}-key`);
  expect(status).toBe(200);
  expect(json[list][0]).toMatchObject({ index: 2 });
  expect(json[list][0].relevance_score).toBeGreaterThan(json[list][1].relevance_score);
  const kept = 'return_documents' in fields || vendor === 'jina';
  expect(json[list][0].document).toEqual(kept ? { text: DOCUMENTS[2] } : undefined);
});

test('dashscope nests what it is asked and what it answers', async () => {
  const body = {
    model: 'gte-rerank-v2',
    input: { query: QUERY, documents: DOCUMENTS },
    parameters: { top_n: 1, return_documents: true },
  };
  const path = '/dashscope/api/v1/services/rerank/text-rerank/text-rerank';
  const { json } = await post(path, body, 'sandbox-qwen-key');
  expect(json.output.results).toEqual([
    { index: 2, relevance_score: expect.any(Number), document: { text: DOCUMENTS[2] } },
  ]);
  const bare = await post(
    path,
    { model: 'gte-rerank-v2', input: { query: QUERY } },
    'sandbox-qwen-key',
  );
  expect(bare.status).toBe(400);
  expect(bare.json).toHaveProperty('request_id');
});

const cohere = () =>
  new CohereClientV2({ environment: `${sandbox.url}/cohere`, token: 'sandbox-cohere-key' });

test('the Cohere SDK embeds and ranks', async () => {
  const embedded = await cohere().embed({
    model: 'embed-v4.0',
    inputType: 'search_document',
    texts: DOCUMENTS,
    embeddingTypes: ['float', 'int8'],
    outputDimension: 256,
  });
  expect(embedded.embeddings.float).toHaveLength(4);
  expect(embedded.embeddings.int8![0]).toHaveLength(256);
  expect(embedded.meta?.billedUnits?.inputTokens).toBeGreaterThan(20);
  const ranked = await cohere().rerank({
    model: 'rerank-v3.5',
    query: QUERY,
    documents: DOCUMENTS,
  });
  expect(ranked.results[0]!.index).toBe(2);
  expect(ranked.meta?.billedUnits?.searchUnits).toBe(1);
});

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

test('the Cohere SDK chats, streams, calls tools and fills schemas', async () => {
  const model = 'command-a-03-2025';
  const messages = [{ role: 'user' as const, content: 'What is the weather in Paris?' }];
  const called = await cohere().chat({ model, messages, tools: [WEATHER] });
  expect(called.finishReason).toBe('TOOL_CALL');
  const call = called.message.toolCalls![0]!;
  expect(JSON.parse(call.function!.arguments!)).toEqual({ city: 'Paris' });
  const result = { role: 'tool' as const, toolCallId: call.id!, content: '21 degrees' };
  const turn = { role: 'assistant' as const, toolCalls: called.message.toolCalls };
  const answered = await cohere().chat({
    model,
    tools: [WEATHER],
    messages: [...messages, turn, result],
  });
  expect(JSON.stringify(answered.message.content)).toContain('21 degrees');
  const types: string[] = [];
  let streamed = '';
  const stream = await cohere().chatStream({ model, messages, tools: [WEATHER] });
  for await (const event of stream) {
    types.push(event.type);
    if (event.type === 'tool-call-delta') {
      streamed += event.delta?.message?.toolCalls?.function?.arguments ?? '';
    }
  }
  expect(streamed).toBe(call.function!.arguments!);
  expect([types[0], types.at(-1)]).toEqual(['message-start', 'message-end']);
  const jsonSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  const shaped = await cohere().chat({
    model,
    messages: [{ role: 'user', content: 'Go' }],
    responseFormat: { type: 'json_object', jsonSchema },
  });
  const [part] = shaped.message.content!;
  expect(JSON.parse((part as { text: string }).text)).toHaveProperty('n');
});
