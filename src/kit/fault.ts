/**
 * Every way in which Gangway says no. One table: HTTP status, retry policy, documentation and the
 * words on the wire all follow from it. `blame` tells whose mend it is.
 */
export type Blame = 'caller' | 'vendor' | 'gateway';

interface FaultRow {
  readonly status: number;
  readonly blame: Blame;
  /** May the same call succeed later without being changed? */
  readonly retry: boolean;
  /** OpenAI's `error.type`, so that its clients raise the right exception. */
  readonly type: string;
  /** What happened, for the documentation and as the default message. */
  readonly words: string;
}

const row = (status: number, blame: Blame, retry: boolean, type: string, words: string): FaultRow =>
  Object.freeze({ status, blame, retry, type, words });

const REQUEST = 'invalid_request_error';
const AUTH = 'authentication_error';
const PERMISSION = 'permission_error';
const LIMIT = 'rate_limit_error';
const MONEY = 'insufficient_quota';
const SERVER = 'server_error';

export const FAULTS = Object.freeze({
  missing_api_key: row(
    401,
    'caller',
    false,
    AUTH,
    'No API key was sent. Send Authorization: Bearer <key>.',
  ),
  invalid_api_key: row(401, 'caller', false, AUTH, 'This API key is not known here.'),
  key_disabled: row(
    401,
    'caller',
    false,
    AUTH,
    'This API key is disabled. Ask the operator to enable it.',
  ),
  key_expired: row(
    401,
    'caller',
    false,
    AUTH,
    'This API key has expired. Ask the operator for a new one.',
  ),
  operator_only: row(403, 'caller', false, PERMISSION, 'This route needs an operator key.'),
  address_not_allowed: row(
    403,
    'caller',
    false,
    PERMISSION,
    'This API key may not be used from this address.',
  ),
  model_not_allowed: row(403, 'caller', false, PERMISSION, 'This API key may not use this model.'),
  invalid_json: row(400, 'caller', false, REQUEST, 'The request body is not valid JSON.'),
  json_too_deep: row(400, 'caller', false, REQUEST, 'The request body is nested too deeply.'),
  invalid_request: row(400, 'caller', false, REQUEST, 'The request is not valid.'),
  unknown_parameter: row(
    400,
    'caller',
    false,
    REQUEST,
    'This field is not part of this contract. Remove it.',
  ),
  unsupported_parameter: row(
    400,
    'caller',
    false,
    REQUEST,
    'The model behind this call does not take this field.',
  ),
  invalid_parameter: row(
    422,
    'caller',
    false,
    REQUEST,
    'A field is missing or has the wrong shape.',
  ),
  no_price: row(
    400,
    'caller',
    false,
    REQUEST,
    'This model has no price, so an account with a limit cannot use it.',
  ),
  not_found: row(404, 'caller', false, REQUEST, 'There is no such route.'),
  model_not_found: row(
    404,
    'caller',
    false,
    REQUEST,
    'There is no such model here. GET /v1/models lists them.',
  ),
  method_not_allowed: row(405, 'caller', false, REQUEST, 'This route does not take this method.'),
  body_too_slow: row(408, 'caller', true, REQUEST, 'The request body did not arrive in time.'),
  body_too_large: row(413, 'caller', false, REQUEST, 'The request body is too large.'),
  unsupported_media_type: row(
    415,
    'caller',
    false,
    REQUEST,
    'Send the body as application/json, not compressed.',
  ),
  header_too_large: row(431, 'caller', false, REQUEST, 'A request header is too large.'),
  insufficient_balance: row(
    402,
    'caller',
    false,
    MONEY,
    'The account has not enough money left for this call.',
  ),
  budget_exceeded: row(
    402,
    'caller',
    false,
    MONEY,
    'The budget of this API key does not cover this call.',
  ),
  rate_limit_exceeded: row(
    429,
    'caller',
    true,
    LIMIT,
    'Too many requests a minute for this API key.',
  ),
  token_limit_exceeded: row(
    429,
    'caller',
    true,
    LIMIT,
    'Too many tokens a minute for this API key.',
  ),
  concurrency_limit_exceeded: row(
    429,
    'caller',
    true,
    LIMIT,
    'Too many calls at once for this API key.',
  ),
  address_limit_exceeded: row(429, 'caller', true, LIMIT, 'Too many requests from this address.'),
  vendor_rejected: row(400, 'vendor', false, REQUEST, 'The vendor refused this request.'),
  vendor_busy: row(429, 'vendor', true, LIMIT, 'The vendor is limiting requests. Retry later.'),
  vendor_error: row(502, 'vendor', true, SERVER, 'The vendor failed to answer.'),
  vendor_malformed: row(
    502,
    'vendor',
    true,
    SERVER,
    'The vendor answered with something that cannot be read.',
  ),
  vendor_empty: row(502, 'vendor', true, SERVER, 'The vendor answered without any choice.'),
  vendor_cut: row(
    502,
    'vendor',
    true,
    SERVER,
    'The vendor ended its answer before it was complete.',
  ),
  vendor_refused_us: row(
    502,
    'vendor',
    false,
    SERVER,
    'The vendor did not accept this gateway. The operator must mend it.',
  ),
  vendor_unreachable: row(
    502,
    'vendor',
    true,
    SERVER,
    'No connection to the vendor could be made.',
  ),
  vendor_timeout: row(504, 'vendor', true, SERVER, 'The vendor did not answer in time.'),
  no_upstream: row(
    503,
    'gateway',
    true,
    SERVER,
    'No upstream for this model is available right now.',
  ),
  overloaded: row(503, 'gateway', true, SERVER, 'The gateway carries as many calls as it may.'),
  shutting_down: row(503, 'gateway', true, SERVER, 'The gateway is shutting down.'),
  storage_unavailable: row(
    503,
    'gateway',
    true,
    SERVER,
    'The gateway could not write to its database.',
  ),
  internal_error: row(500, 'gateway', true, SERVER, 'Something went wrong in the gateway.'),
});

export type FaultCode = keyof typeof FAULTS;

export interface FaultDetail {
  /** Replaces the table's words. Never carries a secret. */
  readonly message?: string;
  /** The caller's field at fault, as a path such as `messages[0].content`. */
  readonly param?: string;
  /** Seconds after which a retry makes sense. */
  readonly retryAfterS?: number;
  /** The vendor's own code, shown as `error.code` so that clients can branch on it. */
  readonly vendorCode?: string;
  /** Replaces the table's status where the vendor's own is more exact (4xx only). */
  readonly status?: number;
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly code: FaultCode;
  readonly status: number;
  readonly detail: FaultDetail;

  constructor(code: FaultCode, detail: FaultDetail = {}) {
    super(detail.message ?? FAULTS[code].words);
    this.name = 'Fault';
    this.code = code;
    this.status = detail.status ?? FAULTS[code].status;
    this.detail = detail;
  }

  get retry(): boolean {
    return FAULTS[this.code].retry;
  }

  get blame(): Blame {
    return FAULTS[this.code].blame;
  }
}

/** Anything thrown becomes a fault; what is not one already is ours and says nothing about itself. */
export function toFault(thrown: unknown): Fault {
  return thrown instanceof Fault ? thrown : new Fault('internal_error', { cause: thrown });
}
