/** Faults in Ark's own body; all four fields are always there. */
import type { Json } from '../../kit/json.ts';
import type { NativeFault } from '../native.ts';

const CODES: Readonly<Record<number, readonly [code: string, type: string]>> = Object.freeze({
  400: ['InvalidParameter', 'BadRequest'],
  401: ['AuthenticationError', 'Unauthorized'],
  402: ['AccountOverdueError', 'Forbidden'],
  403: ['AccessDenied', 'Forbidden'],
  404: ['NotFound', 'NotFound'],
  409: ['OperationDenied.InvalidState', 'Forbidden'],
  429: ['RateLimitExceeded', 'TooManyRequests'],
});

export function writeFault({ status, code, message, requestId }: NativeFault): Json {
  const [known, type] = CODES[status] ?? ['InternalServiceError', 'InternalServerError'];
  const isVendors = /^[A-Z]/.test(code);
  const text = `${message} Request id: ${requestId}`;
  return { error: { code: isVendors ? code : known, message: text, param: '', type } };
}
