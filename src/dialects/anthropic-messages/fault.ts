/** Faults as clients of this format know them. */
import type { Fault } from '../../kit/fault.ts';

/** By status, which is what these clients raise their exceptions by. */
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

function typeOf(status: number): string {
  return TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
}

/** Type and message as documented; our own code and the field beside them. */
export function writeFault(fault: Fault, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: {
      type: typeOf(fault.status),
      message: fault.message,
      code: fault.detail.vendorCode ?? fault.code,
      param: fault.detail.param ?? null,
    },
    request_id: requestId,
  });
}

/** The last event of a stream that could not be completed; no `message_stop` follows it. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  return `event: error\ndata: ${writeFault(fault, requestId)}\n\n`;
}
