/** What a caller can mend: the request, the key, the money, the pace. */
import { AUTH, LIMIT, MONEY, PERMISSION, REQUEST, table } from './row.ts';

export const CALLER_FAULTS = table('caller', {
  missing_api_key: [
    401,

    'final',
    AUTH,
    'No API key was sent. Send Authorization: Bearer <key>.',
  ],
  invalid_api_key: [401, 'final', AUTH, 'This API key is not known here.'],
  invalid_access_token: [
    401,

    'final',
    AUTH,
    'This access token is not known here. Ask for one at POST /oauth/token.',
  ],
  invalid_signed_token: [
    401,

    'final',
    AUTH,
    'This token is not signed by an access key that is known here.',
  ],
  signed_token_early: [401, 'final', AUTH, 'This token is not good yet: see its claim nbf.'],
  signed_token_expired: [401, 'final', AUTH, 'This token has expired: see its claim exp.'],
  key_disabled: [
    401,

    'final',
    AUTH,
    'This API key is disabled. Ask the operator to enable it.',
  ],
  key_expired: [
    401,

    'final',
    AUTH,
    'This API key has expired. Ask the operator for a new one.',
  ],
  operator_only: [403, 'final', PERMISSION, 'This route needs an operator key.'],
  address_not_allowed: [
    403,

    'final',
    PERMISSION,
    'This API key may not be used from this address.',
  ],
  model_not_allowed: [403, 'final', PERMISSION, 'This API key may not use this model.'],
  invalid_json: [400, 'final', REQUEST, 'The request body is not valid JSON.'],
  json_too_deep: [400, 'final', REQUEST, 'The request body is nested too deeply.'],
  invalid_request: [400, 'final', REQUEST, 'The request is not valid.'],
  invalid_schema: [400, 'final', REQUEST, 'The JSON Schema of the answer is not valid.'],
  unknown_parameter: [
    400,

    'final',
    REQUEST,
    'This field is not part of this contract. Remove it.',
  ],
  unsupported_parameter: [
    400,

    'final',
    REQUEST,
    'The model behind this call does not take this field.',
  ],
  invalid_parameter: [
    422,

    'final',
    REQUEST,
    'A field is missing or has the wrong shape.',
  ],
  no_price: [
    400,

    'final',
    REQUEST,
    'This model has no price, so an account with a limit cannot use it.',
  ],
  not_found: [404, 'final', REQUEST, 'There is no such route.'],
  model_not_found: [
    404,

    'final',
    REQUEST,
    'There is no such model here. GET /v1/models lists them.',
  ],
  wrong_model_kind: [
    400,

    'final',
    REQUEST,
    'This model does not serve what this route asks for.',
  ],
  endpoint_stopped: [400, 'final', REQUEST, 'This endpoint is stopped.'],
  endpoint_running: [403, 'final', PERMISSION, 'This endpoint runs. Stop it first.'],
  endpoint_limit_exceeded: [
    403,

    'final',
    PERMISSION,
    'This account has as many endpoints as it may.',
  ],
  missing_signature: [400, 'final', REQUEST, 'The request is not signed.'],
  invalid_authorization: [
    400,

    'final',
    REQUEST,
    'The signature of this request is not well formed.',
  ],
  invalid_credential: [
    400,

    'final',
    REQUEST,
    'The credential in the signature is not well formed.',
  ],
  invalid_timestamp: [
    400,

    'final',
    REQUEST,
    'The time of the signature is not well formed, or too far from now.',
  ],
  invalid_access_key: [401, 'final', AUTH, 'This access key is not known here.'],
  invalid_security_token: [
    401,

    'final',
    AUTH,
    'The security token does not belong to this access key.',
  ],
  signature_mismatch: [
    401,

    'final',
    AUTH,
    'The signature does not belong to this request.',
  ],
  signature_replayed: [
    429,

    'retry',
    LIMIT,
    'This signed request was carried out already. Sign it anew.',
  ],
  unknown_action: [404, 'final', REQUEST, 'There is no such action in this version.'],
  missing_parameter: [400, 'final', REQUEST, 'A parameter of the action is missing.'],
  wrong_parameter: [400, 'final', REQUEST, 'A parameter of the action is not valid.'],
  resource_not_found: [404, 'final', REQUEST, 'There is no such thing in this account.'],
  method_not_allowed: [405, 'final', REQUEST, 'This route does not take this method.'],
  idempotency_mismatch: [
    409,
    'final',
    REQUEST,
    'This Idempotency-Key was used for another request. Send a new key.',
  ],
  idempotency_in_progress: [
    409,
    'retry',
    REQUEST,
    'The first request with this Idempotency-Key is still being carried out.',
  ],
  idempotency_no_answer: [
    409,
    'final',
    REQUEST,
    'The first request with this Idempotency-Key was carried out, but its answer is not kept.',
  ],
  idempotency_limit_exceeded: [
    429,
    'retry',
    LIMIT,
    'This account has as many idempotency keys of one day as it may.',
  ],
  body_too_slow: [408, 'retry', REQUEST, 'The request body did not arrive in time.'],
  body_too_large: [413, 'final', REQUEST, 'The request body is too large.'],
  unsupported_media_type: [
    415,

    'final',
    REQUEST,
    'Send the body as application/json, not compressed.',
  ],
  https_required: [
    426,

    'final',
    REQUEST,
    'This gateway is reached by https only. Change the base URL; the key has been seen in clear.',
  ],
  header_too_large: [431, 'final', REQUEST, 'A request header is too large.'],
  insufficient_balance: [
    402,

    'final',
    MONEY,
    'The account has not enough money left for this call.',
  ],
  budget_exceeded: [
    402,

    'final',
    MONEY,
    'The budget of this API key does not cover this call.',
  ],
  rate_limit_exceeded: [
    429,

    'retry',
    LIMIT,
    'Too many requests a minute for this API key.',
  ],
  token_limit_exceeded: [
    429,

    'retry',
    LIMIT,
    'Too many tokens a minute for this API key.',
  ],
  concurrency_limit_exceeded: [
    429,

    'retry',
    LIMIT,
    'Too many calls at once for this API key.',
  ],
  address_limit_exceeded: [429, 'retry', LIMIT, 'Too many requests from this address.'],
  cancel_unsupported: [409, 'final', REQUEST, 'The vendor cannot stop this task any more.'],
  task_ended: [409, 'final', REQUEST, 'This task has ended.'],
  task_open: [409, 'final', REQUEST, 'This task has not ended. Cancel it, or wait for its end.'],
  task_limit_exceeded: [429, 'retry', LIMIT, 'This account has as many open tasks as it may.'],
  result_gone: [410, 'final', REQUEST, 'This result is not kept any more.'],
  public_url_needed: [
    400,
    'final',
    REQUEST,
    'The vendor fetches this file by a link, and this gateway has no public address (public_url).',
  ],
  webhook_refused: [400, 'final', REQUEST, 'This webhook URL may not be called.'],
});
