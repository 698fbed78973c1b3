/** OpenAI, current models. */
import type { Model } from '../shape.ts';

// Cache writes, which the newest models bill above plain input, have no place in a price row.
const LIST = {
  source: 'developers.openai.com/api/docs/pricing, through models.dev',
  checked: '2026-07-02',
  unverified: true,
} as const;
const GPT_56 = {
  source: 'developers.openai.com/api/docs/pricing, through PromptFuel 1.0.19',
  checked: '2026-09-07',
  unverified: true,
} as const;
const GPT_6 = {
  source: 'developers.openai.com/api/docs/pricing, through litellm and codexometer',
  checked: '2026-11-22',
  unverified: true,
} as const;
const GPT_62 = {
  source: 'docs.laozhang.ai of 2026-11-18, after the official list',
  checked: '2026-11-22',
  unverified: true,
} as const;

export default [
  // unverified for both 6.2 models: the long tier and the cached price, by the rule of GPT-6.
  {
    id: 'gpt-6.2-astra',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6.2-astra',
        prices: [
          {
            from: '2026-11-17',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '8.00', output: '40.00', cachedInput: '0.40' },
              { input: '16.00', output: '60.00', cachedInput: '0.80' },
            ],
            ...GPT_62,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-6.2-sol',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6.2-sol',
        prices: [
          {
            from: '2026-11-17',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.00', output: '10.00', cachedInput: '0.10' },
              { input: '4.00', output: '15.00', cachedInput: '0.20' },
            ],
            ...GPT_62,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-6.1-sol',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6.1-sol',
        prices: [
          {
            from: '2026-09-29',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.00', output: '10.00', cachedInput: '0.10' },
              { input: '4.00', output: '15.00', cachedInput: '0.20' },
            ],
            ...GPT_6,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-6-astra',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6-astra',
        prices: [
          {
            from: '2026-09-03',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '10.00', output: '50.00', cachedInput: '1.00' },
              { input: '20.00', output: '75.00', cachedInput: '2.00' },
            ],
            ...GPT_6,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-6-sol',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6-sol',
        prices: [
          {
            from: '2026-09-22',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.00', output: '10.00', cachedInput: '0.20' },
              { input: '4.00', output: '15.00', cachedInput: '0.40' },
            ],
            ...GPT_6,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-6-luna',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-6-luna',
        prices: [
          {
            from: '2026-09-22',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '0.10', output: '0.50', cachedInput: '0.01' },
              { input: '0.20', output: '0.75', cachedInput: '0.02' },
            ],
            ...GPT_6,
          },
        ],
      },
    ],
  },
  // unverified for both 5.6 models: the limits and the long tier, by the rule of 5.5.
  {
    id: 'gpt-5.6-terra',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.6-terra',
        prices: [
          {
            from: '2026-07-09',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.50', output: '15.00', cachedInput: '0.25' },
              { input: '5.00', output: '22.50', cachedInput: '0.50' },
            ],
            ...GPT_56,
          },
          {
            from: '2026-07-30',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.00', output: '12.00', cachedInput: '0.20' },
              { input: '4.00', output: '18.00', cachedInput: '0.40' },
            ],
            ...GPT_56,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5.6-luna',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.6-luna',
        prices: [
          {
            from: '2026-07-09',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '1.00', output: '6.00', cachedInput: '0.10' },
              { input: '2.00', output: '9.00', cachedInput: '0.20' },
            ],
            ...GPT_56,
          },
          {
            from: '2026-07-30',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '0.20', output: '1.20', cachedInput: '0.02' },
              { input: '0.40', output: '1.80', cachedInput: '0.04' },
            ],
            ...GPT_56,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5.5',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.5',
        prices: [
          {
            from: '2026-04-23',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '5.00', output: '30.00', cachedInput: '0.50' },
              { input: '10.00', output: '45.00', cachedInput: '1.00' },
            ],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5.4',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 1_050_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.4',
        prices: [
          {
            from: '2026-03-05',
            currency: 'USD',
            rows: [
              { inputTokensMax: 272_000, input: '2.50', output: '15.00', cachedInput: '0.25' },
              { input: '5.00', output: '22.50', cachedInput: '0.50' },
            ],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5.4-mini',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.4-mini',
        prices: [
          {
            from: '2026-03-17',
            currency: 'USD',
            rows: [{ input: '0.75', output: '4.50', cachedInput: '0.075' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gpt-5.4-nano',
    maker: 'openai',
    kind: 'chat',
    contextTokens: 400_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'openai',
        wireName: 'gpt-5.4-nano',
        prices: [
          {
            from: '2026-03-17',
            currency: 'USD',
            rows: [{ input: '0.20', output: '1.25', cachedInput: '0.02' }],
            ...LIST,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
