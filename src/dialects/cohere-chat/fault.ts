/** Faults as clients of this format know them. */
import type { Fault } from '../../kit/fault.ts';
import type { JsonObject } from '../../kit/json.ts';

function bodyOf(fault: Fault, requestId: string): JsonObject {
  return {
    id: requestId,
    message: fault.message,
    code: fault.detail.vendorCode ?? fault.code,
    param: fault.detail.param ?? null,
    ...fault.detail.more,
  };
}

/** A message in words, as documented; our own code and the field beside it. */
export function writeFault(fault: Fault, requestId: string): string {
  return JSON.stringify(bodyOf(fault, requestId));
}

/** The last event of a stream that could not be completed: the format's own end of a failure. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  const { message, ...more } = bodyOf(fault, requestId);
  const delta = { error: message ?? null, finish_reason: 'ERROR' };
  return `event: message-end\ndata: ${JSON.stringify({ type: 'message-end', delta, ...more })}\n\n`;
}
