/**
 * How vendors say no. A kind of refusal, a vendor's table and its envelope give status and body.
 * The bodies follow the vendors' documents and their answers as reported in public threads.
 */
import type { Json, JsonObject } from '../src/kit/json.ts';

export type ErrorKind =
  | 'no-key'
  | 'bad-key'
  | 'account'
  | 'missing'
  | 'invalid'
  | 'unsupported'
  | 'json'
  | 'media'
  | 'too-large'
  | 'model'
  | 'route'
  | 'method'
  | 'rate'
  | 'server'
  | 'overloaded';

/** `message` may hold `{detail}`, `{param}`, `{model}` and `{key}` (masked). */
export interface ErrorRow {
  readonly status: number;
  readonly code: Json;
  readonly type: string;
  readonly message: string;
}

export interface ErrorFacts {
  readonly detail?: string;
  readonly param?: string;
  readonly model?: string;
  readonly key?: string;
  readonly requestId: string;
}

/** What an envelope gets: a row with its message filled in. */
export interface FilledError extends ErrorRow {
  readonly kind: ErrorKind;
  readonly param: string | null;
  readonly requestId: string;
}

export type ErrorTable = Readonly<Record<ErrorKind, ErrorRow>>;

export interface ErrorStyle {
  readonly table: ErrorTable;
  readonly body: (error: FilledError) => Json;
  /** Headers that say what the body says. */
  readonly headers?: (error: FilledError) => Readonly<Record<string, string>>;
}

/** Status first, then code, type and words, in the order in which vendors' tables print them. */
export type RowParts = readonly [status: number, code: Json, type: string, message: string];

export function row(parts: RowParts): ErrorRow {
  const [status, code, type, message] = parts;
  return { status, code, type, message };
}

const REQUEST = 'invalid_request_error';
const NO_KEY =
  "You didn't provide an API key. You need to provide your API key in an Authorization header " +
  'using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).';
const QUOTA =
  'You exceeded your current quota, please check your plan and billing details. For more ' +
  'information on this error, read the docs: ' +
  'https://platform.openai.com/docs/guides/error-codes/api-errors.';

/** OpenAI's own table; other vendors replace rows of it. */
export const OPENAI_ERRORS: ErrorTable = {
  'no-key': row([401, null, REQUEST, NO_KEY]),
  'bad-key': row([
    401,
    'invalid_api_key',
    REQUEST,
    'Incorrect API key provided: {key}. You can find your API key at ' +
      'https://platform.openai.com/account/api-keys.',
  ]),
  account: row([429, 'insufficient_quota', 'insufficient_quota', QUOTA]),
  missing: row([400, 'missing_required_parameter', REQUEST, '{detail}']),
  invalid: row([400, 'invalid_value', REQUEST, '{detail}']),
  unsupported: row([400, 'unsupported_parameter', REQUEST, '{detail}']),
  json: row([
    400,
    null,
    REQUEST,
    'We could not parse the JSON body of your request. (HINT: This likely means you aren’t ' +
      'using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was ' +
      'sent was not valid JSON.)',
  ]),
  media: row([
    415,
    'unsupported_content_type',
    REQUEST,
    "Unsupported 'Content-Type' header. This API method only accepts 'application/json' requests.",
  ]),
  'too-large': row([413, null, REQUEST, 'The request body is too large.']),
  model: row([
    404,
    'model_not_found',
    REQUEST,
    'The model `{model}` does not exist or you do not have access to it.',
  ]),
  route: row([404, 'unknown_url', REQUEST, 'Invalid URL ({detail})']),
  method: row([405, 'method_not_supported', REQUEST, 'Not allowed on this URL ({detail})']),
  rate: row([
    429,
    'rate_limit_exceeded',
    'requests',
    'Rate limit reached for {model} on requests per min (RPM). Please try again later.',
  ]),
  server: row([
    500,
    null,
    'server_error',
    'The server had an error while processing your request. Sorry about that!',
  ]),
  overloaded: row([
    503,
    null,
    'server_error',
    'The engine is currently overloaded, please try again later.',
  ]),
};

/** A table that differs from OpenAI's in the rows given. */
export function errorTable(rows: Partial<Record<ErrorKind, RowParts>>): ErrorTable {
  const own: Partial<Record<ErrorKind, ErrorRow>> = {};
  for (const [kind, parts] of Object.entries(rows)) own[kind as ErrorKind] = row(parts);
  return { ...OPENAI_ERRORS, ...own };
}

/** `{error:{message,type,param,code}}`, the envelope of OpenAI and most of its kin. */
export function openaiBody(error: FilledError): JsonObject {
  const { message, type, param, code } = error;
  return { error: { message, type, param, code } };
}

function fill(template: string, facts: ErrorFacts): string {
  return template.replace(/\{(detail|param|model|key)\}/g, (_, name: string) => {
    if (name === 'key') return maskKey(facts.key ?? '');
    return facts[name as 'detail' | 'param' | 'model'] ?? '';
  });
}

/** Two characters of each end; vendors never print a whole key, nor does the sandbox. */
function maskKey(key: string): string {
  return key.length < 8 ? '***' : `${key.slice(0, 2)}***${key.slice(-2)}`;
}

export interface WrittenError {
  readonly status: number;
  readonly body: Json;
  readonly headers: Readonly<Record<string, string>>;
}

/** Status, headers and JSON body of a refusal in a vendor's own style. */
export function writeError(style: ErrorStyle, kind: ErrorKind, facts: ErrorFacts): WrittenError {
  const found = style.table[kind];
  const filled: FilledError = {
    ...found,
    kind,
    message: fill(found.message, facts),
    param: facts.param ?? null,
    requestId: facts.requestId,
  };
  const headers = style.headers?.(filled) ?? {};
  return { status: found.status, body: style.body(filled), headers };
}
