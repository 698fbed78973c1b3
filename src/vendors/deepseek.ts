/** DeepSeek. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'deepseek',
  name: 'DeepSeek',
  baseUrl: 'https://api.deepseek.com',
  keyEnv: ['DEEPSEEK_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // An unknown role is a 400 naming the roles that are taken.
        // unverified: that max_completion_tokens is not taken; the reference names max_tokens only.
        // Thoughts of a turn with tool calls must come back, else 400; others are ignored
        // (api-docs.deepseek.com/guides/thinking_mode, read 2026-11-26).
        tweaks: {
          rename: { max_completion_tokens: 'max_tokens' },
          roles: { developer: 'system' },
          thinking: 'type',
          thoughtsBack: 'reasoning_content',
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: [
            '/usage/prompt_cache_hit_tokens',
            '/usage/prompt_tokens_details/cached_tokens',
          ],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
  },
  // Its codes are the same for unlike errors (invalid_request_error with 400, 401 and 402), so the
  // status decides: 401 key, 402 balance, 422 parameters, 429 too fast, 500 and 503 its own.
  docs: 'https://api-docs.deepseek.com/quick_start/error_codes',
  checked: '2026-11-22',
} satisfies Vendor);
