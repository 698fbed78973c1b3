/** Doubao, on Volcengine Ark. Its tiers are counted in thousands of tokens, 32k as 32,000. */
import type { Model, PriceTable } from '../shape.ts';
import { withServices } from './bytedance-services.ts';

const LIST_2025 = {
  source: 'volcengine.com/docs/82379/1544106, copy of 2025-12-19',
  checked: '2025-12-19',
  unverified: true,
} as const;
const LIST_2026 = {
  source: 'volcengine.com/docs/82379/1544106, through models.dev in USD',
  checked: '2026-08-26',
  unverified: true,
} as const;
const SEED_16: PriceTable = {
  from: '2025-12-19',
  currency: 'CNY',
  rows: withServices([
    {
      inputTokensMax: 32_000,
      outputTokensMax: 200,
      input: '0.80',
      output: '2.00',
      cachedInput: '0.16',
    },
    { inputTokensMax: 32_000, input: '0.80', output: '8.00', cachedInput: '0.16' },
    { inputTokensMax: 128_000, input: '1.20', output: '16.00', cachedInput: '0.16' },
    { input: '2.40', output: '24.00', cachedInput: '0.16' },
  ]),
  ...LIST_2025,
};
const SEED_16_DEEP: PriceTable = {
  from: '2025-12-19',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '0.80', output: '8.00', cachedInput: '0.16' },
    { inputTokensMax: 128_000, input: '1.20', output: '16.00', cachedInput: '0.16' },
    { input: '2.40', output: '24.00', cachedInput: '0.16' },
  ]),
  ...LIST_2025,
};
const SEED_16_LITE: PriceTable = {
  from: '2025-12-19',
  currency: 'CNY',
  rows: withServices([
    {
      inputTokensMax: 32_000,
      outputTokensMax: 200,
      input: '0.30',
      output: '0.60',
      cachedInput: '0.06',
    },
    { inputTokensMax: 32_000, input: '0.30', output: '2.40', cachedInput: '0.06' },
    { inputTokensMax: 128_000, input: '0.60', output: '4.00', cachedInput: '0.06' },
    { input: '1.20', output: '12.00', cachedInput: '0.06' },
  ]),
  ...LIST_2025,
};
const SEED_16_FLASH: PriceTable = {
  from: '2025-12-19',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '0.15', output: '1.50', cachedInput: '0.03' },
    { inputTokensMax: 128_000, input: '0.30', output: '3.00', cachedInput: '0.03' },
    { input: '0.60', output: '6.00', cachedInput: '0.03' },
  ]),
  ...LIST_2025,
};
const SEED_CODE: PriceTable = {
  from: '2025-12-19',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '1.20', output: '8.00', cachedInput: '0.24' },
    { inputTokensMax: 128_000, input: '1.40', output: '12.00', cachedInput: '0.24' },
    { input: '2.80', output: '16.00', cachedInput: '0.24' },
  ]),
  ...LIST_2025,
};
const SEED_20_PRO: PriceTable = {
  from: '2026-02-15',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '3.20', output: '16.00', cachedInput: '0.64' },
    { inputTokensMax: 128_000, input: '4.80', output: '24.00', cachedInput: '0.96' },
    { input: '9.60', output: '48.00', cachedInput: '1.92' },
  ]),
  ...LIST_2026,
};
const SEED_20_LITE: PriceTable = {
  from: '2026-02-15',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '0.60', output: '3.60', cachedInput: '0.12' },
    { inputTokensMax: 128_000, input: '0.90', output: '5.40', cachedInput: '0.18' },
    { input: '1.80', output: '10.80', cachedInput: '0.36' },
  ]),
  ...LIST_2026,
};
const SEED_20_MINI: PriceTable = {
  from: '2026-02-15',
  currency: 'CNY',
  rows: withServices([
    { inputTokensMax: 32_000, input: '0.20', output: '2.00', cachedInput: '0.04' },
    { inputTokensMax: 128_000, input: '0.40', output: '4.00', cachedInput: '0.08' },
    { input: '0.80', output: '8.00', cachedInput: '0.16' },
  ]),
  ...LIST_2026,
};
const SEED_21_PRO: PriceTable = {
  from: '2026-06-23',
  currency: 'CNY',
  rows: withServices([{ input: '6.00', output: '30.00', cachedInput: '1.20' }]),
  ...LIST_2026,
};
const SEED_21_TURBO: PriceTable = {
  from: '2026-06-23',
  currency: 'CNY',
  rows: withServices([{ input: '3.00', output: '15.00', cachedInput: '0.60' }]),
  ...LIST_2026,
};

