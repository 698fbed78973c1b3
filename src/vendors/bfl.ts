/** Black Forest Labs: Flux, asked in each region at an address of its own. */
import { results } from './bfl/results.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'bfl',
  name: 'Black Forest Labs',
  baseUrl: 'https://api.bfl.ai/v1',
  keyEnv: ['BFL_API_KEY'],
  auth: { header: 'x-key', prefix: '' },
  services: {},
  long: [results],
  causes: { 'http:402': 'account', 'http:404': 'model', 'http:422': 'caller' },
  // A list of what is wrong, or a sentence; copies of the documents disagree.
  errorAt: { code: '/error', message: '/detail' },
  docs: 'https://docs.bfl.ai/api-reference',
  checked: '2026-11-22',
} satisfies Vendor);
