/** What a caller says of the JSON that it wants, in headers: no format has a field for it. */
import { Fault } from '../kit/fault.ts';
import type { CallInput } from '../relay/call.ts';

const SWITCH = 'x-gangway-structured';
const STREAM = 'x-gangway-structured-stream';
const ATTEMPTS = 'x-gangway-structured-attempts';

/** Fault: `invalid_request`. Nothing where none of the headers is there. */
export function structuredWishes(headers: Headers): Pick<CallInput, 'structured'> {
  const off = headers.get(SWITCH);
  const stream = headers.get(STREAM);
  const attempts = headers.get(ATTEMPTS);
  if (off === null && stream === null && attempts === null) return {};
  if (off !== null && off !== 'off') throw wrong(SWITCH, 'must be off, or not be sent');
  if (stream !== null && stream !== 'buffer' && stream !== 'pass') {
    throw wrong(STREAM, 'must be buffer or pass');
  }
  if (attempts !== null && !/^[1-9]\d?$/.test(attempts)) {
    throw wrong(ATTEMPTS, 'must be a whole number from 1 to 99');
  }
  return {
    structured: {
      off: off === 'off',
      ...(stream === null ? {} : { stream }),
      ...(attempts === null ? {} : { attempts: Number(attempts) }),
    },
  };
}

function wrong(header: string, why: string): Fault {
  return new Fault('invalid_request', { message: `The header ${header} ${why}.`, param: header });
}
