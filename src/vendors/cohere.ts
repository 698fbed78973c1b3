/** Cohere: embeddings and rerank. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'cohere',
  name: 'Cohere',
  baseUrl: 'https://api.cohere.com',
  keyEnv: ['COHERE_API_KEY', 'CO_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
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
  docs: 'https://docs.cohere.com/reference/embed',
  checked: '2026-11-26',
} satisfies Vendor);
