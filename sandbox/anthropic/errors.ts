/** Anthropic's errors: one envelope, the id of the request in body and header. */
import { type ErrorStyle, errorTable } from '../errors.ts';

const REQUEST = 'invalid_request_error';

export const ANTHROPIC_ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, 'authentication_error', 'x-api-key header is required'],
    'bad-key': [401, null, 'authentication_error', 'invalid x-api-key'],
    account: [
      400,
      null,
      REQUEST,
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing ' +
        'to upgrade or purchase credits.',
    ],
    missing: [400, null, REQUEST, '{param}: Field required'],
    invalid: [400, null, REQUEST, '{detail}'],
    unsupported: [400, null, REQUEST, '{param}: Extra inputs are not permitted'],
    json: [400, null, REQUEST, 'The request body is not valid JSON: expected value at line 1'],
    media: [400, null, REQUEST, 'content-type: application/json is required'],
    'too-large': [413, null, 'request_too_large', 'Request exceeds the maximum size'],
    model: [404, null, 'not_found_error', 'model: {model}'],
    route: [404, null, 'not_found_error', 'Not Found'],
    method: [405, null, REQUEST, 'Method Not Allowed'],
    rate: [
      429,
      null,
      'rate_limit_error',
      'This request would exceed the rate limit for your organization. Please reduce the prompt ' +
        'length or the maximum tokens requested, or try again later.',
    ],
    server: [500, null, 'api_error', 'Internal server error'],
    overloaded: [529, null, 'overloaded_error', 'Overloaded'],
  }),
  body: ({ type, message, requestId }) => ({
    type: 'error',
    error: { type, message },
    request_id: requestId,
  }),
};
