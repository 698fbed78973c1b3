/** OpenAI. */
import { pictures } from './openai/pictures.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'openai',
  name: 'OpenAI',
  baseUrl: 'https://api.openai.com/v1',
  keyEnv: ['OPENAI_API_KEY'],
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
      {
        path: '/responses',
        dialect: 'openai-responses',
        meter: {
          input: '/usage/input_tokens',
          output: '/usage/output_tokens',
          cachedInput: ['/usage/input_tokens_details/cached_tokens'],
          reasoning: ['/usage/output_tokens_details/reasoning_tokens'],
        },
      },
    ],
    tokenization: [
      {
        path: '/responses/input_tokens',
        dialect: 'openai-responses-count',
        meter: {},
        free: true,
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'openai-embeddings',
        inputsMax: 2_048,
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  long: [pictures],
  causes: {
    // Of prompts and of pictures: seen in callers' logs of 2026, not in the reference.
    moderation_blocked: 'caller',
    image_generation_user_error: 'caller',
    invalid_api_key: 'credential',
    account_deactivated: 'account',
    // Sent with 429, yet waiting does not help.
    insufficient_quota: 'account',
    billing_hard_limit_reached: 'account',
    billing_not_active: 'account',
    unsupported_country_region_territory: 'account',
    model_not_found: 'model',
    rate_limit_exceeded: 'busy',
    content_filter: 'caller',
    content_policy_violation: 'caller',
    context_length_exceeded: 'caller',
    server_error: 'down',
  },
  docs: 'https://developers.openai.com/api/docs/api-reference/chat',
  checked: '2026-11-22',
} satisfies Vendor);
