/** Qwen, on Alibaba Model Studio. */
import type { Model } from '../shape.ts';

const BEIJING = {
  source: 'lobehub model bank, after help.aliyun.com',
  checked: '2026-11-22',
  unverified: true,
} as const;
// The mainland list was not found; this is the international one, which differs.
const ABROAD = {
  source: 'docs.litellm.ai, vercel.com/ai-gateway and models.dev; international list',
  checked: '2026-11-22',
  unverified: true,
} as const;

export default [
  {
    id: 'qwen3.8-max',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.8-max',
        prices: [
          {
            from: '2026-08-03',
            currency: 'USD',
            rows: [{ input: '2.00', output: '6.00' }],
            ...ABROAD,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.8-flash',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.8-flash',
        prices: [
          {
            from: '2026-08-26',
            currency: 'USD',
            rows: [{ input: '0.15', output: '0.47', cachedInput: '0.016' }],
            ...ABROAD,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.7-max',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.7-max',
        prices: [
          {
            from: '2026-05-20',
            currency: 'USD',
            rows: [{ input: '2.50', output: '7.50', cachedInput: '0.50' }],
            ...ABROAD,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.7-plus',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 64_000,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.7-plus',
        prices: [
          {
            from: '2026-05-20',
            currency: 'USD',
            rows: [
              { inputTokensMax: 128_000, input: '0.50', output: '3.00', cachedInput: '0.05' },
              { input: '2.00', output: '6.00', cachedInput: '0.20' },
            ],
            ...ABROAD,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.6-plus',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.6-plus',
        prices: [
          {
            from: '2026-04-02',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 256_000, input: '2.00', output: '12.00', cachedInput: '0.20' },
              { input: '8.00', output: '48.00', cachedInput: '0.80' },
            ],
            ...BEIJING,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'qwen/qwen3.6-plus' },
    ],
  },
  {
    id: 'qwen3.6-flash',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.6-flash',
        prices: [
          {
            from: '2026-04-16',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 256_000, input: '1.20', output: '7.20', cachedInput: '0.12' },
              { input: '4.80', output: '28.80', cachedInput: '0.48' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.5-plus',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.5-plus',
        prices: [
          {
            from: '2026-04-22',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 128_000, input: '0.80', output: '4.80', cachedInput: '0.08' },
              { inputTokensMax: 256_000, input: '2.00', output: '12.00', cachedInput: '0.20' },
              { input: '4.00', output: '24.00', cachedInput: '0.40' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3.5-flash',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3.5-flash',
        prices: [
          {
            from: '2026-02-24',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 128_000, input: '0.20', output: '2.00', cachedInput: '0.04' },
              { inputTokensMax: 256_000, input: '0.80', output: '8.00', cachedInput: '0.16' },
              { input: '1.20', output: '12.00', cachedInput: '0.24' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3-max',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3-max',
        prices: [
          {
            from: '2026-01-23',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '2.50', output: '10.00', cachedInput: '0.50' },
              { inputTokensMax: 128_000, input: '4.00', output: '16.00', cachedInput: '0.80' },
              { input: '7.00', output: '28.00', cachedInput: '1.40' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
  {
    id: 'qwen3-coder-plus',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: false, json: 'object', reasoning: false },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen3-coder-plus',
        prices: [
          {
            from: '2025-09-23',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '4.00', output: '16.00', cachedInput: '0.80' },
              { inputTokensMax: 128_000, input: '6.00', output: '24.00', cachedInput: '1.20' },
              { inputTokensMax: 256_000, input: '10.00', output: '40.00', cachedInput: '2.00' },
              { input: '20.00', output: '200.00', cachedInput: '4.00' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
  // No price: its output costs more while thinking, which a table cannot tell.
  {
    id: 'qwen-plus',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [{ vendor: 'qwen', wireName: 'qwen-plus' }],
  },
  {
    id: 'qwen-flash',
    maker: 'alibaba',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'qwen-flash',
        prices: [
          {
            from: '2025-07-28',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 128_000, input: '0.15', output: '1.50', cachedInput: '0.03' },
              { inputTokensMax: 256_000, input: '0.60', output: '6.00', cachedInput: '0.12' },
              { input: '1.20', output: '12.00', cachedInput: '0.24' },
            ],
            ...BEIJING,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
