/** AWS Bedrock's Converse and ConverseStream, signed or with a key of Bedrock's as a bearer's. */
import { turnsFor } from '../answer.ts';
import { type ErrorStyle, errorTable } from '../errors.ts';
import {
  bearerOf,
  type Mount,
  type Refusal,
  refuse,
  type Service,
  serveCall,
  type Visit,
} from '../service.ts';
import type { WireRequest } from '../wire.ts';
import { readConverse } from './ask.ts';
import { checkConverse } from './check.ts';
import { ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, verify } from './sign.ts';
import { converseSpeech } from './speech.ts';

const ID = 'bedrock';
const PATH = '/bedrock';
const BEARER_KEY = 'sandbox-bedrock-key';
const MODELS = [
  ...['anthropic.claude-sonnet-4-6', 'amazon.nova-pro-v1:0', 'meta.llama3-3-70b-instruct-v1:0'],
];
const UNSIGNED = 'The security token included in the request is invalid.';

/** The name of the exception stands in a header, the words in the body. */
const ERRORS: ErrorStyle = {
  table: errorTable({
    'no-key': [403, null, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
    'bad-key': [403, null, 'UnrecognizedClientException', UNSIGNED],
    account: [
      403,
      null,
      'AccessDeniedException',
      'Your account is not authorized to invoke this API operation.',
    ],
    missing: [400, null, 'ValidationException', '{detail}'],
    invalid: [400, null, 'ValidationException', '{detail}'],
    unsupported: [400, null, 'ValidationException', '{detail}'],
    json: [400, null, 'SerializationException', 'Unable to parse the request body'],
    media: [415, null, 'UnsupportedMediaTypeException', 'content-type must be application/json'],
    'too-large': [413, null, 'RequestTooLargeException', 'Request is too large'],
    model: [404, null, 'ResourceNotFoundException', 'Could not resolve the foundation model.'],
    route: [404, null, 'UnknownOperationException', 'Unknown operation'],
    method: [405, null, 'UnknownOperationException', 'Unknown operation'],
    rate: [429, null, 'ThrottlingException', 'Too many requests, please wait before trying again.'],
    server: [500, null, 'InternalServerException', 'The system encountered an unexpected error.'],
    overloaded: [
      503,
      null,
      'ServiceUnavailableException',
      'Bedrock is unable to process your request.',
    ],
  }),
  body: ({ message }) => ({ message }),
  headers: ({ type }) => ({ 'x-amzn-errortype': type }),
};

/** What a signature that does not hold is told. */
const MISMATCH: ErrorStyle = {
  ...ERRORS,
  table: {
    ...ERRORS.table,
    'bad-key': {
      ...ERRORS.table['bad-key'],
      type: 'InvalidSignatureException',
      message:
        'The request signature we calculated does not match the signature you provided. Check ' +
        'your AWS Secret Access Key and signing method. Consult the service documentation for ' +
        'details.',
    },
  },
};
const EXPIRED: ErrorStyle = {
  ...ERRORS,
  table: {
    ...ERRORS.table,
    'bad-key': {
      ...ERRORS.table['bad-key'],
      type: 'InvalidSignatureException',
      message: 'Signature expired: the date of the request is too far from now.',
    },
  },
};

function judge(request: WireRequest): { refusal: Refusal; errors: ErrorStyle } {
  const bearer = bearerOf(request);
  if (bearer !== '') {
    return { refusal: bearer === BEARER_KEY ? null : 'bad-key', errors: ERRORS };
  }
  const verdict = verify(request);
  if (verdict === 'good') return { refusal: null, errors: ERRORS };
  if (verdict === 'no-key') return { refusal: 'no-key', errors: ERRORS };
  if (verdict === 'expired') return { refusal: 'bad-key', errors: EXPIRED };
  return { refusal: 'bad-key', errors: verdict === 'mismatch' ? MISMATCH : ERRORS };
}

function serviceFor(request: WireRequest, model: string, stream: boolean): Service {
  const { refusal, errors } = judge(request);
  return {
    id: ID,
    path: PATH,
    errors,
    refused: () => refusal,
    mark: (n) => {
      const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      return { id, headers: { 'x-amzn-requestid': id } };
    },
    modelOf: () => model,
    isStream: () => stream,
    check: ({ body }) => checkConverse(body),
    speak: ({ body, plan }, pieces) => {
      const ask = readConverse(body, model);
      const [turn = null] = turnsFor({ ask, name: 'AWS Bedrock', plan, pieces });
      return converseSpeech({ ask, turn, pieces, noUsage: plan.noUsage === true });
    },
  };
}

async function serve(visit: Visit): Promise<void> {
  const { place, request } = visit;
  const [, model, method] = /^\/model\/([^/]+)\/(converse|converse-stream)$/.exec(place) ?? [];
  const service = serviceFor(request, decodeURIComponent(model ?? ''), method !== 'converse');
  if (model === undefined) return refuse(visit, service, { kind: 'route' });
  if (request.method !== 'POST') return refuse(visit, service, { kind: 'method' });
  return serveCall(visit, service);
}

export const BEDROCK: Mount = {
  id: ID,
  path: PATH,
  key: `${ACCESS_KEY_ID}:${SECRET_ACCESS_KEY}`,
  models: MODELS,
  extra: () => ({
    access_key_id: ACCESS_KEY_ID,
    secret_access_key: SECRET_ACCESS_KEY,
    region: REGION,
    bearer_key: BEARER_KEY,
  }),
  serve,
};
