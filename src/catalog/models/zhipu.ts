/** GLM, by Zhipu. */
import type { Model, PriceTable } from '../shape.ts';

// Read in a stored copy of the page from before 2026-09-09.
const OFFICIAL = {
  source: 'docs.bigmodel.cn/cn/guide/start/pricing',
  checked: '2026-11-22',
} as const;
const LIST = {
  source: 'lobehub model bank, after bigmodel.cn/pricing',
  checked: '2026-11-22',
  unverified: true,
} as const;
const ABROAD = {
  source: 'docs.z.ai price list, through models.dev',
  checked: '2026-07-02',
  unverified: true,
} as const;
const OPENROUTER = { source: 'openrouter.ai model page', checked: '2026-11-22' } as const;
const SILICONFLOW = {
  source: 'siliconflow.com of 2026-09-09, the international platform',
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
const GLM_4X: PriceTable = {
  from: '2025-12-22',
  currency: 'CNY',
  rows: [
    { inputTokensMax: 32_000, outputTokensMax: 200, input: '2', output: '8', cachedInput: '0.40' },
    { inputTokensMax: 32_000, input: '3', output: '14', cachedInput: '0.60' },
    { input: '4', output: '16', cachedInput: '0.80' },
  ],
  ...LIST,
};

export default [
  {
    id: 'glm-5.3',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-5.3',
        prices: [
          {
            from: '2026-08-19',
            currency: 'CNY',
            rows: [{ input: '8', output: '28', cachedInput: '2' }],
            ...OFFICIAL,
          },
        ],
      },
      {
        vendor: 'siliconflow',
        wireName: 'zai-org/GLM-5.3',
        prices: [
          {
            from: '2026-08-19',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40', cachedInput: '0.26' }],
            ...SILICONFLOW,
          },
        ],
      },
      {
        vendor: 'openrouter',
        wireName: 'z-ai/glm-5.3',
        prices: [
          {
            from: '2026-08-19',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40', cachedInput: '0.26' }],
            ...OPENROUTER,
          },
        ],
      },
    ],
  },
  // Half price until 2026-09-09.
  {
    id: 'glm-5.3-flash',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-5.3-flash',
        prices: [
          {
            from: '2026-08-28',
            currency: 'CNY',
            rows: [{ input: '0.40', output: '1.40', cachedInput: '0.115' }],
            ...OFFICIAL,
          },
          {
            from: '2026-09-10',
            currency: 'CNY',
            rows: [{ input: '0.80', output: '2.80', cachedInput: '0.23' }],
            ...OFFICIAL,
          },
        ],
      },
      { vendor: 'ark', wireName: 'glm-5-3-flash-260828' },
    ],
  },
  {
    id: 'glm-5.2',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 1_000_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-5.2',
        prices: [
          {
            from: '2026-06-13',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40', cachedInput: '0.26' }],
            ...ABROAD,
          },
        ],
      },
      { vendor: 'ark', wireName: 'glm-5-2-260617' },
      {
        vendor: 'siliconflow',
        wireName: 'zai-org/GLM-5.2',
        prices: [
          {
            from: '2026-06-13',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'together',
        wireName: 'zai-org/GLM-5.2',
        prices: [
          {
            from: '2026-06-13',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40', cachedInput: '0.26' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'fireworks',
        wireName: 'accounts/fireworks/models/glm-5p2',
        prices: [
          {
            from: '2026-06-13',
            currency: 'USD',
            rows: [{ input: '1.40', output: '4.40', cachedInput: '0.26' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'z-ai/glm-5.2' },
    ],
  },
  // unverified: the upper tier on the maker's platform, taken from the same model at Alibaba.
  {
    id: 'glm-5.1',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 200_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-5.1',
        prices: [
          {
            from: '2026-04-08',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '6', output: '24', cachedInput: '1.20' },
              { input: '8', output: '28' },
            ],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'qwen',
        wireName: 'glm-5.1',
        prices: [
          {
            from: '2026-04-08',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '6', output: '24' },
              { input: '8', output: '28' },
            ],
            ...ALIBABA,
          },
        ],
      },
    ],
  },
  {
    id: 'glm-5',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 204_800,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      { vendor: 'zhipu', wireName: 'glm-5' },
      {
        vendor: 'qwen',
        wireName: 'glm-5',
        prices: [
          {
            from: '2026-02-12',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '4', output: '18' },
              { input: '6', output: '22' },
            ],
            ...ALIBABA,
          },
        ],
      },
    ],
  },
  {
    id: 'glm-4.7',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 204_800,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      { vendor: 'zhipu', wireName: 'glm-4.7', prices: [GLM_4X] },
      {
        vendor: 'qwen',
        wireName: 'glm-4.7',
        prices: [
          {
            from: '2025-12-22',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '3', output: '14' },
              { input: '4', output: '16' },
            ],
            ...ALIBABA,
          },
        ],
      },
    ],
  },
  {
    id: 'glm-4.7-flash',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 200_000,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-4.7-flash',
        prices: [
          { from: '2026-01-19', currency: 'CNY', rows: [{ input: '0', output: '0' }], ...LIST },
        ],
      },
    ],
  },
  {
    id: 'glm-4.6',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 204_800,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: false, json: 'object', reasoning: true },
    offers: [{ vendor: 'zhipu', wireName: 'glm-4.6', prices: [GLM_4X] }],
  },
  {
    id: 'glm-4.6v',
    maker: 'zhipu',
    kind: 'chat',
    contextTokens: 131_072,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: true, json: 'object', reasoning: true },
    offers: [
      {
        vendor: 'zhipu',
        wireName: 'glm-4.6v',
        prices: [
          {
            from: '2025-12-08',
            currency: 'CNY',
            rows: [
              { inputTokensMax: 32_000, input: '1', output: '3', cachedInput: '0.20' },
              { input: '2', output: '6', cachedInput: '0.40' },
            ],
            ...LIST,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
