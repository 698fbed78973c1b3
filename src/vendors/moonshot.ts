/** Moonshot AI (Kimi), mainland platform. Keys of the two platforms are not interchangeable. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'moonshot',
  name: 'Moonshot AI',
  baseUrl: 'https://api.moonshot.cn/v1',
  keyEnv: ['MOONSHOT_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: that developer is refused; the reference names system, user, assistant, tool.
        // unverified: how thinking is switched, and that thoughts are taken back.
        tweaks: {
          roles: { developer: 'system' },
          thinking: 'type',
          thoughtsBack: 'reasoning_content',
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
    invalid_authentication_error: 'credential',
    incorrect_api_key_error: 'credential',
    // Balance used up, sent with 429.
    exceeded_current_quota_error: 'account',
    // unverified: this name and server_error, unexpected_output.
    permission_denied_error: 'account',
    resource_not_found_error: 'model',
    content_filter: 'caller',
    invalid_request_error: 'caller',
    rate_limit_reached_error: 'busy',
    engine_overloaded_error: 'busy',
    server_error: 'down',
    unexpected_output: 'down',
  },
  // The kind of error stands in `type`; there is no `code`.
  errorAt: { code: '/error/type', message: '/error/message' },
  docs: 'https://platform.kimi.com/docs/api/errors',
  checked: '2026-11-22',
} satisfies Vendor);
