/** What the gateway itself lacks, or its operator must mend. */
import { SERVER, table } from './row.ts';

export const GATEWAY_FAULTS = table('gateway', {
  no_upstream: [
    503,

    'retry',
    SERVER,
    'No upstream for this model is available right now.',
  ],
  credential_unavailable: [
    503,

    'retry',
    SERVER,
    "The gateway's credential for the vendor cannot be had right now.",
  ],
  overloaded: [503, 'retry', SERVER, 'The gateway carries as many calls as it may.'],
  shutting_down: [503, 'retry', SERVER, 'The gateway is shutting down.'],
  storage_unavailable: [
    503,

    'retry',
    SERVER,
    'The gateway could not write to its database.',
  ],
  internal_error: [500, 'retry', SERVER, 'Something went wrong in the gateway.'],
});
