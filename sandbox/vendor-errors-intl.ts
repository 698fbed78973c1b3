/** Error styles of the vendors outside China: tables and envelopes. */
import type { Json } from '../src/kit/json.ts';
import { type ErrorStyle, errorTable, OPENAI_ERRORS, openaiBody } from './errors.ts';

const REQUEST = 'invalid_request_error';

export const OPENAI: ErrorStyle = { table: OPENAI_ERRORS, body: openaiBody };

/** `error.code` is the HTTP status as a number; a failing provider behind it is a 502. */
export const OPENROUTER: ErrorStyle = {
  table: errorTable({
    'no-key': [401, 401, '', 'No auth credentials found'],
    'bad-key': [401, 401, '', 'User not found.'],
    account: [
      402,
      402,
      '',
      'Insufficient credits. Add more using https://openrouter.ai/settings/credits',
    ],
    missing: [400, 400, '', '{detail}'],
    invalid: [400, 400, '', '{detail}'],
    unsupported: [400, 400, '', '{detail}'],
    json: [400, 400, '', 'Invalid JSON in the request body'],
    media: [400, 400, '', 'Expected application/json'],
    model: [400, 400, '', '{model} is not a valid model ID'],
    rate: [429, 429, '', 'Rate limit exceeded'],
    server: [500, 500, '', 'Internal Server Error'],
    overloaded: [503, 503, '', 'Provider returned error'],
  }),
  body: (error) => ({ error: { message: error.message, code: error.status } }),
};

/** `{code,error}` as text; a key that is not known is a 400, only a missing one a 401. */
export const XAI: ErrorStyle = {
  table: errorTable({
    'no-key': [
      401,
      'Unauthenticated',
      '',
      'No authorization header or an invalid authorization token is provided.',
    ],
    'bad-key': [
      400,
      'Client specified an invalid argument',
      '',
      'Incorrect API key provided: {key}. You can obtain an API key from https://console.x.ai.',
    ],
    account: [
      429,
      'Some resource has been exhausted',
      '',
      'Your team has either used all available credits or reached its monthly spending limit. ' +
        'To continue making API requests, please purchase more credits or raise your limit.',
    ],
    missing: [422, 'The request was malformed', '', '{detail}'],
    invalid: [400, 'Client specified an invalid argument', '', '{detail}'],
    unsupported: [400, 'Client specified an invalid argument', '', '{detail}'],
    json: [400, 'Client specified an invalid argument', '', 'Failed to parse the request body.'],
    model: [
      404,
      'Some requested entity was not found',
      '',
      'The model {model} does not exist or your team does not have access to it.',
    ],
    rate: [429, 'Some resource has been exhausted', '', 'Too many requests for your team.'],
    server: [500, 'Internal error', '', 'The service failed.'],
    overloaded: [503, 'The service is currently unavailable', '', 'The model is at capacity.'],
  }),
  body: (error) => ({ code: error.code, error: error.message }),
};

/** Three shapes: `detail` for keys, a validation list with 422, and `{object:"error"}` else. */
export const MISTRAL: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, '', 'Unauthorized'],
    'bad-key': [401, null, '', 'Unauthorized'],
    account: [402, '1900', 'payment_required', 'Check your subscription or add credits.'],
    missing: [422, null, 'missing', '{detail}'],
    invalid: [422, null, 'value_error', '{detail}'],
    unsupported: [422, null, 'extra_forbidden', '{detail}'],
    model: [400, '1500', 'invalid_model', 'Invalid model: {model}'],
    rate: [429, '1300', 'rate_limited', 'Rate limit exceeded'],
    server: [500, '3000', 'internal_server_error', 'Internal server error'],
    overloaded: [503, '3505', 'unreachable_backend', 'Service unavailable.'],
  }),
  body: (error): Json => {
    const { kind, type, message, param, code, status } = error;
    if (kind === 'no-key' || kind === 'bad-key') return { detail: message };
    if (kind === 'missing' || kind === 'invalid' || kind === 'unsupported') {
      const loc = ['body', ...(param ?? '').split(/[.[\]]+/).filter((part) => part !== '')];
      return { detail: [{ type, loc, msg: message }] };
    }
    return { object: 'error', message, type, param, code, raw_status_code: status };
  },
};

/** OpenAI's envelope without empty members. */
export const GROQ: ErrorStyle = {
  table: errorTable({
    'no-key': [401, 'invalid_api_key', REQUEST, 'Invalid API Key'],
    'bad-key': [401, 'invalid_api_key', REQUEST, 'Invalid API Key'],
    account: [
      403,
      'organization_restricted',
      REQUEST,
      'Organization has been restricted. Please reach out to support if you believe this was in ' +
        'error.',
    ],
    overloaded: [503, null, 'internal_server_error', 'Service unavailable'],
  }),
  body: ({ message, type, code }): Json => ({
    error: code === null ? { message, type } : { message, type, code },
  }),
};

export const TOGETHER: ErrorStyle = {
  table: errorTable({
    'no-key': [401, 'invalid_api_key', REQUEST, 'Invalid API key provided.'],
    'bad-key': [401, 'invalid_api_key', REQUEST, 'Invalid API key provided.'],
    account: [402, null, 'credit_limit', 'Credit limit exceeded, please add credits.'],
    model: [
      404,
      'model_not_available',
      REQUEST,
      'Unable to access model {model}. Please visit https://api.together.ai/models.',
    ],
  }),
  body: (error) => ({ id: error.requestId, ...openaiBody(error) }),
};

/** A suspended account is a 412. */
export const FIREWORKS: ErrorStyle = {
  table: errorTable({
    'no-key': [401, 'UNAUTHORIZED', 'error', 'The API key you provided is invalid.'],
    'bad-key': [401, 'UNAUTHORIZED', 'error', 'The API key you provided is invalid.'],
    account: [
      412,
      'PRECONDITION_FAILED',
      'error',
      'Account sandbox is suspended, possibly due to reaching the monthly spending limit or ' +
        'failure to pay past invoices. Please go to https://fireworks.ai/account/billing for ' +
        'more information.',
    ],
    model: [404, 'NOT_FOUND', 'error', 'Model not found, inaccessible, and/or not deployed'],
    rate: [429, 'RESOURCE_EXHAUSTED', 'error', 'Rate limit exceeded'],
    overloaded: [503, 'UNAVAILABLE', 'error', 'Service overloaded, please try again later'],
  }),
  body: (error) => ({
    error: {
      object: 'error',
      message: error.message,
      param: error.param,
      code: error.code,
      type: error.type,
    },
    request_id: error.requestId,
  }),
};

export const OLLAMA: ErrorStyle = {
  table: errorTable({
    account: [402, null, 'api_error', 'this model needs a subscription'],
    missing: [400, null, REQUEST, '{detail}'],
    invalid: [400, null, REQUEST, '{detail}'],
    model: [404, null, 'api_error', 'model "{model}" not found, try pulling it first'],
    rate: [429, null, 'api_error', 'too many requests'],
    server: [500, null, 'api_error', 'llama runner process has terminated'],
    overloaded: [503, null, 'api_error', 'server busy, please try again. maximum pending requests'],
  }),
  body: openaiBody,
};
