/** SiliconFlow, mainland platform. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'siliconflow',
  name: 'SiliconFlow',
  baseUrl: 'https://api.siliconflow.cn/v1',
  keyEnv: ['SILICONFLOW_API_KEY'],
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
          cachedInput: [
            '/usage/prompt_tokens_details/cached_tokens',
            '/usage/prompt_cache_hit_tokens',
          ],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'openai-embeddings',
        // 32 texts a request (docs.siliconflow.cn, through an issue of a client, 2026).
        inputsMax: 32,
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
    rerank: [
      {
        path: '/rerank',
        dialect: 'jina-rerank',
        // unverified: where it counts.
        meter: { input: '/meta/tokens/input_tokens' },
      },
    ],
  },
  // unverified: the numbers, from callers' reports; the status agrees with all but the second.
  causes: {
    '20012': 'model',
    '30001': 'account',
    '50505': 'down',
  },
  // Flat: {code, message, data}.
  errorAt: { code: '/code', message: '/message' },
  docs: 'https://docs.siliconflow.cn/cn/faqs/error-code',
  checked: '2026-11-22',
} satisfies Vendor);
