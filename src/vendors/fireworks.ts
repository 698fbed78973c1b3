/** Fireworks AI. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'fireworks',
  name: 'Fireworks AI',
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  keyEnv: ['FIREWORKS_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: that developer is refused; system means the same there.
        tweaks: { roles: { developer: 'system' } },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: ['/usage/prompt_tokens_details/cached_tokens'],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
  },
  causes: {
    NOT_FOUND: 'model',
    // unverified: an account suspended over billing.
    'http:412': 'account',
  },
  docs: 'https://docs.fireworks.ai/api-reference/post-chatcompletions',
  checked: '2026-11-22',
} satisfies Vendor);
