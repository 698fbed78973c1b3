/** Faults in the envelope that serves every kind of OpenAI client, and the seed's contract too. */
import { FAULTS, type Fault } from '../../kit/fault.ts';

/** Top-level `code`, `message`, `request_id`, and OpenAI's `error` object beside them. */
export function writeFault(fault: Fault, requestId: string): string {
  return JSON.stringify({
    code: fault.code,
    message: fault.message,
    request_id: requestId,
    error: {
      message: fault.message,
      type: FAULTS[fault.code].type,
      param: fault.detail.param ?? null,
      code: fault.detail.vendorCode ?? fault.code,
      ...fault.detail.more,
    },
  });
}

/** The last event of a stream that could not be completed; no `[DONE]` follows it. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  return `data: ${writeFault(fault, requestId)}\n\n`;
}
