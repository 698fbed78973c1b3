/** Error styles of the vendors in China: tables and envelopes. */
import { type ErrorStyle, errorTable, openaiBody } from './errors.ts';

const REQUEST = 'invalid_request_error';

/** ark.md 1.2 and 8: four keys always, `param` mostly empty, the request id ends the message. */
export const ARK: ErrorStyle = {
  table: errorTable({
    'no-key': [
      401,
      'AuthenticationError',
      'Unauthorized',
      'The API key or AK/SK in the request is missing or invalid.',
    ],
    'bad-key': [401, 'AuthenticationError', 'Unauthorized', "The API key doesn't exist."],
    account: [
      403,
      'AccountOverdueError',
      'Forbidden',
      'The request failed because your account has an overdue balance.',
    ],
    missing: [
      400,
      'MissingParameter',
      'BadRequest',
      'The request failed because it is missing one or multiple required parameters. {detail}',
    ],
    invalid: [
      400,
      'InvalidParameter',
      'BadRequest',
      'One or more parameters specified in the request are not valid. {detail}',
    ],
    unsupported: [
      400,
      'InvalidParameter',
      'BadRequest',
      'One or more parameters specified in the request are not valid. {detail}',
    ],
    json: [400, 'InvalidParameter', 'BadRequest', 'Could not parse the JSON body of the request.'],
    media: [400, 'InvalidParameter', 'BadRequest', 'The Content-Type must be application/json.'],
    'too-large': [413, 'InvalidParameter', 'BadRequest', 'The request body is too large.'],
    model: [
      404,
      'InvalidEndpointOrModel.NotFound',
      'NotFound',
      'The model or endpoint {model} does not exist or you do not have access to it.',
    ],
    route: [404, 'NotFound', 'NotFound', 'The requested resource does not exist.'],
    method: [405, 'InvalidAction', 'BadRequest', 'The method is not allowed here.'],
    rate: [
      429,
      'ModelAccountRpmRateLimitExceeded',
      'TooManyRequests',
      'The Requests Per Minute (RPM) limit of the model {model} for your account is exceeded.',
    ],
    server: [
      500,
      'InternalServiceError',
      'InternalServerError',
      'The service encountered an unexpected internal error.',
    ],
    overloaded: [
      503,
      'ServerOverloaded',
      'TooManyRequests',
      'The service is currently unable to handle additional requests.',
    ],
  }),
  body: (error) => ({
    error: {
      code: error.code,
      message: `${error.message} Request id: ${error.requestId}`,
      param: '',
      type: error.type,
    },
  }),
};

/** Prints `unknown_error` for an empty account: as reported in many public threads. */
export const DEEPSEEK: ErrorStyle = {
  table: errorTable({
    'no-key': [401, REQUEST, 'authentication_error', 'Authentication Fails (auth header missing)'],
    'bad-key': [
      401,
      REQUEST,
      'authentication_error',
      'Authentication Fails, Your api key: {key} is invalid',
    ],
    account: [402, REQUEST, 'unknown_error', 'Insufficient Balance'],
    missing: [400, REQUEST, REQUEST, 'Failed to deserialize the JSON body: {detail}'],
    invalid: [400, REQUEST, REQUEST, '{detail}'],
    unsupported: [400, REQUEST, REQUEST, '{detail}'],
    model: [400, REQUEST, REQUEST, 'Model Not Exist'],
    rate: [429, REQUEST, 'rate_limit_error', 'Rate Limit Reached'],
    server: [500, 'server_error', 'server_error', 'Server Error'],
    overloaded: [
      503,
      'service_unavailable_error',
      'service_unavailable_error',
      'Server Overloaded',
    ],
  }),
  body: openaiBody,
};

export const MOONSHOT: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, 'invalid_authentication_error', 'Invalid Authentication'],
    'bad-key': [401, null, 'invalid_authentication_error', 'Invalid Authentication'],
    account: [
      429,
      null,
      'exceeded_current_quota_error',
      'Your account is suspended, please check your plan and billing details',
    ],
    missing: [400, null, REQUEST, 'Invalid request: {detail}'],
    invalid: [400, null, REQUEST, 'Invalid request: {detail}'],
    unsupported: [400, null, REQUEST, 'Invalid request: {detail}'],
    model: [
      404,
      null,
      'resource_not_found_error',
      'Not found the model {model} or Permission denied',
    ],
    rate: [429, null, 'rate_limit_reached_error', 'Your account reached max request limit'],
    server: [500, null, 'server_error', 'The server had an error, please try again'],
    overloaded: [
      503,
      null,
      'engine_overloaded_error',
      'The engine is currently overloaded, please try again later',
    ],
  }),
  body: (error) => ({ error: { message: error.message, type: error.type } }),
};

