/** Volcengine Ark (Doubao and others), pay-as-you-go entry. */
import { arkTasks } from './ark/tasks.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'ark',
  name: 'Volcengine Ark',
  baseUrl: 'https://ark.cn-beijing.volces.com/api/v3',
  keyEnv: ['ARK_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [
      {
        path: '/chat/completions',
        dialect: 'openai-chat',
        // unverified: that every model goes on from a last assistant message (docs/82379/1359497).
        continues: true,
        // Four roles are taken; another is a 400 InvalidParameter. max_completion_tokens is native.
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
  long: [arkTasks],
  causes: {
    AuthenticationError: 'credential',
    AccessDenied: 'credential',
    AccountOverdueError: 'account',
    InvalidAccountStatus: 'account',
    InvalidSubscription: 'account',
    'OperationDenied.*': 'account',
    // Our own spending limit; never cleared by waiting.
    SetLimitExceeded: 'account',
    // Trial or plan used up. The third sense, a full queue, is of slow jobs only.
    QuotaExceeded: 'account',
    ModelNotOpen: 'model',
    UnsupportedModel: 'model',
    'InvalidEndpoint.*': 'model',
    'InvalidEndpointOrModel.*': 'model',
    'NotFound.*': 'caller',
    'SensitiveContentDetected*': 'caller',
    'Input*': 'caller',
    'Output*': 'caller',
    ContentSecurityDetectionError: 'caller',
    'InvalidParameter*': 'caller',
    'MissingParameter*': 'caller',
    'RateLimitExceeded.*': 'busy',
    'ModelAccount*': 'busy',
    'APIAccount*': 'busy',
    AccountRateLimitExceeded: 'busy',
    InflightBatchsizeExceeded: 'busy',
    RequestBurstTooFast: 'busy',
    ServerOverloaded: 'busy',
    InternalServiceError: 'down',
  },
  docs: 'https://www.volcengine.com/docs/82379/1494384',
  checked: '2026-11-22',
} satisfies Vendor);
