/** Mistral. It answers 422 to any top-level field outside its own reference. */
import type { Vendor } from './shape.ts';

const UNKNOWN = 'Mistral answers 422 to this field: it is not in its reference.';

export default Object.freeze({
  id: 'mistral',
  name: 'Mistral AI',
  baseUrl: 'https://api.mistral.ai/v1',
  keyEnv: ['MISTRAL_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        tweaks: {
          rename: { max_completion_tokens: 'max_tokens', seed: 'random_seed' },
          // unverified: each but the first; concluded from the rule above and the public reference.
          refuse: {
            logit_bias: UNKNOWN,
            logprobs: UNKNOWN,
            top_logprobs: UNKNOWN,
            service_tier: UNKNOWN,
            store: UNKNOWN,
            user: UNKNOWN,
            verbosity: UNKNOWN,
            web_search_options: UNKNOWN,
          },
          roles: { developer: 'system' },
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: [
            '/usage/num_cached_tokens',
            '/usage/prompt_tokens_details/cached_tokens',
            '/usage/prompt_token_details/cached_tokens',
          ],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
        streamUsage: 'always',
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'float-embeddings',
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  causes: {
    unknown_model: 'model',
    // unverified: the rest, from callers' reports; the statuses agree with all but 1500.
    invalid_model: 'model',
    '1300': 'busy',
    '1500': 'model',
    '3505': 'busy',
    '3000': 'down',
  },
  // Flat: {object: 'error', message, type, param, code}; a 422 has {detail: […]} as its message.
  errorAt: { code: '/code', message: '/message' },
  docs: 'https://docs.mistral.ai/api/',
  checked: '2026-11-22',
} satisfies Vendor);