export default [
  // unverified: that this version kept the price of 260628; a reseller of 2026-11-16 fits it.
  {
    id: 'doubao-seed-2-1-pro-260915',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 262_144,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-1-pro', 'doubao-seed-2.1-pro'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-1-pro-260915', prices: [SEED_21_PRO] }],
  },
  // unverified: the limits, taken from its neighbours. No first-hand price was found.
  {
    id: 'doubao-seed-2-1-lite-260915',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-1-lite', 'doubao-seed-2.1-lite'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-1-lite-260915' }],
  },
  {
    id: 'doubao-seed-2-1-pro-260628',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-1-pro-260628', prices: [SEED_21_PRO] }],
  },
  {
    id: 'doubao-seed-2-1-turbo-260628',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-1-turbo', 'doubao-seed-2.1-turbo'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-1-turbo-260628', prices: [SEED_21_TURBO] }],
  },
  {
    id: 'doubao-seed-2-0-pro-260215',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-0-pro', 'doubao-seed-2.0-pro'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-0-pro-260215', prices: [SEED_20_PRO] }],
  },
  {
    id: 'doubao-seed-2-0-lite-260428',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-0-lite', 'doubao-seed-2.0-lite'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-0-lite-260428', prices: [SEED_20_LITE] }],
  },
  {
    id: 'doubao-seed-2-0-mini-260428',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-0-mini', 'doubao-seed-2.0-mini'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-2-0-mini-260428', prices: [SEED_20_MINI] }],
  },
  // unverified: the price, which a second list gives as that of 2.0 pro.
  {
    id: 'doubao-seed-2-0-code-preview-260215',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 128_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-2-0-code'],
    offers: [
      { vendor: 'ark', wireName: 'doubao-seed-2-0-code-preview-260215', prices: [SEED_20_PRO] },
    ],
  },
  // unverified: a caller saw the 1.x models below marked as retiring in September 2026; no day is
  // published. They stay listed because existing programs name them.
  {
    id: 'doubao-seed-1-8-251228',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 64_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-8', 'doubao-seed-1.8'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-8-251228', prices: [SEED_16] }],
  },
  {
    id: 'doubao-seed-1-6-251015',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-6', 'doubao-seed-1.6'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-6-251015', prices: [SEED_16] }],
  },
  {
    id: 'doubao-seed-1-6-250615',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 16_384,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-6-250615', prices: [SEED_16] }],
  },
  {
    id: 'doubao-seed-1-6-thinking-250715',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-6-thinking'],
    offers: [
      { vendor: 'ark', wireName: 'doubao-seed-1-6-thinking-250715', prices: [SEED_16_DEEP] },
    ],
  },
  {
    id: 'doubao-seed-1-6-vision-250815',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-6-vision'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-6-vision-250815', prices: [SEED_16_DEEP] }],
  },
  {
    id: 'doubao-seed-1-6-lite-251015',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-6-lite'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-6-lite-251015', prices: [SEED_16_LITE] }],
  },
  {
    id: 'doubao-seed-1-6-flash-250828',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-1-6-flash'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-1-6-flash-250828', prices: [SEED_16_FLASH] }],
  },
  {
    id: 'doubao-seed-code-preview-251028',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 256_000,
    outputTokensMax: 32_000,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    aliases: ['doubao-seed-code'],
    offers: [{ vendor: 'ark', wireName: 'doubao-seed-code-preview-251028', prices: [SEED_CODE] }],
  },
  {
    id: 'doubao-1-5-pro-32k-250115',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 32_768,
    outputTokensMax: 16_384,
    abilities: { tools: true, images: false, json: 'object', reasoning: false },
    aliases: ['doubao-1-5-pro-32k'],
    offers: [
      {
        vendor: 'ark',
        wireName: 'doubao-1-5-pro-32k-250115',
        prices: [
          {
            from: '2025-12-19',
            currency: 'CNY',
            rows: withServices([{ input: '0.80', output: '2.00', cachedInput: '0.16' }]),
            ...LIST_2025,
          },
        ],
      },
    ],
  },
  {
    id: 'doubao-1-5-lite-32k-250115',
    maker: 'bytedance',
    kind: 'chat',
    contextTokens: 32_768,
    outputTokensMax: 12_288,
    abilities: { tools: true, images: false, json: 'object', reasoning: false },
    aliases: ['doubao-1-5-lite-32k'],
    offers: [
      {
        vendor: 'ark',
        wireName: 'doubao-1-5-lite-32k-250115',
        prices: [
          {
            from: '2025-12-19',
            currency: 'CNY',
            rows: withServices([{ input: '0.30', output: '0.60' }]),
            ...LIST_2025,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
