import type { BillFormat } from './shape.ts';

/** For vendors whose export is not known here: rename the head of the file to these words. */
export const GENERIC: BillFormat = {
  docs: [],
  checked: '2026-11-26',
  unverified: '',
  utcOffsetHours: 0,
  day: ['day', 'date'],
  model: ['model'],
  amount: ['amount', 'cost'],
  currency: ['currency'],
  currencyDefault: null,
  calls: ['calls', 'requests'],
  inputTokens: ['input_tokens', 'prompt_tokens'],
  outputTokens: ['output_tokens', 'completion_tokens'],
  cachedInputTokens: ['cached_input_tokens', 'cached_tokens'],
  count: ['count', 'tokens', 'total_tokens'],
  unit: ['unit'],
  tokensPerUnit: { '': 1, tokens: 1 },
};
