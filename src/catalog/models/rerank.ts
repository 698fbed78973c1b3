/** Models that rank documents by a query. */
import type { Model, PriceRow } from '../shape.ts';

const NONE = { tools: false, images: false, json: 'none', reasoning: false } as const;
const SIZES = { outputTokensMax: 0, abilities: NONE } as const;

/** A price list of one row, second-hand like all of these. */
function list(source: string, row: PriceRow) {
  const from = '2026-06-01';
  return [
    { from, currency: 'USD', rows: [row], source, checked: '2026-11-26', unverified: true },
  ] as const;
}

const COHERE = 'developer.puter.com/tutorials/cohere-api-pricing, June 2026';
const ALIBABA = 'alibabacloud.com/help/en/model-studio/text-rerank-api (international)';

export default [
  {
    id: 'rerank-v4.0-pro',
    maker: 'cohere',
    kind: 'rerank',
    contextTokens: 32_000,
    ...SIZES,
    offers: [
      {
        vendor: 'cohere',
        wireName: 'rerank-v4.0-pro',
        prices: list(COHERE, { units: { search: { price: '2.50', per: 1_000 } } }),
      },
    ],
  },
  {
    id: 'rerank-v4.0-fast',
    maker: 'cohere',
    kind: 'rerank',
    contextTokens: 32_000,
    ...SIZES,
    offers: [
      {
        vendor: 'cohere',
        wireName: 'rerank-v4.0-fast',
        prices: list(COHERE, { units: { search: { price: '2.00', per: 1_000 } } }),
      },
    ],
  },
  {
    id: 'rerank-v3.5',
    maker: 'cohere',
    kind: 'rerank',
    contextTokens: 4_096,
    ...SIZES,
    offers: [{ vendor: 'cohere', wireName: 'rerank-v3.5' }],
  },
  {
    id: 'jina-reranker-v3',
    maker: 'jina',
    kind: 'rerank',
    contextTokens: 131_072,
    ...SIZES,
    offers: [{ vendor: 'jina', wireName: 'jina-reranker-v3' }],
  },
  {
    id: 'rerank-2.5',
    maker: 'voyage',
    kind: 'rerank',
    contextTokens: 32_000,
    ...SIZES,
    offers: [{ vendor: 'voyage', wireName: 'rerank-2.5' }],
  },
  {
    id: 'rerank-2.5-lite',
    maker: 'voyage',
    kind: 'rerank',
    contextTokens: 32_000,
    ...SIZES,
    offers: [{ vendor: 'voyage', wireName: 'rerank-2.5-lite' }],
  },
  {
    id: 'bge-reranker-v2-m3',
    maker: 'baai',
    kind: 'rerank',
    contextTokens: 8_192,
    ...SIZES,
    offers: [{ vendor: 'siliconflow', wireName: 'BAAI/bge-reranker-v2-m3' }],
  },
  {
    id: 'qwen3-rerank',
    maker: 'alibaba',
    kind: 'rerank',
    contextTokens: 4_000,
    ...SIZES,
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3-rerank',
        prices: list(ALIBABA, { input: '0.1' }),
      },
    ],
  },
  {
    id: 'gte-rerank-v2',
    maker: 'alibaba',
    kind: 'rerank',
    contextTokens: 4_000,
    ...SIZES,
    offers: [
      {
        vendor: 'qwen',
        wireName: 'gte-rerank-v2',
        prices: list(ALIBABA, { input: '0.115' }),
      },
    ],
  },
] satisfies Model[];
