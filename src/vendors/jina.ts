/** Jina AI: embeddings and rerank. */
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'jina',
  name: 'Jina AI',
  baseUrl: 'https://api.jina.ai/v1',
  keyEnv: ['JINA_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {
    embeddings: [
      {
        path: '/embeddings',
        dialect: 'jina-embeddings',
        // unverified: 512 texts a request, or 2,048; the smaller number is right in either case.
        inputsMax: 512,
        meter: { input: '/usage/total_tokens' },
      },
    ],
    rerank: [
      {
        path: '/rerank',
        dialect: 'jina-rerank',
        meter: { input: '/usage/total_tokens' },
      },
    ],
  },
  docs: 'https://api.jina.ai/redoc',
  checked: '2026-11-26',
} satisfies Vendor);
