/** OpenRouter. Its error code is the HTTP status as a number, inside a stream as well. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'openrouter',
  name: 'OpenRouter',
  baseUrl: 'https://openrouter.ai/api/v1',
  keyEnv: ['OPENROUTER_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
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
    '400': 'caller',
    '401': 'credential',
    '402': 'account',
    // A moderation or guardrail flag on the input; seldom a permission of ours.
    '403': 'caller',
    '404': 'model',
    '408': 'down',
    '413': 'caller',
    '422': 'caller',
    '429': 'busy',
    '5*': 'down',
  },
  docs: 'https://openrouter.ai/docs/api/reference/errors-and-debugging',
  checked: '2026-11-22',
} satisfies Vendor);
