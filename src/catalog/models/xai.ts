/** Grok, by xAI. */
import type { Model } from '../shape.ts';

const LIST = {
  source: 'docs.x.ai model pages, through apidog.com of 2026-09-29',
  checked: '2026-11-22',
  unverified: true,
} as const;
const OLDER = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;

export default [
  {
    id: 'grok-4.7',
    maker: 'xai',
    kind: 'chat',
    contextTokens: 500_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'xai',
        wireName: 'grok-4.7',
        prices: [
          {
            from: '2026-09-21',
            currency: 'USD',
            rows: [
              { inputTokensMax: 199_999, input: '2.00', output: '6.00', cachedInput: '0.50' },
              { input: '4.00', output: '12.00', cachedInput: '1.00' },
            ],
            ...LIST,
          },
        ],
      },
    ],
  },
  // unverified: the long tier, taken from 4.7, which came at the same price.
  {
    id: 'grok-4.5',
    maker: 'xai',
    kind: 'chat',
    contextTokens: 500_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'xai',
        wireName: 'grok-4.5',
        prices: [
          {
            from: '2026-07-08',
            currency: 'USD',
            rows: [
              { inputTokensMax: 199_999, input: '2.00', output: '6.00', cachedInput: '0.50' },
              { input: '4.00', output: '12.00', cachedInput: '1.00' },
            ],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'grok-4.3',
    maker: 'xai',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 30_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'xai',
        wireName: 'grok-4.3',
        prices: [
          {
            from: '2026-04-17',
            currency: 'USD',
            rows: [
              { inputTokensMax: 200_000, input: '1.25', output: '2.50', cachedInput: '0.20' },
              { input: '2.50', output: '5.00', cachedInput: '0.40' },
            ],
            ...OLDER,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
