/** Models that embed texts, but for those of makers who have a file of their own. */
import type { Model, PriceTable } from '../shape.ts';

const COMPARED = {
  source: 'embeddingcost.com/compare, May 2026',
  checked: '2026-11-26',
  unverified: true,
} as const;

const TEXT = { tools: false, images: false, json: 'none', reasoning: false } as const;

interface Wish {
  readonly id: string;
  readonly maker: string;
  readonly vendor: string;
  readonly contextTokens: number;
  readonly wireName?: string;
  readonly prices?: readonly PriceTable[];
}

function embedding({ id, maker, vendor, contextTokens, wireName = id, prices }: Wish): Model {
  const offer = prices === undefined ? { vendor, wireName } : { vendor, wireName, prices };
  const sizes = { contextTokens, outputTokensMax: 0 };
  return { id, maker, kind: 'embedding', ...sizes, abilities: TEXT, offers: [offer] };
}

const usd = (input: string): readonly PriceTable[] => [
  { from: '2026-05-01', currency: 'USD', rows: [{ input }], ...COMPARED },
];

const QWEN: PriceTable = {
  from: '2026-06-01',
  currency: 'USD',
  rows: [{ input: '0.07' }],
  source: 'docs.qwencloud.com/api-reference/text-embedding/openai-embedding (international)',
  checked: '2026-11-26',
  unverified: true,
};

const ZHIPU: PriceTable = {
  from: '2025-01-01',
  currency: 'CNY',
  rows: [{ input: '0.5' }],
  source: 'docs.bigmodel.cn/cn/guide/models/embedding, copy',
  checked: '2026-11-26',
  unverified: true,
};

const of = (maker: string, vendor: string, contextTokens: number) => ({
  maker,
  vendor,
  contextTokens,
});

export default [
  embedding({
    id: 'text-embedding-3-small',
    ...of('openai', 'openai', 8_191),
    prices: usd('0.02'),
  }),
  embedding({
    id: 'text-embedding-3-large',
    ...of('openai', 'openai', 8_191),
    prices: usd('0.13'),
  }),
  embedding({
    id: 'text-embedding-ada-002',
    ...of('openai', 'openai', 8_191),
    prices: usd('0.10'),
  }),
  embedding({ id: 'text-embedding-v4', ...of('alibaba', 'qwen', 8_192), prices: [QWEN] }),
  embedding({ id: 'text-embedding-v3', ...of('alibaba', 'qwen', 8_192), prices: [QWEN] }),
  embedding({ id: 'embedding-3', ...of('zhipu', 'zhipu', 3_072), prices: [ZHIPU] }),
  embedding({ id: 'embedding-2', ...of('zhipu', 'zhipu', 512), prices: [ZHIPU] }),
  embedding({ id: 'bge-m3', ...of('baai', 'siliconflow', 8_192), wireName: 'BAAI/bge-m3' }),
  embedding({
    id: 'qwen3-embedding-8b',
    ...of('alibaba', 'siliconflow', 32_768),
    wireName: 'Qwen/Qwen3-Embedding-8B',
  }),
  embedding({ id: 'jina-embeddings-v3', ...of('jina', 'jina', 8_192) }),
  embedding({ id: 'jina-embeddings-v4', ...of('jina', 'jina', 32_768) }),
  embedding({ id: 'jina-embeddings-v5-text-small', ...of('jina', 'jina', 32_768) }),
  embedding({ id: 'voyage-3.5', ...of('voyage', 'voyage', 32_000), prices: usd('0.06') }),
  embedding({ id: 'voyage-3-large', ...of('voyage', 'voyage', 32_000), prices: usd('0.18') }),
  embedding({ id: 'voyage-4-large', ...of('voyage', 'voyage', 32_000) }),
  embedding({ id: 'embed-v4.0', ...of('cohere', 'cohere', 128_000), prices: usd('0.12') }),
  embedding({
    id: 'embed-multilingual-v3.0',
    ...of('cohere', 'cohere', 512),
    prices: usd('0.10'),
  }),
  embedding({ id: 'mistral-embed', ...of('mistral', 'mistral', 8_192), prices: usd('0.10') }),
  embedding({ id: 'nomic-embed-text', ...of('nomic', 'ollama', 8_192) }),
] satisfies Model[];
