/** Faults as clients of this format know them. */
import type { Fault } from '../../kit/fault.ts';
import type { Json } from '../../kit/json.ts';

/** The names of google.rpc.Code, by status. */
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function statusOf(status: number): string {
  return STATUSES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNAVAILABLE');
}

const TYPES = 'type.googleapis.com/google.rpc.';

/** Our own code stands where this format has a machine-readable reason. */
export function writeFault(fault: Fault, requestId: string): string {
  const { param, retryAfterS, vendorCode } = fault.detail;
  const metadata = { request_id: requestId, ...(param === undefined ? {} : { field: param }) };
  const reason = vendorCode ?? fault.code;
  const details: Json[] = [{ '@type': `${TYPES}ErrorInfo`, reason, domain: 'gangway', metadata }];
  if (retryAfterS !== undefined) {
    details.push({ '@type': `${TYPES}RetryInfo`, retryDelay: `${retryAfterS}s` });
  }
  const { status, message } = fault;
  return JSON.stringify({ error: { code: status, message, status: statusOf(status), details } });
}

/** The last event of a stream that could not be completed. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  return `data: ${writeFault(fault, requestId)}\n\n`;
}
