/**
 * Faults as Ark says them: four members always, the type follows the status, and the message ends
 * with the request's id. https://www.volcengine.com/docs/82379/1299023, copy of 2025-12-19.
 */
import { Fault, type FaultCode } from '../../kit/fault.ts';

const INVALID = 'InvalidParameter';
const UNSUPPORTED = 'InvalidParameter.UnsupportedParameter';
const KEY = 'AuthenticationError';
const DENIED = 'AccessDenied';
const DOWN = 'InternalServiceError';
const NOT_FOUND = 'NotFound';
const OVERLOADED = 'ServerOverloaded';

/** Its code, and its status where that is another than ours. */
type Row = readonly [code: string, status?: number];

/** What is not listed is of the kind that its status says. */
const ROWS: Readonly<Partial<Record<FaultCode, Row>>> = Object.freeze({
  missing_api_key: [KEY],
  invalid_api_key: [KEY],
  invalid_access_token: [KEY],
  invalid_signed_token: [KEY],
  signed_token_early: [KEY],
  signed_token_expired: [KEY],
  key_disabled: [KEY],
  key_expired: [KEY],
  operator_only: [DENIED],
  address_not_allowed: [DENIED],
  model_not_allowed: [DENIED],
  unsupported_parameter: [UNSUPPORTED],
  unknown_parameter: [UNSUPPORTED],
  missing_parameter: ['MissingParameter'],
  invalid_parameter: [INVALID, 400],
  no_price: ['OperationDenied.ServiceNotOpen', 403],
  model_not_found: ['InvalidEndpointOrModel.NotFound'],
  endpoint_stopped: ['InvalidEndpoint.ClosedEndpoint'],
  resource_not_found: [NOT_FOUND],
  // 402 is not among its statuses.
  insufficient_balance: ['AccountOverdueError', 403],
  budget_exceeded: ['SetLimitExceeded', 429],
  rate_limit_exceeded: ['ModelAccountRpmRateLimitExceeded'],
  token_limit_exceeded: ['ModelAccountTpmRateLimitExceeded'],
  concurrency_limit_exceeded: ['InflightBatchsizeExceeded'],
  address_limit_exceeded: ['AccountRateLimitExceeded'],
  vendor_busy: [OVERLOADED],
  overloaded: [OVERLOADED],
});

const TYPES: Readonly<Record<number, string>> = Object.freeze({
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  429: 'TooManyRequests',
});

/** A vendor's code in this style is shown as it is. */
const OWN_CODE = /^[A-Z][A-Za-z]+(?:\.[A-Za-z]+)*$/;
const OWN_REQUEST_ID = /\s*Request id: \S+\s*$/i;
const REQUIRED = / is required\.$/;

function codeOf(fault: Fault): string {
  const { vendorCode, param = '' } = fault.detail;
  if (vendorCode !== undefined && OWN_CODE.test(vendorCode)) return vendorCode;
  if (fault.code === 'invalid_request' && REQUIRED.test(fault.message)) {
    return /^\w+$/.test(param) ? `MissingParameter.${param}` : 'MissingParameter';
  }
  const row = ROWS[fault.code];
  if (row !== undefined) return row[0];
  if (fault.status === 404) return NOT_FOUND;
  return fault.status < 500 ? INVALID : DOWN;
}

function typeOf({ status }: Fault): string {
  return status >= 500 ? 'InternalServerError' : (TYPES[status] ?? 'BadRequest');
}

export function writeFault(fault: Fault, requestId: string): string {
  const shown = toOwnStatus(fault);
  const words = fault.message.replace(OWN_REQUEST_ID, '');
  return JSON.stringify({
    error: {
      code: codeOf(shown),
      message: `${words} Request id: ${requestId}`,
      param: fault.detail.param ?? '',
      type: typeOf(shown),
    },
  });
}

/** The last event of a stream that could not be completed; nothing follows it. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  return `data: ${writeFault(fault, requestId)}\n\n`;
}

/** The same fault under the status that this format has for it. */
export function toOwnStatus(fault: Fault): Fault {
  const status = ROWS[fault.code]?.[1];
  if (status === undefined || status === fault.status) return fault;
  return new Fault(fault.code, { ...fault.detail, message: fault.message, status });
}
