/** Zhipu (GLM), mainland platform; Z.AI is the same service abroad. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'zhipu',
  name: 'Zhipu AI',
  baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
  keyEnv: ['ZHIPUAI_API_KEY', 'ZHIPU_API_KEY', 'ZAI_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: both tweaks; the reference names max_tokens and four roles, no developer.
        tweaks: {
          rename: { max_completion_tokens: 'max_tokens' },
          roles: { developer: 'system' },
        },
        meter: {
          input: '/usage/prompt_tokens',
          output: '/usage/completion_tokens',
          cachedInput: ['/usage/prompt_tokens_details/cached_tokens'],
          reasoning: ['/usage/completion_tokens_details/reasoning_tokens'],
        },
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'float-embeddings',
        // unverified: 64 texts a request (a client library says so).
        inputsMax: 64,
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  causes: {
    '500': 'down',
    '1000': 'credential',
    '1001': 'credential',
    '1002': 'credential',
    '1003': 'credential',
    '1004': 'credential',
    '1110': 'account',
    '1111': 'account',
    '1112': 'account',
    // In arrears, sent with 429.
    '1113': 'account',
    '1120': 'down',
    '1121': 'account',
    '1211': 'model',
    '1212': 'model',
    '1220': 'account',
    '1221': 'model',
    '1222': 'model',
    '121*': 'caller',
    '1230': 'down',
    '1231': 'caller',
    '1234': 'down',
    '1261': 'caller',
    '1300': 'caller',
    '1301': 'caller',
    '1302': 'busy',
    // unverified: from here on; the copy of the page that was read ends at 1302.
    '1303': 'busy',
    // The plan's or the day's calls are used up.
    '1304': 'account',
    '1305': 'busy',
    '1308': 'account',
    '1309': 'account',
  },
  docs: 'https://docs.bigmodel.cn/cn/faq/api-code',
  checked: '2026-11-22',
} satisfies Vendor);
