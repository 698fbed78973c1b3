/** MiniMax in its OpenAI-compatible format, international platform. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'minimax',
  name: 'MiniMax',
  baseUrl: 'https://api.minimax.io/v1',
  keyEnv: ['MINIMAX_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: that developer is refused; the reference names system, user, assistant, tool.
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
  // The native envelope, also seen with HTTP 200: base_resp.status_code other than 0 is an error.
  causes: {
    '1000': 'down',
    '1001': 'down',
    '1002': 'busy',
    '1004': 'credential',
    // unverified: from here on; the copy of the page that was read ends at 1004.
    '1008': 'account',
    '1024': 'down',
    '1026': 'caller',
    '1027': 'caller',
    '1033': 'down',
    '1039': 'busy',
    '1041': 'busy',
    '1042': 'caller',
    '2013': 'caller',
    '2049': 'credential',
    '2056': 'account',
    authentication_error: 'credential',
    authorized_error: 'credential',
    insufficient_balance_error: 'account',
    rate_limit_error: 'busy',
  },
  errorAt: { code: '/base_resp/status_code', message: '/base_resp/status_msg' },
  docs: 'https://platform.minimax.io/docs/api-reference/errorcode',
  checked: '2026-11-22',
} satisfies Vendor);
