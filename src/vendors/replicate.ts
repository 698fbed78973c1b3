/** Replicate: models of everybody's, each with an input of its own. */
import { predictions } from './replicate/predictions.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'replicate',
  name: 'Replicate',
  baseUrl: 'https://api.replicate.com/v1',
  keyEnv: ['REPLICATE_API_TOKEN'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {},
  long: [predictions],
  causes: { 'http:402': 'account', 'http:404': 'model', 'http:422': 'caller' },
  errorAt: { code: '/code', message: '/detail' },
  docs: 'https://replicate.com/docs/reference/http',
  checked: '2026-11-22',
} satisfies Vendor);
