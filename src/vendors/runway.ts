/** Runway: videos of its own models and of others'. */
import { runwayTasks } from './runway/tasks.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'runway',
  name: 'Runway',
  baseUrl: 'https://api.dev.runwayml.com',
  keyEnv: ['RUNWAYML_API_SECRET'],
  auth: { header: 'authorization', prefix: 'Bearer ' },
  // The version whose answers are read here, whatever a caller's client was made for.
  headers: { 'x-runway-version': '2024-11-06' },
  services: {},
  long: [runwayTasks],
  // unverified: how it says that an account has no credits left.
  errorAt: { code: '/code', message: '/error' },
  docs: 'https://docs.dev.runwayml.com/api/',
  checked: '2026-11-22',
} satisfies Vendor);
