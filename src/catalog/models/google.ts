/** Gemini, by Google. */
import type { Model } from '../shape.ts';

// Sound costs more than text with some of the older models; a call is priced as text here. Storing
// what was cached on purpose is billed by the hour and is not priced.
const LIST = {
  source: 'ai.google.dev/gemini-api/docs/pricing, through models.dev and litellm',
  checked: '2026-11-26',
  unverified: true,
} as const;
const SECOND = {
  source: 'ai.google.dev/gemini-api/docs/pricing, through morphllm.com, aifreeapi.com and sim',
  checked: '2026-11-26',
  unverified: true,
} as const;

export default [
  {
    id: 'gemini-3.8-flash',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.8-flash',
        prices: [
          {
            from: '2026-09-02',
            currency: 'USD',
            rows: [{ input: '0.75', output: '3.75', cachedInput: '0.075' }],
            ...LIST,
          },
          {
            from: '2027-01-01',
            currency: 'USD',
            rows: [{ input: '1.50', output: '7.50', cachedInput: '0.15' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.8-flash',
        prices: [
          {
            from: '2026-09-02',
            currency: 'USD',
            rows: [{ input: '0.75', output: '3.75', cachedInput: '0.075' }],
            ...LIST,
          },
          {
            from: '2027-01-01',
            currency: 'USD',
            rows: [{ input: '1.50', output: '7.50', cachedInput: '0.15' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gemini-3.6-flash',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.6-flash',
        prices: [
          {
            from: '2026-07-21',
            currency: 'USD',
            rows: [{ input: '0.75', output: '3.75', cachedInput: '0.075' }],
            ...LIST,
          },
          {
            from: '2027-01-01',
            currency: 'USD',
            rows: [{ input: '1.50', output: '7.50', cachedInput: '0.15' }],
            ...LIST,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.6-flash',
        prices: [
          {
            from: '2026-07-21',
            currency: 'USD',
            rows: [{ input: '0.75', output: '3.75', cachedInput: '0.075' }],
            ...LIST,
          },
          {
            from: '2027-01-01',
            currency: 'USD',
            rows: [{ input: '1.50', output: '7.50', cachedInput: '0.15' }],
            ...LIST,
          },
        ],
      },
    ],
  },
  {
    id: 'gemini-3.5-flash',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.5-flash',
        prices: [
          {
            from: '2026-05-19',
            currency: 'USD',
            rows: [{ input: '1.50', output: '9.00', cachedInput: '0.15' }],
            ...SECOND,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.5-flash',
        prices: [
          {
            from: '2026-05-19',
            currency: 'USD',
            rows: [{ input: '1.50', output: '9.00', cachedInput: '0.15' }],
            ...SECOND,
          },
        ],
      },
    ],
  },
  {
    id: 'gemini-3.5-flash-lite',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.5-flash-lite',
        prices: [
          {
            from: '2026-07-21',
            currency: 'USD',
            rows: [{ input: '0.30', output: '2.50', cachedInput: '0.03' }],
            ...SECOND,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.5-flash-lite',
        prices: [
          {
            from: '2026-07-21',
            currency: 'USD',
            rows: [{ input: '0.30', output: '2.50', cachedInput: '0.03' }],
            ...SECOND,
          },
        ],
      },
    ],
  },
  {
    id: 'gemini-3.1-flash-lite',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.1-flash-lite',
        prices: [
          {
            from: '2026-05-07',
            currency: 'USD',
            rows: [{ input: '0.25', output: '1.50', cachedInput: '0.025' }],
            ...SECOND,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.1-flash-lite',
        prices: [
          {
            from: '2026-05-07',
            currency: 'USD',
            rows: [{ input: '0.25', output: '1.50', cachedInput: '0.025' }],
            ...SECOND,
          },
        ],
      },
    ],
    retires: '2027-05-07',
  },
  {
    id: 'gemini-3.1-pro-preview',
    maker: 'google',
    kind: 'chat',
    contextTokens: 1_048_576,
    outputTokensMax: 65_536,
    abilities: { tools: true, images: true, json: 'schema', reasoning: true },
    offers: [
      {
        vendor: 'gemini',
        wireName: 'gemini-3.1-pro-preview',
        prices: [
          {
            from: '2026-02-19',
            currency: 'USD',
            rows: [
              { inputTokensMax: 200_000, input: '2.00', output: '12.00', cachedInput: '0.20' },
              { input: '4.00', output: '18.00', cachedInput: '0.40' },
            ],
            ...SECOND,
          },
        ],
      },
      {
        vendor: 'vertex',
        wireName: 'gemini-3.1-pro-preview',
        prices: [
          {
            from: '2026-02-19',
            currency: 'USD',
            rows: [
              { inputTokensMax: 200_000, input: '2.00', output: '12.00', cachedInput: '0.20' },
              { input: '4.00', output: '18.00', cachedInput: '0.40' },
            ],
            ...SECOND,
          },
        ],
      },
    ],
  },
] satisfies readonly Model[];
