/** Together AI. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'together',
  name: 'Together AI',
  baseUrl: 'https://api.together.ai/v1',
  keyEnv: ['TOGETHER_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: both tweaks; the reference names max_tokens and four roles: system, user,
        // assistant, tool.
        tweaks: {
          rename: { max_completion_tokens: 'max_tokens' },
          roles: { developer: 'system' },
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: ['/usage/cached_tokens', '/usage/prompt_tokens_details/cached_tokens'],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
  },
  causes: {
    invalid_api_key: 'credential',
    // Prompt and max_tokens together exceed the context.
    'http:403': 'caller',
  },
  docs: 'https://docs.together.ai/docs/error-codes',
  checked: '2026-11-22',
} satisfies Vendor);
