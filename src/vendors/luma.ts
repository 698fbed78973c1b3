/** Luma Dream Machine v1: videos and images of its Ray and Photon models. */
import { generations } from './luma/generations.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'luma',
  name: 'Luma Dream Machine',
  baseUrl: 'https://api.lumalabs.ai/dream-machine/v1',
  keyEnv: ['LUMAAI_API_KEY', 'LUMA_API_KEY'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  services: {},
  long: [generations],
  errorAt: { code: '/code', message: '/detail' },
  docs: 'https://docs.lumalabs.ai/docs/api',
  checked: '2026-11-22',
} satisfies Vendor);
