import type { BillFormat } from './shape.ts';

/** The two exports of the usage page: activity (tokens by model) and cost (money by line item). */
export const OPENAI: BillFormat = {
  docs: [
    'https://help.openai.com/en/articles/8554956-understanding-your-api-usage',
    'https://platform.openai.com/docs/api-reference/usage',
  ],
  checked: '2026-11-26',
  unverified:
    'The heads are those of exports of October 2025 that others published; the form of a line ' +
    'item (“model, input”) is known from the costs API.',
  utcOffsetHours: 0,
  day: ['start_time_iso', 'start_time'],
  model: ['model', 'line_item'],
  modelEnd: ', ',
  amount: ['amount_value'],
  currency: ['amount_currency'],
  currencyDefault: 'USD',
  calls: ['num_model_requests'],
  inputTokens: ['input_tokens'],
  outputTokens: ['output_tokens'],
  cachedInputTokens: ['input_cached_tokens'],
  count: [],
  unit: [],
  tokensPerUnit: {},
};
