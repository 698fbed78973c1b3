/** xAI (Grok), chat completions, which it calls its older format. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'xai',
  name: 'xAI',
  baseUrl: 'https://api.x.ai/v1',
  keyEnv: ['XAI_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // Every current model reasons, and reasoning models refuse these three.
        tweaks: {
          refuse: {
            presence_penalty: 'Grok reasoning models do not take presence_penalty.',
            frequency_penalty: 'Grok reasoning models do not take frequency_penalty.',
            stop: 'Grok reasoning models do not take stop.',
          },
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: ['/usage/prompt_tokens_details/cached_tokens'],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
          // completion_tokens is the visible answer only.
          reasoningApart: true,
        },
      },
    ],
  },
  // Flat: {code, error}, where the code is a sentence; {error: {…}} is seen too.
  // unverified: a wrong key is reported to come as 400 and then counts as the caller's fault.
  errorAt: { code: '/code', message: '/error' },
  docs: 'https://docs.x.ai/docs/api-reference',
  checked: '2026-11-22',
} satisfies Vendor);