/** Business codes of docs.z.ai/api-reference/api-code; `{error:{code,message}}`, code a string. */
export const ZHIPU: ErrorStyle = {
  table: errorTable({
    'no-key': [401, '1001', '', 'Header中未收到Authorization参数，无法进行身份验证。'],
    'bad-key': [401, '1002', '', 'Authorization Token非法，请确认Authorization Token正确传递。'],
    account: [429, '1113', '', '您的账户已欠费，请充值后重试。'],
    missing: [400, '1213', '', '未正常接收到{param}参数。{detail}'],
    invalid: [400, '1214', '', '{param}参数非法。请检查文档。{detail}'],
    unsupported: [400, '1210', '', 'API 调用参数有误，请检查文档。{detail}'],
    json: [400, '1210', '', 'API 调用参数有误，请检查文档。'],
    media: [400, '1210', '', 'API 调用参数有误，请检查文档。'],
    model: [400, '1211', '', '模型不存在，请检查模型代码。'],
    route: [404, '1222', '', 'API 不存在。'],
    method: [405, '1212', '', '当前模型不支持该调用方式。'],
    rate: [429, '1302', '', '您当前使用该API的并发数过高，请降低并发，或联系客服增加限额。'],
    server: [500, '500', '', '内部错误'],
    overloaded: [503, '1234', '', '网络错误，请联系客服。'],
  }),
  body: (error) => ({ error: { code: error.code, message: error.message } }),
};

/** DashScope's compatible mode keeps DashScope's codes and adds ids beside `error`. */
export const QWEN: ErrorStyle = {
  table: errorTable({
    'no-key': [401, 'invalid_api_key', REQUEST, "You didn't provide an API key."],
    'bad-key': [
      401,
      'invalid_api_key',
      REQUEST,
      'Incorrect API key provided. For details, see: ' +
        'https://help.aliyun.com/zh/model-studio/error-code#apikey-error',
    ],
    account: [
      400,
      'Arrearage',
      'Arrearage',
      'Access denied, please make sure your account is in good standing.',
    ],
    missing: [400, 'invalid_parameter_error', REQUEST, '<400> InvalidParameter: {detail}'],
    invalid: [400, 'invalid_parameter_error', REQUEST, '<400> InvalidParameter: {detail}'],
    unsupported: [400, 'invalid_parameter_error', REQUEST, '<400> InvalidParameter: {detail}'],
    model: [
      404,
      'model_not_found',
      REQUEST,
      'The model `{model}` does not exist or you do not have access to it.',
    ],
    rate: [429, 'limit_requests', 'limit_requests', 'You exceeded your current requests list.'],
    server: [500, 'internal_error', 'internal_error', 'An internal error has occured.'],
    overloaded: [503, 'ServiceUnavailable', 'ServiceUnavailable', 'Too many requests.'],
  }),
  body: (error) => ({
    error: { code: error.code, param: error.param, message: error.message, type: error.type },
    id: `chatcmpl-${error.requestId}`,
    request_id: error.requestId,
  }),
};

/** The code stands in brackets at the end of the message; `http_code` is a string. */
export const MINIMAX: ErrorStyle = {
  table: errorTable({
    'no-key': [
      401,
      null,
      'authorized_error',
      "login fail: Please carry the API secret key in the 'Authorization' field of the request " +
        'header (1004)',
    ],
    'bad-key': [401, null, 'authorized_error', 'invalid api key (2049)'],
    account: [429, null, 'insufficient_balance_error', 'insufficient balance (1008)'],
    missing: [400, null, 'bad_request_error', 'invalid params, {detail} (2013)'],
    invalid: [400, null, 'bad_request_error', 'invalid params, {detail} (2013)'],
    unsupported: [400, null, 'bad_request_error', 'invalid params, {detail} (2013)'],
    json: [400, null, 'bad_request_error', 'invalid params, the body is not JSON (2013)'],
    model: [400, null, 'bad_request_error', "invalid params, unknown model '{model}' (2013)"],
    rate: [429, null, 'rate_limit_error', 'rate limit exceeded(RPM) (1002)'],
    server: [500, null, 'server_error', 'unknown error (1000)'],
    overloaded: [503, null, 'overloaded_error', 'server is busy (1001)'],
  }),
  body: (error) => ({
    type: 'error',
    error: { type: error.type, message: error.message, http_code: String(error.status) },
    request_id: error.requestId,
  }),
};

/** `{code,message,data}` with numbers for codes; a bad key is answered with a bare JSON string. */
export const SILICONFLOW: ErrorStyle = {
  table: errorTable({
    'no-key': [401, null, '', 'Invalid token'],
    'bad-key': [401, null, '', 'Invalid token'],
    account: [403, 30001, '', 'Sorry, your account balance is insufficient'],
    missing: [400, 20015, '', 'The parameter is invalid. Please check again. {detail}'],
    invalid: [400, 20015, '', 'The parameter is invalid. Please check again. {detail}'],
    unsupported: [400, 20015, '', 'The parameter is invalid. Please check again. {detail}'],
    json: [400, 20015, '', 'The body is not JSON.'],
    media: [400, 20015, '', 'The Content-Type must be application/json.'],
    model: [400, 20012, '', 'Model does not exist. Please check it carefully.'],
    route: [404, 404, '', 'page not found'],
    method: [405, 405, '', 'method not allowed'],
    rate: [
      429,
      50603,
      '',
      'Request was rejected due to rate limiting. Details: RPM limit reached.',
    ],
    server: [500, 60000, '', 'Unknown error'],
    overloaded: [503, 50505, '', 'Model service overloaded. Please try again later.'],
  }),
  body: (error) =>
    error.kind === 'no-key' || error.kind === 'bad-key'
      ? error.message
      : { code: error.code, message: error.message, data: null },
};
