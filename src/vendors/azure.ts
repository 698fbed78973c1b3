/**
 * Azure OpenAI by its v1 API, at the resource's own address, such as
 * https://NAME.openai.azure.com/openai/v1. Models are named by their deployments.
 */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'azure',
  name: 'Azure OpenAI',
  // Each resource has its own.
  baseUrl: '',
  keyEnv: ['AZURE_OPENAI_API_KEY'],
  auth: { header: 'api-key', prefix: '' },
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
        meter: { input: '/usage/prompt_tokens' },
      },
    ],
  },
  causes: {
    DeploymentNotFound: 'model',
    // unverified: the next three by code; the first two come with 404 and 403.
    OperationNotSupported: 'model',
    AccountIsDisabled: 'account',
    insufficient_quota: 'account',
    content_filter: 'caller',
  },
  docs: 'https://learn.microsoft.com/azure/ai-foundry/openai/latest',
  checked: '2026-11-26',
} satisfies Vendor);
