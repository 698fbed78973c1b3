/** Any server that speaks OpenAI's chat format, at an address of the operator's. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'openai-compatible',
  name: 'OpenAI-compatible server',
  baseUrl: '',
  keyEnv: [],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: [
            '/usage/prompt_tokens_details/cached_tokens',
            '/usage/prompt_cache_hit_tokens',
            '/usage/cached_tokens',
          ],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'openai-embeddings',
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  causes: {
    invalid_api_key: 'credential',
    insufficient_quota: 'account',
    model_not_found: 'model',
    rate_limit_exceeded: 'busy',
  },
  docs: 'https://developers.openai.com/api/docs/api-reference/chat',
  checked: '2026-11-22',
} satisfies Vendor);
