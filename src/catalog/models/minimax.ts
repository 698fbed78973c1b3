/** MiniMax. */
import type { Model } from '../shape.ts';

const LIST = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;

export default [
  // unverified: the context, which another list gives as 512,000.
  {
    id: 'minimax-m3',
    maker: 'minimax',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    aliases: ['MiniMax-M3'],
    offers: [
      {
        vendor: 'minimax',
        wireName: 'MiniMax-M3',
        prices: [
          {
            from: '2026-06-01',
            currency: 'USD',
            rows: [
              { inputTokensMax: 512_000, input: '0.30', output: '1.20', cachedInput: '0.06' },
              { input: '0.60', output: '2.40', cachedInput: '0.12' },
            ],
            ...LIST,
          },
        ],
      },
      { vendor: 'together', wireName: 'MiniMaxAI/MiniMax-M3' },
      { vendor: 'fireworks', wireName: 'accounts/fireworks/models/minimax-m3' },
      { vendor: 'openrouter', wireName: 'minimax/minimax-m3' },
    ],
  },
  {
    id: 'minimax-m2.7',
    maker: 'minimax',
    kind: 'chat',
    contextTokens: 204_800,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    aliases: ['MiniMax-M2.7'],
    offers: [
      {
        vendor: 'minimax',
        wireName: 'MiniMax-M2.7',
        prices: [
          {
            from: '2026-03-18',
            currency: 'USD',
            rows: [{ input: '0.30', output: '1.20', cachedInput: '0.06' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'together', wireName: 'MiniMaxAI/MiniMax-M2.7' },
      { vendor: 'openrouter', wireName: 'minimax/minimax-m2.7' },
    ],
  },
] satisfies readonly Model[];
