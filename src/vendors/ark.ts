/** Volcengine Ark (Doubao and others), pay-as-you-go entry. */
import { arkTasks } from './ark/tasks.ts';
import type { Vendor } from './shape.ts';

const CHAT_METER = Object.freeze({
  input: '/usage/prompt_tokens',
  output: '/usage/completion_tokens',
  cachedInput: Object.freeze(['/usage/prompt_tokens_details/cached_tokens']),
  reasoning: Object.freeze(['/usage/completion_tokens_details/reasoning_tokens']),
});

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
        // Thoughts that come back are used in the tool loops of DeepSeek's models, else ignored.
        tweaks: {
          roles: { developer: 'system' },
          thinking: 'type',
          thoughtsBack: 'reasoning_content',
        },
        meter: CHAT_METER,
      },
      {
        path: '/responses',
        dialect: 'openai-responses',
        // unverified: that developer is refused here as it is in chat.
        tweaks: {
          roles: { developer: 'system' },
          thinking: 'type',
          toolTypes: [
            ...['function', 'web_search', 'image_process', 'mcp', 'knowledge_search', 'doubao_app'],
          ],
        },
        meter: {
          input: '/usage/input_tokens',
          output: '/usage/output_tokens',
          cachedInput: ['/usage/input_tokens_details/cached_tokens'],
          reasoning: ['/usage/output_tokens_details/reasoning_tokens'],
        },
      },
    ],
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'openai-embeddings',
        meter: { input: '/usage/prompt_tokens' },
        inputsMax: 256,
      },
    ],
    multimodal_embeddings: [
      {
        path: '/embeddings/multimodal',
        dialect: 'volc-multimodal',
        meter: {
          input: '/usage/prompt_tokens',
          units: { image_token: '/usage/prompt_tokens_details/image_tokens' },
        },
      },
    ],
    images: [
      {
        path: '/images/generations',
        dialect: 'volc-pictures',
        meter: { units: { image: '/usage/generated_images' } },
      },
    ],
    tokenization: [
      // unverified: that it costs nothing; no price of it stands anywhere.
      { path: '/tokenization', dialect: 'volc-tokenization', meter: {}, free: true },
    ],
    context: [
      {
        path: '/context/create',
        dialect: 'volc-context',
        meter: {
          input: '/usage/prompt_tokens',
          units: { context_token_hours: '/usage/context_token_hours' },
        },
      },
    ],
    context_chat: [
      { path: '/context/chat/completions', dialect: 'openai-chat', meter: CHAT_METER },
    ],
    batch_chat: [
      {
        path: '/batch/chat/completions',
        dialect: 'openai-chat',
        meter: CHAT_METER,
        traits: { service: 'batch' },
      },
    ],
    bot_chat: [{ path: '/bots/chat/completions', dialect: 'openai-chat', meter: CHAT_METER }],
  },
  files: { path: '/files' },
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
  checked: '2026-11-26',
} satisfies Vendor);
