/** The caller's key, and what makes two requests the same one. */
import { Fault } from '../kit/fault.ts';
import { hashSecret } from '../kit/ids.ts';
import { callerOf, type Visit } from './routes.ts';

export const KEY_HEADER = 'idempotency-key';
const KEY_CHARS_MAX = 255;
const KEY = /^[\x21-\x7e]+$/;

/** null where the caller sent none. */
export function readOnceKey(visit: Visit): string | null {
  const key = visit.request.headers.get(KEY_HEADER);
  if (key === null || (key.length <= KEY_CHARS_MAX && KEY.test(key))) return key;
  throw new Fault('invalid_request', {
    message:
      `The header Idempotency-Key must have 1 to ${KEY_CHARS_MAX} characters, ` +
      'letters, digits and signs, without spaces.',
    param: 'Idempotency-Key',
  });
}

/** Keys of one account on one path do not meet those of others. */
export function onceId(visit: Visit, key: string): string {
  const { pathname } = new URL(visit.request.url);
  return hashSecret(JSON.stringify([callerOf(visit).key.accountId, pathname, key]));
}

/** Of all that decides what is done: the query, the kind of body, and the body. */
export function onceBodyHash(request: Request, body: Uint8Array): string {
  const hasher = new Bun.CryptoHasher('sha256');
  const kind = request.headers.get('content-type') ?? '';
  const drop = request.headers.get('x-gangway-drop') ?? '';
  hasher.update(`${JSON.stringify([new URL(request.url).search, kind, drop])}\n`);
  return hasher.update(body).digest('hex');
}
