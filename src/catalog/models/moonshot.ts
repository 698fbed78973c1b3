/** Kimi, by Moonshot AI. */
import type { Model } from '../shape.ts';

const LIST = {
  source: 'lobehub model bank, after platform.kimi.com/docs/pricing',
  checked: '2026-11-22',
  unverified: true,
} as const;
const K3_LIST = {
  source: 'dev.to/teamorouter of July 2026, which gives both currencies',
  checked: '2026-11-22',
  unverified: true,
} as const;
const ABROAD = {
  source: 'docs.apiyi.com of 2026-10-25, which says it is the official USD price',
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

export default [
  // unverified: the limits and abilities, taken from K3.
  {
    id: 'kimi-k3.1-pro',
    maker: 'moonshot',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'moonshot',
        wireName: 'kimi-k3.1-pro',
        prices: [
          {
            from: '2026-10-25',
            currency: 'USD',
            rows: [{ input: '2.00', output: '10.00', cachedInput: '0.20' }],
            ...ABROAD,
          },
        ],
      },
    ],
  },
  {
    id: 'kimi-k3',
    maker: 'moonshot',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 131_072,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'moonshot',
        wireName: 'kimi-k3',
        prices: [
          {
            from: '2026-07-16',
            currency: 'CNY',
            rows: [{ input: '20', output: '100', cachedInput: '2' }],
            ...K3_LIST,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'moonshotai/kimi-k3' },
    ],
  },
  {
    id: 'kimi-k2.7-code',
    maker: 'moonshot',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'moonshot',
        wireName: 'kimi-k2.7-code',
        prices: [
          {
            from: '2026-06-12',
            currency: 'CNY',
            rows: [{ input: '6.50', output: '27', cachedInput: '1.30' }],
            ...LIST,
          },
        ],
      },
      { vendor: 'together', wireName: 'moonshotai/Kimi-K2.7-Code' },
      { vendor: 'fireworks', wireName: 'accounts/fireworks/models/kimi-k2p7-code' },
      { vendor: 'openrouter', wireName: 'moonshotai/kimi-k2.7-code' },
    ],
  },
  {
    id: 'kimi-k2.6',
    maker: 'moonshot',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'moonshot',
        wireName: 'kimi-k2.6',
        prices: [
          {
            from: '2026-04-20',
            currency: 'CNY',
            rows: [{ input: '6.50', output: '27', cachedInput: '1.10' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'qwen',
        wireName: 'kimi-k2.6',
        prices: [
          {
            from: '2026-04-20',
            currency: 'CNY',
            rows: [{ input: '6.50', output: '27' }],
            ...ALIBABA,
          },
        ],
      },
      {
        vendor: 'siliconflow',
        wireName: 'Pro/moonshotai/Kimi-K2.6',
        prices: [
          {
            from: '2026-04-20',
            currency: 'USD',
            rows: [{ input: '0.95', output: '4.00', cachedInput: '0.16' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'fireworks',
        wireName: 'accounts/fireworks/models/kimi-k2p6',
        prices: [
          {
            from: '2026-04-20',
            currency: 'USD',
            rows: [{ input: '0.95', output: '4.00', cachedInput: '0.16' }],
            ...RESOLD,
          },
        ],
      },
      {
        vendor: 'together',
        wireName: 'moonshotai/Kimi-K2.6',
        prices: [
          {
            from: '2026-04-20',
            currency: 'USD',
            rows: [{ input: '1.20', output: '4.50', cachedInput: '0.20' }],
            ...RESOLD,
          },
        ],
      },
      { vendor: 'openrouter', wireName: 'moonshotai/kimi-k2.6' },
    ],
  },
  {
    id: 'kimi-k2.5',
    maker: 'moonshot',
    kind: 'chat',
    contextTokens: 262_144,
    outputTokensMax: 32_768,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'moonshot',
        wireName: 'kimi-k2.5',
        prices: [
          {
            from: '2026-01-27',
            currency: 'CNY',
            rows: [{ input: '4', output: '21', cachedInput: '0.70' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'qwen',
        wireName: 'kimi-k2.5',
        prices: [
          { from: '2026-01-27', currency: 'CNY', rows: [{ input: '4', output: '21' }], ...ALIBABA },
        ],
      },
    ],
  },
] satisfies readonly Model[];
