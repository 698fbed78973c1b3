/** Google's errors: code, message, status, and details with types. */
import type { Json } from '../../src/kit/json.ts';
import { type ErrorStyle, errorTable, type FilledError } from '../errors.ts';

const BAD = 'INVALID_ARGUMENT';

function details({ kind, param, message }: FilledError): Json[] {
  if (kind === 'bad-key') {
    return [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'generativelanguage.googleapis.com' },
      },
    ];
  }
  if (kind === 'rate') {
    return [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' }];
  }
  if (kind !== 'unsupported') return [];
  const violation = { field: param ?? '', description: message };
  return [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [violation] }];
}

function body(error: FilledError): Json {
  const { status, message, type } = error;
  const found = details(error);
  const made = { code: status, message, status: type };
  return { error: found.length === 0 ? made : { ...made, details: found } };
}

const TABLE = errorTable({
  'no-key': [
    403,
    null,
    'PERMISSION_DENIED',
    "Method doesn't allow unregistered callers (callers without established identity). Please " +
      'use API Key or other form of API consumer identity to call this API.',
  ],
  'bad-key': [400, null, BAD, 'API key not valid. Please pass a valid API key.'],
  account: [
    429,
    null,
    'RESOURCE_EXHAUSTED',
    'Your prepayment credits are depleted. Please go to AI Studio to manage your project.',
  ],
  missing: [400, null, BAD, '{detail}'],
  invalid: [400, null, BAD, '{detail}'],
  unsupported: [400, null, BAD, '{detail}'],
  json: [400, null, BAD, 'Invalid JSON payload received. Unexpected end of string.'],
  media: [400, null, BAD, 'Invalid JSON payload received. Expected application/json.'],
  'too-large': [
    400,
    null,
    BAD,
    'Request payload size exceeds the limit: 20971520 bytes. Please upload your files with the ' +
      'File API instead.',
  ],
  model: [
    404,
    null,
    'NOT_FOUND',
    'models/{model} is not found for API version v1beta, or is not supported for ' +
      'generateContent. Call ListModels to see the list of available models.',
  ],
  route: [404, null, 'NOT_FOUND', 'Requested entity was not found.'],
  method: [404, null, 'NOT_FOUND', 'Requested entity was not found.'],
  rate: [
    429,
    null,
    'RESOURCE_EXHAUSTED',
    'You exceeded your current quota, please check your plan and billing details.',
  ],
  server: [500, null, 'INTERNAL', 'An internal error has occurred. Please retry.'],
  overloaded: [503, null, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'],
});

export const GEMINI_ERRORS: ErrorStyle = { table: TABLE, body };

/** Vertex knows no API keys here: a token is missing, expired or wrong. */
export const VERTEX_ERRORS: ErrorStyle = {
  table: {
    ...TABLE,
    'no-key': {
      status: 401,
      code: null,
      type: 'UNAUTHENTICATED',
      message:
        'Request is missing required authentication credential. Expected OAuth 2 access token, ' +
        'login cookie or other valid authentication credential.',
    },
    'bad-key': {
      status: 401,
      code: null,
      type: 'UNAUTHENTICATED',
      message:
        'Request had invalid authentication credentials. Expected OAuth 2 access token, login ' +
        'cookie or other valid authentication credential.',
    },
    account: {
      status: 403,
      code: null,
      type: 'PERMISSION_DENIED',
      message: 'This API method requires billing to be enabled.',
    },
  },
  body,
};
