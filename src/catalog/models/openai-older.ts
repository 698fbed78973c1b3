/** OpenAI, models that end soon, and the open-weight ones at those who serve them. */
import type { Model } from '../shape.ts';

const LIST = {
  source: 'developers.openai.com/api/docs/pricing, through models.dev',
  checked: '2026-07-02',
  unverified: true,
} as const;
const RESOLD = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;

export default [
  {
    id: 'gpt-5',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    retires: '2026-12-11',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5',
        prices: [
          {
            from: '2025-08-07',
            currency: 'USD',
            rows: [{ input: '1.25', output: '10.00', cachedInput: '0.125' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5-mini',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    retires: '2026-12-11',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5-mini',
        prices: [
          {
            from: '2025-08-07',
            currency: 'USD',
            rows: [{ input: '0.25', output: '2.00', cachedInput: '0.025' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-4.1',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_047_576,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: true, json: 'schema', reasoning: false },
    retires: '2027-01-14',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-4.1',
        prices: [
          {
            from: '2025-04-14',
            currency: 'USD',
            rows: [{ input: '2.00', output: '8.00', cachedInput: '0.50' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'openai/gpt-4.1' },
    ],
  },
  {
    id: 'gpt-4o',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    abilities: { tools: true, images: true, json: 'schema', reasoning: false },
    retires: '2027-01-14',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-4o',
        prices: [
          {
            from: '2024-10-02',
            currency: 'USD',
            rows: [{ input: '2.50', output: '10.00', cachedInput: '1.25' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'openai/gpt-4o' },
    ],
  },
  {
    id: 'gpt-4o-2024-08-06',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    abilities: { tools: true, images: true, json: 'schema', reasoning: false },
    retires: '2027-01-14',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-4o-2024-08-06',
        prices: [
          {
            from: '2024-10-02',
            currency: 'USD',
            rows: [{ input: '2.50', output: '10.00', cachedInput: '1.25' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'openrouter',
        wireName: 'openai/gpt-4o-2024-08-06',
        prices: [
          {
            from: '2024-10-02',
            currency: 'USD',
            rows: [{ input: '2.50', output: '10.00', cachedInput: '1.25' }],
            ...RESOLD,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-4o-mini',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 128_000,
    outputTokensMax: 16_384,
    abilities: { tools: true, images: true, json: 'schema', reasoning: false },
    retires: '2027-01-14',
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-4o-mini',
        prices: [
          {
            from: '2024-10-02',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.60', cachedInput: '0.075' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'openai/gpt-4o-mini' },
    ],
  },
  {
    id: 'gpt-oss-120b',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 131_072,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: false, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'groq',
        wireName: 'openai/gpt-oss-120b',
        prices: [
          {
            from: '2025-08-05',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.60', cachedInput: '0.075' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'fireworks',
        wireName: 'accounts/fireworks/models/gpt-oss-120b',
        prices: [
          {
            from: '2025-08-05',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.60', cachedInput: '0.015' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'together',
        wireName: 'openai/gpt-oss-120b',
        prices: [
          {
            from: '2025-08-05',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.60' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'openai/gpt-oss-120b' },
    ],
  },
  {
    id: 'gpt-oss-20b',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 131_072,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: false, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'groq',
        wireName: 'openai/gpt-oss-20b',
        prices: [
          {
            from: '2025-08-05',
            currency: 'USD',
            rows: [{ input: '0.075', output: '0.30', cachedInput: '0.0375' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'fireworks', wireName: 'accounts/fireworks/models/gpt-oss-20b' },
      { vendor: 'together', wireName: 'openai/gpt-oss-20b' },
    ],
  },
] satisfies readonly Model[];
