/** Cohere: chat in its own format, embeddings and rerank. */
import type { TokenMeter, Vendor } from './shape.ts';

/**
 * What is charged: `tokens` beside it also counts what Cohere itself adds to a prompt, and
 * `cached_tokens` is of that, so it is not read. No price of cached input is published.
 */
const METER = {
  input: '/usage/billed_units/input_tokens',
  output: '/usage/billed_units/output_tokens',
} satisfies TokenMeter;

export default Object.freeze({
  id: 'cohere',
  name: 'Cohere',
  baseUrl: 'https://api.cohere.com',
  keyEnv: ['COHERE_API_KEY', 'CO_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    chat: [{ path: '/v2/chat', dialect: 'cohere-chat', streamUsage: 'always', meter: METER }],
    embeddings: [
      {
        path: '/v2/embed',
        dialect: 'cohere-embed',
        inputsMax: 96,
        meter: { input: '/meta/billed_units/input_tokens' },
      },
    ],
    rerank: [
      {
        path: '/v2/rerank',
        dialect: 'cohere-rerank',
        meter: { units: { search: '/meta/billed_units/search_units' } },
      },
    ],
  },
  // Errors are a message in words without a code: the status tells them apart.
  causes: { 'http:498': 'credential', 'http:499': 'down', 'http:501': 'model' },
  errorAt: { code: '/code', message: '/message' },
  // Chat, and its errors: the OpenAPI description and guides of cohere-developer-experience,
  // 2026-08-20, and the types of npm cohere-ai 8.1.0.
  docs: 'https://docs.cohere.com/reference/chat',
  checked: '2026-11-26',
} satisfies Vendor);
