/** Texts on their way into SQL. */
import { Fault } from '../kit/fault.ts';

/**
 * PostgreSQL has no text with a NUL in it, and would answer a broken request. Every id, name, URL
 * and search word that callers write passes here, so this is where it is refused, on every
 * database alike. JSON columns are not meant: there a NUL is written as six plain characters.
 */
export function refuseNul(values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value !== 'string' || !value.includes('\0')) continue;
    throw new Fault('invalid_request', {
      message: 'An id, a name or a URL of this request holds a NUL (\\u0000). Leave it out.',
    });
  }
}
