/** Mistral. */
import type { Model } from '../shape.ts';

const LIST = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;
// A sale price; the list price is twice it, and the day on which the sale ends is not published.
const SALE = {
  source: 'tokenmeter 0.15.0 and getmaxim.ai, after mistral.ai/pricing',
  checked: '2026-11-22',
  unverified: true,
} as const;

export default [
  // unverified: the output limit and the first day of the price.
  {
    id: 'mistral-large-4',
    maker: 'mistral',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'mistral',
        wireName: 'mistral-large-4',
        prices: [
          {
            from: '2026-10-01',
            currency: 'USD',
            rows: [{ input: '0.68', output: '2.09', cachedInput: '0.07' }],
            ...SALE,
          },
        ],
      },
    ],
  },
  {
    id: 'mistral-large-2512',
    maker: 'mistral',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 262_144,
    abilities: { tools: true, images: true, json: 'schema', reasoning: false },
    aliases: ['mistral-large-3'],
    offers: [
      {
        vendor: 'mistral',
        wireName: 'mistral-large-2512',
        prices: [
          {
            from: '2025-12-02',
            currency: 'USD',
            rows: [{ input: '0.50', output: '1.50' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'mistralai/mistral-large-2512' },
    ],
  },
  {
    id: 'mistral-medium-2604',
    maker: 'mistral',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 262_144,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['mistral-medium-3.5'],
    offers: [
      {
        vendor: 'mistral',
        wireName: 'mistral-medium-2604',
        prices: [
          {
            from: '2026-04-28',
            currency: 'USD',
            rows: [{ input: '1.50', output: '7.50' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'mistralai/mistral-medium-3-5' },
    ],
  },
  {
    id: 'mistral-small-2603',
    maker: 'mistral',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 256_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'mistral',
        wireName: 'mistral-small-2603',
        prices: [
          {
            from: '2026-03-16',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.60' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'mistralai/mistral-small-2603' },
    ],
  },
  {
    id: 'codestral-latest',
    maker: 'mistral',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 4096,
    abilities: { tools: true, images: false, json: 'schema', reasoning: false },
    offers: [
      {
        vendor: 'mistral',
        wireName: 'codestral-latest',
        prices: [
          {
            from: '2025-07-30',
            currency: 'USD',
            rows: [{ input: '0.30', output: '0.90' }],
            ...LIST,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
