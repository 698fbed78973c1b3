/** Alibaba Model Studio (DashScope) in its OpenAI-compatible mode, Beijing region. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'qwen',
  name: 'Alibaba Model Studio',
  baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  keyEnv: ['DASHSCOPE_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // An unknown role is a 400 naming system, assistant, user, tool, function.
        // unverified: that max_completion_tokens is not taken; the reference names max_tokens.
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
        // Ten texts a request, floats only (docs.qwencloud.com, read 2026-11-26).
        inputsMax: 10,
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
    rerank: [
      {
        // Beside the compatible mode, in the vendor's own format.
        // unverified: that qwen3-rerank takes it as gte-rerank-v2 does.
        path: '/../../api/v1/services/rerank/text-rerank/text-rerank',
        dialect: 'dashscope-rerank',
        meter: { input: '/usage/total_tokens' },
      },
    ],
  },
  // The same kind is spelt in two ways, DashScope's and OpenAI's.
  causes: {
    InvalidApiKey: 'credential',
    invalid_api_key: 'credential',
    // In arrears, sent with 400.
    Arrearage: 'account',
    'AccessDenied*': 'account',
    access_denied: 'account',
    'AllocationQuota.*': 'account',
    'ModelNotFound*': 'model',
    model_not_found: 'model',
    model_not_supported: 'model',
    'DataInspectionFailed*': 'caller',
    data_inspection_failed: 'caller',
    'InvalidParameter*': 'caller',
    'BadRequest.*': 'caller',
    'Throttling*': 'busy',
    'limit_*': 'busy',
    // Here the tokens of a minute, not money.
    insufficient_quota: 'busy',
    RequestTimeOut: 'down',
    'InternalError*': 'down',
    internal_error: 'down',
    SystemError: 'down',
    ModelServiceFailed: 'down',
    ModelUnavailable: 'down',
  },
  docs: 'https://help.aliyun.com/zh/model-studio/error-code',
  checked: '2026-11-22',
} satisfies Vendor);
