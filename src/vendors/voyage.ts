/** Voyage AI: embeddings and rerank. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'voyage',
  name: 'Voyage AI',
  baseUrl: 'https://api.voyageai.com/v1',
  keyEnv: ['VOYAGE_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'voyage-embeddings',
        inputsMax: 1_000,
        meter: { input: '/usage/total_tokens' },
      },
    ],
    rerank: [
      {
        path: '/rerank',
        dialect: 'voyage-rerank',
        meter: { input: '/usage/total_tokens' },
      },
    ],
  },
  docs: 'https://docs.voyageai.com/reference/embeddings-api',
  checked: '2026-11-26',
} satisfies Vendor);
