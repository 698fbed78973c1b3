/**
 * Midjourney behind midjourney-proxy, which the operator runs: there is no API of the vendor's own.
 * Read in trueai-org/midjourney-proxy (2026-08-03) and novicezk/midjourney-proxy (2025-08-03).
 */
import { drawings } from './midjourney/drawings.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'midjourney',
  name: 'Midjourney (midjourney-proxy)',
  // Where the proxy listens by default; operators set their own.
  baseUrl: 'http://127.0.0.1:8080',
  keyEnv: ['MJ_API_SECRET'],
  auth: { header: 'mj-api-secret', prefix: '' },
  services: {},
  long: [drawings],
  causes: { 'http:403': 'credential' },
  errorAt: { code: '/code', message: '/description' },
  docs: 'https://github.com/trueai-org/midjourney-proxy',
  checked: '2026-11-22',
} satisfies Vendor);
