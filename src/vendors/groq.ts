/** Groq. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'groq',
  name: 'Groq',
  baseUrl: 'https://api.groq.com/openai/v1',
  keyEnv: ['GROQ_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        tweaks: {
          refuse: {
            logit_bias: 'Groq answers 400 to logit_bias.',
            logprobs: 'Groq answers 400 to logprobs.',
            top_logprobs: 'Groq answers 400 to top_logprobs.',
          },
        },
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
    invalid_api_key: 'credential',
    model_not_found: 'model',
    model_decommissioned: 'model',
    rate_limit_exceeded: 'busy',
    // Flex capacity exceeded.
    'http:498': 'busy',
  },
  docs: 'https://console.groq.com/docs/openai',
  checked: '2026-11-22',
} satisfies Vendor);
