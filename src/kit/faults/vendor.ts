/** What a vendor did: refused, failed, fell silent. */
import { LIMIT, REQUEST, SERVER, table } from './row.ts';

export const VENDOR_FAULTS = table('vendor', {
  vendor_rejected: [400, 'final', REQUEST, 'The vendor refused this request.'],
  structured_output_failed: [
    422,
    'final',
    SERVER,
    'The model did not write JSON that fits the schema.',
  ],
  // None that clients ask again by themselves: that would make a second task, and pay for it.
  task_running: [
    424,
    'final',
    SERVER,
    'This takes longer than a request may. It goes on as a task.',
  ],
  vendor_busy: [429, 'retry', LIMIT, 'The vendor is limiting requests. Retry later.'],
  vendor_error: [502, 'retry', SERVER, 'The vendor failed to answer.'],
  vendor_malformed: [
    502,

    'retry',
    SERVER,
    'The vendor answered with something that cannot be read.',
  ],
  vendor_empty: [502, 'retry', SERVER, 'The vendor answered without any choice.'],
  vendor_cut: [
    502,

    'retry',
    SERVER,
    'The vendor ended its answer before it was complete.',
  ],
  vendor_refused_us: [
    502,

    'final',
    SERVER,
    'The vendor did not accept this gateway. The operator must mend it.',
  ],
  vendor_unreachable: [
    502,

    'retry',
    SERVER,
    'No connection to the vendor could be made.',
  ],
  vendor_timeout: [504, 'retry', SERVER, 'The vendor did not answer in time.'],
});
