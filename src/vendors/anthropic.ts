/** Anthropic's own platform, in its own format. */
import type { TokenMeter, Vendor } from './shape.ts';

const METER = {
  input: '/usage/input_tokens',
  output: '/usage/output_tokens',
  cachedInput: ['/usage/cache_read_input_tokens'],
  cacheWrite: ['/usage/cache_creation_input_tokens'],
  cachedApart: true,
  // Part of the output.
  reasoning: ['/usage/output_tokens_details/thinking_tokens'],
} satisfies TokenMeter;

export default Object.freeze({
  id: 'anthropic',
  name: 'Anthropic',
  baseUrl: 'https://api.anthropic.com/v1',
  keyEnv: ['ANTHROPIC_API_KEY'],
  auth: { header: 'x-api-key', prefix: '' },
  // For requests that name none of their own.
  headers: { 'anthropic-version': '2023-06-01' },
  services: {
    chat: [
      { path: '/messages', dialect: 'anthropic-messages', streamUsage: 'always', meter: METER },
    ],
    tokenization: [
      {
        path: '/messages/count_tokens',
        dialect: 'anthropic-messages-count',
        meter: {},
        free: true,
      },
    ],
  },
  causes: {
    invalid_request_error: 'caller',
    authentication_error: 'credential',
    billing_error: 'account',
    permission_error: 'account',
    not_found_error: 'model',
    conflict_error: 'caller',
    request_too_large: 'caller',
    rate_limit_error: 'busy',
    api_error: 'down',
    timeout_error: 'down',
    overloaded_error: 'busy',
    // A limit on our spending is a 400 by its type; only this code tells it apart.
    enforced_spend_limit_reached: 'account',
    contract_spend_limit_reached: 'account',
    linked_organization_spend_limit_reached: 'account',
    linked_organization_billing_unavailable: 'account',
    organization_on_hold: 'account',
    ramp_limit_exceeded: 'busy',
  },
  errorAt: { code: ['/error/error_code', '/error/type'], message: '/error/message' },
  // Error types: docs.claude.com/en/api/errors; error codes: types of @anthropic-ai/sdk 1.12.0.
  docs: 'https://platform.claude.com/docs/en/api/messages',
  checked: '2026-11-26',
} satisfies Vendor);
