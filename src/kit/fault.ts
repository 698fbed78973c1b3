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

type Cells = readonly [
  status: number,
  blame: Blame,
  retry: 'retry' | 'final',
  type: string,
  words: string,
];

/** Rows by column, frozen; the table below stays one line a fault where it can. */
function table<Code extends string>(
  cells: Readonly<Record<Code, Cells>>,
): Readonly<Record<Code, FaultRow>> {
  const rows = Object.entries<Cells>(cells).map(([code, [status, blame, retry, type, words]]) => [
    code,
    Object.freeze({ status, blame, retry: retry === 'retry', type, words }),
  ]);
  return Object.freeze(Object.fromEntries(rows)) as Readonly<Record<Code, FaultRow>>;
}

const REQUEST = 'invalid_request_error';
const AUTH = 'authentication_error';
const PERMISSION = 'permission_error';
const LIMIT = 'rate_limit_error';
const MONEY = 'insufficient_quota';
const SERVER = 'server_error';

export const FAULTS = table({
  missing_api_key: [
    401,
    'caller',
    'final',
    AUTH,
    'No API key was sent. Send Authorization: Bearer <key>.',
  ],
  invalid_api_key: [401, 'caller', 'final', AUTH, 'This API key is not known here.'],
  invalid_access_token: [
    401,
    'caller',
    'final',
    AUTH,
    'This access token is not known here. Ask for one at POST /oauth/token.',
  ],
  key_disabled: [
    401,
    'caller',
    'final',
    AUTH,
    'This API key is disabled. Ask the operator to enable it.',
  ],
  key_expired: [
    401,
    'caller',
    'final',
    AUTH,
    'This API key has expired. Ask the operator for a new one.',
  ],
  operator_only: [403, 'caller', 'final', PERMISSION, 'This route needs an operator key.'],
  address_not_allowed: [
    403,
    'caller',
    'final',
    PERMISSION,
    'This API key may not be used from this address.',
  ],
  model_not_allowed: [403, 'caller', 'final', PERMISSION, 'This API key may not use this model.'],
  invalid_json: [400, 'caller', 'final', REQUEST, 'The request body is not valid JSON.'],
  json_too_deep: [400, 'caller', 'final', REQUEST, 'The request body is nested too deeply.'],
  invalid_request: [400, 'caller', 'final', REQUEST, 'The request is not valid.'],
  unknown_parameter: [
    400,
    'caller',
    'final',
    REQUEST,
    'This field is not part of this contract. Remove it.',
  ],
  unsupported_parameter: [
    400,
    'caller',
    'final',
    REQUEST,
    'The model behind this call does not take this field.',
  ],
  invalid_parameter: [
    422,
    'caller',
    'final',
    REQUEST,
    'A field is missing or has the wrong shape.',
  ],
  no_price: [
    400,
    'caller',
    'final',
    REQUEST,
    'This model has no price, so an account with a limit cannot use it.',
  ],
  not_found: [404, 'caller', 'final', REQUEST, 'There is no such route.'],
  model_not_found: [
    404,
    'caller',
    'final',
    REQUEST,
    'There is no such model here. GET /v1/models lists them.',
  ],
  endpoint_stopped: [400, 'caller', 'final', REQUEST, 'This endpoint is stopped.'],
  endpoint_running: [403, 'caller', 'final', PERMISSION, 'This endpoint runs. Stop it first.'],
  endpoint_limit_exceeded: [
    403,
    'caller',
    'final',
    PERMISSION,
    'This account has as many endpoints as it may.',
  ],
  missing_signature: [400, 'caller', 'final', REQUEST, 'The request is not signed.'],
  invalid_authorization: [
    400,
    'caller',
    'final',
    REQUEST,
    'The signature of this request is not well formed.',
  ],
  invalid_credential: [
    400,
    'caller',
    'final',
    REQUEST,
    'The credential in the signature is not well formed.',
  ],
  invalid_timestamp: [
    400,
    'caller',
    'final',
    REQUEST,
    'The time of the signature is not well formed, or too far from now.',
  ],
  invalid_access_key: [401, 'caller', 'final', AUTH, 'This access key is not known here.'],
  invalid_security_token: [
    401,
    'caller',
    'final',
    AUTH,
    'The security token does not belong to this access key.',
  ],
  signature_mismatch: [
    401,
    'caller',
    'final',
    AUTH,
    'The signature does not belong to this request.',
  ],
  signature_replayed: [
    429,
    'caller',
    'retry',
    LIMIT,
    'This signed request was carried out already. Sign it anew.',
  ],
  unknown_action: [404, 'caller', 'final', REQUEST, 'There is no such action in this version.'],
  missing_parameter: [400, 'caller', 'final', REQUEST, 'A parameter of the action is missing.'],
  wrong_parameter: [400, 'caller', 'final', REQUEST, 'A parameter of the action is not valid.'],
  resource_not_found: [404, 'caller', 'final', REQUEST, 'There is no such thing in this account.'],
  method_not_allowed: [405, 'caller', 'final', REQUEST, 'This route does not take this method.'],
  body_too_slow: [408, 'caller', 'retry', REQUEST, 'The request body did not arrive in time.'],
  body_too_large: [413, 'caller', 'final', REQUEST, 'The request body is too large.'],
  unsupported_media_type: [
    415,
    'caller',
    'final',
    REQUEST,
    'Send the body as application/json, not compressed.',
  ],
  https_required: [
    426,
    'caller',
    'final',
    REQUEST,
    'This gateway is reached by https only. Change the base URL; the key has been seen in clear.',
  ],
  header_too_large: [431, 'caller', 'final', REQUEST, 'A request header is too large.'],
  insufficient_balance: [
    402,
    'caller',
    'final',
    MONEY,
    'The account has not enough money left for this call.',
  ],
  budget_exceeded: [
    402,
    'caller',
    'final',
    MONEY,
    'The budget of this API key does not cover this call.',
  ],
  rate_limit_exceeded: [
    429,
    'caller',
    'retry',
    LIMIT,
    'Too many requests a minute for this API key.',
  ],
  token_limit_exceeded: [
    429,
    'caller',
    'retry',
    LIMIT,
    'Too many tokens a minute for this API key.',
  ],
  concurrency_limit_exceeded: [
    429,
    'caller',
    'retry',
    LIMIT,
    'Too many calls at once for this API key.',
  ],
  address_limit_exceeded: [429, 'caller', 'retry', LIMIT, 'Too many requests from this address.'],
  vendor_rejected: [400, 'vendor', 'final', REQUEST, 'The vendor refused this request.'],
  vendor_busy: [429, 'vendor', 'retry', LIMIT, 'The vendor is limiting requests. Retry later.'],
  vendor_error: [502, 'vendor', 'retry', SERVER, 'The vendor failed to answer.'],
  vendor_malformed: [
    502,
    'vendor',
    'retry',
    SERVER,
    'The vendor answered with something that cannot be read.',
  ],
  vendor_empty: [502, 'vendor', 'retry', SERVER, 'The vendor answered without any choice.'],
  vendor_cut: [
    502,
    'vendor',
    'retry',
    SERVER,
    'The vendor ended its answer before it was complete.',
  ],
  vendor_refused_us: [
    502,
    'vendor',
    'final',
    SERVER,
    'The vendor did not accept this gateway. The operator must mend it.',
  ],
  vendor_unreachable: [
    502,
    'vendor',
    'retry',
    SERVER,
    'No connection to the vendor could be made.',
  ],
  vendor_timeout: [504, 'vendor', 'retry', SERVER, 'The vendor did not answer in time.'],
  no_upstream: [
    503,
    'gateway',
    'retry',
    SERVER,
    'No upstream for this model is available right now.',
  ],
  credential_unavailable: [
    503,
    'gateway',
    'retry',
    SERVER,
    "The gateway's credential for the vendor cannot be had right now.",
  ],
  overloaded: [503, 'gateway', 'retry', SERVER, 'The gateway carries as many calls as it may.'],
  shutting_down: [503, 'gateway', 'retry', SERVER, 'The gateway is shutting down.'],
  storage_unavailable: [
    503,
    'gateway',
    'retry',
    SERVER,
    'The gateway could not write to its database.',
  ],
  internal_error: [500, 'gateway', 'retry', SERVER, 'Something went wrong in the gateway.'],
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
  /** More headers of the answer, such as what is left of a limit. */
  readonly headers?: Readonly<Record<string, string>>;
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

/** Anything thrown becomes a fault; what is not one already is ours and says nothing more. */
export function toFault(thrown: unknown): Fault {
  return thrown instanceof Fault ? thrown : new Fault('internal_error', { cause: thrown });
}
