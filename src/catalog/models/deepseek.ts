/** DeepSeek: its own platform first, then the others that serve the open weights. */
import type { Model, PriceTable } from '../shape.ts';

// By the official list the off-peak price is half of the peak price below (peak: Monday to Friday
// 09:00-12:00 and 14:00-18:00 in Beijing, holidays excepted). A table knows days, not hours.
const OFFICIAL = {
  source: 'api-docs.deepseek.com/zh-cn/quick_start/pricing, peak prices',
  checked: '2026-11-22',
} as const;
const ARK_SEEN = {
  source: 'mastra.ai/models/providers/volcengine, in USD; fits the official peak list',
  checked: '2026-11-22',
  unverified: true,
} as const;
const ALIBABA = {
  source: 'lobehub model bank, after help.aliyun.com',
  checked: '2026-11-22',
  unverified: true,
} as const;
const RESOLD = {
  source: "models.dev of 2026-07-02, after the vendor's own page",
  checked: '2026-07-02',
  unverified: true,
} as const;
const V41_FLASH: PriceTable = {
  from: '2026-09-10',
  currency: 'CNY',
  rows: [{ input: '2', output: '8', cachedInput: '0.04' }],
  ...OFFICIAL,
};

export default [
  {
    id: 'deepseek-flash',
    maker: 'deepseek',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 384_000,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    aliases: ['deepseek-v4.1-flash'],
    offers: [
      { vendor: 'deepseek', wireName: 'deepseek-flash', prices: [V41_FLASH] },
      { vendor: 'ark', wireName: 'deepseek-v4-1-flash-260910' },
      // unverified: the name, from a release note of a client.
      { vendor: 'openrouter', wireName: 'deepseek/deepseek-v4.1-flash' },
    ],
  },
  {
    id: 'deepseek-v4-pro',
    maker: 'deepseek',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 384_000,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'deepseek',
        wireName: 'deepseek-v4-pro',
        prices: [
          {
            from: '2026-08-17',
            currency: 'CNY',
            rows: [{ input: '9', output: '27', cachedInput: '0.30' }],
            ...OFFICIAL,
          },
        ],
      },
      {
        vendor: 'ark',
        wireName: 'deepseek-v4-pro-ga-260813',
        prices: [
          {
            from: '2026-08-17',
            currency: 'CNY',
            rows: [{ input: '9', output: '27', cachedInput: '0.30' }],
            ...ARK_SEEN,
          },
        ],
      },
      {
        vendor: 'qwen',
        wireName: 'deepseek-v4-pro',
        prices: [
          {
            from: '2026-04-24',
            currency: 'CNY',
            rows: [{ input: '12', output: '24' }],
            ...ALIBABA,
          },
        ],
      },
      {
        vendor: 'siliconflow',
        wireName: 'deepseek-ai/DeepSeek-V4-Pro',
        prices: [
          {
            from: '2026-04-24',
            currency: 'USD',
            rows: [{ input: '1.74', output: '3.48', cachedInput: '0.145' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'fireworks',
        wireName: 'accounts/fireworks/models/deepseek-v4-pro',
        prices: [
          {
            from: '2026-04-24',
            currency: 'USD',
            rows: [{ input: '1.74', output: '3.48', cachedInput: '0.145' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'together',
        wireName: 'deepseek-ai/DeepSeek-V4-Pro',
        prices: [
          {
            from: '2026-04-24',
            currency: 'USD',
            rows: [{ input: '1.74', output: '3.48', cachedInput: '0.20' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'deepseek/deepseek-v4-pro' },
    ],
  },
  {
    id: 'deepseek-v4-flash',
    maker: 'deepseek',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 384_000,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      // Since 2026-09-10 the old name is served by V4.1 Flash at its price.
      { vendor: 'deepseek', wireName: 'deepseek-v4-flash', prices: [V41_FLASH] },
      {
        vendor: 'ark',
        wireName: 'deepseek-v4-flash-ga-260731',
        prices: [
          {
            from: '2026-08-17',
            currency: 'CNY',
            rows: [{ input: '3', output: '9', cachedInput: '0.10' }],
            ...ARK_SEEN,
          },
        ],
      },
      {
        vendor: 'qwen',
        wireName: 'deepseek-v4-flash',
        prices: [
          { from: '2026-04-24', currency: 'CNY', rows: [{ input: '1', output: '2' }], ...ALIBABA },
        ],
      },
      {
        vendor: 'siliconflow',
        wireName: 'deepseek-ai/DeepSeek-V4-Flash',
        prices: [
          {
            from: '2026-04-24',
            currency: 'USD',
            rows: [{ input: '0.14', output: '0.28', cachedInput: '0.003' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'fireworks',
        wireName: 'accounts/fireworks/models/deepseek-v4-flash',
        prices: [
          {
            from: '2026-04-24',
            currency: 'USD',
            rows: [{ input: '0.14', output: '0.28', cachedInput: '0.028' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'deepseek/deepseek-v4-flash' },
    ],
  },
  // Ark has ended this one.
  {
    id: 'deepseek-v3.2',
    maker: 'deepseek',
    kind: 'chat',
    contextTokens: 131_072,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'qwen',
        wireName: 'deepseek-v3.2',
        prices: [
          { from: '2025-12-01', currency: 'CNY', rows: [{ input: '2', output: '3' }], ...ALIBABA },
        ],
      },
      {
        vendor: 'siliconflow',
        wireName: 'deepseek-ai/DeepSeek-V3.2',
        prices: [
          {
            from: '2025-12-01',
            currency: 'USD',
            rows: [{ input: '0.27', output: '0.42' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'deepseek/deepseek-v3.2' },
    ],
  },
] satisfies readonly Model[];
