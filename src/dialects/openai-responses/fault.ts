/** The last event of a stream that could not be completed, as the format's clients raise it. */
import { FAULTS, type Fault } from '../../kit/fault.ts';
import type { JsonObject } from '../../kit/json.ts';

/** What a fault is called in a response that failed. */
export function writeError(fault: Fault): JsonObject {
  return { code: fault.detail.vendorCode ?? fault.code, message: fault.message };
}

/** Flat as the specification has it, nested as it is sent in truth: clients read either. */
export function writeFaultEvent(fault: Fault, requestId: string): string {
  const { code, message } = writeError(fault);
  const param = fault.detail.param ?? null;
  const error = { type: FAULTS[fault.code].type, code, message, param };
  const body = { type: 'error', sequence_number: 0, code, message, param, error };
  return `event: error\ndata: ${JSON.stringify({ ...body, request_id: requestId })}\n\n`;
}
