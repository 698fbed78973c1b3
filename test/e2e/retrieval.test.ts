/** A toy search through every vendor of embeddings and rankings, with real clients. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { audit, settledCalls } from './books.ts';
import { cleanUp, type Gateway, startGateway } from './gateway.ts';

/** One model a vendor, by who serves it. */
const EMBEDDERS: readonly (readonly [vendor: string, model: string])[] = [
  ['ark', 'doubao-embedding-large-text-250515'],
  ['openai', 'text-embedding-3-small'],
  ['qwen', 'text-embedding-v4'],
  ['zhipu', 'embedding-3'],
  ['siliconflow', 'bge-m3'],
  ['jina', 'jina-embeddings-v3'],
  ['voyage', 'voyage-3.5'],
  ['cohere', 'embed-v4.0'],
  ['gemini', 'gemini-embedding-001'],
  ['ollama', 'nomic-embed-text'],
  ['mistral', 'mistral-embed'],
];
const RERANKERS: readonly (readonly [vendor: string, model: string])[] = [
  ['cohere', 'rerank-v4.0-pro'],
  ['jina', 'jina-reranker-v3'],
  ['voyage', 'rerank-2.5'],
  ['siliconflow', 'bge-reranker-v2-m3'],
  ['qwen', 'gte-rerank-v2'],
];

const DOCUMENTS = [
  'The cat sleeps on the warm windowsill.',
  'Interest rates rise when inflation is high.',
  'A ship is tied to the pier by the gangway.',
];
const QUERY = 'Where is the gangway of the ship?';
const RIGHT = 2;
/** More than most vendors take at once. */
const MANY = 520;

let gateway: Gateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ env: { GANGWAY_LIMITS_REQUESTS_PER_MINUTE: '0' } });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(cleanUp);

const embed = async (model: string, input: OpenAI.EmbeddingCreateParams['input'], more = {}) => {
  const { data } = await client.embeddings.create({ model, input, ...more });
  expect(data.map(({ index }) => index)).toEqual(data.map((_, at) => at));
  return data.map(({ embedding }) => embedding);
};

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

describe.each(EMBEDDERS)('embeddings of %s', (_, model) => {
  test('find the right document, in floats and in base64', async () => {
    const documents = await embed(model, DOCUMENTS, { encoding_format: 'float' });
    // The client asks for base64 where nothing is said, and decodes it.
    const [query = []] = await embed(model, QUERY);
    const scores = documents.map((document) => dot(query, document));
    expect(scores.indexOf(Math.max(...scores))).toBe(RIGHT);
    const [again = []] = await embed(model, DOCUMENTS.slice(0, 1));
    expect(dot(again, documents[0] ?? [])).toBeCloseTo(dot(again, again), 3);
  });

  test('tell the usage that stands in the books', async () => {
    const { usage } = await client.embeddings.create({ model, input: DOCUMENTS });
    const [call] = await settledCalls(gateway);
    expect(usage.prompt_tokens).toBeGreaterThan(0);
    expect(call?.inputTokens).toBe(usage.prompt_tokens);
  });

  test('of many texts are split to the vendor’s limit and come in order', async () => {
    const texts = Array.from({ length: MANY }, (_each, n) => `${DOCUMENTS[n % 3]} ${n}`);
    const all = await embed(model, texts, { encoding_format: 'float' });
    expect(all).toHaveLength(MANY);
    for (const at of [0, 97, MANY - 1]) {
      const [alone = []] = await embed(model, texts[at] ?? '', { encoding_format: 'float' });
      expect(dot(alone, all[at] ?? [])).toBeCloseTo(dot(alone, alone), 5);
    }
  });
});

test('token ids go where they are understood, dimensions where they can be chosen', async () => {
  const [tokens = []] = await embed('text-embedding-3-small', [[1, 2, 3]]);
  expect(tokens.length).toBeGreaterThan(100);
  const [short = []] = await embed('text-embedding-3-small', QUERY, { dimensions: 64 });
  expect(short).toHaveLength(64);
  const refusal = (model: string, input: string | number[]) =>
    embed(model, input).then(
      () => 'none',
      (error: unknown) => error,
    );
  expect(await refusal('embed-v4.0', [1, 2])).toMatchObject({
    status: 400,
    code: 'unsupported_parameter',
    param: 'input',
  });
  expect(await refusal('gpt-4o-mini', QUERY)).toMatchObject({
    status: 400,
    code: 'wrong_model_kind',
    param: 'model',
  });
});

describe.each(RERANKERS)('rankings of %s', (_, model) => {
  test('for Cohere’s client', async () => {
    const cohere = new CohereClientV2({ token: gateway.key, environment: gateway.url });
    const { results, meta } = await cohere.rerank({
      model,
      query: QUERY,
      documents: DOCUMENTS,
      topN: 2,
    });
    expect(results.map(({ index }) => index)[0]).toBe(RIGHT);
    expect(results).toHaveLength(2);
    expect(results[0]?.relevanceScore ?? 0).toBeGreaterThan(results[1]?.relevanceScore ?? 0);
    expect(meta?.billedUnits?.searchUnits).toBe(1);
  });

  test.each(['/v1/rerank', '/v2/rerank', '/rerank'])('for Jina’s clients, at %s', async (path) => {
    const answer = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        query: QUERY,
        documents: DOCUMENTS.map((text) => ({ text })),
        return_documents: true,
      }),
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      model: expect.any(String),
      results: [{ index: RIGHT, document: { text: DOCUMENTS[RIGHT] } }, {}, {}],
      usage: { total_tokens: expect.any(Number) },
    });
  });
});

test('every call of the above is in the books once, by the vendor’s own count', async () => {
  const calls = await settledCalls(gateway);
  const charged = calls.filter(({ state }) => state === 'charged');
  expect(charged.length).toBeGreaterThan(60);
  const uncounted = charged.filter(({ usageSource }) => usageSource !== 'vendor');
  expect(new Set(uncounted.map(({ upstream }) => upstream))).toEqual(new Set(['gemini']));
  expect((await audit(gateway)).balanced).toBe(true);
});
