/** Claude, by Anthropic. */
import type { Model } from '../shape.ts';

// Writes to a cache cost as those for five minutes; an hour costs twice the input and is not told
// apart here. Days of first sale are unverified; the prices are as read.
const LIST = {
  source: "platform.claude.com/docs/en/about-claude/pricing and the models' own pages",
  checked: '2026-11-26',
} as const;
const SECOND = {
  source: 'platform.claude.com pricing, through claudit 1.9.2 and PromptFuel 1.0.23',
  checked: '2026-11-26',
  unverified: true,
} as const;

export default [
  {
    id: 'claude-fable-5-1',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-fable-5-1',
        prices: [
          {
            from: '2026-09-22',
            currency: 'USD',
            rows: [{ input: '10.00', output: '50.00', cachedInput: '0.25', cacheWrite: '12.50' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-opus-5-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-opus-5-5',
        prices: [
          {
            from: '2026-09-22',
            currency: 'USD',
            rows: [{ input: '4.00', output: '20.00', cachedInput: '0.20', cacheWrite: '5.00' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-sonnet-5-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-sonnet-5-5',
        prices: [
          {
            from: '2026-10-07',
            currency: 'USD',
            rows: [{ input: '2.00', output: '10.00', cachedInput: '0.10', cacheWrite: '2.50' }],
            ...SECOND,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-haiku-5-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-haiku-5-5',
        prices: [
          {
            from: '2026-10-07',
            currency: 'USD',
            rows: [
              {
                inputTokensMax: 100_000,
                input: '0.10',
                output: '0.50',
                cachedInput: '0.01',
                cacheWrite: '0.125',
              },
              { input: '0.50', output: '2.50', cachedInput: '0.05', cacheWrite: '0.625' },
            ],
            ...SECOND,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-opus-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-opus-5',
        prices: [
          {
            from: '2026-07-24',
            currency: 'USD',
            rows: [{ input: '5.00', output: '25.00', cachedInput: '0.50', cacheWrite: '6.25' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-sonnet-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-sonnet-5',
        prices: [
          {
            from: '2026-07-01',
            currency: 'USD',
            rows: [{ input: '2.00', output: '10.00', cachedInput: '0.20', cacheWrite: '2.50' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'claude-haiku-4-5',
    maker: 'anthropic',
    kind: 'chat',
    contextTokens: 200_000,
    outputTokensMax: 64_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'anthropic',
        wireName: 'claude-haiku-4-5-20251001',
        prices: [
          {
            from: '2025-10-15',
            currency: 'USD',
            rows: [{ input: '1.00', output: '5.00', cachedInput: '0.10', cacheWrite: '1.25' }],
            ...LIST,
          },
        ],
      },
    ],
    aliases: ['claude-haiku-4-5-20251001'],
  },
] satisfies readonly Model[];
