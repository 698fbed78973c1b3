/** Kling (Kuaishou): videos and images, global entry; the mainland's keys are its own. */
import { CAUSES } from './kling/answers.ts';
import { klingTasks } from './kling/tasks.ts';
import { bearer } from './kling/token.ts';
import type { Vendor } from './shape.ts';

export default Object.freeze({
  id: 'kling',
  name: 'Kling',
  baseUrl: 'https://api-singapore.klingai.com',
  // Access key and secret key as one credential: "AK:SK".
  keyEnv: ['KLING_API_KEY', 'KLINGAI_API_KEY'],
  auth: { sign: bearer },
  services: {},
  long: [klingTasks],
  causes: CAUSES,
  errorAt: { code: '/code', message: '/message' },
  // Read as a copy of 2026-03-27.
  docs: 'https://app.klingai.com/global/dev/document-api',
  checked: '2026-11-22',
} satisfies Vendor);
