/** Llama, by Meta, at those who serve the open weights. */
import type { Model } from '../shape.ts';

const LIST = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;

export default [
  {
    id: 'llama-3.3-70b',
    maker: 'meta',
    kind: 'chat',
    contextTokens: 131_072,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: false, json: 'object', reasoning: false },
    aliases: ['llama-3.3-70b-versatile', 'llama-3.3-70b-instruct'],
    offers: [
      {
        vendor: 'groq',
        wireName: 'llama-3.3-70b-versatile',
        prices: [
          {
            from: '2024-12-06',
            currency: 'USD',
            rows: [{ input: '0.59', output: '0.79' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'together',
        wireName: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
        prices: [
          {
            from: '2024-12-06',
            currency: 'USD',
            rows: [{ input: '0.88', output: '0.88' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'meta-llama/llama-3.3-70b-instruct' },
    ],
  },
] satisfies readonly Model[];
