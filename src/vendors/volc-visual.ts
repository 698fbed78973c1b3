/** Volcengine's visual service: SeedEdit, Doubao and Jimeng pictures, videos, OmniHuman. */
import type { Vendor } from './shape.ts';
import { sign } from './volc-visual/sign.ts';
import { visual } from './volc-visual/visual.ts';

export default Object.freeze({
  id: 'volc-visual',
  name: 'Volcengine Visual',
  baseUrl: 'https://visual.volcengineapi.com',
  // A pair in one: "<access key id>:<secret access key>".
  keyEnv: ['VOLC_VISUAL_KEYS'],
  auth: { sign },
  services: {},
  long: [visual],
  causes: {
    // unverified: 50215, an input that cannot be read.
    '502*': 'caller',
    '504*': 'caller',
    '505*': 'caller',
    // It is there, but not opened for our account.
    '50400': 'model',
    '50429': 'busy',
    '50430': 'busy',
    '50500': 'down',
    '50501': 'down',
    '50520': 'down',
    '50521': 'down',
    '50522': 'down',
    // Who signs, and the signature: CodeN of the outer envelope.
    '10000*': 'credential',
    '100010': 'credential',
    '100013': 'account',
    '100018': 'busy',
    '10002*': 'credential',
    '100023': 'down',
  },
  errorAt: { code: '/ResponseMetadata/Error/CodeN', message: '/ResponseMetadata/Error/Message' },
  docs: 'https://www.volcengine.com/docs/6791/1399614',
  checked: '2026-11-22',
} satisfies Vendor);
